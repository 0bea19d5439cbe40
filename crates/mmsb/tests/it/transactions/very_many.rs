//! More writes than stay near the processor: whichever of them meet, they come out as made one after the other.

use mmsb::{Bus, Error, PageId};

const PAGE_BYTES: usize = 64;
const WRITES: usize = 6000;

/// Makes so many random writes of 1 to 24 bytes in one commit, and the state before it once more.
#[track_caller]
fn check(page_count: usize) {
    let (bus, mut random) = (Bus::in_memory().unwrap(), 0x9e37_79b9_u64);
    let mut any = |below: usize| {
        random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        (random >> 33) as usize % below
    };
    let mut tx = bus.begin();
    let pages: Vec<PageId> = (0..page_count).map(|_| tx.create_page(None, PAGE_BYTES).unwrap()).collect();
    let before = tx.commit().unwrap().epoch;
    let (mut model, mut tx) = (vec![[0; PAGE_BYTES]; page_count], bus.begin());
    let mut written = vec![[false; PAGE_BYTES]; page_count];
    for number in 0..WRITES {
        let (page, len) = (any(page_count), 1 + any(24));
        let offset = any(PAGE_BYTES - len + 1);
        let bytes: Vec<u8> = (0..len).map(|at| (number + at) as u8).collect();
        tx.write(pages[page], offset as u32, &bytes).unwrap();
        model[page][offset..offset + len].copy_from_slice(&bytes);
        written[page][offset..offset + len].fill(true);
    }
    let after = tx.commit().unwrap().epoch;
    let holds = |page: PageId, expected: &[u8]| bus.with_page(page, |bytes| bytes == expected);
    let is_right = || pages.iter().zip(&model).all(|(&page, expected)| holds(page, expected).unwrap());
    assert!(is_right(), "{page_count} pages");
    let distinct = written.iter().flatten().filter(|&&written| written).count();
    let commit = bus.commits().unwrap().last().unwrap().unwrap();
    assert!(commit.payload_bytes <= distinct, "{page_count} pages: a byte is in the log twice");
    let past = bus.at(after).unwrap();
    let replayed = |(&page, expected): (&PageId, &[u8; PAGE_BYTES])| {
        past.get::<[u8; PAGE_BYTES]>(page, 0).unwrap() == *expected
    };
    assert!(pages.iter().zip(&model).all(replayed), "{page_count} pages, replayed");
    bus.rewind(before).unwrap();
    assert!(pages.iter().all(|&page| holds(page, &[0; PAGE_BYTES]).unwrap()), "{page_count} pages, rewound");
}

#[test]
fn writes_that_do_not_meet_or_meet_now_and_then_or_everywhere() {
    [200_000, 20_000, 3000, 40, 1].into_iter().for_each(check);
}

/// Counted for each time the writes come back to it, the pages would take 20 MB of the 1 MiB there is.
#[test]
fn a_snapshot_keeps_pages_that_writes_come_back_to() -> Result<(), Error> {
    let bus = Bus::builder().preimage_bytes(1 << 20).volatile()?;
    let pages = [(); 40].map(|()| bus.create_page(None, 4096).unwrap());
    let snapshot = bus.snapshot();
    let mut tx = bus.begin();
    for number in 0..5000_u32 {
        tx.put(pages[number as usize % 40], number / 40 * 8, &(number + 1))?;
    }
    tx.commit()?;
    assert_eq!((snapshot.get::<u32>(pages[7], 0)?, bus.get::<u32>(pages[7], 0)?), (0, 8));
    Ok(())
}
