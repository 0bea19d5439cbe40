//! Comparing whole runs: aligned by label or by epoch, rewound labels, pages that come, go and change names.

use insta::assert_snapshot;
use mmsb::{Align, Bus, Error, PageId, compare_runs};

/// A run of `ticks` with labels from 0, in which byte 3 of "world" is the tick, but for what `change` adds.
fn run(ticks: u64, change: impl Fn(&mut mmsb::Transaction<'_>, PageId, u64)) -> Bus {
    let bus = Bus::in_memory().unwrap();
    let world = bus.create_page("world", 16).unwrap();
    for tick in 0..ticks {
        let mut tx = bus.begin().label(tick).tag("tick");
        tx.put(world, 3, &(tick as u8)).unwrap();
        change(&mut tx, world, tick);
        tx.commit().unwrap();
    }
    bus
}

fn plain(ticks: u64) -> Bus {
    run(ticks, |_, _, _| {})
}

#[track_caller]
fn check(left: &Bus, right: &Bus, align: Align) -> String {
    compare_runs(left, right, align).unwrap().to_string()
}

#[test]
fn equal_runs_are_the_same() {
    let (left, right) = (plain(5), plain(5));
    assert!(compare_runs(&left, &right, Align::Auto).unwrap().is_same());
    assert_snapshot!(check(&left, &right, Align::Auto), @"5 states compared, all equal");
    assert_snapshot!(check(&left, &right, Align::Epoch), @"6 states compared, all equal");
    let empty = Bus::in_memory().unwrap();
    assert_snapshot!(check(&empty, &empty, Align::Auto), @"0 states compared, all equal");
}

#[test]
fn the_first_byte_that_differs_is_named_with_who_wrote_it() {
    let right = run(5, |tx, world, tick| {
        if tick == 3 {
            tx.write(world, 9, [0xee]).unwrap();
        }
    });
    assert_snapshot!(check(&plain(5), &right, Align::Auto), @r#"
    first difference at label:3, e5 label:3 by tick / e5 label:3 by tick
      page:1 "world", written by e5 / e5:
        9+1: 00 -> ee
    "#);
}

#[test]
fn what_only_one_run_has_is_told() {
    assert_snapshot!(check(&plain(5), &plain(7), Align::Label), @"
    5 states compared, all equal
    2 only on the right
    ");
    assert_snapshot!(check(&plain(7), &plain(5), Align::Epoch), @"
    6 states compared, all equal
    2 only on the left
    ");
}

#[test]
fn a_run_that_did_ticks_again_is_compared_by_its_last_state_of_each() {
    let left = plain(6);
    let right = Bus::in_memory().unwrap();
    let world = right.create_page("world", 16).unwrap();
    for tick in [0u64, 1, 2, 3, 2, 3, 4, 5] {
        let mut tx = right.begin().label(tick);
        tx.put(world, 3, &(tick as u8)).unwrap();
        tx.commit().unwrap();
    }
    assert_snapshot!(check(&left, &right, Align::Auto), @"6 states compared, all equal");
    assert!(!compare_runs(&left, &right, Align::Epoch).unwrap().is_same());
}

#[test]
fn labels_in_another_order_are_paired_all_the_same() {
    let with = |labels: [u64; 3]| {
        let bus = Bus::in_memory().unwrap();
        let page = bus.create_page(None, 8).unwrap();
        for label in labels {
            let mut tx = bus.begin().label(label);
            tx.put(page, 0, &label).unwrap();
            tx.commit().unwrap();
        }
        bus
    };
    assert_snapshot!(check(&with([1, 2, 3]), &with([3, 1, 2]), Align::Label), @"3 states compared, all equal");
}

#[test]
fn runs_without_labels_are_aligned_by_epoch() {
    let left = Bus::in_memory().unwrap();
    left.create_page("world", 16).unwrap();
    assert_snapshot!(check(&left, &plain(2), Align::Auto), @"
    1 states compared, all equal
    2 only on the right
    ");
    assert_snapshot!(check(&left, &plain(2), Align::Label), @"
    0 states compared, all equal
    2 only on the right
    ");
}

#[test]
fn what_comes_behind_the_last_label_is_compared_too() {
    let with_tail = |byte: u8| {
        let bus = plain(3);
        bus.write(PageId::new(1), 12, [byte]).unwrap();
        bus
    };
    assert_snapshot!(check(&with_tail(7), &with_tail(8), Align::Auto), @r#"
    first difference at e5 / e5
      page:1 "world", written by e5 / e5:
        12+1: 07 -> 08
    "#);
    assert!(!compare_runs(&plain(3), &with_tail(8), Align::Label).unwrap().is_same());
    assert_snapshot!(check(&with_tail(7), &with_tail(7), Align::Auto), @"4 states compared, all equal");
}

#[test]
fn runs_without_labels_are_not_the_same_for_that() {
    let with = |byte: u8| {
        let bus = Bus::in_memory().unwrap();
        let page = bus.create_page(None, 1).unwrap();
        bus.write(page, 0, [byte]).unwrap();
        bus
    };
    assert!(!compare_runs(&with(1), &with(2), Align::Label).unwrap().is_same());
    assert!(compare_runs(&with(1), &with(1), Align::Label).unwrap().is_same());
}

#[test]
fn pages_that_come_go_and_change_names_differ_from_then_on() {
    let created = run(3, |tx, _, tick| {
        if tick == 1 {
            tx.create_page("extra", 4).unwrap();
        }
    });
    assert_snapshot!(check(&plain(3), &created, Align::Auto), @r#"
    first difference at label:1, e3 label:1 by tick / e3 label:1 by tick
      page:2 "extra" (4 bytes) only on the right
    "#);
    let named = run(3, |tx, world, tick| {
        if tick == 2 {
            tx.name_page(world, "earth").unwrap();
        }
    });
    assert_snapshot!(check(&plain(3), &named, Align::Epoch), @r#"
    first difference at e4 label:2 by tick / e4 label:2 by tick
      page:1 "world" is named "earth" on the right
    "#);
    let (one, other) = (Bus::in_memory().unwrap(), Bus::in_memory().unwrap());
    for (bus, page_bytes) in [(&one, 4), (&other, 5)] {
        let page = bus.create_page("page", 4).unwrap();
        bus.delete_page(page).unwrap();
        bus.create_page("page", page_bytes).unwrap();
    }
    assert_snapshot!(check(&one, &other, Align::Auto), @r#"
    first difference at e3 / e3
      page:2 "page" has 4 bytes / 5 bytes
    "#);
}

#[test]
fn a_trimmed_run_is_compared_from_its_oldest_state_on() {
    let long = |keep: u64| {
        let bus = Bus::builder().history_bytes(keep).in_memory().unwrap();
        let page = bus.create_page(None, 8).unwrap();
        for count in 0..300u64 {
            bus.put(page, 0, &count).unwrap();
        }
        bus
    };
    let (whole, trimmed) = (long(64 << 20), long(4 << 10));
    let oldest = trimmed.oldest().get();
    assert!(oldest > 1);
    let expected = format!("{} states compared, all equal", 301 - oldest + 1);
    assert_eq!(check(&whole, &trimmed, Align::Auto), expected);
    assert_eq!(check(&trimmed, &whole, Align::Epoch), expected);
}

#[test]
fn a_bus_without_history_cannot_be_compared() {
    let bus = Bus::builder().volatile().unwrap();
    assert!(matches!(compare_runs(&bus, &bus, Align::Auto), Err(Error::NoHistory)));
}
