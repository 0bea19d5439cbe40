//! Which writes of one commit meet: looked for only among pages that come twice.
//!
//! Pages are told apart by a few bits first: what no bit stands for came once, and is not looked at again.

use mmsb_delta::{BatchView, compact_page, compact_span};

/// Bits that stand for pages: enough for a few hundred without many mistakes.
const BIT_COUNT_LOG2: u32 = 12;
/// Up to so many repeated pages share the bits of one word.
const FEW_MAX: usize = 8;
/// Pairs that are worth cutting; with more, the writes are sorted out page by page.
const PAIRS_PER_AGAIN_MAX: usize = 2;

/// Buffers, used again and again.
#[derive(Default)]
pub(super) struct Overlaps {
    bits: Vec<u64>,
    runs: Vec<Run>,
    /// What was found: indices of an earlier and a later write, by rising earlier index.
    pub(super) pairs: Vec<(u32, u32)>,
}

/// What was found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Meeting {
    /// No byte is written twice.
    None,
    /// Some are; the pairs are told.
    Few,
    /// Too many are.
    Many,
}

/// A write to a page that comes twice, or seems to; they sort by page and offset.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Run {
    page: u64,
    offset: u32,
    index: u32,
    end: u32,
}

impl Overlaps {
    /// Looks for writes that share a byte; `again` are those whose page came before.
    pub(super) fn find(&mut self, batch: BatchView<'_>, again: &[u32]) -> Meeting {
        self.pairs.clear();
        if again.is_empty() {
            return Meeting::None;
        }
        self.gather(batch, again);
        self.runs.sort_unstable();
        let pairs_max = again.len() * PAIRS_PER_AGAIN_MAX;
        for (at, one) in self.runs.iter().enumerate() {
            let behind = self.runs[at + 1..].iter();
            for other in behind.take_while(|other| other.page == one.page && other.offset < one.end) {
                self.pairs.push((one.index.min(other.index), one.index.max(other.index)));
            }
            if self.pairs.len() > pairs_max {
                return Meeting::Many;
            }
        }
        self.pairs.sort_unstable();
        if self.pairs.is_empty() { Meeting::None } else { Meeting::Few }
    }

    /// Collects the writes to pages that come twice.
    fn gather(&mut self, batch: BatchView<'_>, again: &[u32]) {
        let spans = batch.compact_spans();
        self.runs.clear();
        if again.len() <= FEW_MAX {
            return self.gather_few(batch.compact_entries(), again);
        }
        self.bits.clear();
        self.bits.resize(1 << (BIT_COUNT_LOG2 - u64::BITS.ilog2()), 0);
        let mut marked = spans.clone();
        let mut next = 0;
        for &index in again {
            let (page, _) = marked.nth((index - next) as usize).expect("a record for each write");
            let (word, bit) = place(page.get());
            self.bits[word] |= bit;
            next = index + 1;
        }
        for (index, (page, span)) in (0..).zip(spans) {
            let (page, (word, bit)) = (page.get(), place(page.get()));
            if self.bits[word] & bit != 0 {
                self.runs.push(Run { page, offset: span.offset, index, end: span.end() as u32 });
            }
        }
    }

    /// Collects them by the bits of a word, which need no table, and by comparing the few that have one.
    #[inline]
    fn gather_few(&mut self, entries: &[[u8; 8]], again: &[u32]) {
        let (mut pages, mut bits) = ([0; FEW_MAX], 0_u64);
        for (page, &index) in pages.iter_mut().zip(again) {
            *page = compact_page(entries[index as usize]).get();
            bits |= 1 << (*page % u64::from(u64::BITS));
        }
        for (index, entry) in (0..).zip(entries) {
            let page = compact_page(*entry).get();
            if bits >> (page % u64::from(u64::BITS)) & 1 != 0 && pages.contains(&page) {
                let span = compact_span(*entry).1;
                self.runs.push(Run { page, offset: span.offset, index, end: span.end() as u32 });
            }
        }
    }

    /// Returns how many bytes the buffers take.
    pub(super) fn capacity_bytes(&self) -> usize {
        self.runs.capacity() * size_of::<Run>() + self.pairs.capacity() * 8
    }
}

/// Multiplies by 2^64 divided by the golden ratio, and takes the highest bits.
#[inline]
fn place(page: u64) -> (usize, u64) {
    let hash = page.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - BIT_COUNT_LOG2);
    ((hash / 64) as usize, 1 << (hash % 64))
}
