//! Whatever is cut or flipped is refused, or still a batch.

use mmsb_delta::{BatchView, DecodeError};

use super::{batch, encoded, one_of_each};

/// Whatever the bytes: an error, or a batch that encodes to the same bytes again.
#[track_caller]
pub(super) fn check_error_or_batch(
    bytes: &[u8],
    compact: u32,
    wide: u32,
    payload: u32,
) -> Result<(), DecodeError> {
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
