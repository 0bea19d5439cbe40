//! Devices that are lost: the mirror is made again, and the bus does not care.

use mmsb::{Bus, Error, Gpu, GpuError, MirrorError, PageFilter, PageState, Switch};
use mmsb_testkit::Driver;

use super::{check, gpus};

#[test]
fn a_device_lost_midway_is_made_good_from_the_bus() {
    for gpu in gpus() {
        let (bus, mut driver, switch) =
            (Bus::in_memory().unwrap(), Driver::with_short_pages(5), Switch::default());
        let mirror = bus.mirror(PageFilter::all()).on(gpu.failing(&switch)).start().unwrap();
        for turn in 1..=5 {
            (0..8).for_each(|_| driver.step(&bus));
            switch.lose();
            (0..8).for_each(|_| driver.step(&bus));
            check(&bus, &mirror);
            assert_eq!(mirror.status().rebuild_count, turn, "{}", mirror.status());
        }
    }
}

#[test]
fn a_device_lost_for_good_is_told_and_the_bus_goes_on() {
    for gpu in gpus() {
        let (bus, switch) = (Bus::in_memory().unwrap(), Switch::default());
        let page = bus.create_page(None, 64).unwrap();
        let mirror = bus.mirror(PageFilter::all()).on(gpu.failing(&switch)).start().unwrap();
        switch.lose_for_good();
        bus.put(page, 0, &1u64).unwrap();
        assert!(is_lost(&mirror.page(page).unwrap_err()));
        assert!(is_lost(&mirror.wait(bus.epoch()).unwrap_err()) && is_lost(&mirror.verify().unwrap_err()));
        assert_eq!(mirror.state(page), PageState::Lost);
        assert!(mirror.status().lost.is_some());
        bus.put(page, 0, &2u64).unwrap();
        assert_eq!(bus.get::<u64>(page, 0).unwrap(), 2);
        bus.stop().unwrap();
    }
}

fn is_lost(error: &Error) -> bool {
    matches!(error, Error::Mirror(MirrorError::Device { source: GpuError::Lost { .. } }))
}

#[test]
fn a_page_that_no_slab_holds_is_read_from_the_host() {
    let bus = Bus::in_memory().unwrap();
    let (long, short) = (bus.create_page(None, 100_000).unwrap(), bus.create_page(None, 100).unwrap());
    let builder = bus.mirror(PageFilter::all()).on(Gpu::host()).slab_bytes(64 << 10);
    let mirror = builder.budget_bytes(64 << 10).start().unwrap();
    let later = bus.create_page(None, 90_000).unwrap();
    bus.write(long, 99_999, [5]).unwrap();
    mirror.wait(bus.epoch()).unwrap();
    let page = mirror.page(long).unwrap();
    assert_eq!((page.bytes[99_999], page.is_from_device, page.epoch), (5, false, bus.epoch()));
    assert!(mirror.page(short).unwrap().is_from_device && !mirror.page(later).unwrap().is_from_device);
    let verified = mirror.verify().unwrap();
    assert_eq!((verified.page_count, verified.absent_count), (1, 2));
}
