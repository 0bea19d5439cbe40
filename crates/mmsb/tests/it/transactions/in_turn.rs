//! Writes to many pages in turn come out as if page by page.

use mmsb::Bus;

/// Writes `per_page` runs of ten bytes to each of the pages in turn, `step` bytes apart, and compares what
/// comes of it, now and replayed, with the same writes one after the other.
#[track_caller]
fn interleaved(page_count: usize, per_page: u32, step: u32) {
    let bus = Bus::in_memory().unwrap();
    let pages: Vec<_> = (0..page_count).map(|_| bus.create_page(None, 1000).unwrap()).collect();
    let mut images = vec![[0u8; 1000]; page_count];
    let mut written = vec![[false; 1000]; page_count];
    let mut tx = bus.begin();
    for round in 0..per_page {
        for (&page, (image, written)) in pages.iter().zip(images.iter_mut().zip(&mut written)) {
            let bytes: [u8; 10] =
                std::array::from_fn(|at| (page.get() + 31 * u64::from(round)) as u8 ^ at as u8);
            image[(round * step) as usize..][..10].copy_from_slice(&bytes);
            written[(round * step) as usize..][..10].fill(true);
            tx.write(page, round * step, bytes).unwrap();
        }
    }
    tx.commit().unwrap();
    for (&page, image) in pages.iter().zip(&images) {
        assert_eq!(bus.with_page(page, <[u8]>::to_vec).unwrap(), image, "{page}");
    }
    let distinct = written.iter().flatten().filter(|&&written| written).count();
    let commit = bus.commits().unwrap().last().unwrap().unwrap();
    assert_eq!(commit.payload_bytes, distinct, "no byte is in the log twice");
    assert_eq!(bus.check(), []);
    mmsb::testing::assert_replays(&bus);
}

#[test]
fn writes_to_pages_in_turn_come_out_as_one_after_the_other() {
    interleaved(3, 1, 20);
    interleaved(3, 2, 20);
    interleaved(50, 7, 20);
}

#[test]
fn overlapping_writes_to_pages_in_turn_let_the_later_win() {
    interleaved(3, 2, 5);
    interleaved(3, 2, 0);
    interleaved(50, 7, 9);
}
