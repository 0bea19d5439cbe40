//! Models for loom: run through all interleavings within the bound, each beside its weakened twins.
//!
//! Every run prints one line, which `cargo xtask loom` makes a table of.

use std::{
    any::Any,
    format,
    panic::{AssertUnwindSafe, catch_unwind},
    println,
    string::String,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use super::{Fault, plant};
use crate::env;

/// What a model with too few words says: that rejects nothing.
pub const TOO_FEW_WORDS: &str = "the model looks at more words than it said";
/// Thread switches of one run; a model that needs more has a thread that waits in vain.
const BRANCHES_MAX: usize = 5_000;

/// Runs a model as it is, which must hold, then with each of the faults planted, which loom must reject.
///
/// # Panics
/// If the model does not hold, or with a fault planted does.
#[track_caller]
pub fn explore(name: &str, faults: &[Fault], model: impl Fn() + Clone + Send + Sync + 'static) {
    let (count, start) = (Arc::new(AtomicU64::new(0)), env::now());
    run(&count, &model);
    print(name, &count, start, "holds");
    for &fault in faults {
        let (count, start) = (Arc::new(AtomicU64::new(0)), env::now());
        plant(Some(fault));
        let rejected = catch_unwind(AssertUnwindSafe(|| run(&count, &model)));
        plant(None);
        let Err(why) = rejected else { panic!("{name}: loom accepts {fault:?}") };
        let why = text(&*why);
        assert!(!why.contains(TOO_FEW_WORDS), "{name} ~ {fault:?}: {why}");
        let first_line = why.lines().next().unwrap_or_default();
        print(&format!("{name} ~ {fault:?}"), &count, start, &format!("rejected: {first_line}"));
    }
}

fn run(count: &Arc<AtomicU64>, model: &(impl Fn() + Clone + Send + Sync + 'static)) {
    let (count, model) = (Arc::clone(count), model.clone());
    let mut builder = loom::model::Builder::new();
    builder.max_branches = BRANCHES_MAX;
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        model();
    });
}

/// What a panic said.
fn text(why: &(dyn Any + Send)) -> &str {
    let owned = why.downcast_ref::<String>().map(String::as_str);
    owned.or(why.downcast_ref::<&str>().copied()).unwrap_or_default()
}

fn print(name: &str, count: &AtomicU64, start: Instant, verdict: &str) {
    let (count, millis) = (count.load(Ordering::Relaxed), start.elapsed().as_millis());
    println!("loom-model|{name}|{count}|{millis}|{verdict}");
}
