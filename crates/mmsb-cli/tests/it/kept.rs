//! `mmsb checkpoint`, `tag`, `compact`, `replay --verify`: what stays, what goes, and whether it is right.

use std::{fs, path::Path};

use insta::assert_snapshot;
use mmsb::{Bus, CheckpointEvery, Durability};

use crate::command::{contents, mmsb, mmsb_ok};

/// A bus of 1,000 commits over some segments that tells a hash every 100.
fn create(dir: &Path) {
    let builder = Bus::builder().segment_bytes(16 << 10).state_hash_every(100).instance_id([9; 16]);
    let builder = builder.checkpoint_every(CheckpointEvery::NEVER).durability(Durability::Volatile);
    let bus = builder.create(dir.join("run.mmsb")).expect("a bus");
    let world = bus.create_page("world", 4096).expect("a page");
    for turn in 2..=1000u64 {
        bus.put(world, (turn % 500 * 8) as u32, &turn).expect("a commit");
    }
    bus.stop().expect("an end");
}

/// Such a bus in a directory of its own.
struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Self {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        create(scratch.path());
        Self(scratch)
    }

    fn run(&self, args: &[&str]) -> String {
        mmsb_ok(self.0.path(), args).text().trim_end().to_owned()
    }

    fn json(&self, args: &[&str]) -> serde_json::Value {
        mmsb_ok(self.0.path(), args).json().remove(0)
    }

    fn code(&self, args: &[&str]) -> i32 {
        mmsb(self.0.path(), args).code
    }

    /// A checkpoint of e1000, e100 tagged `early`, and all before e950 given up.
    fn compacted() -> Self {
        let scratch = Self::new();
        scratch.run(&["checkpoint", "run.mmsb"]);
        scratch.run(&["tag", "run.mmsb", "early", "--at", "e100"]);
        let gone = scratch.json(&["compact", "run.mmsb", "--keep-epochs", "50", "--json"]);
        assert_eq!(gone["oldest"], 950);
        assert!(gone["segment_count"].as_u64() > Some(1), "{gone}");
        scratch
    }
}

#[test]
fn a_checkpoint_is_made_once() {
    let scratch = Scratch::new();
    let replayed = scratch.run(&["replay", "run.mmsb", "--verify"]);
    assert_snapshot!(replayed.lines().next().unwrap(), @"sound: e0 to e1000 replayed, 10 hashes and 0 checkpoints compared; equal up to e1000");
    let made = scratch.json(&["checkpoint", "run.mmsb", "--json"]);
    assert_eq!((&made["epoch"], &made["full"], &made["page_count"]), (&1000.into(), &true.into(), &1.into()));
    assert!(scratch.run(&["checkpoint", "run.mmsb"]).starts_with("e1000 has a checkpoint of "));
}

#[test]
fn states_get_names_and_lose_them() {
    let scratch = Scratch::new();
    assert_snapshot!(scratch.run(&["tag", "run.mmsb", "early", "--at", "e100"]), @"early is e100");
    scratch.run(&["tag", "run.mmsb", "end"]);
    assert_snapshot!(scratch.run(&["tag", "run.mmsb", "--list"]), @"
    name   epoch
    early   e100
    end    e1000
    ");
    assert_eq!(scratch.run(&["tag", "run.mmsb", "--delete", "end"]), "");
    assert_eq!(scratch.json(&["tag", "run.mmsb", "--list", "--json"])["name"], "early");
    assert_eq!(scratch.code(&["tag", "run.mmsb", "--delete", "end"]), 2);
    assert_eq!(scratch.code(&["tag", "run.mmsb", "early"]), 2);
}

#[test]
fn what_is_given_up_goes_and_a_tagged_state_stays() {
    let scratch = Scratch::compacted();
    let info = scratch.json(&["info", "run.mmsb", "--json"]);
    assert_eq!((&info["oldest"], &info["state_tags"][0]["epoch"]), (&950.into(), &100.into()));
    assert_eq!(info["checkpoints"].as_array().map(Vec::len), Some(3));
    assert!(info["segments"][0]["number"].as_u64() > Some(1), "{info}");
    assert_eq!(scratch.json(&["stats", "run.mmsb", "--json"])["checkpoint_count"], 3);
}

#[test]
fn what_stays_is_verified_without_a_change() {
    let scratch = Scratch::compacted();
    let before = contents(scratch.0.path());
    let replayed = scratch.json(&["replay", "run.mmsb", "--verify", "--json"]);
    assert_eq!(
        (&replayed["first"], &replayed["equal"], &replayed["checkpoint_count"]),
        (&950.into(), &1000.into(), &1.into())
    );
    let verified = scratch.json(&["verify", "run.mmsb", "--json"]);
    assert_eq!((&verified["state"], &verified["checkpoint_count"]), (&"closed".into(), &3.into()));
    assert_eq!(contents(scratch.0.path()), before, "looking changed a file");
}

#[test]
fn a_damaged_checkpoint_is_named_with_file_offset_and_epoch() {
    let scratch = Scratch::new();
    let dir = scratch.0.path();
    scratch.run(&["checkpoint", "run.mmsb"]);
    let path = dir.join("run.mmsb/ckpt-1000");
    let mut bytes = fs::read(&path).expect("a checkpoint");
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    fs::write(&path, bytes).expect("a file that takes bytes");
    let told = mmsb(dir, &["verify", "run.mmsb", "--json"]);
    let bad = &told.json().remove(0)["bad"];
    assert_eq!((told.code, bad.as_array().map(Vec::len)), (2, Some(1)));
    assert_eq!((&bad[0]["file"], &bad[0]["number"]), (&"run.mmsb/ckpt-1000".into(), &1000.into()));
    assert!(bad[0]["offset"].as_u64().is_some_and(|offset| offset <= at as u64));
}
