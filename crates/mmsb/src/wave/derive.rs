//! Giving a page its function: with a commit, or, where the log has the registration already, without.
//!
//! Invariant: a registration is refused whole; the function that the page had is then its function still.

use std::sync::Arc;

use mmsb_types::{Epoch, GraphEvent, PageId, Registration};

use super::{GraphHeld, functions::Known};
use crate::{Bus, DerivedHow, Error, Transaction, commit, derive::Function};

/// Derives `page`, and tells what there was to be done; with the epoch of the commit, if there was one.
///
/// # Errors
/// As [`Derivation::with`](crate::Derivation::with).
pub(crate) fn derive(
    bus: &Bus,
    tx: &mut Transaction<'_>,
    page: PageId,
    registration: &Arc<Registration>,
    function: Function,
) -> Result<(DerivedHow, Option<Epoch>), Error> {
    let mut held = GraphHeld::new(bus)?;
    let how = held.how(page, registration);
    let replaced = held.give(page, registration, function);
    if how == DerivedHow::Attached {
        // The function that is replaced goes where nothing is held: that may be anybody's code.
        drop(held);
        drop(replaced);
        return Ok((how, None));
    }
    let made = held.derive(tx, page, registration, how);
    // Whichever function goes, it goes where nothing is held.
    let gone = match made {
        Ok(_) => replaced.map(|(_, known)| known),
        Err(_) => held.give_back(page, replaced),
    };
    drop(held);
    drop(gone);
    made.map(|epoch| (how, Some(epoch)))
}

impl GraphHeld<'_> {
    fn how(&self, page: PageId, registration: &Registration) -> DerivedHow {
        let state = self.state();
        match state.registration(page) {
            None => DerivedHow::New,
            Some(own) if **own != *registration => DerivedHow::Changed,
            Some(_) if state.is_stale(page) => DerivedHow::Refreshed,
            Some(_) => DerivedHow::Attached,
        }
    }

    fn give(
        &mut self,
        page: PageId,
        registration: &Arc<Registration>,
        function: Function,
    ) -> Option<(usize, Known)> {
        let replaced = self.live().functions.give(page, Arc::clone(registration), function);
        self.place(&[page]);
        replaced
    }

    /// Undoes [`GraphHeld::give`]; returns the function that was given.
    fn give_back(&mut self, page: PageId, replaced: Option<(usize, Known)>) -> Option<Known> {
        let given = self.live().functions.give_back(page, replaced);
        self.place(&[page]);
        given
    }

    fn derive(
        &mut self,
        tx: &mut Transaction<'_>,
        page: PageId,
        registration: &Arc<Registration>,
        how: DerivedHow,
    ) -> Result<Epoch, Error> {
        let nanos = commit::begin(self.bus(), tx)?;
        if how != DerivedHow::Refreshed {
            tx.push_graph(GraphEvent::Derived { page, registration: Arc::clone(registration) })?;
        }
        self.commit(tx, nanos, &[page])
    }
}
