//! Lines into a plan: word ops for what is sparse, stretches for what lies together.
//!
//! Invariant: lines come by rising number; `open` lines lie together at the end of the plan's lines.

use super::{
    LINE_WORDS,
    piece::{Canvas, Piece},
};
use crate::{
    WordOp,
    plan::{Plan, Stretch},
};

/// Lines that lie together from which on they go as a stretch (256 bytes).
const STRETCH_LINES: usize = 4;
/// Touched words of a line from which on 64 bytes and a mask cost less than a word op each.
const DENSE_WORDS: u32 = 9;

/// Puts lines into a plan.
pub(super) struct Emitter<'a> {
    plan: &'a mut Plan,
    lines_per_slab: u32,
    /// First line of those that lie together, and how many they are.
    first: u32,
    open: usize,
}

impl<'a> Emitter<'a> {
    pub fn new(plan: &'a mut Plan) -> Self {
        let lines_per_slab = plan.slab_words() / LINE_WORDS;
        Self { plan, lines_per_slab, first: 0, open: 0 }
    }

    /// Takes sorted pieces, line by line.
    pub fn pieces(&mut self, pieces: &[Piece], payload: &[u8]) {
        let mut rest = pieces;
        while let [first, ..] = rest {
            let behind = self.alone(first.line, rest);
            rest = if behind.len() == rest.len() { self.laid(first.line, rest, payload) } else { behind };
        }
    }

    /// Takes pieces of at most eight bytes, each alone on its line, as most are; returns those from the first other one
    /// on.
    fn alone<'p>(&mut self, line: u32, pieces: &'p [Piece]) -> &'p [Piece] {
        let is_alone = |pair: &&[Piece]| pair[0].line != pair[1].line && pair[0].is_short();
        let alone = pieces.windows(2).take_while(is_alone).count();
        if alone == 0 {
            return pieces;
        }
        if self.open > 0 {
            self.close();
        }
        let (lines, slots) = self.plan.begin_short(line, alone);
        let (mut taken, mut count) = (0, 0);
        for piece in pieces[..alone].iter().take_while(|piece| lines.contains(&piece.line)) {
            let Some(slots) = slots.get_mut(count..count + 3) else { break };
            count += put_short(slots, (piece.line - lines.start) * LINE_WORDS, piece);
            taken += 1;
        }
        self.plan.op_count += count;
        &pieces[taken..]
    }

    /// Lays the pieces of a line over one another; returns those of the lines behind.
    fn laid<'p>(&mut self, line: u32, pieces: &'p [Piece], payload: &[u8]) -> &'p [Piece] {
        let (mut canvas, mut mask, mut rest): (Canvas, _, _) = ([0; 72], 0, pieces);
        while let [piece, others @ ..] = rest
            && piece.line == line
        {
            piece.lay(payload, &mut canvas, &mut mask);
            rest = others;
        }
        if let Some(bytes) = canvas.first_chunk() {
            self.line(line, bytes, mask);
        }
        rest
    }

    /// Takes the next line.
    fn line(&mut self, line: u32, bytes: &[u8; 64], mask: u64) {
        let touched = touched_words(mask);
        let is_dense = word_count(touched) >= DENSE_WORDS;
        if self.open > 0 && !(is_dense && self.continues(line)) {
            self.close();
        }
        if is_dense {
            self.open_line(line, bytes, mask);
        } else {
            push_ops(self.plan, line, bytes, mask, touched);
        }
    }

    /// Ends the plan.
    pub fn finish(mut self) {
        self.close();
    }

    fn continues(&self, line: u32) -> bool {
        line == self.first + self.open as u32 && !line.is_multiple_of(self.lines_per_slab)
    }

    fn open_line(&mut self, line: u32, bytes: &[u8; 64], mask: u64) {
        if self.open == 0 {
            self.first = line;
        }
        self.open += 1;
        self.plan.lines.push(*bytes);
        self.plan.masks.push(mask);
    }

    /// Ends the lines that lie together. What is at their ends and not full goes as word ops if all between is full.
    fn close(&mut self) {
        let from = self.plan.masks.len() - self.open;
        let masks = &self.plan.masks[from..];
        let head = masks.iter().take_while(|mask| **mask != u64::MAX).count();
        let tail = masks[head..].iter().rev().take_while(|mask| **mask != u64::MAX).count();
        let core = &masks[head..masks.len() - tail];
        if core.len() >= STRETCH_LINES && core.iter().all(|mask| *mask == u64::MAX) {
            self.close_full(from, head, core.len());
        } else if self.open >= STRETCH_LINES {
            self.push_stretch(from, 0, self.open, false);
        } else {
            self.sparse(from, 0, self.open);
            self.plan.lines.truncate(from);
            self.plan.masks.truncate(from);
        }
        self.open = 0;
    }

    fn close_full(&mut self, from: usize, head: usize, core: usize) {
        self.sparse(from, 0, head);
        self.push_stretch(from, head, core, true);
        self.sparse(from, head + core, self.open - head - core);
    }

    /// Puts open lines into the plan as word ops.
    fn sparse(&mut self, from: usize, skip: usize, count: usize) {
        for index in skip..skip + count {
            let (bytes, mask) = (self.plan.lines[from + index], self.plan.masks[from + index]);
            push_ops(self.plan, self.first + index as u32, &bytes, mask, touched_words(mask));
        }
    }

    fn push_stretch(&mut self, from: usize, skip: usize, count: usize, is_full: bool) {
        let line = self.first + skip as u32;
        let (slab, line) = (line / self.lines_per_slab, line % self.lines_per_slab);
        let at = (from + skip) as u32;
        let stretch = Stretch { slab, first_word: line * LINE_WORDS, line_count: count as u32, at, is_full };
        self.plan.stretches.push(stretch);
    }
}

/// Writes the ops of a short piece and returns how many they are. What stands behind those is not looked at.
#[inline]
fn put_short(slots: &mut [WordOp], line_word: u32, piece: &Piece) -> usize {
    let (start, len, value) = piece.short();
    let (first, shift) = (line_word + start / 4, start % 4);
    let masks = ((1 << len) - 1) << shift;
    let (low, high) = (value << (8 * shift), value >> 1 >> (63 - 8 * shift));
    slots[0] = WordOp::new(first, masks & 15, low as u32);
    slots[1] = WordOp::new(first.wrapping_add(1), (masks >> 4) & 15, (low >> 32) as u32);
    slots[2] = WordOp::new(first.wrapping_add(2), masks >> 8, high as u32);
    (shift + len).div_ceil(4) as usize
}

/// One bit at the start of each four for words that are touched.
#[inline]
const fn touched_words(mask: u64) -> u64 {
    let pairs = mask | (mask >> 1);
    (pairs | (pairs >> 2)) & 0x1111_1111_1111_1111
}

/// Counts words by their bits at the start of each four. A product's highest four bits are their sum, of sixteen the
/// lowest bits only: none means all.
#[inline]
const fn word_count(touched: u64) -> u32 {
    let sum = (touched.wrapping_mul(0x1111_1111_1111_1111) >> 60) as u32;
    if sum == 0 && touched != 0 { LINE_WORDS } else { sum }
}

/// Adds one op for each touched word of a line.
#[inline]
fn push_ops(plan: &mut Plan, line: u32, bytes: &[u8; 64], mask: u64, mut touched: u64) {
    let base = plan.begin_ops(line);
    let words = bytes.as_chunks::<4>().0;
    let slots = plan.op_slots();
    let mut count = 0;
    while touched != 0 {
        let bit = touched.trailing_zeros();
        let word = bit as usize / 4;
        // Sixteen words make at most sixteen ops: the remainder says so, and costs less than a check.
        slots[count % 16] =
            WordOp::new(base + word as u32, (mask >> bit) as u32 & 15, u32::from_le_bytes(words[word % 16]));
        count += 1;
        touched &= touched - 1;
    }
    plan.op_count += count;
}
