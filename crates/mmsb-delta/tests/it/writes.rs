//! Writes as they come: which entries a transaction's column holds.

use mmsb_delta::{DeltaBatch, Patch, validate};
use mmsb_types::{
    PageId,
    limits::{COMPACT_ID_MAX, COMPACT_LEN_MAX, COMPACT_OFFSET_MAX},
};
use proptest::{collection::vec, prelude::*};

const PAGE: PageId = PageId::new(7);

/// Makes the writes, each to its page, and compares the entries.
#[track_caller]
fn check(writes: &[(u64, u32, &str)], expect: &str) {
    let mut batch = DeltaBatch::default();
    for (page, offset, text) in writes {
        assert!(batch.push_write(PageId::new(*page), *offset, text.as_bytes()));
    }
    let entries = batch.view().iter().map(|(page, patch)| match patch {
        Patch::Bytes { offset, bytes } => {
            format!("{}@{offset} {}", page.get(), String::from_utf8_lossy(bytes))
        }
        Patch::Fill { span, byte } => format!("{}@{span} all {}", page.get(), char::from(byte)),
        whole => format!("{whole:?}"),
    });
    assert_eq!(entries.collect::<Vec<_>>().join(", "), expect);
}

#[test]
fn entries_stand_in_the_order_of_the_writes() {
    check(&[(2, 9, "late"), (1, 0, "early"), (2, 0, "x")], "2@9 late, 1@0 early, 2@0 x");
}

#[test]
fn a_write_that_goes_on_makes_the_last_entry_longer() {
    check(&[(1, 0, "ab"), (1, 2, "cd"), (1, 4, "e")], "1@0 abcde");
    check(&[(1, 0, "ab"), (2, 2, "cd")], "1@0 ab, 2@2 cd");
    check(&[(1, 2, "cd"), (1, 0, "ab")], "1@2 cd, 1@0 ab");
    check(&[(1, 0, "ab"), (2, 0, "x"), (1, 2, "cd")], "1@0 ab, 2@0 x, 1@2 cd");
}

#[test]
fn one_repeated_byte_is_a_fill() {
    check(&[(1, 0, "aa"), (1, 5, "bbbbbbbbb"), (1, 20, "c")], "1@0+2 all a, 1@5+9 all b, 1@20 c");
    check(&[(1, 0, "aaaaaaaab")], "1@0 aaaaaaaab");
    check(&[(1, 0, &format!("xy{}", "z".repeat(70)))], "1@0 xy, 1@2+70 all z");
}

#[test]
fn an_empty_write_is_none() {
    check(&[(1, 5, "")], "");
}

#[test]
fn what_only_a_wide_entry_could_hold_is_refused() {
    let mut batch = DeltaBatch::default();
    assert!(!batch.push_write(PageId::new(COMPACT_ID_MAX + 1), 0, b"ab"));
    assert!(!batch.push_write(PAGE, COMPACT_OFFSET_MAX, b"ab"));
    assert!(!batch.push_write(PAGE, 0, &[1; COMPACT_LEN_MAX as usize + 1]));
    assert!(batch.is_empty());
    let longest: Vec<u8> = (0..COMPACT_LEN_MAX).map(|at| ((at * at) >> 7) as u8).collect();
    assert!(batch.push_write(PAGE, 0, &longest) && batch.push_write(PAGE, COMPACT_LEN_MAX, b"ab"));
    assert_eq!((batch.wide_count(), batch.compact_count()), (0, 2), "none grows past what it can hold");
}

/// Each entry with each later one that overlaps it.
fn pairs(batch: &DeltaBatch) -> Vec<(u32, u32)> {
    let spans: Vec<_> = batch.view().compact_spans().map(|(_, span)| span).collect();
    let later = |at: usize| (at + 1..spans.len()).map(move |later| (at, later));
    let overlap = |&(one, other): &(usize, usize)| spans[one].overlaps(spans[other]);
    let pairs = (0..spans.len()).flat_map(later).filter(overlap);
    pairs.map(|(one, other)| (one as u32, other as u32)).collect()
}

proptest! {
    /// Applied one after the other, the entries do what the writes do, overlaps included.
    #[test]
    fn the_entries_are_the_writes(writes in vec((0..300_u32, vec(0..3_u8, 0..90)), 0..40)) {
        let (mut by_entries, mut by_writes) = ([9; 400], [9; 400]);
        let mut batch = DeltaBatch::default();
        for (offset, bytes) in &writes {
            prop_assert!(batch.push_write(PAGE, *offset, bytes));
            by_writes[*offset as usize..][..bytes.len()].copy_from_slice(bytes);
        }
        prop_assert_eq!(batch.wide_count(), 0);
        for (_, patch) in batch.view().iter() {
            patch.apply(&mut by_entries).unwrap();
        }
        prop_assert_eq!(by_entries, by_writes);
        let mut trimmed = DeltaBatch::default();
        trimmed.push_trimmed(batch.view(), &pairs(&batch));
        let mut by_trimmed = [9; 400];
        for (_, patch) in trimmed.view().iter() {
            patch.apply(&mut by_trimmed).unwrap();
        }
        prop_assert_eq!(by_trimmed, by_writes);
        prop_assert_eq!(validate(trimmed.view(), |_| Some(400)), Ok(()));
        let spans: Vec<_> = batch.view().iter().map(|(page, patch)| (page, patch.span())).collect();
        prop_assert!(batch.view().compact_spans().eq(spans));
    }
}
