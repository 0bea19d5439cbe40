//! Cutting from earlier writes what later ones overwrite, where only a few of them meet.
//!
//! Invariant: what is left does to a page what all the writes do, one after the other.

use mmsb_types::{PageId, Span};

use crate::{BatchView, DeltaBatch, Patch, entry::Entry};

impl DeltaBatch {
    /// Appends the compact entries of `writes`, without the bytes that a later one of a pair writes, too.
    ///
    /// `pairs` are indices of an earlier and a later entry of one page, by rising earlier index.
    ///
    /// # Panics
    /// If an index is out of range.
    ///
    /// # Cost
    /// A copy of both columns, and O(pairs).
    pub fn push_trimmed(&mut self, writes: BatchView<'_>, pairs: &[(u32, u32)]) {
        let entries = writes.compact_entries();
        let [_, _, payload, _] = writes.columns();
        let (mut done, mut done_bytes) = (0, 0);
        for group in pairs.chunk_by(|one, other| one.0 == other.0) {
            let index = group[0].0 as usize;
            let skipped = &entries[done..index];
            let bytes: usize = skipped.iter().map(|entry| payload_bytes(*entry)).sum();
            self.compact.extend_from_slice(skipped);
            self.compact_payload.extend_from_slice(&payload[done_bytes..done_bytes + bytes]);
            let (own, entry) = (done_bytes + bytes, Entry::from_compact(entries[index]));
            let own_bytes = entry.payload_bytes() as usize;
            let later = group.iter().map(|pair| Entry::from_compact(entries[pair.1 as usize]).span());
            self.push_rest(&entry, &payload[own..own + own_bytes], later);
            (done, done_bytes) = (index + 1, own + own_bytes);
        }
        self.compact.extend_from_slice(&entries[done..]);
        self.compact_payload.extend_from_slice(&payload[done_bytes..]);
    }

    /// Appends what the spans of `later` leave of an entry.
    fn push_rest(&mut self, entry: &Entry, payload: &[u8], later: impl Iterator<Item = Span>) {
        let Some(patch) = entry.patch(payload) else { return };
        let mut cuts: Vec<Span> = later.collect();
        cuts.sort_unstable();
        let (mut from, end) = (u64::from(patch.span().offset), patch.span().end());
        for cut in cuts.into_iter().chain([Span::new(end as u32, 0)]) {
            let until = u64::from(cut.offset).min(end);
            if from < until {
                self.push(PageId::new(entry.id), part(patch, Span::new(from as u32, (until - from) as u32)));
            }
            from = from.max(cut.end());
        }
    }
}

fn payload_bytes(entry: [u8; 8]) -> usize {
    Entry::from_compact(entry).payload_bytes() as usize
}

/// The part of a patch that writes `piece`, which lies inside it.
fn part(patch: Patch<'_>, piece: Span) -> Patch<'_> {
    match patch {
        Patch::Bytes { bytes, .. } | Patch::Page { bytes } => {
            let from = (piece.offset - patch.span().offset) as usize;
            Patch::Bytes { offset: piece.offset, bytes: &bytes[from..from + piece.len as usize] }
        }
        Patch::Fill { byte, .. } | Patch::PageFill { byte, .. } => Patch::Fill { span: piece, byte },
    }
}
