//! What a log claims takes no memory before it is written.

use std::{path::Path, sync::Arc};

use mmsb::{Bus, Epoch, Error, PageEvent, PageId, PageLocation, vfs::MemoryVfs};

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

/// The newest state is small, and older ones are not: one by the log, one by a checkpoint.
#[test]
fn a_past_that_takes_more_than_pages_may_is_refused() {
    let (vfs, path) = (Arc::new(MemoryVfs::new()), Path::new("bus"));
    let bus = Bus::builder().create_on(vfs.clone(), path).unwrap();
    let create = || bus.create_page(None, 16 << 20).unwrap();
    let delete = |page| assert!(bus.delete_page(page).is_ok());
    create();
    (0..20).for_each(|_| delete(create()));
    let pages = [create(), create(), create()];
    bus.checkpoint().unwrap();
    pages.into_iter().for_each(delete);
    bus.checkpoint().unwrap();
    bus.stop().unwrap();
    let read = Bus::builder().page_bytes_max(36 << 20).read_on(vfs, path).unwrap();
    let at = |epoch: u64| read.at(Epoch::new(epoch)).map(|past| past.pages().count());
    assert_eq!([1, 41, 42, 47].map(|epoch| at(epoch).unwrap()), [1, 1, 2, 1]);
    for refused in [at(43), at(44)] {
        assert!(matches!(refused, Err(Error::OutOfMemory { page_bytes: 0x100_0000, .. })), "{refused:?}");
    }
}
