//! Who keeps copies of pages and computes on them: a device, or the host in its place.
//!
//! Invariant: which one it is changes what things cost, never a byte.

mod engine;
pub(crate) mod lab;

use std::{
    fmt,
    sync::{Arc, Once, PoisonError},
};

use mmsb_gpu::{Engine, GpuError, PageOps as _, Pages, Wanted};

use self::lab::{Job, Lab};
use crate::sync::Mutex;

pub(crate) use self::engine::AnyEngine;
pub use self::engine::Switch;

/// Pages in the memory of whoever that is.
pub(crate) type Ops = Pages<AnyEngine>;

/// Who keeps mirrors and computes on them. It is opened by who needs it, not before.
///
/// The environment has a say in [`Gpu::auto`] and [`Gpu::device`]: with `MMSB_GPU=off` there is no device, with
/// `MMSB_GPU=require` the host does not stand in for one.
#[derive(Clone)]
pub struct Gpu {
    choice: Choice,
    /// Where pages are computed, once there is one to be; clones share it.
    lab: Arc<Mutex<Option<Lab>>>,
}

#[derive(Clone, Debug)]
enum Choice {
    Auto,
    Device,
    Host,
    #[cfg(feature = "gpu")]
    Given(mmsb_gpu::wgpu::Device, mmsb_gpu::wgpu::Queue, mmsb_gpu::Loss),
    Failing(Box<Choice>, Switch),
}

impl Gpu {
    /// A device where there is one, else the host; that it is the host is traced, once.
    #[must_use]
    pub fn auto() -> Self {
        Self::of(Choice::Auto)
    }

    /// The best device there is, and nothing else.
    #[must_use]
    pub fn device() -> Self {
        Self::of(Choice::Device)
    }

    /// The host's twins of all kernels: the same bytes without a device, for tests, and to compare with.
    #[must_use]
    pub fn host() -> Self {
        Self::of(Choice::Host)
    }

    /// A device that the program has already, and its queue: what it submits there behind a commit that was
    /// [waited for](crate::Mirror::wait) sees that commit. [`GpuOps::descriptor`](crate::GpuOps::descriptor) says
    /// what a device must have. The environment has no say.
    ///
    /// Its lost callback stays the program's own, and tells [`Gpu::loss`] if it likes. It is not opened anew: a mirror
    /// on it stays lost.
    #[cfg(feature = "gpu")]
    #[must_use]
    pub fn given(device: mmsb_gpu::wgpu::Device, queue: mmsb_gpu::wgpu::Queue) -> Self {
        Self::of(Choice::Given(device, queue, mmsb_gpu::Loss::default()))
    }

    /// Returns what a program tells in the lost callback of a device that it gave; it has no other. Told, everything on
    /// that device is known to be lost at once, else once an answer is waited for.
    #[cfg(feature = "gpu")]
    #[must_use]
    pub fn loss(&self) -> Option<mmsb_gpu::Loss> {
        if let Choice::Given(_, _, loss) = &self.choice { Some(loss.clone()) } else { None }
    }

    /// The same, until the switch says that it is lost. For tests.
    #[doc(hidden)]
    #[must_use]
    pub fn failing(&self, switch: &Switch) -> Self {
        Self::of(Choice::Failing(Box::new(self.choice.clone()), switch.clone()))
    }

    /// Computes a page. A device that is lost, or has no room left, is opened anew, once.
    pub(crate) fn compute(&self, job: &Job<'_>, out: &mut [u8]) -> Result<(), GpuError> {
        // A panic left it without shadows: then everything is sent again.
        let mut lab = self.lab.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lab) = &mut *lab {
            match lab.compute(job, out) {
                Err(GpuError::Lost { .. } | GpuError::OutOfMemory { .. }) => {}
                done => return done,
            }
        }
        *lab = None;
        lab.insert(Lab::open(self)?).compute(job, out)
    }

    fn of(choice: Choice) -> Self {
        Self { choice, lab: Arc::default() }
    }

    /// Opens it: slabs of `slab_bytes`, or shorter where the device asks for that, together at most `budget_bytes`.
    pub(crate) fn open(&self, slab_bytes: u64, budget_bytes: u64) -> Result<Ops, GpuError> {
        self.choice.open(slab_bytes, budget_bytes)
    }
}

impl Choice {
    fn open(&self, slab_bytes: u64, budget_bytes: u64) -> Result<Ops, GpuError> {
        match self {
            Self::Host => Ok(on_host(slab_bytes, budget_bytes)),
            Self::Failing(choice, switch) => {
                let opened = choice.open(slab_bytes, budget_bytes)?;
                Ok(with_slabs_of(opened, budget_bytes, |engine| AnyEngine::failing(engine, switch)))
            }
            Self::Device => open_device(slab_bytes, budget_bytes),
            #[cfg(feature = "gpu")]
            Self::Given(device, queue, loss) => {
                let (device, queue) = (device.clone(), queue.clone());
                let opened = mmsb_gpu::GpuOps::with_device(device, queue, loss, slab_bytes, budget_bytes)?;
                Ok(on_device(opened, budget_bytes))
            }
            Self::Auto => match (open_device(slab_bytes, budget_bytes), Wanted::from_env()?) {
                (Err(error), Wanted::Off | Wanted::Auto) => {
                    say_once(&error);
                    Ok(on_host(slab_bytes, budget_bytes))
                }
                (opened, _) => opened,
            },
        }
    }
}

fn on_host(slab_bytes: u64, budget_bytes: u64) -> Ops {
    Ops::with_engine(AnyEngine::host(), slab_bytes, budget_bytes)
}

/// Goes on with an engine that has no slabs yet, which are as long as it takes them.
fn with_slabs_of<E: Engine>(opened: Pages<E>, budget_bytes: u64, wrap: impl FnOnce(E) -> AnyEngine) -> Ops {
    let slab_bytes = u64::from(opened.slabs().slab_words()) * 4;
    Ops::with_engine(wrap(opened.into_engine()), slab_bytes, budget_bytes)
}

fn say_once(error: &GpuError) {
    static SAID: Once = Once::new();
    SAID.call_once(|| tracing::info!(%error, "the host stands in for a device"));
}

#[cfg(feature = "gpu")]
fn open_device(slab_bytes: u64, budget_bytes: u64) -> Result<Ops, GpuError> {
    let opened = mmsb_gpu::GpuOps::open(slab_bytes, budget_bytes)?;
    Ok(on_device(opened, budget_bytes))
}

#[cfg(feature = "gpu")]
fn on_device(opened: mmsb_gpu::GpuOps, budget_bytes: u64) -> Ops {
    with_slabs_of(opened, budget_bytes, |device| AnyEngine::Device(Box::new(device)))
}

#[cfg(not(feature = "gpu"))]
fn open_device(_: u64, _: u64) -> Result<Ops, GpuError> {
    Err(GpuError::NoAdapter { why: "this build of mmsb has no feature `gpu`".into() })
}

impl fmt::Debug for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gpu({:?})", self.choice)
    }
}
