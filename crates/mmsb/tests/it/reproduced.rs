//! Time and chance are inputs: with a fixed clock and a fixed instance, equal commits make equal files; and what
//! another instance wrote is never taken for one's own.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use insta::assert_snapshot;
use mmsb::{
    Bus, CheckpointEvery, Error, FixedClock,
    vfs::{Access, MemoryVfs, Vfs},
};
use mmsb_testkit::Driver;
use mmsb_tlog::LogDir;

const PATH: &str = "bus";

/// Does what the seed says, on a disk in memory.
fn run(seed: u64, instance: u8, nanos: u64) -> Arc<MemoryVfs> {
    let vfs = Arc::new(MemoryVfs::new());
    let every = CheckpointEvery::NEVER;
    let builder = Bus::builder()
        .instance_id([instance; 16])
        .clock(FixedClock(nanos))
        .segment_bytes(8 << 10)
        .state_hash_every(10)
        .checkpoint_every(every)
        .without_threads();
    let (bus, mut driver) =
        (builder.create_on(vfs.clone(), Path::new(PATH)).unwrap(), Driver::with_short_pages(seed));
    for turn in 1..=90 {
        driver.step(&bus);
        if turn % 30 == 0 {
            bus.checkpoint().unwrap();
        }
    }
    bus.stop().unwrap();
    vfs
}

fn files(vfs: &MemoryVfs) -> BTreeMap<String, Vec<u8>> {
    let names = vfs.list(Path::new(PATH)).unwrap();
    let read = |name: String| {
        let file = vfs.open(&Path::new(PATH).join(&name), Access::ReadOnly).unwrap();
        let mut bytes = vec![0; file.len().unwrap() as usize];
        file.read_at(0, &mut bytes).unwrap();
        (name, bytes)
    };
    names.into_iter().map(read).collect()
}

#[test]
fn equal_commits_under_a_fixed_clock_make_equal_files() {
    let [one, two] = [run(5, 1, 99), run(5, 1, 99)].map(|vfs| files(&vfs));
    assert_eq!(one.keys().collect::<Vec<_>>(), two.keys().collect::<Vec<_>>());
    assert!(one.len() > 6 && one.contains_key("seg-3"), "{:?}", one.keys());
    for (name, bytes) in &one {
        assert!(*bytes == two[name], "{name} differs");
    }
    // What may tell runs apart does.
    let other = files(&run(5, 1, 100));
    assert!(one["seg-1"] != other["seg-1"]);
}

/// Puts a segment of another instance, which did the same, in place of one's own; tells what verifying answers.
#[track_caller]
fn refused(segment: &str) -> Error {
    let [own, strange] = [run(5, 1, 99), run(5, 2, 99)];
    let bytes = &files(&strange)[segment];
    let file = own.open(&Path::new(PATH).join(segment), Access::ReadWrite).unwrap();
    file.truncate(bytes.len() as u64).unwrap();
    file.write_at(0, bytes).unwrap();
    let verified = LogDir::open(own, Path::new(PATH)).map_err(Error::from);
    verified.and_then(|dir| mmsb::verify_replay_of(dir, |_| {})).unwrap_err()
}

#[test]
fn a_segment_of_another_instance_is_refused_by_name() {
    assert_snapshot!(refused("seg-1"), @"bus/seg-1 is damaged at offset 0, record 0 (the segment's head disagrees with the manifest): `mmsb verify` lists all damage");
    assert_snapshot!(refused("seg-3"), @"bus/seg-3 is damaged at offset 0, record 0 (the segment's head disagrees with the manifest): `mmsb verify` lists all damage");
}
