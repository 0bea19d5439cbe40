//! Where pages live: a matter of this process, and of nothing that is kept.

use std::path::Path;

use mmsb::{Bus, Error, Gpu, PageId, PageLocation, PageState, state_hash};

use super::{check, may_host_stand_in};

fn on_host() -> Bus {
    Bus::builder().gpu(Gpu::host()).in_memory().unwrap()
}

#[track_caller]
fn state(bus: &Bus, page: PageId) -> PageState {
    let device = bus.device().unwrap();
    device.wait(bus.epoch()).unwrap();
    device.state(page)
}

#[test]
fn a_page_on_a_device_is_mirrored_from_its_birth_and_reads_are_the_hosts() {
    let bus = on_host();
    assert!(bus.device().is_none(), "nobody asked for one");
    let plain = bus.create_page(None, 64).unwrap();
    let field = bus.create_page_in(PageLocation::Device, "field", 64).unwrap();
    let shared = bus.create_page_in(PageLocation::Unified, None, 64).unwrap();
    bus.write(field, 8, b"life").unwrap();
    let at = [plain, field, shared].map(|page| (bus.location(page), state(&bus, page)));
    assert_eq!(at[0], (PageLocation::Host, PageState::Absent));
    assert_eq!(at[1], (PageLocation::Device, PageState::Clean));
    assert_eq!(at[2], (PageLocation::Unified, PageState::Clean));
    let device = bus.device().unwrap();
    assert_eq!(device.page(field).unwrap().bytes, bus.with_page(field, <[u8]>::to_vec).unwrap());
    assert!(device.verify().unwrap().is_equal());
}

#[test]
fn a_page_that_moves_comes_with_its_bytes_and_goes_again() {
    let bus = on_host();
    let page = bus.create_page(None, 64).unwrap();
    bus.write(page, 8, b"life").unwrap();
    assert_eq!(bus.locate(page, PageLocation::Auto).unwrap(), PageLocation::Device);
    assert_eq!(state(&bus, page), PageState::Clean);
    check(&bus, &bus.device().unwrap());
    assert_eq!(bus.locate(page, PageLocation::Host).unwrap(), PageLocation::Host);
    assert_eq!(state(&bus, page), PageState::Absent);
    let nowhere = bus.locate(PageId::new(9), PageLocation::Auto);
    assert!(matches!(nowhere, Err(Error::PageNotFound { .. })));
}

#[test]
fn no_state_and_no_log_tells_where_a_page_lives() {
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str, location| {
        let path = folder.path().join(name);
        let bus = Bus::builder().gpu(Gpu::host()).create(&path).unwrap();
        let page = bus.create_page_in(location, "field", 64).unwrap();
        bus.write(page, 8, b"life").unwrap();
        let hash = state_hash(&bus).unwrap();
        bus.stop().unwrap();
        (path, hash)
    };
    let ((host, one), (device, other)) =
        (make("host", PageLocation::Host), make("device", PageLocation::Device));
    assert_eq!(one, other);
    let open = |path: &Path| Bus::open(path).unwrap();
    assert!(mmsb::diff(&open(&host), &open(&device)).unwrap().is_empty());
    let again = open(&device);
    assert_eq!(again.location(again.page("field").unwrap()), PageLocation::Host);
}

#[test]
fn without_a_device_anywhere_is_the_host_and_a_device_is_refused() {
    if cfg!(feature = "gpu") {
        return;
    }
    let bus = Bus::in_memory().unwrap();
    let made = bus.create_page_in(PageLocation::Auto, None, 64);
    if !may_host_stand_in() {
        return assert!(matches!(made, Err(Error::UnsupportedLocation { .. })), "{made:?}");
    }
    let page = made.unwrap();
    assert_eq!((bus.location(page), bus.device().is_none()), (PageLocation::Host, true));
    for location in [PageLocation::Device, PageLocation::Unified] {
        let refused = bus.create_page_in(location, None, 1).unwrap_err();
        assert!(matches!(refused, Error::UnsupportedLocation { .. }), "{refused}");
        assert!(matches!(bus.locate(page, location), Err(Error::UnsupportedLocation { .. })));
    }
    assert_eq!(bus.epoch().get(), 1, "nothing was committed");
}

#[test]
fn pages_of_branches_live_on_the_host() {
    let bus = on_host();
    let branch = bus.snapshot().branch().unwrap();
    let mut tx = branch.begin();
    assert!(tx.create_page_in(PageLocation::Device, None, 8).is_err());
    let page = tx.create_page_in(PageLocation::Auto, None, 8).unwrap();
    tx.commit().unwrap();
    assert!(bus.location(page) == PageLocation::Host && bus.device().is_none());
}
