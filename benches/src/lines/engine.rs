//! Line `engine`: every row of the engine's goals that can be measured on a bus, each as a ratio to the least
//! time this machine needs for it, taken beside it in the same run.
//!
//! Pages of 1 KiB; deltas of 32 random bytes at random places of random pages, new ones in every repeat. *F* is
//! the raw limit ([`crate::shadow`]), and its pages are the model: every repeat's pages are compared with it.
//! Each repeat takes the limit first and the bus right after it, in one thread that stays on one processor, and
//! the median is one of ratios.
//!
//! Time in which a thread was ready and the machine ran somebody else's is left out; waiting for one of the bus's
//! own threads, or for a lock, is not.
//!
//! The bus goes into a disk that drops everything ("volatile"), so what is left of the log is frame, checksum,
//! reservation and ring. Its flusher, which takes the bytes out of the ring, runs on another processor. That
//! processor time is no free gift, nor part of what a commit waits for: it is charged to the limit, which then
//! is F and the flusher's time for a delta. A second figure each shows the same with a file behind the log.
//!
//! The rows of two threads count only runs whose overlap was verified ([`crate::together`]). There both
//! processors commit, and the flusher takes its time from them: charged to the limit means that the one thread
//! is given the flusher's time on top of its own, as if it had but one processor for all of it.

mod one;
mod overhead;
mod pages;
mod replay;
mod rollback;
mod setup;
mod streaming;
mod two;

use anyhow::Result;

pub use self::one::Way;
use crate::{Context, Line, Outcome, clock::steal_time};

inventory::submit! {
    Line {
        name: "engine",
        number: None,
        question: "how near does the engine come to what this machine can do?",
        faults: &[],
        run,
    }
}

fn run(context: &mut Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let steal = steal_time()?;
    one::rows(context, &mut outcome)?;
    two::rows(context, &mut outcome)?;
    pages::rows(context, &mut outcome)?;
    replay::rows(context, &mut outcome)?;
    streaming::rows(context, &mut outcome)?;
    rollback::rows(context, &mut outcome)?;
    overhead::rows(context, &mut outcome)?;
    let stolen = (steal_time()? - steal).as_millis();
    outcome.note(format!("other machines took {stolen} ms of the processors meanwhile"));
    Ok(outcome)
}
