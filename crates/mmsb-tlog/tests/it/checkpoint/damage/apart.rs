//! Damage in one place leaves the rest readable; a file or block from elsewhere does not pass.

use mmsb_tlog::{CheckpointReader, CheckpointRef, checkpoint::verify};
use mmsb_types::PageId;

use super::{
    super::{bus, file_bytes, judge, noise, page, set_file_bytes, specimen, write, write_short},
    good, parts,
};

#[test]
fn damage_in_one_block_leaves_the_others_readable() {
    let dir = bus();
    let pages: Vec<_> = (1..=6).map(|id| page(id, 1, noise(300, id))).collect();
    let listed = write_short(&dir, None, &pages, b"").unwrap();
    let mut bytes = file_bytes(&dir, &listed);
    let blocks = parts(&bytes)[1..].to_vec();
    [blocks[1], blocks[3]].iter().for_each(|&block| bytes[block as usize + 70] ^= 1);
    set_file_bytes(&dir, &bytes);
    let bad: Vec<u64> = verify(&dir, &listed).unwrap().iter().map(|bad| bad.offset).collect();
    assert_eq!(bad, [blocks[1], blocks[3]]);
    let mut reader = CheckpointReader::open(&dir, &listed).unwrap();
    let streamed: Vec<bool> = (0..6).map(|_| reader.next_block().is_ok()).collect();
    assert!(reader.next_block().unwrap().is_none());
    let found: Vec<bool> = (1..=6).map(|id| reader.find(PageId::new(id)).is_ok()).collect();
    assert_eq!((&streamed, found), (&vec![true, false, true, false, true, true], streamed.clone()));
}

/// Whole blocks, each of them good somewhere else.
#[test]
fn a_block_of_another_checkpoint_or_place_is_refused() {
    let (dir, listed, good) = good();
    let blocks = parts(&good)[1..].to_vec();
    let other = bus();
    let mut pages = specimen();
    pages[0].bytes[0] ^= 0xff;
    let other_bytes = file_bytes(&other, &write_short(&other, Some(990), &pages, b"some metadata").unwrap());
    let (from, to) = (blocks[0] as usize, blocks[1] as usize);
    let mut bytes = good.clone();
    bytes[from..to].copy_from_slice(&other_bytes[from..to]);
    set_file_bytes(&dir, &bytes);
    assert_eq!(
        judge(&dir, &listed),
        "damaged checkpoint /bus/ckpt-1000 at offset 72: a block of another place or checkpoint"
    );
}

#[test]
fn a_whole_file_that_the_manifest_does_not_tell_of_is_refused() {
    let (dir, listed, _) = good();
    let other = bus();
    let mut pages = specimen();
    pages[0].bytes[0] ^= 0xff;
    let other_listed = write_short(&other, Some(990), &pages, b"some metadata").unwrap();
    set_file_bytes(&dir, &file_bytes(&other, &other_listed));
    assert_eq!(judge(&dir, &listed), "damaged checkpoint /bus/ckpt-1000 at offset 864: hash mismatch");
    let wrong_parent = CheckpointRef { parent: Some(1), ..other_listed };
    assert_eq!(
        judge(&dir, &wrong_parent),
        "damaged checkpoint /bus/ckpt-1000 at offset 0: the checkpoint's head disagrees with the manifest"
    );
}

#[test]
fn a_byte_of_a_long_block_is_covered() {
    let dir = bus();
    let pages: Vec<_> = (1..=1500).map(|id| page(id, 3, noise(1000, id))).collect();
    let listed = write(&dir, None, &pages, b"").unwrap();
    let good = file_bytes(&dir, &listed);
    for at in [72, 76, 84, 200, 1 << 19, 1_045_000, 1_100_000, good.len() - 200, good.len() - 1] {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        set_file_bytes(&dir, &bytes);
        assert!(judge(&dir, &listed).starts_with("damaged checkpoint"), "byte {at}");
    }
}
