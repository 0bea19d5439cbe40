//! Every invariant of pre-images at rest, checked the slow way.

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
        let mut link = entry.ver.load(Ordering::Acquire);
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mmsb_types::{Epoch, PageId};

    use crate::{Need, PageStore, sync::Ordering};

    const ONE: PageId = PageId::new(1);

    /// Saves a page twice, breaks something, and compares what the check says.
    #[track_caller]
    fn check(spoil: impl FnOnce(&PageStore, [u32; 2]), expect: &[&str]) {
        let store = PageStore::new();
        store.prepare(ONE, 100).unwrap().publish(Epoch::new(1));
        let committer = store.committers().acquire(Duration::ZERO).unwrap();
        let pins = [1, 2].map(|number| {
            let pin = store.pin(|| Epoch::new(number));
            assert!(store.stash(&committer, Need::of(1, 100)));
            let mut writer = store.try_lock(ONE, &committer).unwrap().unwrap().into_writer();
            writer.preserve(Epoch::new(number + 1));
            writer.publish(Epoch::new(number + 1));
            pin
        });
        assert_eq!(store.check(), []);
        let newest = store.table.entry(ONE).unwrap().ver.load(Ordering::Relaxed);
        spoil(&store, [newest, store.preimages.chunks.record(newest).unwrap().next]);
        let found: Vec<String> = store.check().iter().map(ToString::to_string).collect();
        assert_eq!(found, expect);
        drop(pins);
    }

    #[test]
    fn a_head_that_leads_nowhere_is_found() {
        check(
            |store, _| store.table.entry(ONE).unwrap().ver.store(1 << 20, Ordering::Relaxed),
            &["page/chain-link at page:1: link 1048576 leads to no record of this page"],
        );
    }

    #[test]
    fn a_record_of_another_page_is_found() {
        let spoil = |store: &PageStore, [_, old]: [u32; 2]| store.preimages.chunks.set_unlinked(old);
        check(spoil, &["page/chain-link at page:1: link 1 leads to no record of this page"]);
    }

    #[test]
    fn a_chain_out_of_order_is_found() {
        let spoil = |store: &PageStore, [new, old]: [u32; 2]| {
            store.preimages.chunks.set_chain_next(old, new, Ordering::Relaxed);
            store.table.entry(ONE).unwrap().ver.store(old, Ordering::Relaxed);
        };
        check(spoil, &["page/chain-order at page:1: [2, 3) is followed by 1"]);
    }

    #[test]
    fn a_chunk_that_is_nobodys_is_found() {
        check(
            |store, _| assert!(store.preimages.chunks.take_new().is_some()),
            &["page/chunk-lost at the whole: 0 sealed, 1 in stashes, 190 free, of 192"],
        );
    }
}
