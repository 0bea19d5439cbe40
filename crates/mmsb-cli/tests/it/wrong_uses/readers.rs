//! What exports and readers refuse.

use std::fs;

use mmsb::Bus;

use super::refusals;
use crate::command::import_small;

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
