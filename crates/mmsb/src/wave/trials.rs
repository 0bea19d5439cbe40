//! Derived pages computed for the sake of comparing: all of them, by so many workers, in an order of their own.
//!
//! Invariant: everything that functions see was laid on the desk before; nothing is changed but the desk.

use mmsb_types::{PageId, env};

use super::{
    GraphHeld,
    compute::compute_twice,
    desk::Desk,
    functions::Node,
    live::LiveGraph,
    token::{self, Token},
};
use crate::{Error, replay::join, sync::thread};

/// Every derived page whose function is here, with its inputs.
pub(crate) struct Trials<'d> {
    desk: &'d Desk,
    jobs: Vec<Job>,
}

struct Job {
    slot: u32,
    node: Node,
    is_stale: bool,
}

/// What became of one page.
#[derive(Debug)]
pub(crate) struct Trial {
    pub(crate) page: PageId,
    /// What its function makes, two runs agreeing.
    pub(crate) made: Result<Vec<u8>, Error>,
    /// The function asked a bus.
    is_nosy: bool,
    /// Where the page is not that, though it is not stale, and what it is there.
    differs: Option<(usize, u8)>,
}

impl GraphHeld<'_> {
    /// Lays everything on the desk and lets `look` have it computed.
    ///
    /// # Errors
    /// [`Error::Conflict`], and those of `look`.
    pub(crate) fn with_trials<T>(
        &mut self,
        look: impl FnOnce(&Trials<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (bus, state) = (self.bus(), self.state());
        let LiveGraph { functions, desk, .. } = self.live();
        desk.begin_anew(state.structure().slot_bound());
        let mut jobs = Vec::new();
        for (page, _) in state.derived() {
            let slot = state.structure().slot(page);
            let Some((slot, node)) = slot.and_then(|slot| Some((slot, functions.node(slot, page)?))) else {
                continue;
            };
            node.load(slot, desk, bus.store())?;
            jobs.push(Job { slot, node: node.clone(), is_stale: state.is_stale(page) });
        }
        look(&Trials { desk, jobs })
    }
}

impl Trials<'_> {
    /// Computes all pages by `count` workers; the answer is in the pages' order.
    ///
    /// # Errors
    /// [`Error::Io`] if there are no threads to be had.
    pub(crate) fn run(&self, count: usize) -> Result<Vec<Trial>, Error> {
        if count == 1 {
            return Ok(self.jobs.iter().map(|job| job.run(self.desk)).collect());
        }
        let mut trials = thread::scope(|scope| {
            let starts = (0..count)
                .map(|worker| env::spawn_scoped(scope, "mmsb-trial", move || self.share(worker, count)));
            let started = starts
                .collect::<Result<Vec<_>, _>>()
                .map_err(|source| mmsb_tlog::LogError::Spawn { source })?;
            Ok::<Vec<Trial>, Error>(started.into_iter().flat_map(join).collect())
        })?;
        trials.sort_by_key(|trial| trial.page);
        Ok(trials)
    }

    /// Computes the share of one worker, the last page first.
    fn share(&self, worker: usize, count: usize) -> Vec<Trial> {
        let own = self.jobs.iter().skip(worker).step_by(count).rev();
        own.map(|job| job.run(self.desk)).collect()
    }
}

impl Job {
    fn run(&self, desk: &Desk) -> Trial {
        let (node, bytes) = (&self.node, desk.bytes(self.slot));
        let mut made = vec![0; bytes.len()];
        let token = Token::enter();
        token::take_refused();
        let ran = desk
            .with_inputs(&node.slots, |inputs| compute_twice(node.page, &node.function, inputs, &mut made));
        let is_nosy = token::take_refused();
        drop(token);
        let differs = bytes.iter().zip(&made).position(|(own, made)| own != made);
        let differs = differs.filter(|_| ran.is_ok() && !self.is_stale).map(|at| (at, bytes[at]));
        Trial { page: node.page, made: ran.map(|()| made), is_nosy, differs }
    }
}

impl Trial {
    /// Tells the rule that the page breaks, and how.
    pub(crate) fn broken(&self) -> Option<(&'static str, String)> {
        if self.is_nosy {
            return Some((
                "purity/declared-inputs",
                "its function asks a bus for more than it declared".into(),
            ));
        }
        match (&self.made, self.differs) {
            (Err(error @ Error::Impure { .. }), _) => Some(("purity/equal-bytes", error.to_string())),
            (Err(error), _) => Some(("purity/computes", error.to_string())),
            (Ok(made), Some((at, own))) => {
                let what = format!("byte {at} is {own:#04x}, its function makes {:#04x}", made[at]);
                Some(("mmsb/derived-equals-recompute", what))
            }
            (Ok(_), None) => None,
        }
    }
}
