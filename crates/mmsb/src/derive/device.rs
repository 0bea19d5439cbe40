//! Pages that a device computes.
//!
//! The device is given the inputs of the very transaction, and what it makes goes into that transaction's record as
//! any derived page's bytes: so states, logs and replays are those that the host would make, and need no device.
//!
//! Invariant: integers only; a device and its twin on the host make the same bytes.

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

use mmsb_gpu::{Combine, GpuError};
use mmsb_types::PageId;

use super::{Derivation, Derived, Function, Inputs, Refusal};
use crate::{
    Error, Gpu,
    gpu::lab::{By, Job},
};

/// Names of kernels end with this version: one that computes other bytes gets another.
const VERSION: u32 = 1;

/// How a device is to compute a page; made by [`Derivation::on`].
#[must_use = "a page is derived once a kernel is given"]
pub struct DerivationOn<'b> {
    derivation: Derivation<'b>,
    gpu: Gpu,
    twin: Option<Function>,
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
        DerivationOn { derivation: self, gpu: gpu.clone(), twin: None }
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

    /// Gives the formula's twin: a function that makes the same bytes on the host. It runs where there is no device, or
    /// that refuses; where there is one, both run the first time, and are compared.
    pub fn twin(mut self, twin: impl Fn(&Inputs<'_>, &mut [u8]) + Send + Sync + 'static) -> Self {
        self.twin = Some(Function::infallible(twin));
        self
    }

    /// Computes the page by a formula in WGSL: one function `compute(index: u32) -> u32`, called for each integer of
    /// the page, in any order; [`Formula`](mmsb_gpu::Formula) says what it may ask for. Floats are refused, for they
    /// do not replay. Page and inputs may have any lengths.
    ///
    /// Unless [named](Derivation::named), it is named by a hash of its source: another source computes the page anew.
    ///
    /// ```
    /// # fn main() -> Result<(), mmsb::Error> {
    /// use mmsb::Gpu;
    ///
    /// const TWICE: &str = "fn compute(index: u32) -> u32 { return 2u * input(0u, index); }";
    ///
    /// let (bus, gpu) = (mmsb::Bus::in_memory()?, Gpu::auto());
    /// let (field, twice) = (bus.create_page("field", 4096)?, bus.create_page("twice", 4096)?);
    /// let derivation = bus.derive(twice).from([field]).on(&gpu).twin(|inputs, out| {
    ///     for (index, out) in out.chunks_exact_mut(4).enumerate() {
    ///         out.copy_from_slice(&(inputs.value::<u32>(0, index * 4).wrapping_mul(2)).to_le_bytes());
    ///     }
    /// });
    /// derivation.wgsl(TWICE)?;
    /// bus.put(field, 400, &21u32)?;
    /// assert_eq!(bus.get::<u32>(twice, 400)?, 42);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Derivation::with`]; [`Error::RecomputeFailed`] with a [`GpuError`] as its source if the formula is none, or
    /// the device refuses and no twin is given; with a [`TwinDiffers`] if formula and twin disagree.
    #[track_caller]
    pub fn wgsl(self, source: &str) -> Result<Derived, Error> {
        let name = format!("mmsb/wgsl/{}", &blake3::hash(source.as_bytes()).to_hex()[..16]);
        let (gpu, twin, pages, source) = (self.gpu, self.twin, self.derivation.places(), source.to_owned());
        let is_compared = AtomicBool::new(false);
        let function = Function::new(move |inputs, out| {
            match (compute(&gpu, &pages, By::Wgsl(&source), inputs, out), &twin) {
                (Err(error @ GpuError::Formula { .. }), _) | (Err(error), None) => Err(refusal(error)),
                (Err(error), Some(twin)) => {
                    tracing::debug!(%error, "a formula's twin computes its page");
                    twin.call(inputs, out)
                }
                (Ok(()), Some(twin)) if !is_compared.swap(true, Ordering::Relaxed) => same(twin, inputs, out),
                (Ok(()), _) => Ok(()),
            }
        });
        self.derivation.helper_of(name, VERSION, function)
    }

    #[track_caller]
    fn integers(self, combine: Combine, factors: Vec<u32>, name: String) -> Result<Derived, Error> {
        let (gpu, host, pages) = (self.gpu, Gpu::host(), self.derivation.places());
        let function = Function::new(move |inputs, out| {
            let by = By::Combine(combine, &factors);
            let on_device = compute(&gpu, &pages, by, inputs, out);
            on_device.or_else(|_| compute(&host, &pages, by, inputs, out)).map_err(refusal)
        });
        self.derivation.helper_of(name, VERSION, function)
    }
}

/// A formula and its twin make two things of the same inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the device and the twin differ at byte {offset}: {device:#04x} and {twin:#04x}")]
pub struct TwinDiffers {
    /// The first byte that differs.
    pub offset: usize,
    /// What the device makes of it.
    pub device: u8,
    /// What the twin makes of it.
    pub twin: u8,
}

/// Refuses a twin that makes something else than the device did.
fn same(twin: &Function, inputs: &Inputs<'_>, made: &[u8]) -> Result<(), Refusal> {
    let mut own = vec![0; made.len()];
    twin.call(inputs, &mut own)?;
    match made.iter().zip(&own).position(|(device, twin)| device != twin) {
        Some(offset) => {
            Err(Refusal::Failed(TwinDiffers { offset, device: made[offset], twin: own[offset] }.into()))
        }
        None => Ok(()),
    }
}

/// A derived page and its inputs.
struct Places {
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
    by: By<'_>,
    inputs: &Inputs<'_>,
    out: &mut [u8],
) -> Result<(), GpuError> {
    let inputs: Vec<(PageId, &[u8])> = pages.inputs.iter().copied().zip(inputs.iter()).collect();
    gpu.compute(&Job { output: pages.output, page_bytes: out.len(), inputs: &inputs, by }, out)
}

fn refusal(error: GpuError) -> Refusal {
    Refusal::Failed(error.into())
}

impl fmt::Debug for DerivationOn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("DerivationOn");
        shown.field("derivation", &self.derivation).field("gpu", &self.gpu).finish_non_exhaustive()
    }
}
