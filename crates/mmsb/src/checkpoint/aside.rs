//! Threads of checkpoints give way: where they and commits compete for a processor, commits go first.
//!
//! Only a thread that was started for this gives way: to take that back would need rights that a program mostly
//! does not have.

use mmsb_tlog::LogError;
use mmsb_types::env;

use super::CheckpointProgress;
use crate::{
    Error,
    replay::join,
    sync::{mpsc::sync_channel, thread},
};

/// By so much less important than the program's other threads: a quarter of a processor where one of them wants it,
/// too.
#[cfg(all(target_os = "linux", not(shuttle)))]
const NICENESS: i32 = 5;

/// Makes this thread, and those that it starts, give way to others.
pub(super) fn give_way() {
    // A system that refuses, or knows priorities of processes alone, lets all threads compete.
    // Threads that take turns are one thread of the system.
    #[cfg(all(target_os = "linux", not(shuttle)))]
    let _ = rustix::process::nice(NICENESS);
}

/// Runs `work` on a thread that gives way, and `progress` on this one whenever `work` tells something; `work` goes on
/// once `progress` returns.
///
/// # Errors
/// Those of `work`; [`Error::Io`] if there is no thread to be had.
pub(super) fn run<T: Send>(
    progress: Option<impl FnMut(CheckpointProgress)>,
    work: impl FnOnce(&mut dyn FnMut(CheckpointProgress)) -> Result<T, Error> + Send,
) -> Result<T, Error> {
    let ((tell, told), (heard, hear)) = (sync_channel(0), sync_channel(0));
    let is_heard = progress.is_some();
    let work = move || {
        give_way();
        work(&mut |now| {
            // Who has panicked hears no more.
            let _ = is_heard.then(|| tell.send(now).map(|()| hear.recv()));
        })
    };
    // Owned in there: a panic lets go of the channels before the thread is waited for.
    thread::scope(move |scope| {
        let spawned = env::spawn_scoped(scope, "mmsb-checkpoint", work);
        let worker = spawned.map_err(|source| LogError::Spawn { source })?;
        let mut progress = progress;
        if let Some(progress) = &mut progress {
            for now in told {
                progress(now);
                let _ = heard.send(());
            }
        }
        join(worker)
    })
}
