//! The encoding, byte for byte.

use insta::assert_snapshot;

use super::{encoded, one_of_each};

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
