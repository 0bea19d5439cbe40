//! Words against plain bytes: whatever the length, the offset and the slot's past, a page is its bytes.

use mmsb_page::PageStore;
use mmsb_types::Span;
use proptest::{collection::vec, prelude::*};

use crate::{assert_sound, born, committer, epoch, page, read};

/// Lengths around every edge between two size classes, up to `largest`.
fn class_edges(largest: u32) -> impl Iterator<Item = u32> {
    let sizes = (0..).flat_map(|doubling| (5..=8).map(move |quarters| (quarters * 64) << doubling));
    let sizes = (1..=4).map(|units| units * 64).chain(sizes);
    sizes.take_while(move |&size| size <= largest).flat_map(|size| [size - 1, size, size + 1])
}

fn pattern(len: u32, seed: u32) -> Vec<u8> {
    (0..len).map(|at| (at.wrapping_add(seed).wrapping_mul(2_654_435_761) >> 24) as u8 | 1).collect()
}

#[test]
fn every_length_is_kept_exactly_and_its_slot_is_reused_clean() {
    let store = PageStore::new();
    let committer = committer(&store);
    let (step, largest) = if cfg!(miri) { (4999, 400) } else { (1, 20_000) };
    for (life, len) in (1..).zip((1..=20_000).step_by(step).chain(class_edges(largest))) {
        let bytes = pattern(len, len);
        born(&store, page(1), &bytes, epoch(2 * life));
        assert_eq!(store.page_bytes(page(1)), Some(len));
        assert_eq!(read(&store, page(1)), (epoch(2 * life), bytes));
        if life % 500 == 1 {
            assert_sound(&store);
        }
        store.lock_wait(page(1), &committer).unwrap().into_writer().retire(epoch(2 * life + 1));
    }
    assert_sound(&store);
}

#[test]
#[cfg_attr(miri, ignore = "writes 48 MiB, byte by byte")]
fn the_longest_pages_work_like_others() {
    let store = PageStore::new();
    for (id, len) in (1..).zip([(16 << 20) - 1, 16 << 20, (14 << 20) + 1]) {
        born(&store, page(id), &pattern(len, 5), epoch(1));
        assert_eq!(read(&store, page(id)).1, pattern(len, 5));
    }
    assert_sound(&store);
}

/// One change of a page, as shares of its length.
#[derive(Clone, Debug)]
enum Change {
    Write { at: u32, seed: u32, len: u32 },
    Fill { at: u32, len: u32, byte: u8 },
}

fn change() -> impl Strategy<Value = Change> {
    let len = || prop_oneof![0u32..40, any::<u32>()];
    prop_oneof![
        (any::<u32>(), any::<u32>(), len()).prop_map(|(at, seed, len)| Change::Write { at, seed, len }),
        (any::<u32>(), len(), any::<u8>()).prop_map(|(at, len, byte)| Change::Fill { at, len, byte }),
    ]
}

/// Fits a span into a page of `page_bytes`, empty ones at its very end included.
fn fit(at: u32, len: u32, page_bytes: u32) -> Span {
    let offset = at % (page_bytes + 1);
    Span::new(offset, len % (page_bytes - offset + 1))
}

/// Makes the same changes to a page, under its lock, and to plain bytes; compares after each.
fn check(page_bytes: u32, changes: &[Change], looks: &[(u32, u32)]) {
    let store = PageStore::new();
    let committer = committer(&store);
    let mut oracle = pattern(page_bytes, 0);
    born(&store, page(1), &oracle, epoch(1));
    for (number, change) in (2..).zip(changes) {
        let mut writer = store.try_lock(page(1), &committer).unwrap().unwrap().into_writer();
        match *change {
            Change::Write { at, seed, len } => {
                let span = fit(at, len, page_bytes);
                let bytes = pattern(span.len, seed);
                writer.write(span.offset, &bytes);
                oracle[span.range()].copy_from_slice(&bytes);
            }
            Change::Fill { at, len, byte } => {
                let span = fit(at, len, page_bytes);
                writer.fill(span, byte);
                oracle[span.range()].fill(byte);
            }
        }
        // Compared first, judged after: a failure that unwinds past a writer aborts, and says little.
        let as_written = writer.bytes() == oracle;
        writer.publish(epoch(number));
        assert!(as_written, "the writer reads other bytes than it wrote: {change:?}");
        assert_eq!(read(&store, page(1)), (epoch(number), oracle.clone()));
    }
    for &(at, len) in looks {
        let span = fit(at, len, page_bytes);
        let mut out = vec![0xcc; span.len as usize];
        store.read(page(1), span.offset, &mut out).unwrap();
        assert_eq!(out, oracle[span.range()], "{span}");
    }
    assert_sound(&store);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 3 } else { 300 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn changes_and_reads_at_any_offset_are_those_of_plain_bytes(
        page_bytes in prop_oneof![1u32..80, 1u32..=if cfg!(miri) { 300 } else { 20_000 }],
        changes in vec(change(), 0..12),
        looks in vec((any::<u32>(), any::<u32>()), 0..12),
    ) {
        check(page_bytes, &changes, &looks);
    }
}
