//! What a log claims takes no memory before it is written.

use mmsb::{PageEvent, PageId, PageLocation};

use super::forge::{Forged, open};

/// Resident memory of this process, in bytes; 0 where nobody tells.
fn resident_bytes() -> u64 {
    let told = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    told.split(' ').nth(1).and_then(|pages| pages.parse().ok()).map_or(0, |pages: u64| pages * 4096)
}

fn longest(page: u64) -> PageEvent {
    let page = PageId::new(page);
    PageEvent::Created { page, page_bytes: 16 << 20, location: PageLocation::Host, name: None }
}

#[test]
fn pages_that_a_log_creates_and_never_writes_take_no_memory() {
    let events: Vec<_> = (1..=64).map(longest).collect();
    let before = resident_bytes();
    let bus = open(&[Forged::events(&events), Forged::patch(2, 16_000_000, b"x")]).unwrap();
    let past = bus.at(bus.epoch()).unwrap();
    let taken = resident_bytes().saturating_sub(before);
    assert!(taken < 512 << 20, "{taken} bytes for 2 GiB of zeros that nobody wrote");
    assert_eq!(past.bytes(PageId::new(64)).unwrap().len(), 16 << 20);
    assert_eq!(past.bytes(PageId::new(2)).unwrap()[16_000_000], b'x');
    assert_eq!(bus.get::<u8>(PageId::new(2), 16_000_000).unwrap(), b'x');
}
