//! Each of the ten lines is broken, in each way that it knows, and must turn to a cross for that very reason; unbroken
//! it passes on the same inputs.
//!
//! Lines run as they do by hand, in the runner's own process.

use std::process::Command;

use benches::registered;

/// Line, fault, and what the report says of it.
const FAULTS: &[(&str, &str, &str)] = &[
    ("throughput", "dropped-delta", "is not what its changes make of it"),
    ("throughput", "unlogged", "is not a bus"),
    ("throughput", "slow-commit", "must >= 1 MISSED"),
    ("throughput", "one-at-a-time", "must >= 1.1 MISSED"),
    ("replay", "other-write", "beside checkpoints: "),
    ("replay", "later-write", "replayed: 1 of "),
    ("integrity", "orphan", "1 violations: delta/page-lives at e"),
    ("integrity", "overlap", "1 violations: delta/no-overlap at e"),
    ("integrity", "unseen-flip", "bit 4697 of "),
    ("graph", "open-chain", "the cycle was not refused"),
    ("graph", "slow-validation", "must <= 1000 MISSED"),
    ("purity", "impure", "1 of 60 are not pure: purity/equal-bytes at page:"),
    ("purity", "unarmed", "a count of its calls in page:92: the validator tells []"),
    ("invariants", "damaged-log", "violations: mmsb/log-readable at the whole: "),
    ("invariants", "unknown-write", "epochs are dense"),
    ("stability", "large-shocks", "beyond 0.05"),
    ("stability", "not-a-number", "a cell is NaN"),
    ("stability", "other-shock", "tick Some(0) is another one"),
    ("memory", "dropped-delta", "lost or gained a change"),
    ("tick", "dropped-delta", "is not what its changes make of it"),
    ("tick", "stale-page", "is not what its inputs make of it"),
    ("tick", "slow-tick", "must <= 16 MISSED"),
    ("provenance", "unnoted-write", "wrote a byte, told is e"),
    ("provenance", "silent-cut", "a chain of 41 pages is told as whole"),
    ("provenance", "slow-answer", "must always <= 50 MISSED"),
    ("memory", "leaked-bytes", "must always <= 50765824 MISSED"),
    ("memory", "slow-commit", "must always <= 3000 MISSED"),
    ("stats", "uncounted", "deltas were counted, not"),
    ("stats", "asked-each-time", "must <= 2 MISSED"),
];

/// Runs a line on tiny inputs; returns whether it passed, and the report.
fn run(line: &str, fault: Option<&str>) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_mmsb-bench"));
    command.args(["--only", line, "--tiny", "--dir"]).arg(folder.path());
    // Unbroken it passes whatever else the machine does; broken it fails for what it is judged by where that is nothing.
    command.args(fault.is_none().then_some("--smoke"));
    let output = command.args(fault.map(|fault| format!("--fault={fault}"))).output().unwrap();
    let [told, errors] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}: {errors}", output.status);
    (output.status.success(), told)
}

/// A machine that does other work may spoil a time; one that misses a bar so many times in a row says nothing of it.
const TRIES: usize = 5;
/// Their bars are near what is measured, by the wall or at once: a busy machine misses them without a fault, too.
const NEED_QUIET: &[&str] = &["one-at-a-time", "slow-tick", "slow-answer"];

#[track_caller]
fn check(line: &str) {
    let (passed, mut unbroken) = run(line, None);
    assert!(passed, "unbroken: {unbroken}");
    for (_, fault, expect) in FAULTS.iter().filter(|(broken, ..)| *broken == line) {
        let (passed, report) = run(line, Some(fault));
        assert!(!passed && report.contains(expect), "{fault}: {report}");
        let tries = if NEED_QUIET.contains(fault) { 0 } else { TRIES };
        for _ in 1..tries {
            if unbroken.contains(expect) {
                unbroken = run(line, None).1;
            }
        }
        assert!(tries == 0 || !unbroken.contains(expect), "{fault} changes nothing: {unbroken}");
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "its bars hold in release: `cargo xtask ci` runs this there")]
fn throughput_turns_to_a_cross() {
    check("throughput");
}

#[test]
#[cfg_attr(debug_assertions, ignore = "its bars hold in release: `cargo xtask ci` runs this there")]
fn provenance_turns_to_a_cross() {
    check("provenance");
}

#[test]
fn replay_turns_to_a_cross() {
    check("replay");
}

#[test]
fn integrity_turns_to_a_cross() {
    check("integrity");
}

#[test]
fn graph_turns_to_a_cross() {
    check("graph");
}

#[test]
fn purity_turns_to_a_cross() {
    check("purity");
}

#[test]
fn invariants_turns_to_a_cross() {
    check("invariants");
}

#[test]
fn stability_turns_to_a_cross() {
    check("stability");
}

#[test]
fn tick_turns_to_a_cross() {
    check("tick");
}

#[test]
fn memory_turns_to_a_cross() {
    check("memory");
}

#[test]
fn stats_turns_to_a_cross() {
    check("stats");
}

#[test]
fn every_numbered_line_can_be_broken_and_every_fault_is_tried() {
    let lines = registered();
    let known: Vec<_> =
        lines.iter().flat_map(|line| line.faults.iter().map(|fault| (line.name, *fault))).collect();
    let tried: Vec<_> = FAULTS.iter().map(|(line, fault, _)| (*line, *fault)).collect();
    let untried: Vec<_> = known.iter().filter(|fault| !tried.contains(fault)).collect();
    let unknown: Vec<_> = tried.iter().filter(|fault| !known.contains(fault)).collect();
    assert!(untried.is_empty() && unknown.is_empty(), "untried: {untried:?}, unknown: {unknown:?}");
    let mut numbered = lines.iter().filter(|line| line.number.is_some());
    assert!(numbered.all(|line| !line.faults.is_empty()), "a line that nothing breaks");
}

#[test]
fn a_fault_that_no_line_knows_is_wrong_use() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mmsb-bench"));
    let output = command.args(["--only", "memory", "--fault", "rust"]).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text.contains("no chosen line can be broken by `rust`, but by dropped-delta, "), "{text}");
}
