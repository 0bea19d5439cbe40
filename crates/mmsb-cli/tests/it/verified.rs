//! `mmsb verify`: sound, torn or damaged; and no command that reads changes a byte.

use std::{fs, path::Path};

use mmsb::{Bus, PageId};

use crate::command::{Ran, contents, import_small, mmsb, mmsb_ok};

/// Runs `verify`, in both forms, and expects that no file changed.
#[track_caller]
fn check(dir: &Path, code: i32) -> (Ran, serde_json::Value) {
    let before = contents(dir);
    let (told, object) = (mmsb(dir, &["verify", "a.mmsb"]), mmsb(dir, &["verify", "a.mmsb", "--json"]));
    assert_eq!((told.code, object.code), (code, code), "{told:?}");
    assert_eq!(contents(dir), before, "verify changed a file");
    let object = object.json().remove(0);
    (told, object)
}

fn segment(dir: &Path) -> std::path::PathBuf {
    dir.join("a.mmsb/seg-1")
}

/// Returns where in the segment the frame of an epoch starts: the first segment begins where the log does.
fn frame_offset(dir: &Path, epoch: usize) -> u64 {
    let commits = mmsb_ok(dir, &["log", "a.mmsb", "--json"]).json();
    commits[epoch - 1]["lsn"].as_u64().expect("a number")
}

#[test]
fn a_clean_bus_is_sound() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    import_small(&dir.path().join("a.mmsb"));
    let (told, object) = check(dir.path(), 0);
    assert_eq!(told.text().lines().next(), Some("a.mmsb/seg-1: sound, closed by a clean stop"));
    assert_eq!((&object["state"], &object["frame_count"]), (&"closed".into(), &167.into()));
}

#[test]
fn a_torn_tail_is_legal_and_told() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    import_small(&dir.path().join("a.mmsb"));
    // Half of the last frame and all marks behind it are gone: nothing says any more that it was durable.
    let bytes = fs::read(segment(dir.path())).expect("the segment reads");
    let cut = frame_offset(dir.path(), 167) as usize + 2000;
    fs::write(segment(dir.path()), &bytes[..cut]).expect("the segment writes");
    let (told, object) = check(dir.path(), 0);
    assert_eq!(
        told.text().lines().next(),
        Some("a.mmsb/seg-1: sound, with a torn tail: what follows was never durable")
    );
    assert_eq!((&object["state"], &object["bad"][0]["durable"]), (&"torn".into(), &false.into()));
    let torn = format!("a.mmsb/seg-1: offset {}, record 167, torn: ", cut - 2000);
    assert!(told.text().contains(&torn), "{told:?}");
}

#[test]
fn recovery_does_what_its_plan_tells() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    import_small(&dir.path().join("a.mmsb"));
    let bytes = fs::read(segment(dir.path())).expect("the segment reads");
    let start = frame_offset(dir.path(), 167);
    fs::write(segment(dir.path()), &bytes[..start as usize + 2000]).expect("the segment writes");
    fs::write(dir.path().join("a.mmsb/seg-2.new"), b"half").expect("the leftover writes");
    let before = contents(dir.path());
    let plan = mmsb_ok(dir.path(), &["recover", "--plan", "a.mmsb"]).text().to_owned();
    assert_eq!(contents(dir.path()), before, "planning changed a file");
    let cut = format!("cuts a.mmsb/seg-1 at offset {start}: 2000 bytes that never were durable");
    for line in [cut.as_str(), "removes seg-2.new", "opens at e166"] {
        assert!(plan.contains(line), "{plan}");
    }
    let done = mmsb_ok(dir.path(), &["recover", "a.mmsb"]).text().to_owned();
    assert_eq!(done, plan.clone() + "done, and closed\n");
    let after = mmsb_ok(dir.path(), &["recover", "--plan", "a.mmsb"]).text().to_owned();
    assert!(
        !after.contains("cuts") && !after.contains("removes") && after.contains("opens at e166"),
        "{after}"
    );
    assert_eq!(check(dir.path(), 0).1["state"], "closed");
}

#[test]
fn a_flipped_bit_is_named_with_file_offset_and_number() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    import_small(&dir.path().join("a.mmsb"));
    let offset = frame_offset(dir.path(), 50);
    let mut bytes = fs::read(segment(dir.path())).expect("the segment reads");
    bytes[offset as usize + 40] ^= 0x10;
    fs::write(segment(dir.path()), bytes).expect("the segment writes");
    let (told, object) = check(dir.path(), 2);
    let bad = &object["bad"][0];
    assert_eq!(
        (&object["state"], &bad["file"], &bad["offset"], &bad["number"], &bad["durable"]),
        (&"damaged".into(), &"a.mmsb/seg-1".into(), &offset.into(), &50.into(), &true.into())
    );
    assert_eq!(object["bad"].as_array().map(Vec::len), Some(1));
    assert!(
        told.text().contains(&format!("a.mmsb/seg-1: offset {offset}, record 50, durable: ")),
        "{told:?}"
    );
    let refused = mmsb(dir.path(), &["info", "a.mmsb"]);
    let place = format!("mmsb: a.mmsb/seg-1 is damaged at offset {offset}, record 50 ");
    assert!(refused.code == 2 && refused.stderr.starts_with(&place), "{refused:?}");
}

#[test]
fn a_damaged_manifest_is_named() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    import_small(&dir.path().join("a.mmsb"));
    let manifest = dir.path().join("a.mmsb/MANIFEST-1");
    let mut bytes = fs::read(&manifest).expect("the manifest reads");
    bytes[20] ^= 1;
    fs::write(&manifest, bytes).expect("the manifest writes");
    let told = mmsb(dir.path(), &["verify", "a.mmsb"]);
    assert_eq!(told.code, 2);
    assert!(told.stderr.starts_with("mmsb: a.mmsb/MANIFEST-1 is damaged at offset 0, record 0 "), "{told:?}");
}

#[test]
fn no_reading_command_changes_a_torn_bus() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let end = import_small(&dir.path().join("a.mmsb")).log_bytes;
    let bytes = fs::read(segment(dir.path())).expect("the segment reads");
    fs::write(segment(dir.path()), &bytes[..end as usize / 2]).expect("the segment writes");
    let before = contents(dir.path());
    read_all_ways(dir.path());
    assert_eq!(contents(dir.path()), before);
}

/// Commits with a label; returns the epoch.
fn commit(bus: &Bus, page: PageId, label: u64) -> u64 {
    let mut tx = bus.begin().label(label);
    tx.put(page, 0, &label).expect("it fits");
    tx.commit().expect("it commits").epoch.get()
}

#[test]
fn every_reading_command_works_beside_a_live_writer() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let bus = Bus::create(dir.path().join("a.mmsb")).expect("the bus begins");
    let page = bus.create_page("1", 4096).expect("a page");
    let epochs: Vec<u64> = (0..80).map(|label| commit(&bus, page, label)).collect();
    assert_eq!(epochs, Vec::from_iter(2..82));
    read_all_ways(dir.path());
    let object = mmsb_ok(dir.path(), &["verify", "a.mmsb", "--json"]).json().remove(0);
    assert_eq!((&object["state"], &object["frame_count"]), (&"open".into(), &81.into()));
    assert_eq!(commit(&bus, page, 80), 82);
    let info = mmsb_ok(dir.path(), &["info", "a.mmsb", "--json"]).json();
    assert_eq!(info[0]["newest"], 82);
    bus.stop().expect("it stops");
}

/// Every command that reads a bus.
const READERS: [&[&str]; 9] = [
    &["info", "a.mmsb"],
    &["log", "a.mmsb", "--from", "e3", "--limit", "5"],
    &["log", "a.mmsb", "--page", "1"],
    &["at", "a.mmsb", "e5"],
    &["at", "a.mmsb", "label:7", "1"],
    &["history", "a.mmsb", "1", "--limit", "2"],
    &["diff", "a.mmsb", "a.mmsb"],
    &["verify", "a.mmsb"],
    &["stats", "a.mmsb"],
];

/// Runs every command that reads a bus, in both forms.
#[track_caller]
fn read_all_ways(dir: &Path) {
    for command in READERS {
        mmsb_ok(dir, command);
        assert!(!mmsb_ok(dir, &[command, &["--json"]].concat()).json().is_empty(), "{command:?}");
    }
}
