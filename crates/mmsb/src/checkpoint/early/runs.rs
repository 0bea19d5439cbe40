//! Runs: where the pages in the file are, each run's sorted by id and kept in the file itself.
//!
//! Of each run a few places are in memory, the next ones; what they tell is merged by a heap.
//!
//! Invariant: the heap has the next page of each run that has one. Pages below the last one asked for are in no run.

use std::{cmp::Reverse, collections::BinaryHeap};

use mmsb_types::{Epoch, PageId};

use super::{Place, spill::Spill};
use crate::Error;

/// Places of a run that are read at once.
const READ_COUNT: usize = 32;
/// A place in the file: page, epoch, offset, length, little-endian.
const ENTRY_BYTES: usize = 28;

/// The runs.
#[derive(Default)]
pub(super) struct Runs {
    runs: Vec<Run>,
    heads: BinaryHeap<Reverse<(PageId, usize)>>,
}

/// The places of one run that were not asked for yet.
struct Run {
    /// The next ones, the very next last.
    next: Vec<Place>,
    /// Where those behind them are, and how many.
    at: u64,
    left: usize,
}

impl Runs {
    /// Adds a run of pages, sorted by id, whose bytes are in the file.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(super) fn add(&mut self, file: &mut Spill, places: &[Place]) -> Result<(), Error> {
        let entries: Vec<u8> = places.iter().flat_map(encode).collect();
        let run = Run { next: Vec::new(), at: file.end(), left: places.len() };
        file.append(&entries)?;
        self.runs.push(run);
        self.tell(file, self.runs.len() - 1)
    }

    /// Returns the page's place, if it is in a run; gives up those of pages before it.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(super) fn find(&mut self, file: &Spill, page: PageId) -> Result<Option<Place>, Error> {
        let mut found = None;
        while let Some(&Reverse((head, run))) = self.heads.peek().filter(|head| head.0.0 <= page) {
            self.heads.pop();
            found = self.runs[run].next.pop().filter(|_| head == page);
            self.tell(file, run)?;
        }
        Ok(found)
    }

    /// Puts the run's next page into the heap.
    fn tell(&mut self, file: &Spill, number: usize) -> Result<(), Error> {
        let run = &mut self.runs[number];
        run.read(file)?;
        if let Some(next) = run.next.last() {
            self.heads.push(Reverse((next.page, number)));
        }
        Ok(())
    }
}

impl Run {
    /// Reads the next places, if all that were read are gone.
    fn read(&mut self, file: &Spill) -> Result<(), Error> {
        let count = self.left.min(READ_COUNT);
        if !self.next.is_empty() || count == 0 {
            return Ok(());
        }
        let mut entries = [0; READ_COUNT * ENTRY_BYTES];
        file.read(self.at, &mut entries[..count * ENTRY_BYTES])?;
        self.next.reserve_exact(count);
        self.next.extend(entries.as_chunks().0[..count].iter().rev().map(decode));
        self.at += (count * ENTRY_BYTES) as u64;
        self.left -= count;
        Ok(())
    }
}

fn encode(place: &Place) -> [u8; ENTRY_BYTES] {
    let mut entry = [0; ENTRY_BYTES];
    entry[..8].copy_from_slice(&place.page.get().to_le_bytes());
    entry[8..16].copy_from_slice(&place.changed.get().to_le_bytes());
    entry[16..24].copy_from_slice(&place.at.to_le_bytes());
    entry[24..].copy_from_slice(&place.page_bytes.to_le_bytes());
    entry
}

fn decode(entry: &[u8; ENTRY_BYTES]) -> Place {
    let word = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| entry[at + byte]));
    Place {
        page: PageId::new(word(0)),
        changed: Epoch::new(word(8)),
        at: word(16),
        page_bytes: u32::from_le_bytes(std::array::from_fn(|byte| entry[24 + byte])),
    }
}
