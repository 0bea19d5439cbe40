//! Every invariant of pre-images at rest, checked the slow way.

#[cfg(test)]
mod tests;

use mmsb_types::{PageId, Place, Violation};

use super::record::Record;
use crate::{PageStore, meta, sync::Ordering, table::Entry};

impl PageStore {
    /// Checks chains and chunks: `page/chain-link` (every link leads to a record of this page, inside a
    /// chunk that is not free), `page/chain-order` (intervals are not empty, do not overlap, stand newest
    /// first, and end by the page's epoch), `page/chunk-lost` (every chunk is free, sealed, or in one
    /// stash).
    pub(crate) fn check_preimages(&self) -> Vec<Violation> {
        let mut found: Vec<_> =
            self.table.entries().filter_map(|(page, entry)| self.check_chain(page, entry)).collect();
        found.extend(self.check_chunks());
        found
    }

    fn check_chain(&self, page: PageId, entry: Entry<'_>) -> Option<Violation> {
        let broken = |rule, facts| Some(Violation::new(rule, Place::Page(page), facts));
        let mut link = entry.ver().load(Ordering::Acquire);
        let mut newer_seq = meta::epoch(entry.meta().load(Ordering::Relaxed)).get();
        while link != 0 {
            let is_free = self.preimages.chunks.is_free_at(link);
            let record = self.preimages.chunks.record(link).filter(|record| record.page == page && !is_free);
            let Some(record) = record else {
                return broken("page/chain-link", format!("link {link} leads to no record of this page"));
            };
            if record.until > newer_seq {
                let Record { seq, until, .. } = record;
                return broken("page/chain-order", format!("[{seq}, {until}) is followed by {newer_seq}"));
            }
            if self.preimages.chunks.load(&record, 0, &mut vec![0; record.page_bytes as usize]).is_none() {
                return broken("page/chain-link", format!("the record at {link} misses a piece"));
            }
            (newer_seq, link) = (record.seq, record.next);
        }
        None
    }

    fn check_chunks(&self) -> Option<Violation> {
        let chunks = &self.preimages.chunks;
        let sealed = (0..chunks.count()).filter(|&chunk| chunks.sealed(chunk).is_some()).count();
        let held: u32 = self.preimages.stashes.iter().map(super::Stash::chunk_count).sum();
        let seen = sealed + held as usize + chunks.free_count() as usize;
        let facts = format!("{sealed} sealed, {held} in stashes, {} free", chunks.free_count());
        let facts = format!("{facts}, of {}", chunks.count());
        (seen != chunks.count() as usize).then(|| Violation::new("page/chunk-lost", Place::Whole, facts))
    }
}
