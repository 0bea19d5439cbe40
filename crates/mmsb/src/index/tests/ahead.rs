//! Indexes made before they are needed, beside a log that goes on.

use std::{cell::Cell, collections::BTreeSet};

use mmsb_tlog::{SegmentHead, vfs::Vfs};
use mmsb_types::{Durability, PageId};

use super::{
    super::{SegmentIndex, verify_indexes},
    Log,
};

#[test]
fn who_makes_indexes_ahead_holds_nothing_that_a_question_waits_for() {
    let log = Log::new();
    let (indexes, calls) = (log.bus.journal().indexes(), Cell::new(0));
    let are_closed_done = || log.heads().iter().all(|head| SegmentIndex::is_there(&log.dir, head));
    let goes_on = || {
        assert!(
            indexes.open.try_lock().is_ok() || are_closed_done(),
            "only what grows is held while it does"
        );
        assert!(indexes.cache.try_lock().is_ok());
        assert!(indexes.writing.try_lock().is_ok());
        calls.set(calls.get() + 1);
        true
    };
    let mut seen = BTreeSet::new();
    indexes.make_ahead(&mut seen, log.written(), &goes_on).unwrap();
    assert!(calls.get() > 3000, "each record is a moment to end");
    assert!(log.heads().iter().all(|head| log.load(head).is_ok() && seen.contains(&head.segment)));
    assert_eq!((verify_indexes(&log.dir), indexes.cache.lock().unwrap().bytes()), (vec![], 0));
    let grown = indexes.open.lock().unwrap().as_ref().map(|(_, growing)| growing.end().lsn);
    assert_eq!(grown, Some(log.written()), "the open segment's is as long as the log");
}

#[test]
fn who_is_told_to_end_ends_and_has_begun_with_the_newest() {
    let log = Log::new();
    let made = |most: usize| {
        let calls = Cell::new(0);
        let goes_on = || calls.replace(calls.get() + 1) < most;
        log.bus.journal().indexes().make_ahead(&mut BTreeSet::new(), log.written(), &goes_on).unwrap();
        assert!(calls.get() <= most + log.heads().len() + 2);
        let is_there = |head: &SegmentHead| SegmentIndex::is_there(&log.dir, head);
        log.heads().iter().map(is_there).collect::<Vec<_>>()
    };
    assert!(!made(100).contains(&true));
    assert!(made(1200).ends_with(&[true]) && !made(0)[0]);
    assert!(!made(usize::MAX / 2).contains(&false));
}

#[test]
fn an_index_that_comes_after_its_segment_has_gone_goes_too() {
    let log = Log::new();
    let (head, records) = (log.heads()[0], Cell::new(0));
    log.bus.checkpoint().unwrap();
    let goes_on = || {
        let is_last = log.heads().iter().skip(1).all(|head| SegmentIndex::is_there(&log.dir, head));
        if is_last && records.replace(records.get() + 1) == 10 {
            log.dir.retire(|manifest| manifest.segments.remove(0)).unwrap();
        }
        true
    };
    log.bus.journal().indexes().make_ahead(&mut BTreeSet::new(), log.written(), &goes_on).unwrap();
    assert!(records.get() > 10 && !log.vfs.exists(&log.dir.index_path(&head)).unwrap());
}

#[test]
fn a_writer_that_reads_what_has_gone_goes_by_its_logs_manifest_still() {
    let log = Log::new();
    log.bus.checkpoint().unwrap();
    let gone = log.heads()[0];
    log.dir.retire(|manifest| manifest.segments.remove(0)).unwrap();
    let (kept, before) = (log.bus.journal().kept(), log.dir.manifest().segments.len());
    assert!(kept.reader(gone.cursor(), log.written()).is_err());
    while log.dir.manifest().segments.len() == before {
        let mut tx = log.bus.begin().durability(Durability::Synced);
        (1..=400).try_for_each(|page| tx.put(PageId::new(page), 16, &before)).unwrap();
        tx.commit().unwrap();
    }
    assert_eq!(kept.dir().manifest().segments, log.dir.manifest().segments);
}
