//! Power cuts: what was synced stays, of the rest anything may.

mod names;

use std::{collections::BTreeSet, path::Path};

use insta::assert_snapshot;
use mmsb_tlog::vfs::{
    FaultyVfs, Vfs,
    faulty::{Crash, Fate},
};

use super::{durable, text};

/// Returns the disk after a power cut with these fates; the first is that of one more name, `z`.
fn cut(vfs: &FaultyVfs, fates: &[Fate]) -> String {
    let vfs = vfs.copy();
    vfs.record();
    vfs.create_new(Path::new("z")).unwrap();
    text(&vfs.take_moments()[0].crash(fates))
}

#[test]
fn unsynced_bytes_go_and_synced_ones_stay() {
    let vfs = FaultyVfs::new();
    let file = durable(&vfs, "f", b"kept");
    file.write_at(4, b"lost").unwrap();
    assert_snapshot!(text(&vfs.crash(Crash::Lose)), @"f: kept");
    assert_snapshot!(text(&vfs.crash(Crash::Keep)), @"f: keptlost");
    file.sync_data().unwrap();
    assert_snapshot!(text(&vfs.crash(Crash::Lose)), @"f: keptlost");
}

#[test]
fn a_cut_can_be_lost_though_a_later_write_lands() {
    let vfs = FaultyVfs::new();
    let file = durable(&vfs, "f", b"abcdef");
    file.truncate(2).unwrap();
    file.write_at(2, b"X").unwrap();
    assert_snapshot!(cut(&vfs, &[Fate::Lost, Fate::Lost, Fate::Kept]), @"f: abXdef");
    assert_snapshot!(cut(&vfs, &[Fate::Lost, Fate::Kept, Fate::Lost]), @"f: ab");
}

#[test]
fn a_write_tears_at_sectors_and_at_bytes() {
    let vfs = FaultyVfs::new();
    let file = durable(&vfs, "f", &[b'.'; 1200]);
    file.write_at(500, &[b'#'; 600]).unwrap();
    let marks = |fate| {
        let text = cut(&vfs, &[Fate::Lost, fate]);
        let edges = text.as_bytes()[3..].chunk_by(|one, next| one == next);
        edges.map(|run| format!("{}{}", run[0] as char, run.len())).collect::<Vec<_>>().join(" ")
    };
    assert_snapshot!(marks(Fate::Kept), @".500 #600 .100");
    assert_snapshot!(marks(Fate::Sectors(0b010)), @".512 #512 .176");
    assert_snapshot!(marks(Fate::Sectors(0b101)), @".500 #12 .512 #76 .100");
    assert_snapshot!(marks(Fate::Bytes(30)), @".500 #30 .670");
    assert_snapshot!(marks(Fate::Length), @".1200");
}

#[test]
fn a_file_may_grow_by_zeros() {
    let vfs = FaultyVfs::new();
    durable(&vfs, "f", b"kept").write_at(4, b"lost").unwrap();
    assert_snapshot!(cut(&vfs, &[Fate::Lost, Fate::Length]), @"f: kept0000");
}

#[test]
fn seeds_reach_every_fate_and_repeat() {
    let vfs = FaultyVfs::new();
    let file = durable(&vfs, "f", &[1; 4096]);
    file.write_at(0, &[2; 4096]).unwrap();
    vfs.record();
    file.write_at(4096, &[3; 4096]).unwrap();
    vfs.create_new(Path::new("g")).unwrap();
    let moment = vfs.take_moments().pop().unwrap();
    let mut seen = BTreeSet::new();
    for seed in 0..400 {
        let fates = moment.decide(Crash::Seeded(seed));
        assert_eq!(fates, moment.decide(Crash::Seeded(seed)));
        assert_eq!(fates.len(), moment.pending_count());
        seen.extend(fates.iter().enumerate().map(|(at, fate)| {
            let text = format!("{at} {fate:?}");
            text.split('(').next().unwrap_or_default().to_owned()
        }));
    }
    let each = ["Bytes", "Kept", "Length", "Lost", "Sectors"];
    let wanted = (1..3).flat_map(|at| each.map(|fate| format!("{at} {fate}")));
    let wanted: BTreeSet<String> = wanted.chain(["0 Kept".to_owned(), "0 Lost".to_owned()]).collect();
    assert_eq!(seen, wanted);
}
