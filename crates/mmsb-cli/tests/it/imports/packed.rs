//! Packed files are imported like plain ones.

use std::path::Path;

use mmsb_cli::sqlite::Input;

use crate::{command::mmsb_ok, support::testdata};

#[test]
fn packed_and_plain_files_import_alike() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (db, wal) = (testdata("flights-small.db.xz"), testdata("flights-small.db-wal.xz"));
    let plain = mmsb_cli::sqlite::Database::read(Input::open(&db).expect("it opens")).expect("it reads");
    std::fs::write(dir.path().join("plain.db"), plain.bytes()).expect("it writes");
    for (db, out) in [(db.as_path(), "packed.mmsb"), (Path::new("plain.db"), "plain.mmsb")] {
        mmsb_ok(dir.path(), &["import", "sqlite", &db.to_string_lossy(), &wal.to_string_lossy(), out]);
    }
    mmsb_ok(dir.path(), &["diff", "packed.mmsb", "plain.mmsb"]);
}
