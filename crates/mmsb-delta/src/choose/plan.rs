//! Which entries a page's runs become. Their payload is added when the whole page is out of the
//! question, so that nothing is copied in vain.

use mmsb_types::{
    PageId, Span,
    limits::{COMPACT_ID_MAX, COMPACT_LEN_MAX, COMPACT_OFFSET_MAX},
};

use super::{COMPACT_BYTES, WIDE_BYTES, pieces, run_cost, stretch};
use crate::{DeltaBatch, Form, entry::Entry};

/// The entries of one page under way. Invariant: `cost` counts all of them and their payload, the
/// fill that still waits for its neighbour included.
pub(super) struct Plan<'a> {
    page: PageId,
    /// Where in the page `bytes` begins.
    base: u32,
    bytes: &'a [u8],
    batch: &'a mut DeltaBatch,
    cost: usize,
    waiting: Option<Span>,
}

impl<'a> Plan<'a> {
    pub fn new(page: PageId, base: u32, bytes: &'a [u8], batch: &'a mut DeltaBatch) -> Self {
        Self { page, base, bytes, batch, cost: 0, waiting: None }
    }

    /// Takes the next run; runs come by rising offset.
    pub fn add_run(&mut self, run: Span) {
        let entry = self.entry_bytes_most(run);
        let bytes = &self.bytes[self.index(run.offset)..self.index(run.offset) + run.len as usize];
        if bytes.len() <= COMPACT_BYTES + 1 && bytes.first() != bytes.last() {
            // Too short for a stretch that is worth cutting out, and not one itself.
            return self.add_bytes(run);
        }
        let sub = |from: usize, until: usize| Span::new(run.offset + from as u32, (until - from) as u32);
        let mut done = 0;
        let mut seen = 0;
        while let Some(found) = stretch::next(bytes, done, seen) {
            let sides = usize::from(found.start > done) + usize::from(found.end < bytes.len());
            // Cut out, the stretch costs an entry and a byte, and an entry more for a second side;
            // left in, its bytes. Alone, it needs an entry either way.
            let cut_cost = sides * entry + 1;
            if found.len() > cut_cost {
                self.add_bytes(sub(done, found.start));
                self.add_fill(sub(found.start, found.end));
                done = found.end;
            }
            seen = found.end;
        }
        self.add_bytes(sub(done, bytes.len()));
    }

    /// Ends the plan and returns what all its entries and their payload cost, in bytes.
    pub fn finish(mut self) -> usize {
        self.release();
        self.cost
    }

    /// The most that one more entry may cost in this run: 8 bytes where all of it stays compact.
    fn entry_bytes_most(&self, run: Span) -> usize {
        let compact = self.page.get() <= COMPACT_ID_MAX
            && run.len <= COMPACT_LEN_MAX
            && run.end() <= u64::from(COMPACT_OFFSET_MAX);
        if compact { COMPACT_BYTES } else { WIDE_BYTES }
    }

    fn add_bytes(&mut self, run: Span) {
        if run.len > 0 {
            self.release();
            self.cost += run_cost(self.page, run) + run.len as usize;
            self.push(Form::Bytes, run);
        }
    }

    /// Adds a fill, joined to the one before it where that is smaller.
    fn add_fill(&mut self, run: Span) {
        let cost = run_cost(self.page, run) + 1;
        if let Some(last) = self.waiting {
            let both = Span::new(last.offset, (run.end() - u64::from(last.offset)) as u32);
            let (apart, joined) = (cost + run_cost(self.page, last) + 1, run_cost(self.page, both) + 1);
            if joined < apart && self.is_one_byte(last, run) {
                self.cost = self.cost + joined - (apart - cost);
                self.waiting = Some(both);
                return;
            }
        }
        self.release();
        self.cost += cost;
        self.waiting = Some(run);
    }

    /// Tells whether two fills and everything between them hold one byte.
    fn is_one_byte(&self, first: Span, second: Span) -> bool {
        let from = self.index(first.offset) + first.len as usize - 1;
        let between = &self.bytes[from..=self.index(second.offset)];
        between.iter().all(|byte| *byte == between[0])
    }

    /// Lets the waiting fill go: nothing can join it any more.
    fn release(&mut self) {
        if let Some(run) = self.waiting.take() {
            self.push(Form::Fill, run);
        }
    }

    fn push(&mut self, form: Form, run: Span) {
        for piece in pieces(self.page, run).into_iter().flatten() {
            self.batch.push_entry(Entry::run(self.page, form, piece));
        }
    }

    fn index(&self, offset: u32) -> usize {
        (offset - self.base) as usize
    }
}
