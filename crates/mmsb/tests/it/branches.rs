//! Branches: what-ifs that are right in themselves, and that their parent never notices.

mod apart;
mod keeping;
mod oracle;
mod refusals;

use mmsb::{Bus, Epoch, PageId};

/// A bus with a page "world" of 64 bytes, its first eight counting from 1 to `count`.
fn counted(count: u64) -> (Bus, PageId) {
    let bus = Bus::in_memory().unwrap();
    let world = bus.create_page("world", 64).unwrap();
    (1..=count).for_each(|value| _ = bus.begin().label(value).put_and_commit(world, value));
    (bus, world)
}

trait PutAndCommit {
    fn put_and_commit(self, page: PageId, value: u64) -> Epoch;
}

impl PutAndCommit for mmsb::Transaction<'_> {
    fn put_and_commit(mut self, page: PageId, value: u64) -> Epoch {
        self.put(page, 0, &value).unwrap();
        self.commit().unwrap().epoch
    }
}

/// Bytes that no form but plain bytes holds.
fn long_image(seed: u64, len: u64) -> Vec<u8> {
    let word = |at: u64| (at + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
    (0..len / 8).flat_map(word).collect()
}
