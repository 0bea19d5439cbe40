//! The examples run, as they stand: what they claim, they assert.

#[path = "../../examples/branches.rs"]
mod branches;
#[path = "../../examples/checkpointing.rs"]
mod checkpointing;
#[path = "../../examples/gpu_mirror.rs"]
mod gpu_mirror;
#[path = "../../examples/history.rs"]
mod history;
#[path = "../../examples/rollback.rs"]
mod rollback;

#[path = "../../examples/spreadsheet.rs"]
mod spreadsheet;
#[path = "../../examples/tick.rs"]
mod tick;

use crate::mirrors::may_host_stand_in;

#[test]
fn spreadsheet_computes_what_follows_and_takes_it_back() {
    spreadsheet::main().unwrap();
}

#[test]
fn branches_tries_plans_and_keeps_the_best() {
    branches::main().unwrap();
}

#[test]
fn checkpointing_recovers_what_was_promised() {
    checkpointing::main().unwrap();
}

#[test]
fn history_finds_who_it_was() {
    history::main().unwrap();
}

#[test]
fn rollback_plays_again_what_would_have_been_played() {
    rollback::main().unwrap();
}

#[test]
fn tick_runs_frames_and_none_by_halves() {
    tick::main().unwrap();
}

#[test]
fn gpu_mirror_steps_on_whatever_there_is_what_the_cpu_steps() {
    let done = gpu_mirror::main();
    // A build without devices is held to `MMSB_GPU=require`, too.
    assert_eq!(done.is_ok(), may_host_stand_in() || cfg!(feature = "gpu"), "{done:?}");
}
