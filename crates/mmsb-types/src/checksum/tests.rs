//! Checksums against known ones.

use alloc::vec::Vec;

use super::{crc32c, crc32c_append, crc32c_words, hardware, portable};

#[test]
fn known_answers_of_rfc_3720() {
    assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
    assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
    assert_eq!(crc32c(b""), 0);
}

#[test]
fn every_path_agrees_at_every_length_and_split() {
    let bytes: Vec<u8> = (0..700u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for len in (0..300).chain([511, 512, 513, 700]) {
        let whole = portable(0, &bytes[..len]);
        assert_eq!(crc32c(&bytes[..len]), whole, "length {len}");
        if let Some(crc) = hardware(0, &bytes[..len]) {
            assert_eq!(crc, whole, "length {len}, instruction");
        }
        for split in [0, 1, len / 3, len / 2, len] {
            let split = split.min(len);
            let (head, tail) = bytes[..len].split_at(split);
            assert_eq!(crc32c_append(crc32c(head), tail), whole, "length {len}, split {split}");
        }
    }
}

#[test]
fn words_are_their_bytes() {
    let words = [0x0123_4567_89ab_cdef, u64::MAX, 0, 7, 1 << 63, 0x5555_aaaa, 42];
    let mut bytes = 0xfeed_beefu32.to_le_bytes().to_vec();
    words.iter().for_each(|word| bytes.extend(word.to_le_bytes()));
    assert_eq!(crc32c_words(0xfeed_beef, &words), portable(0, &bytes));
}
