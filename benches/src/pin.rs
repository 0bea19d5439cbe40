//! Threads on processors of one's own choice: two that share one without saying so would seem to scale.

use std::thread;

use anyhow::{Context as _, Result, anyhow};
use rustix::{
    process::Pid,
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
};

use crate::clock;

/// Returns the processors this thread may use.
///
/// # Errors
/// If the kernel does not tell.
pub fn processors() -> Result<Vec<usize>> {
    let set = sched_getaffinity(None).context("asking for the processors")?;
    Ok((0..CpuSet::MAX_CPU).filter(|&processor| set.is_set(processor)).collect())
}

/// Runs `work` in a new thread on this processor alone. Threads that `work` starts are bound to it, too.
///
/// # Errors
/// If the thread cannot be bound, or the error of `work`; a panic of it is an error.
pub fn pinned<T: Send>(processor: usize, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    thread::scope(|scope| {
        let thread = scope.spawn(move || {
            pin(processor)?;
            work()
        });
        thread.join().unwrap_or_else(|cause| Err(panicked(&*cause)))
    })
}

/// Binds this thread to one processor.
///
/// # Errors
/// If the kernel refuses.
pub fn pin(processor: usize) -> Result<()> {
    bind(None, &[processor])
}

/// Binds the living threads of this name to some processors.
///
/// # Errors
/// If the kernel refuses.
pub fn pin_named(name: &str, processors: &[usize]) -> Result<()> {
    clock::named(name)?.into_iter().try_for_each(|thread| bind(Pid::from_raw(thread), processors))
}

fn bind(thread: Option<Pid>, processors: &[usize]) -> Result<()> {
    let mut set = CpuSet::new();
    processors.iter().for_each(|&processor| set.set(processor));
    sched_setaffinity(thread, &set).with_context(|| format!("binding a thread to processors {processors:?}"))
}

pub(crate) fn panicked(cause: &(dyn std::any::Any + Send)) -> anyhow::Error {
    let text = cause.downcast_ref::<String>().map(String::as_str);
    anyhow!("panicked: {}", text.or_else(|| cause.downcast_ref().copied()).unwrap_or("no message"))
}
