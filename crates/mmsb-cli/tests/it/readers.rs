//! What the reading commands print, for people and for programs.

mod graph;
mod help;
mod log;
mod why;

use std::path::Path;

use mmsb::{Bus, FixedClock};

use crate::command::mmsb_ok;

/// Makes a small bus with a bit of everything: names, tags, times, a page that goes and comes again.
fn make(path: &Path) {
    let builder = Bus::builder().clock(FixedClock(1_000)).instance_id([7; 16]);
    let bus = builder.create(path).expect("the bus begins");
    let mut tx = bus.begin().tag("setup");
    let world = tx.create_page("world", 40).expect("a page");
    let other = tx.create_page("other", 16).expect("a page");
    tx.write(world, 0, b"hello").expect("it fits");
    tx.commit().expect("it commits");
    let mut tx = bus.begin().label(1).tag("tick");
    tx.write(world, 4, b"O!").expect("it fits");
    tx.delete_page(other).expect("it lives");
    tx.commit().expect("it commits");
    let mut tx = bus.begin().label(2).tag("tick");
    let again = tx.create_page("other", 16).expect("a page");
    tx.write(again, 15, [255]).expect("it fits");
    tx.commit().expect("it commits");
    bus.stop().expect("it stops");
}

/// Runs a command on the small bus and returns what it prints.
#[track_caller]
fn told(args: &[&str]) -> String {
    let dir = tempfile::tempdir().expect("a temporary directory");
    make(&dir.path().join("a.mmsb"));
    without_places(mmsb_ok(dir.path(), args).text())
}

/// Where a frame lies depends on how many marks the flusher wrote in front of it.
fn without_places(text: &str) -> String {
    let lines = text.split_inclusive('\n').map(|line| match line.split_once("\"lsn\":") {
        Some((front, back)) => format!("{front}\"lsn\":[lsn]{}", back.trim_start_matches(char::is_numeric)),
        None if line.starts_with("log  ") => "log       [bytes]\n".to_owned(),
        None => line.to_owned(),
    });
    lines.collect()
}

#[test]
fn info_is_one_page() {
    insta::assert_snapshot!(told(&["info", "a.mmsb"]), @"
    bus             a.mmsb
    instance        07070707070707070707070707070707
    epochs          e0 to e3
    labels          label:1 to label:2, on 2 commits
    tags            setup (1), tick (2)
    pages           2, 56 bytes
    graph           none
    log       [bytes]
    checkpoints     none
    states by name  none
    ");
}

#[test]
fn at_lists_pages_or_shows_one() {
    insta::assert_snapshot!(told(&["at", "a.mmsb", "newest"]), @"
    page  name   bytes  changed at
       1  world     40          e2
       3  other     16          e3
    ");
    insta::assert_snapshot!(told(&["at", "a.mmsb", "e2", "world", "--hex"]), @"
    00000000  68 65 6c 6c 4f 21 00 00  00 00 00 00 00 00 00 00 |hellO!..........|
    00000010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00 |................|
    00000020  00 00 00 00 00 00 00 00                          |........|
    00000028
    ");
    insta::assert_snapshot!(told(&["at", "a.mmsb", "label:2", "other", "--json"]), @r#"{"epoch":3,"label":2,"page":3,"name":"other","page_bytes":16,"changed_at":3,"bytes":"000000000000000000000000000000ff"}"#);
    assert_eq!(told(&["at", "a.mmsb", "1", "world"]), format!("hello{}", "\0".repeat(35)));
}

#[test]
fn history_goes_newest_first_and_follows_a_name() {
    insta::assert_snapshot!(told(&["history", "a.mmsb", "other"]), @r#"
    e3 label:2 page:3 created with 16 bytes named "other" by tick
      15+1: 00 -> ff
    e2 label:1 page:2 deleted by tick
    e1 page:2 created with 16 bytes named "other" by setup
    "#);
    insta::assert_snapshot!(told(&["history", "a.mmsb", "world", "--json", "--limit", "1"]), @r#"{"epoch":2,"label":1,"timestamp_nanos":1000,"tag":"tick","site":null,"page":1,"kind":"written","runs":[{"offset":4,"old":"6f00","new":"4f21"}]}"#);
}

#[test]
fn stats_count() {
    insta::assert_snapshot!(told(&["stats", "a.mmsb"]), @"
    epochs       e0 to e3
    commits      3
    deltas       3 runs, 8 bytes
    frames       416 bytes; mean 138, largest 152
    log       [bytes]
    checkpoints  0, 0 bytes; newest e0
    pages        2 live, 3 created, 1 deleted
    memory       56 bytes in pages, 128 bytes in slots, 84.0 more a page
    ");
}
