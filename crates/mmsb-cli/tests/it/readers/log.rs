//! `mmsb log`: by page, by epoch, by tag and label; and what `stats` counts of the log.

use super::{make, told};
use crate::command::mmsb_ok;

#[test]
fn log_lists_commits_oldest_first() {
    insta::assert_snapshot!(told(&["log", "a.mmsb"]), @"
    epoch  label  by     pages  runs  bytes  frame bytes  catalogue
       e1         setup      1     1      5          152  2 created
       e2      1  tick       1     1      2          136  1 deleted
       e3      2  tick       1     1      1          128  1 created
    ");
    insta::assert_snapshot!(told(&["log", "a.mmsb", "--json", "--from", "label:1", "--limit", "1"]), @r#"{"epoch":3,"label":2,"timestamp_nanos":1000,"tag":"tick","site":null,"lsn":[lsn],"frame_bytes":128,"pages":[3],"run_count":1,"payload_bytes":1,"events":[{"kind":"created","page":3,"page_bytes":16,"name":"other"}],"graph":[]}"#);
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
