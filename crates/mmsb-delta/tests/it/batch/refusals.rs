//! Faulty entries and counts: each is named.

use mmsb_delta::{BatchView, compact_payload_bytes};
use mmsb_types::limits::{COMPACT_ID_MAX, PAGE_BYTES_MAX, PAGE_ID_MAX};

/// Parses the bytes with the counts of one compact entry, one wide one, or none.
#[track_caller]
fn check_refused(bytes: &[u8], counts: (u32, u32, u32), expect: &str) {
    let error = BatchView::parse(bytes, counts.0, counts.1, counts.2).expect_err("damaged bytes");
    assert_eq!(error.to_string(), expect);
}

pub(super) fn compact(id_form: u32, offset_length: u32) -> Vec<u8> {
    [id_form.to_le_bytes(), offset_length.to_le_bytes()].concat()
}

pub(super) fn wide(id: u64, fields: [u32; 4]) -> Vec<u8> {
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
    let (short, long) = ([&entry[..], b"a"].concat(), [&entry[..], b"abc"].concat());
    check_refused(&short, (1, 0, 1), "delta batch: entries need 2 payload bytes, 1 are there");
    check_refused(&long, (1, 0, 3), "delta batch: entries need 2 payload bytes, 3 are there");
}
