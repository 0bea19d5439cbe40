//! What the help tells of, and the demo.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{make, told};
use crate::command::{import_small, mmsb_ok};

#[test]
fn every_json_key_is_documented_in_the_help() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    make(&dir.path().join("a.mmsb"));
    import_small(&dir.path().join("b.mmsb"));
    let commands: [&[&str]; 10] = [
        &["info", "a.mmsb"],
        &["log", "a.mmsb"],
        &["log", "a.mmsb", "--events"],
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
