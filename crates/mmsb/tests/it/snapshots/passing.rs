//! Snapshots that give up the pages behind them.

use mmsb::{Bus, Error, PageId};

use super::{filled, saturate, shows_filled};

#[test]
fn a_snapshot_that_passes_pages_still_shows_them_all() {
    let dir = tempfile::tempdir().unwrap();
    let bus = Bus::create(dir.path().join("bus")).unwrap();
    let pages = filled(&bus, 20);
    let mut snapshot = bus.snapshot();
    for (index, &page) in pages.iter().enumerate() {
        assert!(snapshot.pass(page));
        let is_own = |bytes: &[u8]| bytes == [index as u8 + 1; 4096];
        assert!(snapshot.with_page(page, is_own).unwrap(), "{page}");
        saturate(&bus, &pages[..index], 1);
    }
    assert!(!snapshot.is_aged());
    assert_eq!(bus.stats().log.pass_count, 0, "what lies ahead is in memory");
    shows_filled(&snapshot, &pages);
    assert_eq!(bus.stats().log.pass_count, 1, "what lies behind is in the log");
}

#[test]
fn a_page_that_was_passed_is_lost_where_no_log_is_kept() {
    let bus = Bus::builder().volatile().unwrap();
    let pages = filled(&bus, 2);
    let mut snapshot = bus.snapshot();
    let shared = snapshot.clone();
    assert!(!snapshot.pass(pages[1]), "a clone may yet read the first page");
    drop(shared);
    assert!(snapshot.pass(pages[1]));
    saturate(&bus, &pages, 1);
    let first = |page: PageId| snapshot.with_page(page, |bytes| bytes[0]);
    assert!(matches!(first(pages[0]), Err(Error::SnapshotTooOld { .. })));
    assert_eq!(first(pages[1]).unwrap(), 2);
    drop(snapshot);
    assert!(bus.snapshot().pass(pages[1]), "the next one may");
}
