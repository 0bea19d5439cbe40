//! Pages that a device computes.
//!
//! The device is given the inputs of the very transaction, and what it makes goes into that transaction's record as
//! any derived page's bytes: so states, logs and replays are those that the host would make, and need no device.
//!
//! Invariant: integers only; a device and its twin on the host make the same bytes.

use mmsb_gpu::{Combine, GpuError, PageHandle, PageOps as _, Step};
use mmsb_types::PageId;

use super::{Derivation, Derived, Inputs, function::Function, function::Refusal};
use crate::{
    Error, Gpu,
    gpu::{Ops, lab},
};

/// Names of kernels end with this version: one that computes other bytes gets another.
const VERSION: u32 = 1;

/// How a device is to compute a page; made by [`Derivation::on`].
#[derive(Debug)]
#[must_use = "a page is derived once a kernel is given"]
pub struct DerivationOn<'b> {
    derivation: Derivation<'b>,
    gpu: Gpu,
}

impl<'b> Derivation<'b> {
    /// Lets a device compute the page. Inputs and output stay there, as long as there is room: from one commit to the
    /// next only what changed is sent, and only what changed comes back.
    ///
    /// Clones of one [`Gpu`] compute in one place, one page after the other; pages that share inputs should share it.
    ///
    /// ```
    /// # fn main() -> Result<(), mmsb::Error> {
    /// use mmsb::{Combine, Gpu};
    ///
    /// let (bus, gpu) = (mmsb::Bus::in_memory()?, Gpu::host());
    /// let (a, b, sum) = (bus.create_page("a", 4096)?, bus.create_page("b", 4096)?, bus.create_page("sum", 4096)?);
    /// bus.derive(sum).from([a, b]).on(&gpu).combine(Combine::Add)?;
    /// bus.put(a, 400, &40u32)?;
    /// bus.put(b, 400, &2u32)?;
    /// assert_eq!(bus.get::<u32>(sum, 400)?, 42);
    /// # Ok(())
    /// # }
    /// ```
    pub fn on(self, gpu: &Gpu) -> DerivationOn<'b> {
        DerivationOn { derivation: self, gpu: gpu.clone() }
    }
}

impl DerivationOn<'_> {
    /// Combines the inputs integer by integer, each of four bytes, little-endian; page and inputs are equally long.
    ///
    /// Where the device refuses, or is lost, the host does it.
    ///
    /// # Errors
    /// As [`Derivation::with`]; [`Error::RecomputeFailed`] with the [`GpuError`] as its source if lengths differ, or are
    /// no multiple of four.
    #[track_caller]
    pub fn combine(self, combine: Combine) -> Result<Derived, Error> {
        let factors = vec![1; self.derivation.inputs.len()];
        self.integers(combine, factors, format!("mmsb/gpu/{combine:?}").to_lowercase())
    }

    /// Sums the inputs, each times its factor, modulo 2^32; as [`DerivationOn::combine`] otherwise. Inputs without a
    /// factor count once.
    ///
    /// # Errors
    /// As [`DerivationOn::combine`].
    #[track_caller]
    pub fn axpy(self, factors: impl IntoIterator<Item = u32>) -> Result<Derived, Error> {
        let mut factors: Vec<u32> = factors.into_iter().collect();
        let name = format!("mmsb/gpu/axpy{factors:?}");
        factors.resize(self.derivation.inputs.len(), 1);
        self.integers(Combine::Axpy, factors, name)
    }

    #[track_caller]
    fn integers(self, combine: Combine, factors: Vec<u32>, name: String) -> Result<Derived, Error> {
        let (gpu, host, pages) = (self.gpu, Gpu::host(), self.derivation.places());
        let function = Function::new(move |inputs, out| {
            let work = |ops: &mut Ops, output: PageHandle, from: &[PageHandle]| {
                let inputs: Vec<_> = from.iter().copied().zip(factors.iter().copied()).collect();
                ops.run(&[Step::Propagate(
                    combine,
                    &[mmsb_gpu::Job { output, inputs: &inputs, keep: false }],
                )])
            };
            let on_device = compute(&gpu, &pages, inputs, out, work);
            on_device.or_else(|_| compute(&host, &pages, inputs, out, work)).map_err(refusal)
        });
        self.derivation.helper_of(name, VERSION, function)
    }
}

/// A derived page and its inputs.
pub(super) struct Places {
    output: PageId,
    inputs: Vec<PageId>,
}

impl Derivation<'_> {
    fn places(&self) -> Places {
        Places { output: self.page, inputs: self.inputs.clone() }
    }
}

fn compute(
    gpu: &Gpu,
    pages: &Places,
    inputs: &Inputs<'_>,
    out: &mut [u8],
    work: impl Fn(&mut Ops, PageHandle, &[PageHandle]) -> Result<(), GpuError>,
) -> Result<(), GpuError> {
    let inputs: Vec<(PageId, &[u8])> = pages.inputs.iter().copied().zip(inputs.iter()).collect();
    let job = lab::Job { output: pages.output, page_bytes: out.len(), inputs: &inputs };
    gpu.compute(&job, out, work)
}

fn refusal(error: GpuError) -> Refusal {
    Refusal::Failed(error.into())
}
