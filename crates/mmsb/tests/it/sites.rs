//! The code site that is recorded is the user's own call, whichever door it went through.

use mmsb::Bus;

/// Asserts that the newest commit's site is `line` of this file.
#[track_caller]
fn check(bus: &Bus, line: u32) {
    let site = bus.commits().unwrap().last().unwrap().unwrap().source.site.unwrap();
    assert_eq!(site, format!("crates/mmsb/tests/it/sites.rs:{line}"));
}

#[test]
fn each_door_records_its_caller() {
    let bus = Bus::builder().sites(true).in_memory().unwrap();
    let page = bus.create_page("page", 8).unwrap();
    check(&bus, line!() - 1);
    bus.write(page, 0, b"x").unwrap();
    check(&bus, line!() - 1);
    bus.put(page, 0, &7u64).unwrap();
    check(&bus, line!() - 1);
    bus.capture(page, [1; 8]).unwrap();
    check(&bus, line!() - 1);
    bus.update_page(page, [2; 8]).unwrap();
    check(&bus, line!() - 1);
    let tx = bus.begin();
    tx.commit().unwrap();
    check(&bus, line!() - 2);
    bus.delete_page(page).unwrap();
    check(&bus, line!() - 1);
}

#[test]
fn nothing_is_recorded_unless_asked_for() {
    let bus = Bus::in_memory().unwrap();
    bus.begin().commit().unwrap();
    let commit = bus.commits().unwrap().last().unwrap().unwrap();
    assert!(commit.source.is_unknown());
    assert_eq!(commit.timestamp_nanos, None);
}
