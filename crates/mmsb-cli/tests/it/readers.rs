//! What the reading commands print, for people and for programs.

use std::{collections::BTreeSet, path::Path};

use mmsb::{Bus, FixedClock};
use serde_json::Value;

use crate::command::{import_small, mmsb_ok};

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
    log       [bytes]
    checkpoints     none
    states by name  none
    ");
}

#[test]
fn log_lists_commits_oldest_first() {
    insta::assert_snapshot!(told(&["log", "a.mmsb"]), @"
    epoch  label  by     pages  runs  bytes  frame bytes  catalogue
       e1         setup      1     1      5          152  2 created
       e2      1  tick       1     1      2          136  1 deleted
       e3      2  tick       1     1      1          128  1 created
    ");
    insta::assert_snapshot!(told(&["log", "a.mmsb", "--json", "--from", "label:1", "--limit", "1"]), @r#"{"epoch":3,"label":2,"timestamp_nanos":1000,"tag":"tick","site":null,"lsn":[lsn],"frame_bytes":128,"pages":[3],"run_count":1,"payload_bytes":1,"events":[{"kind":"created","page":3,"page_bytes":16,"name":"other"}]}"#);
}

#[test]
fn log_of_a_page_follows_its_name() {
    let epochs = |args: &[&str]| -> Vec<u64> {
        let dir = tempfile::tempdir().expect("a temporary directory");
        make(&dir.path().join("a.mmsb"));
        let objects = mmsb_ok(dir.path(), &[&["log", "a.mmsb", "--json"], args].concat()).json();
        objects.iter().map(|object| object["epoch"].as_u64().expect("a number")).collect()
    };
    assert_eq!(epochs(&["--page", "world"]), [1, 2]);
    assert_eq!(epochs(&["--page", "other"]), [1, 2, 3]);
    assert_eq!(epochs(&["--page", "other", "--to", "e2"]), [1, 2]);
    assert_eq!(epochs(&["--limit", "2"]), [2, 3]);
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

#[test]
fn every_json_key_is_documented_in_the_help() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    make(&dir.path().join("a.mmsb"));
    import_small(&dir.path().join("b.mmsb"));
    let commands: [&[&str]; 9] = [
        &["info", "a.mmsb"],
        &["log", "a.mmsb"],
        &["at", "a.mmsb", "e1", "world"],
        &["history", "a.mmsb", "other"],
        &["diff", "a.mmsb", "--from", "e1", "--to", "e3"],
        &["diff", "a.mmsb", "b.mmsb"],
        &["verify", "a.mmsb"],
        &["stats", "a.mmsb"],
        &["export", "sqlite", "b.mmsb", "out.db"],
    ];
    for command in commands {
        let help_of = if command[0] == "export" { &command[..2] } else { &command[..1] };
        let help = mmsb_ok(dir.path(), &[help_of, &["--help"]].concat()).text().to_owned();
        let words: BTreeSet<&str> = help.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let ran = crate::command::mmsb(dir.path(), &[command, &["--json"]].concat());
        let mut keys = BTreeSet::new();
        ran.json().iter().for_each(|object| collect_keys(object, &mut keys));
        assert!(!keys.is_empty(), "{command:?}: {ran:?}");
        let missing: Vec<_> = keys.iter().filter(|key| !words.contains(key.as_str())).collect();
        assert!(missing.is_empty(), "{command:?}: the help lacks {missing:?}");
    }
}

/// Collects the keys of an object and all below it; those of `tags` are the user's own words.
fn collect_keys(value: &Value, keys: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| {
            keys.insert(key.clone());
            if key != "tags" {
                collect_keys(value, keys);
            }
        }),
        Value::Array(values) => values.iter().for_each(|value| collect_keys(value, keys)),
        _ => {}
    }
}

#[test]
fn shells_get_their_completions() {
    for (shell, sign) in [("bash", "_mmsb()"), ("zsh", "#compdef mmsb"), ("fish", "complete -c mmsb")] {
        assert!(told(&["completions", shell]).contains(sign), "{shell}");
    }
}

#[test]
fn the_demo_holds_and_keeps_what_it_made() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let demo = mmsb_ok(dir.path(), &["demo", "--keep", "kept"]);
    assert!(demo.text().contains("All checks hold."), "{}", demo.text());
    assert_eq!(demo.text().matches('\u{2713}').count(), 6, "{}", demo.text());
    let diff = crate::command::mmsb(dir.path(), &["diff", "kept/first.mmsb", "kept/second.mmsb"]);
    assert!(diff.code == 1 && diff.text().starts_with("first difference at label:77, "), "{diff:?}");
    let again = crate::command::mmsb(dir.path(), &["demo", "--keep", "kept"]);
    let line = "mmsb: kept/first.mmsb already exists: open it, or choose another path\n";
    assert_eq!((again.code, again.stderr.as_str()), (2, line));
}

#[test]
fn log_is_asked_by_epoch_tag_and_label() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    make(&dir.path().join("a.mmsb"));
    let epochs = |args: &[&str]| -> Vec<u64> {
        let objects = mmsb_ok(dir.path(), &[&["log", "a.mmsb", "--json"], args].concat()).json();
        objects.iter().map(|object| object["epoch"].as_u64().expect("a number")).collect()
    };
    assert_eq!(epochs(&["--tag", "tick"]), [2, 3]);
    assert_eq!(epochs(&["--tag", "tick", "--limit", "1"]), [3]);
    assert_eq!(epochs(&["--tag", "nobody"]), [0; 0]);
    assert_eq!(epochs(&["--epochs", "2..e3"]), [2, 3]);
    assert_eq!(epochs(&["--label", "..1"]), [2]);
    assert_eq!(epochs(&["--page", "other", "--label", "2"]), [3]);
    assert_eq!(epochs(&["--site", "src/main.rs:1"]), [0; 0]);
}

#[test]
fn stats_of_the_log_count_by_page_and_tag() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    make(&dir.path().join("a.mmsb"));
    let report = mmsb_ok(dir.path(), &["stats", "a.mmsb", "--log", "--json"]).json().remove(0);
    assert_eq!(report["total"]["commit_count"], 3);
    assert_eq!(report["total"]["frame_bytes"], 152 + 136 + 128);
    assert_eq!(report["pages"][0], serde_json::json!({ "page": 1, "commit_count": 2 }));
    assert_eq!(report["tags"][1], serde_json::json!({ "text": "tick", "commit_count": 2 }));
    assert_eq!(report["segments"].as_array().map(Vec::len), Some(1));
    let told = mmsb_ok(dir.path(), &["stats", "a.mmsb", "--log"]);
    assert!(told.text().contains("setup (1), tick (2)"), "{}", told.text());
}
