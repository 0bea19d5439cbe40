//! What committers, waiters and the log's threads share, and how they get things done together.
//!
//! Invariant: whoever touches the files from outside the log's threads first asks whether this is the process that
//! opened the log.

use std::sync::Arc;

use super::{boxes::Boxes, flush::Flush, flusher::Waker, progress::Progress, ring::Ring, tail::Tail};
use crate::{
    LogError,
    sync::{
        Fault, is_planted,
        outer::{Mutex, MutexGuard, thread},
    },
};

const FORKED: &str = "this process is a fork of the one that opened the log";

/// What committers, waiters and the log's threads share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(super) ring: Ring,
    pub(super) boxes: Boxes,
    pub(super) tail: Tail,
    pub(super) progress: Progress,
    pub(super) waker: Waker,
    pub(super) flush: Mutex<Flush>,
    /// The process that opened the log: a child that it forks has neither its threads nor its locks.
    pub(super) process_id: u32,
}

impl Shared {
    pub(super) fn attach(&self) {
        let flush = self.lock_flush();
        self.progress.group.attach(Arc::clone(&flush.file), Arc::clone(&flush.path), flush.end);
    }

    /// Writes what is published; returns the last number in the file, whether or not that has its name.
    pub(super) fn flush(&self) -> Result<u64, LogError> {
        let mut flush = self.lock_flush();
        flush.run(&self.ring, &self.boxes, &self.progress)?;
        Ok(flush.end.number)
    }

    /// Ends the log on purpose, and tells those who follow it.
    pub(super) fn close(&self) -> Result<(), LogError> {
        let closed = self.lock_flush().close(&self.ring, &self.boxes, &self.progress);
        self.progress.group.end();
        closed
    }

    pub(super) fn sync_through(&self, number: u64) -> Result<(), LogError> {
        if self.progress.durable() >= number {
            return Ok(());
        }
        self.check_process()?;
        self.progress.sync_through(number, || {
            self.write_through(number)?;
            // What others wait for goes along.
            if self.progress.advance(&self.ring) > self.progress.written() {
                self.flush()?;
            }
            Ok(())
        })
    }

    pub(super) fn write_through(&self, number: u64) -> Result<(), LogError> {
        while self.progress.written() < number && !is_planted(Fault::AckUnwritten) {
            self.check_process()?;
            if self.flush()? >= number {
                self.progress.settle()?;
            } else {
                // A frame before ours is reserved and not yet in the ring; its maker needs the processor.
                thread::yield_now();
            }
        }
        Ok(())
    }

    /// Tries until `take` gives something, flushing in between: what others wrote makes room.
    pub(super) fn wait_for<T>(&self, take: impl Fn() -> Option<T>) -> Result<T, LogError> {
        loop {
            if let Some(taken) = take() {
                return Ok(taken);
            }
            self.check_process()?;
            self.flush()?;
            if let Some(taken) = take() {
                return Ok(taken);
            }
            thread::yield_now();
        }
    }

    /// Refuses to touch the files in a child process, which would write over what its parent writes.
    ///
    /// Asked before any lock is taken: the child may have the copy of one that is held for ever.
    pub(super) fn check_process(&self) -> Result<(), LogError> {
        if std::process::id() == self.process_id {
            return Ok(());
        }
        self.progress.poison_alone(FORKED);
        self.progress.check_poison()
    }

    /// A holder that panicked left a batch half written: nobody goes on behind it.
    pub(super) fn lock_flush(&self) -> MutexGuard<'_, Flush> {
        self.flush.lock().unwrap_or_else(|poisoned| {
            self.progress.set_poison("a flush panicked");
            poisoned.into_inner()
        })
    }
}
