//! The encoding: golden bytes, round trips, and everything damaged refused or still a batch.

use insta::assert_snapshot;
use mmsb_delta::{BatchStats, BatchView, DecodeError, DeltaBatch, Patch, compact_payload_bytes};
use mmsb_types::{
    PageId, Span,
    limits::{COMPACT_ID_MAX, PAGE_BYTES_MAX, PAGE_ID_MAX},
};
use proptest::{collection::vec, prelude::*};

const PAGE: PageId = PageId::new(0x0a0b_0c0d);
const FAR: PageId = PageId::new(0x12_3456_789a);

fn batch(patches: &[(PageId, Patch<'_>)]) -> DeltaBatch {
    let mut batch = DeltaBatch::default();
    patches.iter().for_each(|(page, patch)| batch.push(*page, *patch));
    batch
}

fn encoded(batch: &DeltaBatch) -> Vec<u8> {
    let mut bytes = Vec::new();
    batch.encode_into(&mut bytes);
    bytes
}

/// One of each form, compact and wide, and a run that is wide by length and one by offset.
fn one_of_each() -> DeltaBatch {
    let bytes = |offset| Patch::Bytes { offset, bytes: b"abcde" };
    let fill = |offset, len| Patch::Fill { span: Span::new(offset, len), byte: 0xf1 };
    let page = Patch::Page { bytes: b"PAGE" };
    let page_fill = |page_bytes| Patch::PageFill { page_bytes, byte: 0xf2 };
    batch(&[
        (FAR, bytes(0x11)),
        (PAGE, bytes(0xf_1234)),
        (FAR, fill(3, 4)),
        (PAGE, fill(0x1234, 0xfff)),
        (FAR, page),
        (PAGE, page),
        (FAR, page_fill(4096)),
        (PAGE, page_fill(4096)),
        (PAGE, fill(0x1234, 0x1000)),
        (PAGE, page_fill(0x10_0000)),
    ])
}

/// Eight bytes a line, the columns apart.
fn hex(columns: [&[u8]; 4]) -> String {
    let line = |word: &[u8]| word.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + "\n";
    columns.map(|column| column.chunks(8).map(line).collect::<String>()).join("--\n")
}

#[test]
fn golden_bytes() {
    assert_snapshot!(hex(one_of_each().view().columns()), @"
    0d0c0b0a34125f00
    0d0c0b4a3412f0ff
    0d0c0b8a04000000
    0d0c0b4a00100000
    --
    9a78563412000000
    1100000005000000
    0000000000000000
    9a78563412000000
    0300000004000000
    0100000000000000
    9a78563412000000
    0400000000000000
    0200000000000000
    9a78563412000000
    0010000000000000
    0100000000000000
    0d0c0b0a00000000
    3412000000100000
    0100000000000000
    0d0c0b0a00000000
    0000100000000000
    0100000000000000
    --
    6162636465f15041
    4745f2
    --
    6162636465f15041
    4745f2f1f2
    ");
}

#[test]
fn the_encoding_is_its_columns_in_order() {
    let batch = one_of_each();
    let bytes = encoded(&batch);
    assert_eq!(bytes, batch.view().columns().concat());
    assert_eq!(bytes.len(), batch.encoded_bytes());
    let (compact, wide) = (batch.compact_count(), batch.wide_count());
    assert_eq!((compact, wide, batch.payload_bytes()), (4, 6, 24));
}

#[test]
fn compact_entries_come_first_and_each_finds_its_payload() {
    let batch = one_of_each();
    let listed: Vec<_> = batch.view().iter().map(|(page, patch)| format!("{page} {patch:?}")).collect();
    assert_snapshot!(listed.join("\n"), @"
    page:168496141 Bytes { offset: 987700, bytes: [97, 98, 99, 100, 101] }
    page:168496141 Fill { span: 4660+4095, byte: 241 }
    page:168496141 Page { bytes: [80, 65, 71, 69] }
    page:168496141 PageFill { page_bytes: 4096, byte: 242 }
    page:78187493530 Bytes { offset: 17, bytes: [97, 98, 99, 100, 101] }
    page:78187493530 Fill { span: 3+4, byte: 241 }
    page:78187493530 Page { bytes: [80, 65, 71, 69] }
    page:78187493530 PageFill { page_bytes: 4096, byte: 242 }
    page:168496141 Fill { span: 4660+4096, byte: 241 }
    page:168496141 PageFill { page_bytes: 1048576, byte: 242 }
    ");
}

#[test]
fn an_empty_run_is_left_out() {
    let empty = batch(&[
        (PAGE, Patch::Bytes { offset: 3, bytes: b"" }),
        (PAGE, Patch::Fill { span: Span::new(3, 0), byte: 1 }),
    ]);
    assert!(empty.is_empty());
    assert_eq!(empty.encoded_bytes(), 0);
}

#[test]
fn a_cleared_batch_is_empty_and_keeps_its_memory() {
    let mut batch = one_of_each();
    let before = batch.capacities();
    batch.clear();
    assert_eq!(batch, DeltaBatch::default());
    assert_eq!(batch.capacities(), before);
}

#[test]
fn statistics_count_forms_and_bytes() {
    assert_snapshot!(format!("{:#?}", BatchStats::of(one_of_each().view())), @"
    BatchStats {
        bytes: FormStats {
            count: 2,
            payload_bytes: 10,
            written_bytes: 10,
        },
        fill: FormStats {
            count: 6,
            payload_bytes: 6,
            written_bytes: 1064963,
        },
        page: FormStats {
            count: 2,
            payload_bytes: 8,
            written_bytes: 8,
        },
        wide_count: 6,
        encoded_bytes: 200,
    }
    ");
}

/// Parses the bytes with the counts of one compact entry, one wide one, or none.
#[track_caller]
fn check_refused(bytes: &[u8], counts: (u32, u32, u32), expect: &str) {
    let error = BatchView::parse(bytes, counts.0, counts.1, counts.2).expect_err("damaged bytes");
    assert_eq!(error.to_string(), expect);
}

fn compact(id_form: u32, offset_length: u32) -> Vec<u8> {
    [id_form.to_le_bytes(), offset_length.to_le_bytes()].concat()
}

fn wide(id: u64, fields: [u32; 4]) -> Vec<u8> {
    [&id.to_le_bytes()[..], fields.map(u32::to_le_bytes).as_flattened()].concat()
}

#[test]
fn a_faulty_compact_entry_is_named() {
    let one = (1, 0, 0);
    check_refused(&compact(3 << 30 | 1, 0), one, "delta batch entry 0: form 3 is unknown");
    check_refused(&compact(0, 1 << 20), one, "delta batch entry 0: page id 0 is out of range");
    check_refused(&compact(1, 5), one, "delta batch entry 0: length 0 does not go with form Bytes");
    check_refused(
        &compact(2 << 30 | 1, 1 << 20),
        one,
        "delta batch entry 0: length 1 does not go with form Page",
    );
    check_refused(&compact(1 << 30 | 1, 0), one, "delta batch entry 0: length 0 does not go with form Fill");
    check_refused(&compact(2 << 30 | 1, 0), one, "delta batch entry 0: length 0 does not go with form Page");
}

#[test]
fn a_faulty_wide_entry_is_named() {
    let (one, far) = ((0, 1, 0), COMPACT_ID_MAX + 1);
    check_refused(&wide(far, [0, 1, 3, 0]), one, "delta batch entry 0: form 3 is unknown");
    check_refused(&wide(far, [0, 1, 256, 0]), one, "delta batch entry 0: form 256 is unknown");
    check_refused(&wide(far, [0, 1, 0, 9]), one, "delta batch entry 0: reserved bytes hold 0x9");
    check_refused(&wide(1, [0, 1, 0, 0]), one, "delta batch entry 0: wide entry would fit a compact one");
    check_refused(
        &wide(PAGE_ID_MAX + 1, [0, 1, 0, 0]),
        one,
        "delta batch entry 0: page id 1099511627776 is out of range",
    );
    check_refused(
        &wide(1, [PAGE_BYTES_MAX, 1, 0, 0]),
        one,
        "delta batch entry 0: run 16777216+1 passes the longest page",
    );
    check_refused(
        &wide(1, [u32::MAX, u32::MAX, 1, 0]),
        one,
        "delta batch entry 0: run 4294967295+4294967295 passes the longest page",
    );
    check_refused(
        &wide(1, [PAGE_BYTES_MAX + 1, 0, 2, 0]),
        one,
        "delta batch entry 0: run 0+16777217 passes the longest page",
    );
}

#[test]
fn a_compact_entry_tells_how_much_payload_it_needs() {
    let entry = |id_form, offset_length| {
        let [word] = *compact(id_form, offset_length).as_chunks().0 else { unreachable!("eight bytes") };
        compact_payload_bytes(word)
    };
    assert_eq!(entry(1, 5 << 20 | 9), Some(5), "bytes");
    assert_eq!(entry(1 << 30 | 1, 5 << 20 | 9), Some(1), "fill");
    assert_eq!(entry(1 << 30 | 1, 9), Some(1), "fill of the page");
    assert_eq!(entry(2 << 30 | 1, 9), Some(9), "page");
    assert_eq!(entry(3 << 30 | 1, 9), None, "no form");
    assert_eq!(entry(0, 5 << 20), None, "no page");
}

#[test]
fn wide_entries_are_counted_behind_compact_ones() {
    let bytes = [compact(1, 1 << 20), wide(1, [0, 1, 0, 0]), vec![7, 7]].concat();
    check_refused(&bytes, (1, 1, 2), "delta batch entry 1: wide entry would fit a compact one");
}

#[test]
fn counts_that_do_not_add_up_are_refused() {
    check_refused(b"", (1, 0, 0), "delta batch: columns need 8 bytes, 0 are there");
    check_refused(b"a", (0, 0, 0), "delta batch: columns need 0 bytes, 1 are there");
    let most = u32::MAX;
    check_refused(b"", (most, most, most), "delta batch: columns need 141733920735 bytes, 0 are there");
    let entry = compact(1, 2 << 20);
    check_refused(
        &[&entry[..], b"a"].concat(),
        (1, 0, 1),
        "delta batch: entries need 2 payload bytes, 1 are there",
    );
    check_refused(
        &[&entry[..], b"abc"].concat(),
        (1, 0, 3),
        "delta batch: entries need 2 payload bytes, 3 are there",
    );
}

/// Whatever the bytes: an error, or a batch that encodes to the same bytes again.
#[track_caller]
fn check_error_or_batch(bytes: &[u8], compact: u32, wide: u32, payload: u32) -> Result<(), DecodeError> {
    let view = BatchView::parse(bytes, compact, wide, payload)?;
    let patches: Vec<_> = view.iter().collect();
    assert_eq!(patches.len(), view.len(), "every entry is dealt out");
    let again = batch(&patches);
    assert_eq!(encoded(&again), bytes);
    assert_eq!(again.view(), view);
    Ok(())
}

#[test]
fn every_truncation_is_refused() {
    let bytes = encoded(&one_of_each());
    for len in 0..bytes.len() {
        assert!(check_error_or_batch(&bytes[..len], 4, 6, 24).is_err(), "cut at {len}");
    }
    check_error_or_batch(&bytes, 4, 6, 24).expect("the whole is a batch");
}

#[test]
fn every_flipped_bit_is_an_error_or_another_batch() {
    let bytes = encoded(&one_of_each());
    let payload_from = bytes.len() - 24;
    let mut refused = 0;
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let result = check_error_or_batch(&flipped, 4, 6, 24);
        assert!(result.is_ok() || bit / 8 < payload_from, "any payload is one: bit {bit}, {result:?}");
        refused += usize::from(result.is_err());
    }
    // Of 1408 bits in entries; the others make another page, offset, length or form.
    assert_eq!(refused, 752);
}

#[derive(Clone, Debug)]
enum Made {
    Bytes(u32, Vec<u8>),
    Fill(Span, u8),
    Page(Vec<u8>),
    PageFill(u32, u8),
}

impl Made {
    fn patch(&self) -> Patch<'_> {
        match self {
            Self::Bytes(offset, bytes) => Patch::Bytes { offset: *offset, bytes },
            Self::Fill(span, byte) => Patch::Fill { span: *span, byte: *byte },
            Self::Page(bytes) => Patch::Page { bytes },
            Self::PageFill(page_bytes, byte) => Patch::PageFill { page_bytes: *page_bytes, byte: *byte },
        }
    }
}

fn patches() -> impl Strategy<Value = Vec<(u64, Made)>> {
    let offset = || prop_oneof![0..5000u32, 0..PAGE_BYTES_MAX - 6000];
    let bytes = || prop_oneof![vec(any::<u8>(), 1..50), vec(any::<u8>(), 4090..4100)];
    let made = prop_oneof![
        (offset(), bytes()).prop_map(|(offset, bytes)| Made::Bytes(offset, bytes)),
        (offset(), 1..6000u32, any::<u8>()).prop_map(|(at, len, byte)| Made::Fill(Span::new(at, len), byte)),
        bytes().prop_map(Made::Page),
        (1..=PAGE_BYTES_MAX, any::<u8>()).prop_map(|(len, byte)| Made::PageFill(len, byte)),
    ];
    let id = prop_oneof![1..100u64, COMPACT_ID_MAX - 2..COMPACT_ID_MAX + 2, 1..=PAGE_ID_MAX];
    vec((id, made), 0..20)
}

proptest! {
    #[test]
    fn what_is_written_is_read(made in patches()) {
        let patches: Vec<_> = made.iter().map(|(id, made)| (PageId::new(*id), made.patch())).collect();
        let batch = batch(&patches);
        let bytes = encoded(&batch);
        let counts = (batch.compact_count() as u32, batch.wide_count() as u32, batch.payload_bytes() as u32);
        let view = BatchView::parse(&bytes, counts.0, counts.1, counts.2).expect("the library's own batch");
        prop_assert_eq!(view, batch.view());
        let mut read: Vec<_> = view.iter().map(|patch| format!("{patch:?}")).collect();
        let mut written: Vec<_> = patches.iter().map(|patch| format!("{patch:?}")).collect();
        read.sort();
        written.sort();
        prop_assert_eq!(read, written);
    }

    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..300), compact in 0..6u32, wide in 0..4u32) {
        let payload = (bytes.len() as u32).saturating_sub(compact * 8 + wide * 24);
        let _ = check_error_or_batch(&bytes, compact, wide, payload);
    }

    #[test]
    fn random_damage_never_panics(made in patches(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let patches: Vec<_> = made.iter().map(|(id, made)| (PageId::new(*id), made.patch())).collect();
        let batch = batch(&patches);
        let mut bytes = encoded(&batch);
        prop_assume!(!bytes.is_empty());
        *at.get_mut(&mut bytes) = byte;
        let counts = (batch.compact_count() as u32, batch.wide_count() as u32, batch.payload_bytes() as u32);
        let _ = check_error_or_batch(&bytes, counts.0, counts.1, counts.2);
    }
}
