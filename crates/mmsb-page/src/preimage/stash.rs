//! A committer number's private room: the chunk it writes to, and spare ones.
//!
//! Whoever has the number on loan owns the stash; the loan itself hands it from one thread to the next.
//! Its fields are relaxed atomics only so that statistics may look.
//!
//! Invariant: `room` words of records, headers included, can be written without running out, wherever
//! chunks end. A chunk wastes at most a header's worth at its end, and costs a header where a record is
//! split: so a fresh chunk is worth its words less two headers, the current one what is left less one.

use mmsb_types::PageId;

use super::{
    Need,
    chunks::{CHUNK_WORDS, Chunks},
    record::{HEADER_WORDS, Record, link_to},
};
use crate::{
    store::View,
    sync::{AtomicU32, AtomicU64, Ordering, fence},
    words::Words,
};

/// What a spare chunk is worth.
pub(super) const SPARE_WORDS: u64 = (CHUNK_WORDS - 2 * HEADER_WORDS) as u64;

/// One number's stash; a cache line of its own.
#[derive(Default)]
#[repr(align(64))]
pub(super) struct Stash {
    room: AtomicU64,
    saved: AtomicU64,
    /// The chunk written to, plus one; 0 if there is none.
    chunk: AtomicU32,
    /// Words of it that are written.
    at: AtomicU32,
    /// The first spare chunk, plus one; its link leads to the others.
    spare: AtomicU32,
    spare_count: AtomicU32,
}

impl Stash {
    /// Returns how many words of records have room.
    #[inline]
    pub(super) fn room(&self) -> u64 {
        self.room.load(Ordering::Relaxed)
    }

    /// Returns how many records were written.
    pub(super) fn saved(&self) -> u64 {
        self.saved.load(Ordering::Relaxed)
    }

    /// Returns the chunks it holds.
    pub(super) fn chunk_count(&self) -> u32 {
        self.spare_count.load(Ordering::Relaxed) + u32::from(self.chunk.load(Ordering::Relaxed) != 0)
    }

    /// Returns the chunk written to and the words of it that are, if there is one.
    pub(super) fn current(&self) -> Option<(u32, usize)> {
        Some((self.chunk.load(Ordering::Relaxed).checked_sub(1)?, self.at.load(Ordering::Relaxed) as usize))
    }

    /// Returns the chunk that the next record begins in or follows on, plus one; 0 if there is none.
    pub(super) fn chunk_link(&self) -> u32 {
        let [chunk, spare] = [&self.chunk, &self.spare].map(|link| link.load(Ordering::Relaxed));
        if chunk == 0 { spare } else { chunk }
    }

    /// Closes the chunks that were filled since `first` was [`Stash::chunk_link`]; their records are all linked.
    pub(super) fn seal_from(&self, chunks: &Chunks, first: u32) {
        let (mut filled, current) = (first, self.chunk.load(Ordering::Relaxed));
        // Where there is none now, nothing was written.
        while filled != current && current != 0 {
            let next = chunks.next(filled - 1);
            chunks.seal(filled - 1, CHUNK_WORDS);
            filled = next;
        }
    }

    /// Adds a chunk.
    pub(super) fn add(&self, chunks: &Chunks, chunk: u32) {
        chunks.set_next(chunk, self.spare.load(Ordering::Relaxed));
        self.set_spare(chunk + 1, self.spare_count.load(Ordering::Relaxed) + 1);
    }

    /// Gives spare chunks back, as many as `need` does not ask for.
    pub(super) fn give_back(&self, chunks: &Chunks, need: Need) {
        while self.spare_count.load(Ordering::Relaxed) > 0 && self.room() >= need.words + SPARE_WORDS {
            chunks.give(self.take_spare(chunks));
        }
    }

    /// Gives everything back: spare chunks to the free list, the current one to be reclaimed.
    pub(super) fn give_all(&self, chunks: &Chunks) {
        while self.spare_count.load(Ordering::Relaxed) > 0 {
            chunks.give(self.take_spare(chunks));
        }
        if let Some((chunk, at)) = self.current() {
            if at == 0 {
                chunks.give(chunk)
            } else {
                chunks.seal(chunk, at)
            }
            self.chunk.store(0, Ordering::Relaxed);
            self.at.store(0, Ordering::Relaxed);
        }
        self.count_room();
    }

    fn take_spare(&self, chunks: &Chunks) -> u32 {
        let chunk = self.spare.load(Ordering::Relaxed) - 1;
        self.set_spare(chunks.next(chunk), self.spare_count.load(Ordering::Relaxed) - 1);
        chunk
    }

    fn set_spare(&self, first: u32, count: u32) {
        self.spare.store(first, Ordering::Relaxed);
        self.spare_count.store(count, Ordering::Relaxed);
        self.count_room();
    }

    fn count_room(&self) {
        let left = self.current().map_or(0, |(_, at)| CHUNK_WORDS - at);
        let spare_count = u64::from(self.spare_count.load(Ordering::Relaxed));
        let room = left.saturating_sub(HEADER_WORDS) as u64 + spare_count * SPARE_WORDS;
        self.room.store(room, Ordering::Relaxed);
    }

    /// Returns where the next piece goes, and how many words of it fit; moves on to a spare chunk if the
    /// current one is full. The caller has made sure that there is one.
    fn next_piece(&self, chunks: &Chunks) -> (u32, usize, usize) {
        loop {
            if let Some((chunk, at)) = self.current()
                && at + HEADER_WORDS < CHUNK_WORDS
            {
                return (chunk, at, CHUNK_WORDS - at - HEADER_WORDS);
            }
            // The link from a full chunk to the next is what `seal` follows.
            let (full, next) = (self.current(), self.take_spare(chunks));
            if let Some((full, _)) = full {
                chunks.set_next(full, next + 1);
            }
            self.chunk.store(next + 1, Ordering::Relaxed);
            self.at.store(0, Ordering::Relaxed);
            self.count_room();
        }
    }
}

impl Chunks {
    /// Copies a page into the stash; `None` if it has too little room. The caller owns the stash, and
    /// holds the page.
    pub(super) fn write(
        &self,
        stash: &Stash,
        page: PageId,
        [seq, until]: [u64; 2],
        view: View<'_>,
    ) -> Option<u32> {
        let mut need = Need::default();
        need.add(view.page_bytes);
        if stash.room() < need.words {
            return None;
        }
        // A reader that sees one of the words to come, then fences, sees that their chunk was reclaimed:
        // the count went up before the chunk was free, and the free list's mutex brought that here. (A
        // fence for each chunk would do; one for each record costs no instruction on x86-64.)
        fence(Ordering::Release);
        let (mut record, mut done, word_count) = (0, 0, (view.page_bytes as usize).div_ceil(8));
        while done < word_count {
            let (chunk, at, fits) = stash.next_piece(self);
            let count = fits.min(word_count - done);
            let is_last = done + count == word_count;
            // The next piece will open the first spare chunk.
            let more = if is_last { 0 } else { link_to(stash.spare.load(Ordering::Relaxed) - 1, 0) };
            let link = link_to(chunk, at);
            let (count, page_bytes) = (count as u32, view.page_bytes);
            let piece = Record { link, next: 0, more, page, seq, until, word_count: count, page_bytes };
            self.write_piece(&piece, view.words, done);
            if done == 0 {
                record = link;
            }
            done += count as usize;
            stash.at.store((at + piece.piece_words()) as u32, Ordering::Relaxed);
            stash.count_room();
        }
        self.ask_ahead(stash, need);
        stash.saved.store(stash.saved() + 1, Ordering::Relaxed);
        Some(record)
    }

    /// Asks for what the next record will be written to, should it be as long as this one.
    fn ask_ahead(&self, stash: &Stash, need: Need) {
        let rest = stash.current().and_then(|(chunk, at)| self.words(chunk)?.get(at..));
        if let Some(rest) = rest {
            let next_bytes = rest.len().min(need.words as usize) * size_of::<u64>();
            Words::new(rest).prefetch_all_own(next_bytes);
        }
    }
}
