//! Buses that earlier builds have written, under `testdata/buses`: they open for good, and show what they showed.
//!
//! `states.txt` of each is the text of every state, made by the build that wrote the bus.

mod graph;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use mmsb::{
    Bus, Epoch, Error, FixedClock,
    vfs::{MemoryVfs, Vfs},
};
use mmsb_testkit::{dump, earlier::check_hashes};

fn folder(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../testdata/buses", name].iter().collect()
}

/// Every state that the bus can show, oldest first.
fn states(bus: &Bus) -> String {
    let numbers = bus.oldest().get()..=bus.epoch().get();
    numbers.map(|number| dump(&bus.at(Epoch::new(number)).unwrap()).unwrap() + "\n\n").collect()
}

/// The files of a folder with their bytes.
fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut paths: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
}

/// The one door: read where it is, and written to as a copy.
#[track_caller]
fn check(name: &str, tags: &str) {
    let (dir, expected) = (folder(name).join("bus"), fs::read_to_string(folder(name).join("states.txt")));
    let (expected, before) = (expected.unwrap(), files(&dir));
    let read = Bus::open_read_only(&dir).unwrap();
    assert_eq!(states(&read), expected);
    assert_eq!((read.check(), files(&dir)), (vec![], before.clone()), "reading changes nothing");

    let (vfs, path) = (Arc::new(MemoryVfs::new()), Path::new("/bus"));
    vfs.create_dir(path).unwrap();
    for (file, bytes) in &before {
        vfs.create_new(&path.join(file.file_name().unwrap())).unwrap().write_at(0, bytes).unwrap();
    }
    let bus = Bus::builder().open_on(vfs.clone(), path).unwrap();
    assert_eq!(states(&bus), expected);
    let told: Vec<_> = bus.tags().iter().map(|tag| format!("{}: {}", tag.name, tag.epoch)).collect();
    assert_eq!(told.join(", "), tags);
    let commits: Vec<_> = bus.commits().unwrap().map(|commit| commit.unwrap().to_string()).collect();
    assert!(commits.iter().any(|line| line.contains("physics")), "{commits:?}");
    bus.write(bus.page("the \u{e9}arth").unwrap(), 0, b"later").unwrap();
    let epoch = bus.checkpoint().unwrap().epoch;
    bus.stop().unwrap();
    let again = Bus::builder().read_on(vfs, path).unwrap();
    let mut shown = states(&again);
    assert_eq!((again.epoch(), again.check()), (epoch, vec![]));
    shown.truncate(expected.len());
    assert_eq!(shown, expected);
}

#[test]
fn a_bus_of_version_1_opens() {
    check("v1", "");
}

#[test]
fn a_bus_of_version_2_with_segments_checkpoints_and_tags_opens() {
    bless();
    check("v2", "before: e11, later: e14");
}

#[test]
fn a_bus_with_a_graph_opens() {
    graph::bless();
    check("v2-graph", "");
}

#[test]
fn states_of_earlier_builds_have_the_hashes_that_they_had() {
    [1, 2, 8].into_iter().try_for_each(check_hashes).unwrap();
}

/// Writes the bus of version 2, if it is not there: never over one that is.
fn bless() {
    let folder = folder("v2");
    if std::env::var_os("MMSB_BLESS").is_none() || folder.exists() {
        return;
    }
    fs::create_dir_all(&folder).unwrap();
    let clock = FixedClock(1_700_000_000_000_000_000);
    let builder = Bus::builder().instance_id(*b"a v2 fixture bus").sites(true).clock(clock);
    let bus = builder.segment_bytes(2048).create(folder.join("bus")).unwrap();
    write(&bus).unwrap();
    bus.tag("before", bus.checkpoint().unwrap().epoch).unwrap();
    let world = bus.page("the \u{e9}arth").unwrap();
    for number in 0..3u64 {
        bus.put(world, 8, &number).unwrap();
    }
    bus.tag("later", bus.checkpoint().unwrap().epoch).unwrap();
    bus.rewind(Epoch::new(12)).unwrap();
    bus.create_page("last", 40).unwrap();
    fs::write(folder.join("states.txt"), states(&bus)).unwrap();
    bus.stop().unwrap();
    fs::remove_file(folder.join("bus/LOCK")).unwrap();
}

/// What a fixture's bus has seen: every kind of commit, every form of patch.
fn write(bus: &Bus) -> Result<(), Error> {
    let world = bus.create_page("world", 64)?;
    let map = bus.create_page("map", 5000)?;
    for label in 0..4u64 {
        let mut tx = bus.begin().label(label).tag("physics");
        tx.put(world, 8 * label as u32, &(0x0101_0101_0101_0101 * (label + 1)))?;
        tx.write(map, 1000 * label as u32, [0xa0 + label as u8; 700])?;
        tx.commit()?;
    }
    let gone = bus.create_page(None, 7)?;
    bus.write(gone, 0, b"seven b")?;
    let mut tx = bus.begin().tag("ai");
    tx.capture(map, vec![3; 5000])?;
    tx.name_page(world, "the \u{e9}arth")?;
    tx.delete_page(gone)?;
    let long = tx.create_page(None, (1 << 20) + 64)?;
    tx.write(long, (1 << 20) + 2, b"beyond a compact entry")?;
    tx.commit()?;
    bus.write(long, 77, [9; 5000])?;
    let mut tx = bus.begin();
    tx.name_page(map, None)?;
    tx.put(world, 40, &u64::MAX)?;
    tx.commit()?;
    Ok(())
}
