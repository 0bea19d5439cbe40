//! Histories, commits and states as text.

use insta::assert_snapshot;
use mmsb::{Bus, PageId};
use mmsb_testkit::dump;

use super::{at, lived};

fn told(bus: &Bus, page: u64) -> String {
    let changes = bus.history(PageId::new(page)).unwrap().map(|change| change.unwrap().to_string());
    changes.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_history_goes_newest_first_and_says_who() {
    let bus = lived();
    assert_snapshot!(told(&bus, 1), @r#"
    e3 page:1 lost its name
    e2 label:1 page:1 written by ai
      4+1: 6f -> ff
      16+3: 000000 -> 010203
    e1 label:0 page:1 created with 24 bytes named "world" by setup
      0+5: 0000000000 -> 68656c6c6f
    "#);
    assert_snapshot!(told(&bus, 2), @r#"
    e3 page:2 deleted
    e2 label:1 page:2 named "points" by ai
    e1 label:0 page:2 created with 4 bytes named "score" by setup
    "#);
}

#[test]
fn a_commit_is_a_line() {
    let told: Vec<_> = lived().commits().unwrap().map(|commit| commit.unwrap().to_string()).collect();
    assert_snapshot!(told.join("\n"), @r"
    e1 label:0 by setup: 1 pages, 1 runs, 5 bytes
    e2 label:1 by ai: 1 pages, 2 runs, 4 bytes
    e3: 0 pages, 0 runs, 0 bytes
    ");
    let first = lived().commits().unwrap().next().unwrap().unwrap();
    assert_eq!(first.timestamp_nanos, Some(5));
}

#[test]
fn a_state_is_a_few_lines() {
    assert_snapshot!(dump(&at(&lived(), 2)).unwrap(), @r#"
    e2 label:1
    page:1 "world", 24 bytes of e2: 68 65 6c*2 ff 00*11 01 02 03 00*5
    page:2 "points", 4 bytes of e1: 00*4
    "#);
}

#[test]
fn debugging_a_bus_prints_no_pages() {
    let bus = lived();
    assert_snapshot!(format!("{bus:?}"), @"Bus { epoch: e3, page_count: 2, .. }");
    assert!(format!("{:?}", at(&bus, 3)).len() < 600);
}
