//! Snapshots whose old bytes are not in memory any more: one pass over the log, or a refusal.

use mmsb::{Bus, Error, PageId, View, diff};

use super::{TINY, filled, saturate, shows_filled};

/// Ages a snapshot under a saturating writer: what it shows is right, and costs one pass, not one a page.
#[track_caller]
fn ages_to_one_pass(bus: &Bus) {
    let pages = filled(bus, 90);
    let snapshot = bus.snapshot();
    saturate(bus, &pages, 3);
    assert!(snapshot.is_aged());
    let passes = || bus.stats().log.pass_count;
    let before = passes();
    shows_filled(&snapshot, &pages);
    assert_eq!(passes() - before, 1, "for the bytes of {} pages", pages.len());
    let mut words = vec![[0u8; 8]; pages.len()];
    let mut reads: Vec<_> =
        pages.iter().zip(&mut words).map(|(&page, word)| (page, 7, word.as_mut_slice())).collect();
    snapshot.read_many(&mut reads).unwrap();
    assert_eq!(passes() - before, 2, "for parts of {} pages", pages.len());
    assert!(words.iter().zip(1..).all(|(word, number)| *word == [number; 8]));
    assert_eq!(snapshot.pages().unwrap().len(), pages.len());
    assert_eq!(passes() - before, 3, "for the list of {} pages", pages.len());
    let told = diff(&snapshot, &bus.snapshot()).unwrap();
    assert_eq!(told.pages.len(), pages.len());
    assert_eq!(passes() - before, 5, "for a diff: a list, and all bytes");
}

#[test]
fn an_aged_snapshot_is_read_from_the_log_in_one_pass() {
    let dir = tempfile::tempdir().unwrap();
    let builder = || Bus::builder().preimage_bytes(TINY);
    ages_to_one_pass(&builder().create(dir.path().join("bus")).unwrap());
    ages_to_one_pass(&builder().in_memory().unwrap());
}

#[test]
fn an_aged_snapshot_that_no_log_reaches_back_to_says_so() {
    let builder = || Bus::builder().preimage_bytes(TINY);
    for bus in [builder().volatile().unwrap(), builder().history_bytes(0).in_memory().unwrap()] {
        let pages = filled(&bus, 90);
        let snapshot = bus.snapshot();
        saturate(&bus, &pages, 6);
        let epoch = snapshot.epoch();
        let is_too_old = |result: Result<(), Error>| matches!(result, Err(Error::SnapshotTooOld { epoch: e }) if e == epoch);
        assert!(is_too_old(snapshot.read(pages[0], 0, &mut [0]).map(drop)));
        assert!(is_too_old(snapshot.with_pages(&pages, &mut |_, _| ())));
        assert!(is_too_old(snapshot.pages().map(drop)));
        assert!(is_too_old(snapshot.page_epoch(pages[0]).map(drop)));
        shows_newest(&bus, &pages);
    }
}

/// A new snapshot is as good as any.
fn shows_newest(bus: &Bus, pages: &[PageId]) {
    let newest = bus.snapshot();
    pages.iter().for_each(|&page| assert_eq!(newest.with_page(page, |bytes| bytes[0]).unwrap(), 105));
}
