//! What was verified and not handed out yet: pieces of the chunks that were read.
//!
//! Invariant: pieces are in the order of the log, each begins and ends with a frame; what is handed out is
//! confirmed, and never the piece that may still grow.

use std::{collections::VecDeque, sync::Arc};

use mmsb_types::Lsn;

use super::Stretch;
use crate::{walk::Walk, window::Chunk};

/// The pieces that are held back.
#[derive(Debug)]
pub(super) struct Held {
    pieces: VecDeque<Piece>,
    /// Frames up to here count.
    confirmed: Lsn,
}

/// Frames of one chunk, and the marks between them.
#[derive(Debug)]
struct Piece {
    chunk: Chunk,
    /// Position of the chunk's first byte in the log.
    chunk_lsn: u64,
    from: Lsn,
    to: Lsn,
}

impl Held {
    /// Holds nothing; all before `start` counts.
    pub(super) fn new(start: Lsn) -> Self {
        Self { pieces: VecDeque::new(), confirmed: start }
    }

    /// Adds the frame that began at `from`, and that `walk` has just stepped over; tells whether it begins a piece.
    #[inline]
    pub(super) fn add(&mut self, walk: &Walk, from: Lsn) -> bool {
        let (chunk, to) = (walk.chunk(), walk.cursor().lsn);
        match self.pieces.back_mut() {
            Some(last) if Arc::ptr_eq(&last.chunk.bytes, &chunk.bytes) => {
                last.to = to;
                false
            }
            _ => {
                let chunk_lsn = walk.first_lsn() + chunk.start;
                self.pieces.push_back(Piece { chunk: chunk.clone(), chunk_lsn, from, to });
                true
            }
        }
    }

    /// Lets the frames up to `end` count; tells whether there may be something to hand out.
    pub(super) fn confirm(&mut self, end: Lsn) -> bool {
        self.confirmed = self.confirmed.max(end);
        self.pieces.len() > 1
    }

    /// Drops the frames behind `end`.
    pub(super) fn end_at(&mut self, end: Lsn) {
        while self.pieces.back().is_some_and(|piece| piece.from >= end) {
            self.pieces.pop_back();
        }
        if let Some(last) = self.pieces.back_mut() {
            last.to = last.to.min(end);
        }
    }

    /// Drops the frames that do not count.
    pub(super) fn end_at_confirmed(&mut self) {
        self.end_at(self.confirmed);
    }

    /// Returns how much memory the frames behind `start` take, chunks and all.
    pub(super) fn bytes_behind(&self, start: Lsn) -> usize {
        let behind = self.pieces.iter().rev().take_while(|piece| piece.to > start);
        behind.map(|piece| piece.chunk.bytes.capacity()).sum()
    }

    /// Returns the first frames that count, of one chunk; the last piece's too, if it is `complete`.
    pub(super) fn pop(&mut self, complete: bool) -> Option<Stretch> {
        if self.pieces.len() < 2 && !complete {
            return None;
        }
        let (first, confirmed) = (self.pieces.front_mut()?, self.confirmed);
        if first.to <= confirmed {
            return self.pieces.pop_front().map(|piece| piece.stretch(piece.from, piece.to));
        }
        if first.from >= confirmed {
            return None;
        }
        let stretch = first.stretch(first.from, confirmed);
        first.from = confirmed;
        Some(stretch)
    }
}

impl Piece {
    fn stretch(&self, from: Lsn, to: Lsn) -> Stretch {
        let [from, to] = [from, to].map(|lsn| (lsn.get() - self.chunk_lsn) as usize);
        Stretch::new(Arc::clone(&self.chunk.bytes), from..to, self.chunk_lsn)
    }
}
