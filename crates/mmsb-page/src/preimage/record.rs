//! One pre-image: pieces, each inside one chunk, linked one to the next.
//!
//! A piece begins with five words: the next record of the page's chain and this record's next piece (two
//! links), page, seq, until, and two counts: words in this piece, bytes of the whole page. Every piece
//! repeats page and interval, so that a chunk can be judged by what stands in it. Only first pieces are
//! in chains. A record is split wherever a chunk ends: nothing is wasted, and no page is too long.
//!
//! A link is a word's place among all chunks plus one; 0 is none. What a reader finds behind a link may
//! have been reclaimed and written again, so everything read is checked before it is used; the counter of
//! reclaims then tells that it was garbage.
//!
//! Invariant: a written piece has at least one word of the page; `seq < until`.

use mmsb_types::{Epoch, PageId, limits::PAGE_BYTES_MAX};

use super::chunks::{CHUNK_WORDS, Chunks};
use crate::{
    sync::{AtomicU64, Ordering},
    words::Words,
};

/// Words in front of a piece's bytes.
pub(super) const HEADER_WORDS: usize = 5;

const LINKS: usize = 0;
const PAGE: usize = 1;
const SEQ: usize = 2;
const UNTIL: usize = 3;
const COUNTS: usize = 4;

/// A piece's header, read; of a first piece, the record's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Where it stands.
    pub(super) link: u32,
    /// The record next in the chain.
    pub(super) next: u32,
    /// The next piece.
    pub(super) more: u32,
    /// Whose it is; 0 once it is out of its chain.
    pub(super) page: PageId,
    /// What published the bytes.
    pub(crate) seq: u64,
    /// What replaced them.
    pub(crate) until: u64,
    /// Words of the page in this piece.
    pub(super) word_count: u32,
    /// The page's exact length.
    pub(crate) page_bytes: u32,
}

/// Returns the link to a chunk's word.
pub(super) fn link_to(chunk: u32, at: usize) -> u32 {
    chunk * CHUNK_WORDS as u32 + at as u32 + 1
}

impl Record {
    /// Returns the epoch that published the bytes.
    pub(crate) fn epoch(&self) -> Epoch {
        Epoch::new(self.seq)
    }

    /// Tells whether it stands at its chunk's start.
    pub(super) fn starts_chunk(&self) -> bool {
        (self.link - 1).is_multiple_of(CHUNK_WORDS as u32)
    }

    /// Returns the words it takes in its chunk.
    pub(super) fn piece_words(&self) -> usize {
        HEADER_WORDS + self.word_count as usize
    }
}

/// Returns the page that a header names.
pub(super) fn page_of(header: &[AtomicU64]) -> PageId {
    PageId::new(header[PAGE].load(Ordering::Relaxed))
}

impl Chunks {
    /// Reads a piece's header; `None` if there cannot be one.
    pub(super) fn record(&self, link: u32) -> Option<Record> {
        let words = self.piece(link)?;
        // Acquire: what a reclaimer linked here is as it was when it was linked.
        let links = words[LINKS].load(Ordering::Acquire);
        let [page, seq, until, counts] =
            [PAGE, SEQ, UNTIL, COUNTS].map(|word| words[word].load(Ordering::Relaxed));
        let record = Record {
            link,
            next: links as u32,
            more: (links >> 32) as u32,
            page: PageId::new(page),
            seq,
            until,
            word_count: counts as u32,
            page_bytes: (counts >> 32) as u32,
        };
        let fits = (1..=words.len() - HEADER_WORDS).contains(&(record.word_count as usize));
        (fits && seq < until && record.page_bytes <= PAGE_BYTES_MAX).then_some(record)
    }

    /// Writes a piece's header and bytes: those of `bytes` from word `from` on.
    pub(super) fn write_piece(&self, record: &Record, bytes: Words<'_>, from: usize) {
        let words = self.piece(record.link).expect("a stash's chunk has words");
        let pair = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
        let header = [
            pair(record.next, record.more),
            record.page.get(),
            record.seq,
            record.until,
            pair(record.word_count, record.page_bytes),
        ];
        header.iter().zip(words).for_each(|(&value, word)| word.store(value, Ordering::Relaxed));
        bytes.copy_to(from, &words[HEADER_WORDS..record.piece_words()]);
    }

    /// Sets the record that is next in the chain.
    pub(super) fn set_chain_next(&self, link: u32, next: u32, order: Ordering) {
        let words = self.piece(link).expect("a record has words");
        let links = words[LINKS].load(Ordering::Relaxed);
        words[LINKS].store(links >> 32 << 32 | u64::from(next), order);
    }

    /// Notes that a record is in no chain any more.
    pub(super) fn set_unlinked(&self, link: u32) {
        self.piece(link).expect("a record has words")[PAGE].store(0, Ordering::Relaxed);
    }

    /// Copies the page's bytes from `offset` on, which are inside the page.
    ///
    /// Returns `None` if the record turns out to be none; `out` is garbage then, and may be otherwise: the
    /// counter of reclaims decides.
    pub(crate) fn load(&self, record: &Record, offset: usize, out: &mut [u8]) -> Option<()> {
        let (mut piece, mut start, mut done) = (*record, 0, 0);
        loop {
            let words = &self.piece(piece.link)?[HEADER_WORDS..piece.piece_words()];
            let end = start + words.len() * size_of::<u64>();
            if offset + done < end {
                let from = offset + done - start;
                let count = (end - start - from).min(out.len() - done);
                Words::new(words).load(from, &mut out[done..done + count]);
                done += count;
            }
            if done == out.len() {
                return Some(());
            }
            // Every piece has a word, so this ends, whatever stands there.
            start = end;
            piece = self.record(piece.more).filter(|_| start < record.page_bytes as usize)?;
        }
    }

    /// Returns a chunk's words from a link on; at least a header and a word.
    fn piece(&self, link: u32) -> Option<&[AtomicU64]> {
        let place = link.checked_sub(1)?;
        let at = place as usize % CHUNK_WORDS;
        let words = self.words(place / CHUNK_WORDS as u32)?;
        (at + HEADER_WORDS < CHUNK_WORDS).then(|| &words[at..])
    }
}
