//! What goes wrong on a device, and how it is learned of.
//!
//! Invariant: once the device is lost, every scope says so.

use std::sync::{Arc, Mutex, OnceLock};

use pollster::block_on;

use crate::GpuError;

/// What went wrong so far.
#[derive(Default)]
pub(super) struct Faults {
    lost: Arc<OnceLock<String>>,
    /// The first error that no scope caught.
    uncaught: Arc<Mutex<Option<String>>>,
}

/// The notice that a device is lost. Copies are of the same device.
#[derive(Clone, Debug, Default)]
pub struct Loss(Arc<OnceLock<String>>);

impl Loss {
    /// Says that the device is lost, and why. The first reason stays.
    pub fn tell(&self, why: &str) {
        self.0.get_or_init(|| why.to_owned());
    }
}

impl Faults {
    /// Listens to a device of the library's own.
    pub fn watch(device: &wgpu::Device) -> Self {
        let faults = Self::default();
        let loss = faults.loss();
        device.set_device_lost_callback(move |reason, message| loss.tell(&format!("{reason:?} {message}")));
        let uncaught = Arc::clone(&faults.uncaught);
        // Without a handler, an error that no scope catches is a panic.
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            if let Ok(mut first) = uncaught.lock() {
                first.get_or_insert_with(|| error.to_string());
            }
        }));
        faults
    }

    /// Hears of a loss from whoever has the notice.
    pub fn told_by(loss: &Loss) -> Self {
        Self { lost: Arc::clone(&loss.0), ..Self::default() }
    }

    pub fn loss(&self) -> Loss {
        Loss(Arc::clone(&self.lost))
    }

    /// Notes that the device is lost, of which only a failed wait tells.
    pub fn lost(&self, why: &str) -> GpuError {
        self.loss().tell(why);
        GpuError::Lost { why: self.lost.get().cloned().unwrap_or_default() }
    }

    /// Does what may fail, and tells how it failed.
    pub fn scope<T>(
        &self,
        device: &wgpu::Device,
        doing: &'static str,
        act: impl FnOnce() -> T,
    ) -> Result<T, GpuError> {
        self.check(doing)?;
        let filters =
            [wgpu::ErrorFilter::OutOfMemory, wgpu::ErrorFilter::Internal, wgpu::ErrorFilter::Validation];
        let scopes = filters.map(|filter| device.push_error_scope(filter));
        let done = act();
        // Scopes end in the reverse of the order in which they began.
        let errors = scopes.into_iter().rev().filter_map(|scope| block_on(scope.pop()));
        // The callback is called by whoever polls, and by nobody else.
        let polled = device.poll(wgpu::PollType::Poll);
        let error = errors.fold(None, |first: Option<wgpu::Error>, error| first.or(Some(error)));
        if error.is_some() {
            // A lost device refuses what was made on it; that it is lost is told once its queue is empty.
            drop(device.poll(wgpu::PollType::wait_indefinitely()));
        }
        self.check(doing)?;
        polled.map_err(|error| GpuError::Validation { doing, why: error.to_string() })?;
        error.map_or(Ok(done), |error| Err(named(device, doing, &error)))
    }

    /// Tells whether the device is lost, or something failed that nobody waited for.
    pub fn check(&self, doing: &'static str) -> Result<(), GpuError> {
        if let Some(why) = self.lost.get() {
            return Err(GpuError::Lost { why: why.clone() });
        }
        let uncaught = self.uncaught.lock().ok().and_then(|mut first| first.take());
        uncaught.map_or(Ok(()), |why| Err(GpuError::Validation { doing, why }))
    }
}

fn named(device: &wgpu::Device, doing: &'static str, error: &wgpu::Error) -> GpuError {
    match error {
        wgpu::Error::OutOfMemory { .. } => {
            GpuError::OutOfMemory { need_bytes: 0, budget_bytes: device.limits().max_buffer_size }
        }
        _ => GpuError::Validation { doing, why: error.to_string() },
    }
}
