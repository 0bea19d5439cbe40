//! Which pages a mirror keeps, and which of them are on the device.

use mmsb::{Bus, Error, Gpu, Mirror, MirrorError, PageFilter, PageId, PageState};

fn start(bus: &Bus, filter: impl Into<PageFilter>) -> Mirror {
    bus.mirror(filter).on(Gpu::host()).slab_bytes(1 << 20).start().unwrap()
}

/// The pages that the device has.
#[track_caller]
fn kept(bus: &Bus, mirror: &Mirror) -> Vec<u64> {
    mirror.wait(bus.epoch()).unwrap();
    assert!(mirror.verify().unwrap().is_equal());
    (1..20).filter(|id| mirror.state(PageId::new(*id)) == PageState::Clean).collect()
}

#[test]
fn pages_come_and_go_as_the_filter_says() {
    let bus = Bus::in_memory().unwrap();
    let field = bus.create_page("field/a", 64).unwrap();
    bus.create_page("other", 64).unwrap();
    let (named, all) = (start(&bus, PageFilter::named("field/")), start(&bus, PageFilter::all()));
    let some = start(&bus, PageFilter::named("other").or([PageId::new(3)]));
    let late = bus.create_page("field/b", 64).unwrap();
    bus.write(late, 0, [1; 64]).unwrap();
    assert_eq!(
        (kept(&bus, &named), kept(&bus, &all), kept(&bus, &some)),
        (vec![1, 3], vec![1, 2, 3], vec![2, 3])
    );
    bus.delete_page(field).unwrap();
    assert_eq!((kept(&bus, &named), kept(&bus, &all), kept(&bus, &some)), (vec![3], vec![2, 3], vec![2, 3]));
    bus.rewind(mmsb::Epoch::new(3)).unwrap();
    assert_eq!(
        (kept(&bus, &named), kept(&bus, &all), kept(&bus, &some)),
        (vec![1, 3], vec![1, 2, 3], vec![2, 3])
    );
    let not_kept = named.page(PageId::new(2)).unwrap_err().to_string();
    insta::assert_snapshot!(not_kept, @"page:2 is not mirrored: widen the mirror's filter, or look whether the page lives");
}

#[test]
fn a_page_that_is_renamed_comes_with_its_bytes_and_goes_again() {
    let bus = Bus::in_memory().unwrap();
    let page = bus.create_page("other", 64).unwrap();
    let mirror = start(&bus, PageFilter::named("field/"));
    for round in 0..5u8 {
        bus.write(page, 3, [round; 9]).unwrap();
        rename(&bus, page, "field/x");
        bus.write(page, 30, [round; 9]).unwrap();
        assert_eq!(kept(&bus, &mirror), [1]);
        rename(&bus, page, "else");
        assert!(kept(&bus, &mirror).is_empty());
    }
}

fn rename(bus: &Bus, page: PageId, name: &str) {
    let mut tx = bus.begin();
    tx.name_page(page, name).unwrap();
    tx.commit().unwrap();
}

#[test]
fn under_a_budget_the_pages_not_used_for_longest_go_and_prefetch_brings_them_back() {
    let bus = Bus::in_memory().unwrap();
    let pages: Vec<_> = (0..5).map(|_| bus.create_page(None, 16 << 10).unwrap()).collect();
    let builder = bus.mirror(PageFilter::all()).on(Gpu::host()).slab_bytes(64 << 10);
    let mirror = builder.budget_bytes(64 << 10).start().unwrap();
    assert_eq!(kept(&bus, &mirror), [2, 3, 4, 5]);
    bus.write(pages[0], 100, b"while it is not there").unwrap();
    assert_eq!(mirror.prefetch([pages[0], pages[1]]).unwrap(), 2);
    assert_eq!(kept(&bus, &mirror), [1, 2, 4, 5]);
    assert_eq!(&mirror.page(pages[0]).unwrap().bytes[100..105], b"while");
    let status = mirror.status();
    assert_eq!((status.page_count, status.device_count, status.device_bytes), (5, 4, 64 << 10));
    assert!(matches!(mirror.prefetch([PageId::new(9)]), Err(Error::Mirror(MirrorError::NotMirrored { .. }))));
}
