//! Looking over derived pages: whether their functions are pure, whether their bytes are what these make.
//!
//! Under the graph lock no derived page changes, nor any input of one: so all are looked at as of one state.

use mmsb_types::{PageId, Place, Violation};

use super::{
    GraphHeld, LiveGraph, WaveReport,
    compute::compute_twice,
    desk::Desk,
    functions::Node,
    token::{self, Token},
};
use crate::{Bus, Error, graph::GraphState};

impl Bus {
    /// Computes every derived page whose function is here twice, on different bytes left in the output, and compares.
    /// Nothing is changed.
    ///
    /// Builds with debug assertions do so whenever they compute a page.
    ///
    /// # Errors
    /// The first fault, by rising page id: [`Error::Impure`], [`Error::RecomputePanicked`],
    /// [`Error::RecomputeFailed`], [`Error::WrongLength`]; [`Error::Reentrant`].
    ///
    /// # Cost
    /// Commits that change an input of a derived page wait meanwhile.
    pub fn check_purity(&self) -> Result<(), Error> {
        GraphHeld::new(self)?.each_computed(|_, _, _, made| made.map(drop))
    }

    /// Computes every derived page that is not stale, and whose function is here, and compares it with the page's
    /// bytes; `mmsb/derived-equals-recompute` names each that differs, or cannot be computed. Nothing is changed.
    ///
    /// A bus that was opened for reading can be verified, too, once it is given the functions.
    ///
    /// # Cost
    /// As [`Bus::check_purity`].
    #[must_use]
    pub fn verify_recompute(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        let held = GraphHeld::new(self);
        let done = held.and_then(|mut held| {
            held.each_computed(|state, page, bytes, made| {
                found.extend(differs(state, page, bytes, made).map(|facts| violation(page, facts)));
                Ok(())
            })
        });
        found.extend(done.err().map(|error| Violation::new(RULE, Place::Whole, error.to_string())));
        found
    }

    /// Lists the derived pages whose functions this bus was not given, by rising id. They can be read; a change of
    /// what they are computed from makes them stale, until somebody [derives](Bus::derive) them again.
    #[must_use]
    pub fn orphans(&self) -> Vec<PageId> {
        let Ok(mut held) = GraphHeld::new(self) else { return Vec::new() };
        let state = held.state();
        let functions = &held.live().functions;
        let derived = state.derived().map(|(page, _)| page);
        derived.filter(|&page| !functions.is_here(page, state.structure())).collect()
    }

    /// Returns what the newest commit that had to do with the graph computed; `None` if there was none since the
    /// bus was opened.
    #[must_use]
    pub fn last_wave(&self) -> Option<WaveReport> {
        token::check().ok()?;
        let last = self.graph_lock().lock().last.clone();
        last.map(|report| WaveReport::clone(&report))
    }
}

const RULE: &str = "mmsb/derived-equals-recompute";

impl GraphHeld<'_> {
    /// Calls `look` with each derived page whose function is here, its bytes, and what the function makes.
    fn each_computed(
        &mut self,
        mut look: impl FnMut(&GraphState, PageId, &[u8], Result<Vec<u8>, Error>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (bus, state) = (self.bus(), self.state());
        let LiveGraph { functions, desk, .. } = self.live();
        desk.begin_anew(state.structure().slot_bound());
        for (page, _) in state.derived() {
            let slot = state.structure().slot(page);
            let node = slot.and_then(|slot| Some((slot, functions.node(slot, page)?)));
            let Some((slot, node)) = node else { continue };
            node.load(slot, desk, bus.store())?;
            let made = made(node, desk, desk.bytes(slot).len());
            look(&state, page, desk.bytes(slot), made)?;
        }
        Ok(())
    }
}

fn made(node: &Node, desk: &Desk, page_bytes: usize) -> Result<Vec<u8>, Error> {
    let _token = Token::enter();
    let mut made = vec![0; page_bytes];
    desk.with_inputs(&node.slots, |inputs| compute_twice(node.page, &node.function, inputs, &mut made))?;
    Ok(made)
}

/// Tells how a page that is not stale is not what its function makes.
fn differs(state: &GraphState, page: PageId, bytes: &[u8], made: Result<Vec<u8>, Error>) -> Option<String> {
    if state.is_stale(page) {
        return None;
    }
    match made {
        Err(error) => Some(error.to_string()),
        Ok(made) => {
            let at = bytes.iter().zip(&made).position(|(own, other)| own != other)?;
            Some(format!("byte {at} is {:#04x}, its function makes {:#04x}", bytes[at], made[at]))
        }
    }
}

fn violation(page: PageId, facts: String) -> Violation {
    Violation::new(RULE, Place::Page(page), facts)
}
