//! The order of steps: the first failure stops the rest and decides.

use std::cell::RefCell;

use anyhow::{Result, bail};
use xtask::ci::{Step, run_steps};

/// Runs steps with these outcomes; returns the verdict and how many were started.
fn run(outcomes: Vec<fn() -> Result<bool>>) -> (bool, usize) {
    let started = RefCell::new(0);
    let count = &started;
    let steps = outcomes.into_iter().map(|outcome| Step {
        name: "step",
        run: Box::new(move || {
            *count.borrow_mut() += 1;
            outcome()
        }),
    });
    let passed = run_steps(steps.collect());
    (passed, started.into_inner())
}

#[test]
fn all_steps_run_when_all_pass() {
    assert_eq!(run(vec![|| Ok(true), || Ok(true)]), (true, 2));
}

#[test]
fn the_first_failure_stops_the_rest() {
    assert_eq!(run(vec![|| Ok(true), || Ok(false), || Ok(true)]), (false, 2));
}

#[test]
fn a_step_that_cannot_be_run_has_failed() {
    assert_eq!(run(vec![|| bail!("no such tool"), || Ok(true)]), (false, 1));
}
