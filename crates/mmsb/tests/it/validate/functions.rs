//! Functions that are not pure, each in its own way.

use std::{
    cell::Cell,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use mmsb::{Bus, Inputs, validate::purity};

use super::told;
use crate::derive::sheet::{Sheet, sum};

/// Derives `out` from `a` beside a pure cell by a function that is sound while `is_bad` is not set; then that is set.
#[track_caller]
fn check(is_bad: &'static AtomicBool, bad: impl Fn(&mut [u8]) + Send + Sync + 'static, expect: &str) {
    let sheet = Sheet::new(&["a", "b", "sum", "out"]);
    sheet.sum("sum", &["a", "b"]);
    let work = move |inputs: &Inputs<'_>, out: &mut [u8]| {
        sum(inputs, out);
        if is_bad.load(Ordering::Relaxed) {
            bad(out);
        }
    };
    sheet.derive("out", &["a"]).with(work).unwrap();
    sheet.put("a", 7);
    assert_eq!(sheet.bus.validate(), []);
    is_bad.store(true, Ordering::Relaxed);
    assert_eq!(sheet.named(&told(&purity(&sheet.bus))), expect);
}

#[test]
fn a_function_that_counts_its_calls_is_told() {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    static IS_BAD: AtomicBool = AtomicBool::new(false);
    let bad = |out: &mut [u8]| out[3] = CALLS.fetch_add(1, Ordering::Relaxed) as u8;
    let twice = "recomputing out twice gave two results, which differ at byte 3: make the function pure";
    check(&IS_BAD, bad, &format!("purity/equal-bytes at out: {twice}"));
}

#[test]
fn a_function_that_knows_its_worker_is_told() {
    static IS_BAD: AtomicBool = AtomicBool::new(false);
    static THREADS: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static OWN: Cell<u64> = Cell::new(THREADS.fetch_add(1, Ordering::Relaxed));
    }
    // The first thread makes what it should.
    let bad = |out: &mut [u8]| out[5] += OWN.get() as u8;
    check(&IS_BAD, bad, "purity/any-workers at out: 2 workers make another byte 5");
}

#[test]
fn a_function_that_asks_a_bus_for_more_than_it_declared_is_told() {
    static IS_BAD: AtomicBool = AtomicBool::new(false);
    let other = Bus::in_memory().unwrap();
    let page = other.create_page("elsewhere", 8).unwrap();
    // What it was refused, it makes up.
    let bad = move |_: &mut [u8]| drop(other.get::<u64>(page, 0));
    check(&IS_BAD, bad, "purity/declared-inputs at out: its function asks a bus for more than it declared");
}

#[test]
fn a_function_that_fails_is_told() {
    static IS_BAD: AtomicBool = AtomicBool::new(false);
    let bad = |_: &mut [u8]| panic!("not today");
    check(
        &IS_BAD,
        bad,
        "purity/computes at out: recomputing out panicked (not today): nothing was written; mend the function",
    );
}

#[test]
fn bytes_that_the_function_does_not_make_are_told() {
    static IS_BAD: AtomicBool = AtomicBool::new(false);
    let expect = "mmsb/derived-equals-recompute at out: byte 2 is 0x00, its function makes 0x09";
    check(&IS_BAD, |out| out[2] = 9, expect);
}

#[test]
fn functions_cannot_be_looked_at_from_within_one() {
    static IS_BAD: AtomicBool = AtomicBool::new(false);
    static TOLD: Mutex<String> = Mutex::new(String::new());
    let other = Bus::in_memory().unwrap();
    let bad = move |_: &mut [u8]| *TOLD.lock().unwrap() = told(&purity(&other));
    check(&IS_BAD, bad, "purity/declared-inputs at out: its function asks a bus for more than it declared");
    assert!(TOLD.lock().unwrap().starts_with("purity/looked-at at the whole: "), "{TOLD:?}");
}
