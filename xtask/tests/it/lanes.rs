//! The lanes: what a model prints is read back, and what is missing is said.

use std::path::Path;

use xtask::lanes::{Model, Needs, table};

fn model(name: &str, iterations: u64, verdict: &str) -> Model {
    Model { name: name.to_owned(), iterations, millis: 12, verdict: verdict.to_owned() }
}

#[test]
fn a_models_line_is_found_behind_what_the_test_runner_prints() {
    let line = "test page ... loom-model|page lock vs reader|345|12|holds";
    assert_eq!(Model::parse(line), Some(model("page lock vs reader", 345, "holds")));
    assert_eq!(Model::parse("test page ... ok"), None);
    assert_eq!(Model::parse("loom-model|cut|short"), None);
}

#[test]
fn a_model_stands_before_its_twins() {
    let rows = [model("lock ~ relaxed", 3, "rejected"), model("lock", 400, "holds"), model("a", 1, "holds")];
    insta::assert_snapshot!(table(&rows), @r"
  a              |        1 runs |     12 ms | holds
  lock           |      400 runs |     12 ms | holds
  lock ~ relaxed |        3 runs |     12 ms | rejected
");
}

#[test]
fn a_tool_that_cannot_be_started_is_missing() {
    let missing = Needs::Miri.look(Path::new("/nowhere at all")).unwrap_err();
    assert_eq!(missing.to_string(), "no Miri here (rustup component add --toolchain nightly miri rust-src)");
    Needs::Linux64.look(Path::new(".")).unwrap();
}
