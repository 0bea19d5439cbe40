//! From a function to a registration: logged, or found there already.

use std::sync::Arc;

use mmsb_types::{
    Durability, Epoch, PageId, Registration,
    limits::{INPUT_COUNT_MAX, TEXT_BYTES_MAX},
};

use super::{Derivation, Derived, DerivedHow, Function};
use crate::{Bus, Committed, Error, commit, wave};

impl Derivation<'_> {
    /// Registers the function for the page.
    #[track_caller]
    pub(super) fn function(self, work: Function) -> Result<Derived, Error> {
        let Self { bus, page, inputs, name, version } = self;
        let name = name.unwrap_or_default();
        if name.len() > TEXT_BYTES_MAX {
            return Err(Error::Text { what: "a function's name", bytes: name.len() });
        }
        if !(1..=INPUT_COUNT_MAX).contains(&inputs.len()) {
            return Err(Error::InputCount { page, count: inputs.len() });
        }
        let registration = Arc::new(Registration { name, version, inputs });
        let mut tx = bus.begin();
        let durability = tx.draft.durability;
        let (how, epoch) = wave::derive(bus, &mut tx, page, &registration, work)?;
        match epoch {
            Some(epoch) => settle(bus, page, epoch, durability, how),
            None => Ok(Derived { page, epoch: bus.epoch(), reached: Durability::Volatile, how }),
        }
    }
}

fn settle(
    bus: &Bus,
    page: PageId,
    epoch: Epoch,
    durability: Durability,
    how: DerivedHow,
) -> Result<Derived, Error> {
    let Committed { epoch, reached } = commit::settle(bus, epoch, durability)?;
    Ok(Derived { page, epoch, reached, how })
}

impl Bus {
    /// Ends a page's registration: its bytes stay, and may be written by hand from then on.
    ///
    /// The function is kept as long as the bus, for a rewind may bring the registration back.
    ///
    /// # Errors
    /// [`Error::NotDerived`], and those of [`Transaction::commit`](crate::Transaction::commit).
    #[track_caller]
    pub fn underive(&self, page: PageId) -> Result<Committed, Error> {
        let mut tx = self.begin();
        tx.push_graph(mmsb_types::GraphEvent::Underived { page })?;
        tx.commit()
    }
}
