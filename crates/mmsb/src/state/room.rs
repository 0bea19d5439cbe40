//! How much the pages of a state may take: a log, or a checkpoint, of a few bytes may tell of terabytes.
//!
//! Invariant: a commit is held against the room before it is applied; what does not fit makes no page.

use std::io;

use mmsb_tlog::Commit;
use mmsb_types::PageEvent;

use super::State;
use crate::{Error, info::events, journal::Pass};

/// What the pages of a state take, as long as they are, and the most they may.
#[derive(Debug)]
pub(crate) struct Room {
    page_bytes: u64,
    page_bytes_max: u64,
    /// The length of a page for which there was no room.
    refused: Option<u32>,
}

impl Room {
    /// Starts without pages.
    pub(crate) fn of(page_bytes_max: u64) -> Self {
        Self { page_bytes: 0, page_bytes_max, refused: None }
    }

    /// Takes room for a page.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] beyond the limit.
    pub(crate) fn take(&mut self, page_bytes: u32) -> Result<(), Error> {
        self.page_bytes = self.page_bytes.saturating_add(u64::from(page_bytes));
        if self.page_bytes <= self.page_bytes_max { Ok(()) } else { Err(out_of_room(page_bytes)) }
    }

    /// Applies the next commit of the pass to the state; false at the end.
    ///
    /// # Errors
    /// As [`Pass::step`], and [`Room::take`].
    pub(crate) fn step(&mut self, pass: &mut Pass, state: &mut State) -> Result<bool, Error> {
        let stepped = pass.visit(|commit| {
            self.check(state, commit)?;
            state.apply(commit)
        });
        match self.refused {
            Some(page_bytes) => Err(out_of_room(page_bytes)),
            None => stepped.map(|applied| applied.is_some()),
        }
    }

    /// Takes room for the pages that a commit makes. What others gave back is counted when room runs out.
    fn check(&mut self, state: &State, commit: &Commit<'_>) -> Result<(), String> {
        for page_bytes in events(commit.frame.sections)?.iter().filter_map(made_bytes) {
            if self.take(page_bytes).is_err() {
                self.refused = Some(page_bytes);
            }
        }
        if self.refused.is_some() && self.has_room_again(state, commit)? {
            self.refused = None;
        }
        self.refused.map_or(Ok(()), |_| Err("there is no room for its pages".to_owned()))
    }

    /// Counts the pages that are there, and those of the commit; tells whether there is room for them.
    fn has_room_again(&mut self, state: &State, commit: &Commit<'_>) -> Result<bool, String> {
        let made: u64 = events(commit.frame.sections)?.iter().filter_map(made_bytes).map(u64::from).sum();
        self.page_bytes = made + state.pages().map(|(_, page)| page.bytes.len() as u64).sum::<u64>();
        Ok(self.page_bytes <= self.page_bytes_max)
    }
}

/// Returns the length of the page that an event makes.
fn made_bytes(event: &PageEvent) -> Option<u32> {
    match *event {
        PageEvent::Created { page_bytes, .. } => Some(page_bytes),
        PageEvent::Deleted { .. } | PageEvent::Named { .. } => None,
    }
}

fn out_of_room(page_bytes: u32) -> Error {
    let why = "page_bytes_max, the limit that was set for all pages together, is reached";
    Error::OutOfMemory { page_bytes, source: io::Error::new(io::ErrorKind::OutOfMemory, why) }
}
