//! Damage: durable bytes that go bad without a word.

use std::{io::ErrorKind, path::Path};

use insta::assert_snapshot;
use mmsb_tlog::vfs::{
    FaultyVfs,
    faulty::{Crash, Damage},
};

use super::{durable, text};
use crate::vfs::check_kind;

/// Three sectors and a bit: each of one letter.
fn letters() -> Vec<u8> {
    [vec![b'a'; 512], vec![b'b'; 512], vec![b'c'; 512], vec![b'd'; 9]].concat()
}

/// Damages the letters, and tells the runs of bytes that are there.
#[track_caller]
fn damaged(damage: Damage<'_>) -> String {
    let vfs = FaultyVfs::new();
    durable(&vfs, "f", &letters());
    vfs.damage(Path::new("f"), damage).unwrap();
    let text = text(&vfs.crash(Crash::Lose));
    let runs = text.as_bytes()[3..].chunk_by(|one, next| one == next);
    runs.map(|run| format!("{}{}", run[0] as char, run.len())).collect::<Vec<_>>().join(" ")
}

#[test]
fn each_damage_does_what_it_says_and_lasts() {
    assert_snapshot!(damaged(Damage::Flip { bit: 512 * 8 + 1 }), @"a512 `1 b511 c512 d9");
    assert_snapshot!(damaged(Damage::Zero { sector: 1 }), @"a512 0512 c512 d9");
    assert_snapshot!(damaged(Damage::Misdirected { source: 0, target: 3 }), @"a512 b512 c512 a9");
    assert_snapshot!(damaged(Damage::Stale { sector: 1, older: &[b'o'; 700] }), @"a512 o188 b324 c512 d9");
    assert_snapshot!(damaged(Damage::Replaced { by: b"xyz" }), @"x1 y1 z1");
    assert_snapshot!(damaged(Damage::Cut { len: 600 }), @"a512 b88");
}

#[test]
fn damage_past_the_end_does_nothing() {
    let whole = "a512 b512 c512 d9";
    assert_eq!(damaged(Damage::Flip { bit: 1 << 40 }), whole);
    assert_eq!(damaged(Damage::Zero { sector: 4 }), whole);
    assert_eq!(damaged(Damage::Misdirected { source: 9, target: 0 }), whole);
    assert_eq!(damaged(Damage::Cut { len: 1 << 40 }), whole);
}

#[test]
fn a_file_that_is_not_there_cannot_be_damaged() {
    check_kind(FaultyVfs::new().damage(Path::new("f"), Damage::Cut { len: 0 }), ErrorKind::NotFound);
}
