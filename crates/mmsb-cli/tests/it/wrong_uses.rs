//! Every wrong use: exit code 2 and one clear line.

use std::{fs, path::Path};

use mmsb::Bus;

use crate::{
    command::{contents, import_small, mmsb},
    hand_built::{Log, four_transactions},
    support::testdata,
};

/// Runs commands that must be refused, and returns what they say, a line each.
#[track_caller]
fn refusals(dir: &Path, commands: &[&str]) -> String {
    let before = contents(dir);
    let mut lines = String::new();
    for command in commands {
        let ran = mmsb(dir, &command.split(' ').collect::<Vec<_>>());
        assert_eq!((ran.code, ran.text()), (2, ""), "{command}: {}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{command}: {}", ran.stderr);
        lines += &ran.stderr;
    }
    assert_eq!(contents(dir), before, "a refused command changed a file");
    lines
}

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
fn an_export_says_why_there_is_no_database() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    import_small(&dir.path().join("good"));
    let bus = Bus::create(dir.path().join("other")).expect("a bus");
    bus.create_page("1", 512).expect("a page");
    for (name, page_bytes) in [("3", 512), ("2", 100), ("02", 512), ("0", 512), ("world", 512)] {
        let page = bus.create_page(name, page_bytes).expect("a page");
        bus.delete_page(page).expect("it goes");
    }
    bus.stop().expect("it stops");
    let bus = Bus::create(dir.path().join("unnamed")).expect("a bus");
    bus.create_page(None, 512).expect("a page");
    bus.stop().expect("it stops");
    fs::write(dir.path().join("here.db"), "precious").expect("a file");
    let lines = refusals(
        dir.path(),
        &[
            "export sqlite good here.db",
            "export sqlite good out.db --at e0",
            "export sqlite good out.db --at e999",
            "export sqlite good out.db --at commit:999",
            "export sqlite good no/such/dir.db",
            "export sqlite other out.db --at e2",
            "export sqlite other out.db --at e4",
            "export sqlite other out.db --at e6",
            "export sqlite other out.db --at e8",
            "export sqlite other out.db --at e10",
            "export sqlite unnamed out.db",
            "export sqlite none out.db",
        ],
    );
    insta::assert_snapshot!(lines, @r#"
    mmsb: here.db already exists: choose another file, or remove it first
    mmsb: e0 has no pages, so no database: choose a later epoch
    mmsb: e999 lies ahead: ask e167, the newest state, or one before it
    mmsb: no commit carries label:999: `mmsb log` shows the labels there are
    mmsb: writing no/such/dir.db: No such file or directory (os error 2)
    mmsb: no page is named 2 at e2, of 2 pages: not an imported SQLite database
    mmsb: page:3 has 100 bytes, others have 512: not an imported SQLite database
    mmsb: page:4 is named "02" at e6: not an imported SQLite database, whose pages are named 1, 2, 3 and so on
    mmsb: page:5 is named "0" at e8: not an imported SQLite database, whose pages are named 1, 2, 3 and so on
    mmsb: page:6 is named "world" at e10: not an imported SQLite database, whose pages are named 1, 2, 3 and so on
    mmsb: page:1 has no name at e1: not an imported SQLite database, whose pages are named 1, 2, 3 and so on
    mmsb: none is not a bus (nothing is there): check the path, or create one there
    "#);
}

#[test]
fn a_reader_says_what_it_cannot_find() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    import_small(&dir.path().join("good"));
    fs::create_dir(dir.path().join("empty")).expect("a directory");
    fs::write(dir.path().join("file"), "text").expect("a file");
    let lines = refusals(
        dir.path(),
        &[
            "info none",
            "info empty",
            "info file",
            "verify empty",
            "stats none",
            "at good e168",
            "at good label:166",
            "at good e5 28",
            "at good e5 page:28",
            "history good twenty",
            "history good page:99",
            "log good --page twenty",
            "log good --page page:99",
            "log good --from e999",
            "log good --from e9 --to e3",
            "diff good none",
            "diff good --from e1 --to e999",
        ],
    );
    insta::assert_snapshot!(lines, @r#"
    mmsb: none is not a bus (nothing is there): check the path, or create one there
    mmsb: empty is not a bus (it has no manifest): check the path, or create one there
    mmsb: file is not a bus (it is no directory): check the path, or create one there
    mmsb: empty is not a bus (it has no manifest): check the path, or create one there
    mmsb: none is not a bus (nothing is there): check the path, or create one there
    mmsb: e168 lies ahead: ask e167, the newest state, or one before it
    mmsb: no commit carries label:166: `mmsb log` shows the labels there are
    mmsb: no page is named "28" at e5: `mmsb at BUS e5` lists the pages there
    mmsb: page:28 does not exist at e5: list the pages there, or ask another epoch
    mmsb: no page was ever named "twenty": `mmsb at BUS newest` lists the pages
    mmsb: page:99 does not exist at e167: list the pages there, or ask another epoch
    mmsb: no page was ever named "twenty": `mmsb at BUS newest` lists the pages
    mmsb: page:99 does not exist at e167: list the pages there, or ask another epoch
    mmsb: e999 lies ahead: ask e167, the newest state, or one before it
    mmsb: --from e9 is later than --to e3: swap them
    mmsb: none is not a bus (nothing is there): check the path, or create one there
    mmsb: e999 lies ahead: ask e167, the newest state, or one before it
    "#);
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let commands = [
        "",
        "unknown",
        "info",
        "at good yesterday",
        "at good label:x",
        "diff good",
        "diff good --from e1",
        "diff a b --from e1 --to e2",
        "diff a b --by time",
        "at good e1 --hex",
        "export sqlite good",
        "completions word",
    ];
    for command in commands {
        let args: Vec<&str> = command.split(' ').filter(|word| !word.is_empty()).collect();
        let ran = mmsb(dir.path(), &args);
        assert_eq!((ran.code, ran.text()), (2, ""), "{command}");
        assert!(ran.stderr.contains("Usage:") || ran.stderr.contains("--help"), "{command}: {}", ran.stderr);
    }
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
