//! Two runs that differ in one byte of one commit, and runs that are the same.

use std::path::Path;

use mmsb_cli::{ImportError, Importer, sqlite::read_ahead};
use serde_json::json;

use crate::command::{import_small, mmsb, mmsb_ok, open_small};

/// Imports the small trace with one byte of commit 77's last image changed.
fn import_changed(out: &Path) {
    let (base, wal) = open_small();
    let mut importer = Importer::create(out, &base, wal.header().page_bytes()).expect("the import begins");
    read_ahead(wal, |transaction| {
        let mut images = transaction.final_images();
        let mut copy = images.last().expect("no commit is empty").1.to_vec();
        if transaction.index() == 77 {
            copy[1234] ^= 0x80;
            images.last_mut().expect("no commit is empty").1 = &copy;
        }
        importer.commit_images(transaction.index(), transaction.pages_after(), &images)?;
        Ok::<_, ImportError>(())
    })
    .expect("the trace imports");
    importer.finish().expect("the import ends");
}

#[test]
fn one_byte_of_one_commit_is_found() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    import_small(&dir.path().join("a.mmsb"));
    import_changed(&dir.path().join("b.mmsb"));
    let told = mmsb(dir.path(), &["diff", "a.mmsb", "b.mmsb"]);
    assert_eq!((told.code, &*told.stderr), (1, ""));
    insta::assert_snapshot!(told.text(), @r#"
    first difference at label:77, e79 label:77 by sqlite / e79 label:77 by sqlite
      page:14 "14", written by e79 / e79:
        1234+1: d9 -> 59
    "#);
    for by in ["label", "epoch"] {
        let told = mmsb(dir.path(), &["diff", "a.mmsb", "b.mmsb", "--json", "--by", by]);
        assert_eq!((told.code, told.stderr.as_str()), (1, ""));
        let label = if by == "label" { json!(77) } else { json!(null) };
        let side = json!({ "epoch": 79, "label": 77, "tag": "sqlite", "site": null });
        let runs = json!([{ "offset": 1234, "old": "d9", "new": "59" }]);
        let page = json!({
            "page": 14, "name": "14", "kind": "bytes", "left_epoch": 79, "right_epoch": 79, "runs": runs
        });
        let first = json!({ "label": label, "left": side, "right": side, "pages": [page], "graph": [] });
        assert_eq!((&told.json()[0]["same"], &told.json()[0]["first"]), (&json!(false), &first));
    }
}

#[test]
fn equal_runs_are_equal() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    import_small(&dir.path().join("a.mmsb"));
    import_small(&dir.path().join("b.mmsb"));
    let told = mmsb_ok(dir.path(), &["diff", "a.mmsb", "b.mmsb"]);
    assert_eq!(told.text(), "166 states compared, all equal\n");
    let told = mmsb_ok(dir.path(), &["diff", "a.mmsb", "b.mmsb", "--json", "--by", "epoch"]).json();
    assert_eq!(
        told[0],
        json!({
            "same": true, "compared_count": 167, "only_left_count": 0, "only_right_count": 0,
            "last_common": [167, 167], "first": null
        })
    );
}

#[test]
fn two_states_of_one_run_are_compared() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    import_small(&dir.path().join("a.mmsb"));
    mmsb_ok(dir.path(), &["diff", "a.mmsb", "--from", "e79", "--to", "commit:77"]);
    let told = mmsb(dir.path(), &["diff", "a.mmsb", "--from", "e1", "--to", "label:0"]);
    assert_eq!(told.code, 1);
    insta::assert_snapshot!(told.text(), @r#"
    e1 and e2 differ in 2 pages
      page:2 "2", written by e1 / e2:
        4+3: 001000 -> 010fe8
        8+2: 0000 -> 0fe8
        4072+24: 00000000000000000000000000000000.. -> 160103112f3945456e646561766f7220..
      page:3 "3", written by e1 / e2:
        4+3: 001000 -> 010ffa
        8+2: 0000 -> 0ffa
        4090+6: 000000000000 -> 050311093945
    "#);
    let told = mmsb(dir.path(), &["diff", "a.mmsb", "--from", "e1", "--to", "newest", "--json"]);
    let object = &told.json()[0];
    let created =
        object["pages"].as_array().expect("pages").iter().filter(|page| page["kind"] == "only_right");
    assert_eq!(
        (told.code, &object["left"], &object["right"], created.count()),
        (1, &1.into(), &167.into(), 19)
    );
}
