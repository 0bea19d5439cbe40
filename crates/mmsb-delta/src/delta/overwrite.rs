//! Writing into a delta: the later write wins, and touching runs join.
//!
//! A write that meets runs makes one run of them all. The longest of them hosts the others: they are
//! copied into its room if the result fits there, else all move to the arena's end, with half the
//! result's length as new room on either side. So each byte moves O(log bytes) times, whatever the
//! order of the writes, and the arena stays within a small multiple of what was written.

use std::ops::Range;

use mmsb_types::{Span, limits::PAGE_BYTES_MAX};

use super::{Delta, Run, hull};
use crate::patch::len_u32;

impl Delta {
    /// Makes the bytes at `offset` become `bytes`, over whatever the delta did to them before.
    ///
    /// # Panics
    /// If the run ends past `limits::PAGE_BYTES_MAX`; the caller knows the page's length.
    ///
    /// # Cost
    /// Amortised O(log runs + bytes) for runs before, behind or inside those there; a new run in
    /// between also shifts the run list, by at most half its length.
    pub fn overwrite(&mut self, offset: u32, bytes: &[u8]) {
        let span = Span::new(offset, len_u32(bytes));
        if let Some(place) = self.claim(span) {
            self.arena[place].copy_from_slice(bytes);
        }
    }

    /// Makes every byte of `span` become `byte`, over whatever the delta did to them before.
    ///
    /// # Panics
    /// If the run ends past `limits::PAGE_BYTES_MAX`; the caller knows the page's length.
    ///
    /// # Cost
    /// As [`Delta::overwrite`]; the bytes are held one by one.
    pub fn fill(&mut self, span: Span, byte: u8) {
        if let Some(place) = self.claim(span) {
            self.arena[place].fill(byte);
        }
    }

    /// Makes `span` part of the map and returns where its bytes go; they hold anything until written.
    fn claim(&mut self, span: Span) -> Option<Range<usize>> {
        assert!(span.fits(PAGE_BYTES_MAX), "run {span} passes the longest page");
        if span.len == 0 {
            return None;
        }
        let met = self.met_by(span);
        let run = if met.is_empty() { self.insert(met.start, span) } else { self.join(met, span) };
        let start = run.at + (span.offset - run.span.offset) as usize;
        Some(start..start + span.len as usize)
    }

    /// Indices of the runs that overlap or touch `span`; empty, at its place, if none does.
    fn met_by(&self, span: Span) -> Range<usize> {
        let (start, end) = (u64::from(span.offset), span.end());
        if self.runs.back().is_none_or(|last| last.span.end() < start) {
            return self.runs.len()..self.runs.len();
        }
        let first = self.runs.partition_point(|run| run.span.end() < start);
        let behind = self.runs.partition_point(|run| u64::from(run.span.offset) <= end);
        first..behind
    }

    fn insert(&mut self, index: usize, span: Span) -> Run {
        let run = Run { span, at: self.arena.len(), room_before: 0, room_after: 0 };
        self.arena.resize(run.at + span.len as usize, 0);
        self.runs.insert(index, run);
        self.bytes_changed += span.len as usize;
        run
    }

    /// Replaces the runs `met` by one that also holds `span`.
    fn join(&mut self, met: Range<usize>, span: Span) -> Run {
        let (first, last) = (self.runs[met.start], self.runs[met.end - 1]);
        let whole = hull(hull(first.span, last.span), span);
        if first.span == whole {
            return first;
        }
        let run = self.grow(self.longest(met.clone()), whole).unwrap_or_else(|| self.make_room(whole));
        let mut held = 0;
        for index in met.clone() {
            held += self.runs[index].span.len as usize;
            self.move_bytes(self.runs[index], run);
        }
        self.bytes_changed += whole.len as usize - held;
        self.runs[met.start] = run;
        self.runs.drain(met.start + 1..met.end);
        run
    }

    fn longest(&self, met: Range<usize>) -> Run {
        let first = self.runs[met.start];
        self.runs.range(met).fold(first, |long, run| if run.span.len > long.span.len { *run } else { long })
    }

    /// Grows `host` to `whole` where it is, if its room holds that; the arena's end has all room.
    fn grow(&mut self, host: Run, whole: Span) -> Option<Run> {
        let before = host.span.offset - whole.offset;
        let after = (whole.end() - host.span.end()) as u32;
        let room_before = host.room_before.checked_sub(before)?;
        let room_after = host.room_after.saturating_sub(after);
        let room_end = host.place().end + host.room_after as usize;
        if after > host.room_after {
            if room_end != self.arena.len() {
                return None;
            }
            self.arena.resize(host.place().end + after as usize, 0);
        }
        Some(Run { span: whole, at: host.at - before as usize, room_before, room_after })
    }

    /// Makes a place for `whole` at the arena's end, with room on either side.
    fn make_room(&mut self, whole: Span) -> Run {
        let room_before = (whole.len / 2).min(whole.offset);
        let room_after = whole.len / 2;
        let at = self.arena.len() + room_before as usize;
        self.arena.resize(at + whole.len as usize + room_after as usize, 0);
        Run { span: whole, at, room_before, room_after }
    }

    /// Copies the bytes of `source` to where the run that swallows it keeps them.
    fn move_bytes(&mut self, source: Run, target: Run) {
        let at = target.at + (source.span.offset - target.span.offset) as usize;
        if at != source.at {
            self.arena.copy_within(source.place(), at);
        }
    }
}
