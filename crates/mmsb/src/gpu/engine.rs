//! A device, the host in its place, or either of them lost when a test says so.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use mmsb_gpu::{Engine, Formula, GpuError, Host, Place, Program, Ticket};

/// Who runs programs.
pub(crate) enum AnyEngine {
    Host(Host),
    Failing(Box<AnyEngine>, Switch),
    #[cfg(feature = "gpu")]
    Device(Box<mmsb_gpu::Device>),
}

/// Loses a device, or the host in its place, for tests: calls are refused until it is opened anew.
#[doc(hidden)]
#[derive(Clone, Debug, Default)]
pub struct Switch {
    is_lost: Arc<AtomicBool>,
    /// It cannot be opened anew either.
    is_gone: Arc<AtomicBool>,
}

impl Switch {
    /// Loses the device.
    pub fn lose(&self) {
        self.is_lost.store(true, Ordering::SeqCst);
    }

    /// Loses the device for good.
    pub fn lose_for_good(&self) {
        self.is_gone.store(true, Ordering::SeqCst);
        self.lose();
    }

    fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::SeqCst)
    }
}

impl AnyEngine {
    pub(super) fn host() -> Self {
        Self::Host(Host::default())
    }

    pub(super) fn failing(engine: Self, switch: &Switch) -> Self {
        let is_gone = switch.is_gone.load(Ordering::SeqCst);
        switch.is_lost.store(is_gone, Ordering::SeqCst);
        Self::Failing(Box::new(engine), switch.clone())
    }

    /// Returns what it is called.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Host(_) => "host",
            Self::Failing(engine, _) => engine.name(),
            #[cfg(feature = "gpu")]
            Self::Device(device) => device.name(),
        }
    }

    fn inner(&mut self) -> Result<&mut dyn Engine, GpuError> {
        match self {
            Self::Host(host) => Ok(host),
            Self::Failing(engine, switch) => {
                if switch.is_lost() {
                    engine.lose()
                } else {
                    engine.inner()
                }
            }
            #[cfg(feature = "gpu")]
            Self::Device(device) => Ok(&mut **device),
        }
    }

    /// Loses it, as far as it is one that can be lost; whatever is asked of it then says so.
    fn lose(&mut self) -> Result<&mut dyn Engine, GpuError> {
        #[cfg(feature = "gpu")]
        if let Self::Device(device) = self {
            device.destroy();
            return Ok(&mut **device);
        }
        Err(GpuError::Lost { why: "a test says so".into() })
    }
}

impl Engine for AnyEngine {
    fn add_slab(&mut self, words: u32) -> Result<(), GpuError> {
        self.inner()?.add_slab(words)
    }

    fn compile(&mut self, formula: &str) -> Result<Formula, GpuError> {
        self.inner()?.compile(formula)
    }

    fn submit(&mut self, program: &Program) -> Result<Ticket, GpuError> {
        self.inner()?.submit(program)
    }

    fn fetch(&mut self, places: &[Place]) -> Result<Ticket, GpuError> {
        self.inner()?.fetch(places)
    }

    fn land(&mut self, ticket: Ticket) -> Result<Vec<u32>, GpuError> {
        self.inner()?.land(ticket)
    }

    fn submitted(&self) -> u64 {
        match self {
            Self::Host(host) => host.submitted(),
            Self::Failing(engine, _) => engine.submitted(),
            #[cfg(feature = "gpu")]
            Self::Device(device) => device.submitted(),
        }
    }

    fn completed(&mut self) -> Result<u64, GpuError> {
        self.inner()?.completed()
    }

    fn wait(&mut self) -> Result<(), GpuError> {
        self.inner()?.wait()
    }
}

impl fmt::Debug for AnyEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
