//! Which writes of one commit meet: looked for only among pages that come twice.
//!
//! Pages are told apart by a few bits first: what no bit stands for came once, and is not looked at again.

use mmsb_delta::{BatchView, compact_page, compact_span};
use mmsb_types::{PageId, Span};

/// Bits for each page that is told apart: so few share one with another page.
const BITS_PER_PAGE: usize = 8;
/// Bits take 4 KiB at least, and at most what a processor has near it.
const BIT_COUNT_LOG2: [u32; 2] = [12, 20];
/// Up to so many repeated pages share the bits of one word.
const FEW_MAX: usize = 8;
/// Pairs that are worth cutting; with more, the writes are sorted out page by page.
const PAIRS_PER_AGAIN_MAX: usize = 2;

/// Buffers, used again and again.
#[derive(Default)]
pub(super) struct Overlaps {
    seen: Bits,
    again: Bits,
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
        if again.is_empty() {
            return Meeting::None;
        }
        self.gather(batch, again);
        self.compare(again.len())
    }

    /// Looks for writes that share a byte in a batch of which nobody knows yet whether any page comes twice.
    pub(super) fn find_all(&mut self, batch: BatchView<'_>) -> Meeting {
        self.gather_all(batch.compact_spans());
        self.compare(self.runs.len())
    }

    /// Visits pages, each with how often the writes that were gathered come back to it after writes to others.
    pub(super) fn returns(&self) -> impl Iterator<Item = (PageId, usize)> {
        let mut indices = Vec::new();
        self.runs.chunk_by(|one, other| one.page == other.page).map(move |runs| {
            indices.clear();
            indices.extend(runs.iter().map(|run| run.index));
            indices.sort_unstable();
            let times = indices.windows(2).filter(|pair| pair[0] + 1 != pair[1]).count();
            (PageId::new(runs[0].page), times)
        })
    }

    /// Compares what was gathered; so many of the writes come after another one to their page.
    fn compare(&mut self, again_count: usize) -> Meeting {
        self.pairs.clear();
        self.runs.sort_unstable();
        let pairs_max = again_count * PAIRS_PER_AGAIN_MAX;
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
        self.again.clear(again.len());
        let mut marked = spans.clone();
        let mut next = 0;
        for &index in again {
            let (page, _) = marked.nth((index - next) as usize).expect("a record for each write");
            self.again.set(page);
            next = index + 1;
        }
        self.gather_again(spans);
    }

    /// Collects the writes to pages that come twice, or share a bit with another one.
    fn gather_all(&mut self, spans: impl ExactSizeIterator<Item = (PageId, Span)> + Clone) {
        self.runs.clear();
        self.seen.clear(spans.len());
        self.again.clear(spans.len());
        for (page, _) in spans.clone() {
            if self.seen.set(page) {
                self.again.set(page);
            }
        }
        self.gather_again(spans);
    }

    fn gather_again(&mut self, spans: impl Iterator<Item = (PageId, Span)>) {
        for (index, (page, span)) in (0..).zip(spans) {
            if self.again.has(page) {
                let (page, end) = (page.get(), span.end() as u32);
                self.runs.push(Run { page, offset: span.offset, index, end });
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
        self.runs.capacity() * size_of::<Run>()
            + self.pairs.capacity() * 8
            + 8 * (self.seen.words.capacity() + self.again.words.capacity())
    }
}

/// A set of pages that may have more than were put in, never fewer.
#[derive(Default)]
struct Bits {
    words: Vec<u64>,
    /// How many bits of a hash tell the place.
    log2: u32,
}

impl Bits {
    /// Empties it, and makes room for about so many pages.
    fn clear(&mut self, page_count: usize) {
        let [least, most] = BIT_COUNT_LOG2;
        self.log2 = (page_count * BITS_PER_PAGE).next_power_of_two().ilog2().clamp(least, most);
        self.words.clear();
        self.words.resize(1 << (self.log2 - u64::BITS.ilog2()), 0);
    }

    /// Puts a page in; tells whether it was there.
    #[inline]
    fn set(&mut self, page: PageId) -> bool {
        let (word, bit) = self.place(page);
        let was = self.words[word];
        self.words[word] |= bit;
        was & bit != 0
    }

    #[inline]
    fn has(&self, page: PageId) -> bool {
        let (word, bit) = self.place(page);
        self.words[word] & bit != 0
    }

    /// Multiplies by 2^64 divided by the golden ratio, and takes the highest bits.
    #[inline]
    fn place(&self, page: PageId) -> (usize, u64) {
        let hash = page.get().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - self.log2);
        ((hash / 64) as usize, 1 << (hash % 64))
    }
}
