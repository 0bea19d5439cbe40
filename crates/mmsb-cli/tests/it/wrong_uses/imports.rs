//! What an import refuses.

use std::fs;

use super::refusals;
use crate::{
    command::{import_small, mmsb},
    hand_built::{Log, four_transactions},
    support::testdata,
};

#[test]
fn an_import_says_what_is_wrong_with_its_input() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let database = |page_bytes: u16| {
        let mut bytes = [&b"SQLite format 3\0"[..], &page_bytes.to_be_bytes()].concat();
        bytes.resize(page_bytes.into(), 0);
        bytes
    };
    let mut damaged = four_transactions(false);
    damaged[2000] ^= 1;
    for (name, bytes) in [
        ("text", b"hello".to_vec()),
        ("large.db", database(4096)),
        ("small.db", database(512)),
        ("small.wal", Log::new(false).frame(1, 1, b'a').bytes),
        ("damaged.wal", damaged),
        ("here", Vec::new()),
    ] {
        fs::write(dir.path().join(name), bytes).expect("the file writes");
    }
    let lines = refusals(
        dir.path(),
        &[
            "import sqlite none.db small.wal out",
            "import sqlite small.db none.wal out",
            "import sqlite text small.wal out",
            "import sqlite small.db text out",
            "import sqlite large.db small.wal out",
            "import sqlite small.db damaged.wal out",
            "import sqlite small.db small.wal here",
            "import sqlite small.db small.wal no/such/dir",
        ],
    );
    insta::assert_snapshot!(lines, @"
    mmsb: none.db: cannot be opened: No such file or directory (os error 2)
    mmsb: none.wal: cannot be opened: No such file or directory (os error 2)
    mmsb: text: not an SQLite database: the magic string at offset 0 is missing
    mmsb: text: cut short at offset 5, inside the 32 bytes of a write-ahead log's header
    mmsb: small.wal: page size 512 at offset 8, but large.db has pages of 4096
    mmsb: damaged.wal: frame 4 at offset 1640 has a bad checksum: stored 83034fd97622d91f, computed 9cd9e97e9ff17efc; the commit in frame 5 needs it
    mmsb: here already exists: open it, or choose another path
    mmsb: creating no/such/dir at offset 0: see the cause, then try again: No such file or directory (os error 2)
    ");
}

#[test]
fn nothing_of_the_test_data_is_ever_touched() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let db = testdata("flights-small.db.xz");
    let before = fs::read(&db).expect("it reads");
    import_small(&dir.path().join("good"));
    let ran = mmsb(dir.path(), &["export", "sqlite", "good", &db.to_string_lossy()]);
    assert_eq!(ran.code, 2);
    assert!(fs::read(&db).expect("it reads") == before);
}
