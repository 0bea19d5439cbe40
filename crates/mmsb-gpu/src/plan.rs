//! What a plan holds: word ops, and stretches of lines with their bytes.
//!
//! Invariant: ops rise by slab and word; no word is written by two ops, two stretches or one of each; bytes of a
//! line or op that its mask leaves out are zero.

use std::ops::Range;

use crate::coalesce::LINE_WORDS;

/// What becomes of one word of a slab: eight bytes, as a kernel reads them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct WordOp {
    /// The word's index in its slab in the lower 28 bits, and which of its four bytes are written above.
    pub place: u32,
    /// What the word's bytes become, the first one lowest.
    pub value: u32,
}

/// What batches make of mirrored pages, each word once. [`Coalescer::plan`](crate::Coalescer::plan) makes it,
/// [`PageOps::apply`](crate::PageOps::apply) does it.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    layout: u64,
    slab_words: u32,
    /// Ops, and behind them room that is not looked at.
    ops: Vec<WordOp>,
    pub(crate) op_count: usize,
    /// Where each slab's ops begin.
    starts: Vec<(u32, usize)>,
    /// Lines of the slab that ops were last put for.
    slab_lines: Range<u32>,
    pub(crate) stretches: Vec<Stretch>,
    pub(crate) lines: Vec<[u8; 64]>,
    pub(crate) masks: Vec<u64>,
}

/// Lines of one slab that lie together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub slab: u32,
    pub first_word: u32,
    pub line_count: u32,
    /// Index of its first line in the plan's lines and masks.
    pub at: u32,
    /// All bytes are written; else the masks say which.
    pub is_full: bool,
}

impl WordOp {
    /// Makes the op that writes those bytes of a word that `mask` names, the first one by bit 0.
    #[inline]
    #[must_use]
    pub const fn new(word: u32, mask: u32, value: u32) -> Self {
        Self { place: word | (mask << 28), value }
    }

    /// Returns the word's index in its slab.
    #[must_use]
    pub const fn word(self) -> u32 {
        self.place & 0x0fff_ffff
    }

    /// Returns which bytes are written, the first one by bit 0.
    #[must_use]
    pub const fn mask(self) -> u32 {
        self.place >> 28
    }
}

impl Plan {
    /// Returns the ops of all slabs, by rising slab and word.
    #[must_use]
    pub fn word_ops(&self) -> &[WordOp] {
        &self.ops[..self.op_count]
    }

    /// Returns the layout of the slabs that it was made for.
    #[must_use]
    pub const fn layout(&self) -> u64 {
        self.layout
    }

    /// Tells whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.op_count == 0 && self.stretches.is_empty()
    }

    /// Returns how many bytes go as whole lines, and not as word ops.
    #[must_use]
    pub fn stretch_bytes(&self) -> u64 {
        self.stretches.iter().map(|stretch| u64::from(stretch.line_count) * 64).sum()
    }

    /// Returns each slab's ops.
    pub(crate) fn ops_by_slab(&self) -> impl Iterator<Item = (u32, Range<usize>)> + '_ {
        let ends = self.starts.iter().skip(1).map(|start| start.1).chain([self.op_count]);
        self.starts.iter().zip(ends).map(|((slab, start), end)| (*slab, *start..end))
    }

    pub(crate) const fn slab_words(&self) -> u32 {
        self.slab_words
    }

    pub(crate) fn clear(&mut self, layout: u64, slab_words: u32) {
        (self.layout, self.slab_words) = (layout, slab_words);
        self.op_count = 0;
        self.starts.clear();
        self.slab_lines = 0..0;
        self.stretches.clear();
        self.lines.clear();
        self.masks.clear();
    }

    /// Gets ready for ops of a line and returns its first word in its slab.
    #[inline]
    pub(crate) fn begin_ops(&mut self, line: u32) -> u32 {
        // Lines rise, so a slab's end is passed once; a division for each line would cost more than the line.
        if !self.slab_lines.contains(&line) {
            self.begin_slab(line);
        }
        (line - self.slab_lines.start) * LINE_WORDS
    }

    /// Returns room for the ops of one line, behind those there are.
    #[inline]
    pub(crate) fn op_slots(&mut self) -> &mut [WordOp; LINE_WORDS as usize] {
        if self.ops.len() < self.op_count + LINE_WORDS as usize {
            self.ops.resize(self.ops.len() * 2 + LINE_WORDS as usize, WordOp::new(0, 0, 0));
        }
        &mut self.ops[self.op_count..].as_chunks_mut().0[0]
    }

    /// Returns the lines of the slab that `line` is of, and room for three ops each of so many lines.
    pub(crate) fn begin_short(&mut self, line: u32, line_count: usize) -> (Range<u32>, &mut [WordOp]) {
        self.begin_ops(line);
        let need = self.op_count + line_count * 3;
        if self.ops.len() < need {
            self.ops.resize(need * 2, WordOp::new(0, 0, 0));
        }
        (self.slab_lines.clone(), &mut self.ops[self.op_count..])
    }

    #[cold]
    fn begin_slab(&mut self, line: u32) {
        let lines_per_slab = self.slab_words / LINE_WORDS;
        let slab = line / lines_per_slab;
        let start = slab * lines_per_slab;
        self.slab_lines = start..start.saturating_add(lines_per_slab);
        self.starts.push((slab, self.op_count));
    }
}

impl std::fmt::Debug for WordOp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{:04b}={:08x}", self.word(), self.mask(), self.value)
    }
}
