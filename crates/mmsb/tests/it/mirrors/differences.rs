//! What differs is found: between device and host, and between two states on the device.

use std::collections::BTreeMap;

use mmsb::{Bus, Error, Gpu, MirrorError, PageDifference, PageFilter, Switch};
use mmsb_testkit::Driver;

use super::{check, gpus};

#[test]
fn a_byte_that_went_wrong_on_the_device_is_found_and_named() {
    for gpu in gpus() {
        let bus = Bus::in_memory().unwrap();
        let pages: Vec<_> = (0..3).map(|_| bus.create_page(None, 1000).unwrap()).collect();
        bus.write(pages[1], 300, [0x11; 100]).unwrap();
        let mirror = bus.mirror(PageFilter::all()).on(gpu).slab_bytes(1 << 20).start().unwrap();
        mirror.spoil(pages[1], 399).unwrap();
        let verified = mirror.verify().unwrap();
        assert!(!verified.is_equal() && verified.differences[0].by_fingerprint);
        let said = "e4: 3 pages, 3000 bytes compared, 1 differ\n\
            page:2: byte 399 is 0x10 on the device, 0x11 on the host";
        assert_eq!(verified.to_string(), said);
        bus.write(pages[1], 399, [0x22]).unwrap();
        mirror.wait(bus.epoch()).unwrap();
        assert!(mirror.verify().unwrap().is_equal(), "the next commit wrote over it");
    }
}

/// The pages whose bytes differ, as the bus itself says it: offset and bytes of each run.
fn expected(bus: &Bus, old: mmsb::Epoch, new: mmsb::Epoch) -> BTreeMap<u64, Vec<(u32, Vec<u8>)>> {
    let diff = mmsb::diff(&bus.at(old).unwrap(), &bus.at(new).unwrap()).unwrap();
    let bytes = diff.pages.into_iter().filter_map(|page| match page.what {
        PageDifference::Bytes { runs, .. } => {
            Some((page.page.get(), runs.into_iter().map(|run| (run.offset, run.new)).collect()))
        }
        _ => None,
    });
    bytes.collect()
}

#[test]
fn two_states_compared_on_the_device_differ_as_the_bus_says() {
    for gpu in gpus() {
        let (bus, mut driver) = (Bus::in_memory().unwrap(), Driver::with_short_pages(3));
        (0..10).for_each(|_| driver.step(&bus));
        let mirror = bus.mirror(PageFilter::all()).on(gpu).slab_bytes(4 << 20).start().unwrap();
        let mut frozen = vec![mirror.freeze().unwrap()];
        for turn in 0..6 {
            (0..5).for_each(|_| driver.step(&bus));
            mirror.wait(bus.epoch()).unwrap();
            let old = &frozen[turn];
            let now = mirror.freeze().unwrap();
            for diff in [mirror.diff(old).unwrap(), mirror.diff_frozen(old, &now).unwrap()] {
                assert_eq!((diff.old, diff.new), (old.epoch(), bus.epoch()));
                let runs = diff.pages.iter().map(|(page, delta)| {
                    let runs = delta.runs().map(|(span, bytes)| (span.offset, bytes.to_vec()));
                    (page.get(), runs.collect::<Vec<_>>())
                });
                assert_eq!(runs.collect::<BTreeMap<_, _>>(), expected(&bus, diff.old, diff.new));
            }
            frozen.push(now);
        }
    }
}

#[test]
fn what_was_frozen_goes_with_its_device_and_is_no_other_mirrors() {
    for gpu in gpus() {
        let (bus, switch) = (Bus::in_memory().unwrap(), Switch::default());
        let page = bus.create_page(None, 64).unwrap();
        let mirror = bus.mirror(PageFilter::all()).on(gpu.failing(&switch)).start().unwrap();
        let other = bus.mirror(PageFilter::all()).on(Gpu::host()).start().unwrap();
        let frozen = mirror.freeze().unwrap();
        assert!(matches!(other.diff(&frozen), Err(Error::Mirror(MirrorError::FrozenGone { .. }))));
        switch.lose();
        bus.put(page, 0, &1u8).unwrap();
        check(&bus, &mirror);
        let gone = mirror.diff(&frozen).unwrap_err().to_string();
        assert_eq!(gone, "what was frozen at e1 is not on this mirror's device: freeze again");
        assert!(mirror.diff(&mirror.freeze().unwrap()).unwrap().pages.is_empty());
    }
}
