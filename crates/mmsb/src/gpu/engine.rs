//! A device, the host in its place, or the host as a device that is lost when a test says so.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use mmsb_gpu::{Engine, Formula, GpuError, Host, Place, Program};

/// Who runs programs.
pub(crate) enum AnyEngine {
    Host(Host),
    Failing(Host, Switch),
    #[cfg(feature = "gpu")]
    Device(Box<mmsb_gpu::Device>),
}

/// Loses a device that is the host, for tests: every call is refused until it is opened anew.
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

    fn check(&self) -> Result<(), GpuError> {
        let is_lost = self.is_lost.load(Ordering::SeqCst);
        if is_lost { Err(GpuError::Lost { why: "a test says so".into() }) } else { Ok(()) }
    }
}

impl AnyEngine {
    pub(super) fn host() -> Self {
        Self::Host(Host::default())
    }

    pub(super) fn failing(switch: &Switch) -> Self {
        let is_gone = switch.is_gone.load(Ordering::SeqCst);
        switch.is_lost.store(is_gone, Ordering::SeqCst);
        Self::Failing(Host::default(), switch.clone())
    }

    /// Returns what it is called.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Host(_) => "host",
            Self::Failing(..) => "host as a device",
            #[cfg(feature = "gpu")]
            Self::Device(device) => device.name(),
        }
    }

    fn inner(&mut self) -> Result<&mut dyn Engine, GpuError> {
        match self {
            Self::Host(host) => Ok(host),
            Self::Failing(host, switch) => switch.check().map(|()| host as &mut dyn Engine),
            #[cfg(feature = "gpu")]
            Self::Device(device) => Ok(&mut **device),
        }
    }
}

impl Engine for AnyEngine {
    fn add_slab(&mut self, words: u32) -> Result<(), GpuError> {
        self.inner()?.add_slab(words)
    }

    fn compile(&mut self, formula: &str) -> Result<Formula, GpuError> {
        self.inner()?.compile(formula)
    }

    fn run(&mut self, program: &Program) -> Result<Vec<u32>, GpuError> {
        self.inner()?.run(program)
    }

    fn read(&mut self, places: &[Place]) -> Result<Vec<u32>, GpuError> {
        self.inner()?.read(places)
    }

    fn submitted(&self) -> u64 {
        match self {
            Self::Host(host) | Self::Failing(host, _) => host.submitted(),
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
