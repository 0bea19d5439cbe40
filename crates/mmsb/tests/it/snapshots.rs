//! Snapshots: what they show never changes, whatever is committed, aged, stopped or dropped meanwhile.

mod aged;
mod lives;
mod names;
mod oracle;
mod passing;
mod reads_of_many;
mod sums;

use mmsb::{Bus, Durability, PageId, Snapshot, View};

/// The least that pre-images can be given: snapshots age after a few commits.
const TINY: u64 = 256 << 10;

/// Pages of 4 KiB, each filled with its number.
fn filled(bus: &Bus, count: u8) -> Vec<PageId> {
    let mut tx = bus.begin();
    let pages: Vec<_> = (0..count).map(|_| tx.create_page(None, 4096).unwrap()).collect();
    pages.iter().zip(1..).for_each(|(&page, number)| tx.write(page, 0, [number; 4096]).unwrap());
    tx.commit().unwrap();
    pages
}

/// Writes to all pages again and again.
fn saturate(bus: &Bus, pages: &[PageId], rounds: u8) {
    for round in 0..rounds {
        for &page in pages {
            let mut tx = bus.begin().durability(Durability::Volatile);
            tx.write(page, 0, [100 + round; 4096]).unwrap();
            tx.commit().unwrap();
        }
    }
}

#[track_caller]
fn shows_filled(snapshot: &Snapshot, pages: &[PageId]) {
    let mut numbers = 1..;
    let visit = &mut |page, bytes: &[u8]| assert_eq!(bytes, [numbers.next().unwrap(); 4096], "{page}");
    snapshot.with_pages(pages, visit).unwrap();
}

/// What the race below must not lose: the sum over all pages.
const TOTAL: u64 = 1000;
