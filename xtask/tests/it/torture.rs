//! The torture's command line: which lanes are handed on, and which are run beside.

use insta::assert_snapshot;
use xtask::torture::Options;

/// What the torture is told, and which checkers run.
fn check(options: &Options) -> String {
    let told: Vec<String> =
        options.arguments().iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let checkers =
        ["loom", "shuttle", "miri", "asan", "tsan"].into_iter().filter(|name| options.asks_for_checker(name));
    format!("[{}] and [{}]", told.join(" "), checkers.collect::<Vec<_>>().join(" "))
}

#[test]
fn lanes_go_to_who_runs_them() {
    let lanes = |names: &[&str]| Options {
        lane: names.iter().map(ToString::to_string).collect(),
        seed: Some(7),
        ..Options::default()
    };
    assert_snapshot!(check(&lanes(&["crash", "loom"])), @"[--seed 7 --lane crash] and [loom]");
    assert_snapshot!(check(&lanes(&["asan"])), @"[--seed 7] and [asan]");
}

#[test]
fn the_quick_run_has_no_checkers_and_the_full_one_has_all() {
    let quick = Options { quick: true, ..Options::default() };
    assert_snapshot!(check(&quick), @"[--quick] and []");
    assert_snapshot!(check(&Options::default()), @"[] and [loom shuttle miri asan tsan]");
    let nightly = Options { nightly: true, ..Options::default() };
    assert_snapshot!(check(&nightly), @"[--nightly] and [loom shuttle miri asan tsan]");
}
