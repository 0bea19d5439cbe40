//! Files made to hurt: every checksum and hash right over wrong contents. Typed errors, in bounded memory.

use mmsb_tlog::{CheckpointReader, CheckpointRef, LogDir};
use mmsb_types::{crc32c, crc32c_append};
use proptest::{collection::vec, prelude::*};

use super::{bus, file_bytes, judge, noise, page, set_file_bytes, specimen, write, write_short};

const HEAD: usize = 72;
const FOOTER: usize = 136;

/// A checkpoint of short blocks, to be changed and made right again.
struct Forged {
    dir: LogDir,
    listed: CheckpointRef,
    bytes: Vec<u8>,
}

impl Forged {
    fn new() -> Self {
        let dir = bus();
        let listed = write_short(&dir, Some(990), &specimen(), b"metadata").unwrap();
        let bytes = file_bytes(&dir, &listed);
        Self { dir, listed, bytes }
    }

    fn word(&self, at: usize) -> u64 {
        u64::from_le_bytes(*self.bytes[at..].first_chunk().unwrap())
    }

    fn set(&mut self, at: usize, value: u64, bytes: usize) {
        self.bytes[at..at + bytes].copy_from_slice(&value.to_le_bytes()[..bytes]);
    }

    fn footer(&self) -> usize {
        self.bytes.len() - FOOTER
    }

    fn index(&self) -> usize {
        self.word(self.footer() + 40) as usize
    }

    /// Begin and end of a block.
    fn block(&self, number: usize) -> (usize, usize) {
        let at = |number: usize| self.word(self.index() + 64 * number + 8) as usize;
        let is_last = self.index() + 64 * (number + 1) == self.footer();
        (at(number), if is_last { self.word(self.footer() + 24) as usize } else { at(number + 1) })
    }

    /// Makes the checksum and the hash of a block right again, also where the index tells them.
    fn fix_block(&mut self, number: usize) -> &mut Self {
        let (from, to) = self.block(number);
        let checksum = crc32c_append(crc32c(&self.bytes[from..from + 12]), &self.bytes[from + 16..to]);
        self.set(from + 12, checksum.into(), 4);
        let hash = blake3::hash(&self.bytes[from..to]);
        let entry = self.index() + 64 * number;
        self.set(entry + 28, checksum.into(), 4);
        self.bytes[entry + 32..entry + 64].copy_from_slice(hash.as_bytes());
        self
    }

    /// Makes head, index and footer right again, and the manifest tell of the file.
    fn fix(&mut self) -> &mut Self {
        let (index, footer) = (self.index().min(self.footer()), self.footer());
        let head = crc32c(&self.bytes[..HEAD - 4]);
        self.set(HEAD - 4, head.into(), 4);
        let checksum = crc32c(&self.bytes[index..footer]);
        self.set(footer + 56, checksum.into(), 4);
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.bytes[..HEAD]).update(&self.bytes[index..footer]);
        self.listed.hash = *hasher.update(&self.bytes[footer..footer + 96]).finalize().as_bytes();
        self.bytes[footer + 96..footer + 128].copy_from_slice(&self.listed.hash);
        let checksum = crc32c(&self.bytes[footer..footer + FOOTER - 4]);
        self.set(footer + FOOTER - 4, checksum.into(), 4);
        self.listed.bytes = self.bytes.len() as u64;
        self
    }

    fn judge(&mut self) -> String {
        self.fix();
        set_file_bytes(&self.dir, &self.bytes);
        judge(&self.dir, &self.listed).replace("damaged checkpoint /bus/ckpt-1000 at offset ", "@")
    }
}

/// Changes a field of the footer or the index, and compares what a reader says.
#[track_caller]
fn check_field(place: impl FnOnce(&Forged) -> usize, value: u64, bytes: usize, expect: &str) {
    let mut forged = Forged::new();
    forged.set(place(&forged), value, bytes);
    let judged = forged.judge();
    assert!(judged.ends_with(expect), "{judged}");
}

/// Changes a field of the second row's or block's, with everything around made right.
#[track_caller]
fn check_block(number: usize, change: impl FnOnce(&mut [u8]), expect: &str) {
    let mut forged = Forged::new();
    let (from, to) = forged.block(number);
    change(&mut forged.bytes[from..to]);
    let judged = forged.fix_block(number).judge();
    assert!(judged.ends_with(expect), "{judged}");
}

#[test]
fn a_forged_file_that_was_not_changed_is_read() {
    assert_eq!(Forged::new().judge(), "5 pages, 8 bytes of metadata");
    check_block(0, |_| (), "5 pages, 8 bytes of metadata");
}

#[test]
fn lengths_that_do_not_fill_the_file_are_refused_before_they_are_used() {
    const WHOLE: &str = "the parts that the footer names do not fill the file";
    for value in [0, 1, 1 << 20, 1 << 31, u64::MAX, u64::MAX - 7] {
        check_field(|forged| forged.footer() + 24, value, 8, WHOLE);
        check_field(|forged| forged.footer() + 32, value | 1 << 12, 8, WHOLE);
    }
    check_field(|forged| forged.footer() + 48, u32::MAX.into(), 4, WHOLE);
    check_field(|forged| forged.footer() + 48, 0, 4, WHOLE);
}

#[test]
fn an_index_that_does_not_add_up_is_refused() {
    const SUM: &str = "the index does not add up to what the footer says";
    const ORDER: &str = "the index names blocks out of order or of impossible length";
    check_field(|forged| forged.footer() + 8, 6, 8, SUM);
    check_field(|forged| forged.footer() + 8, u64::MAX, 8, SUM);
    check_field(|forged| forged.footer() + 16, u64::MAX, 8, SUM);
    check_field(|forged| forged.index() + 16, u64::MAX, 8, SUM);
    check_field(|forged| forged.index() + 8, 80, 8, ORDER);
    check_field(|forged| forged.index() + 64 + 8, u64::MAX, 8, ORDER);
    check_field(|forged| forged.index() + 64 + 8, 73, 8, ORDER);
    check_field(|forged| forged.index() + 24, 0, 4, ORDER);
    check_field(|forged| forged.index() + 24, u32::MAX.into(), 4, ORDER);
    check_field(|forged| forged.index() + 64, 1, 8, ORDER);
}

#[test]
fn heads_that_no_checkpoint_has_are_refused() {
    check_field(|_| 8, 2, 2, "ckpt-1000 has format version 2; this build reads 1");
    check_field(|_| 10, 1, 2, "a reserved field is not zero");
    check_field(|_| 60, 3, 4, "a reserved field is not zero");
    check_field(|_| 60, 0, 4, "a reserved field is not zero");
    check_field(|_| 48, 1000, 8, "an epoch is out of range");
    check_field(|_| 32, 1 << 56, 8, "an epoch is out of range");
    check_field(|_| 32, 1001, 8, "the checkpoint's head disagrees with the manifest");
    check_field(|_| 16, 7, 8, "the checkpoint's head disagrees with the manifest");
}

#[test]
fn blocks_that_do_not_add_up_are_refused() {
    const PARTS: &str = "a block's parts do not add up to it";
    let set = |at: usize, value: u32| {
        move |block: &mut [u8]| block[at..at + 4].copy_from_slice(&value.to_le_bytes())
    };
    check_block(0, set(32, 1 << 30), PARTS);
    check_block(0, set(36, 9), PARTS);
    check_block(0, set(40, u32::MAX), PARTS);
    check_block(0, set(40, 0), PARTS);
    check_block(0, set(44, 1), "a reserved field or padding is not zero");
    check_block(0, set(8, 1), "a block of another place or checkpoint");
    check_block(0, set(16, 1), "a block of another place or checkpoint");
    check_block(0, set(24, 1), "a block of another place or checkpoint");
    check_block(0, set(0, 1), "the magic bytes are wrong");
}

/// The specimen's first block holds pages 1 to 3: bytes, a fill of 4096, runs of 512 bytes.
#[test]
fn rows_that_no_page_has_are_refused() {
    const RANGE: &str = "a page's row is out of range";
    const ORDER: &str = "a page's id or epoch is out of order";
    let row = |number: usize, at: usize, value: u64, bytes: usize| {
        move |block: &mut [u8]| {
            let start = block.len() - (3 - number) * 24 + at;
            block[start..start + bytes].copy_from_slice(&value.to_le_bytes()[..bytes]);
        }
    };
    check_block(0, row(0, 0, 0, 8), RANGE);
    check_block(0, row(2, 0, 1 << 40, 8), RANGE);
    check_block(0, row(1, 0, 1, 8), ORDER);
    check_block(0, row(2, 0, 1 << 30, 8), ORDER);
    check_block(0, row(1, 8, 1001, 8), ORDER);
    check_block(0, row(1, 16, 1 << 30, 4), RANGE);
    check_block(0, row(1, 16, 1 << 30 | ((1 << 24) + 1), 4), RANGE);
    check_block(0, row(1, 16, 3 << 30 | 4096, 4), RANGE);
    check_block(0, row(1, 20, 256, 4), RANGE);
    check_block(0, row(0, 20, 3, 4), RANGE);
    check_block(0, row(2, 20, 512, 4), RANGE);
    check_block(0, row(2, 20, 500, 4), "a page's content passes the contents' end");
    // The page is of another length than the index counts.
    check_block(0, row(1, 16, 1 << 30 | 1 << 24, 4), "a block's rows disagree with its head or the index");
}

/// Runs that would expand beyond their page, or not fill it.
#[test]
fn runs_that_do_not_fill_their_page_are_refused() {
    const RUNS: &str = "a page's runs do not fill it";
    // Page 1's fifteen bytes stand before the runs of page 3: a fill of 192 zeros first.
    let run = |value: u32| move |block: &mut [u8]| block[79..83].copy_from_slice(&value.to_le_bytes());
    check_block(0, run(1 << 31 | 192), "5 pages, 8 bytes of metadata");
    for value in [u32::MAX, 1 << 31, 1 << 31 | 191, 192, 0] {
        check_block(0, run(value), RUNS);
    }
    // As many bytes, and a page as long: 192 zeros, nothing, 60 bytes, 260 zeros.
    let empty = |block: &mut [u8]| {
        block[84..88].copy_from_slice(&0u32.to_le_bytes());
        block[88..92].copy_from_slice(&60u32.to_le_bytes());
        block[152..156].copy_from_slice(&(1u32 << 31 | 260).to_le_bytes());
    };
    check_block(0, empty, RUNS);
}

#[test]
fn a_block_longer_than_any_is_refused_before_it_is_read() {
    let dir = bus();
    let listed = write(&dir, None, &[page(1, 1, noise(2000, 1))], &vec![0; 20 << 20]).unwrap();
    let bytes = file_bytes(&dir, &listed);
    let mut forged = Forged { dir, listed, bytes };
    // All but eight bytes of the metadata become the block's.
    let (at, footer) = (forged.index() as u64 - 8, forged.footer());
    forged.set(footer + 24, at, 8);
    forged.set(footer + 32, 8, 8);
    forged.set(footer + 52, crc32c(&[0; 8]).into(), 4);
    forged.bytes[footer + 64..footer + 96].copy_from_slice(blake3::hash(&[0; 8]).as_bytes());
    let judged = forged.judge();
    assert!(judged.starts_with("@72: impossible length of 20973"), "{judged}");
}

/// Sixteen megabytes a page, from a file of a few kilobytes: told beforehand, and streamed page by page.
#[test]
fn a_small_file_with_many_bytes_says_so_first() {
    let dir = bus();
    let pages: Vec<_> = (1..=4).map(|id| page(id, 1, vec![7; 16 << 20])).collect();
    let listed = write(&dir, None, &pages, b"").unwrap();
    assert!(listed.bytes < 500);
    let mut reader = CheckpointReader::open(&dir, &listed).unwrap();
    assert_eq!(reader.page_bytes(), 4 * (16 << 20));
    assert_eq!(reader.next_block().unwrap().unwrap().into_buffer().len(), 64 + 4 * 24);
}

proptest! {
    #[test]
    fn a_file_of_any_content_with_right_checksums_is_judged(
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        which in 0..6usize,
    ) {
        let mut forged = Forged::new();
        let len = forged.bytes.len();
        // The fields by which the parts are found stay, or nothing could be made right.
        let (index, footer) = (forged.index(), forged.footer());
        for (at, byte) in changes {
            let at = match which {
                0 => at.index(HEAD),
                1 => index + at.index(footer - index),
                2 => footer + at.index(FOOTER),
                _ => HEAD + at.index(len - HEAD - FOOTER),
            };
            if !(footer + 24..footer + 52).contains(&at) && !(index..footer).contains(&at) {
                forged.bytes[at] = byte;
            }
        }
        for number in 0..(footer - index) / 64 {
            forged.fix_block(number);
        }
        let judged = forged.judge();
        prop_assert!(judged.starts_with('@') || judged.contains("pages") || judged.contains("version"), "{}", judged);
    }
}
