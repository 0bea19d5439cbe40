//! The exclusive gate: once it is held, what commits did is there, and nobody commits.

use std::time::Duration;

use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{Arc, Fault, World, explore};

#[test]
fn whoever_stops_the_bus_sees_every_commit_that_was_let_in() {
    explore("stop vs committers", &[Fault::GateUnwaited, Fault::ReturnOrder], || {
        let world = World::new(0);
        let (stopped, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let commit = || {
            let (stopped, done) = (Arc::clone(&stopped), Arc::clone(&done));
            world.spawn(move |world| {
                // As the facade does: a number first, then a look whether commits are still taken.
                let committer = world.store.committers().acquire(Duration::MAX).unwrap();
                if !stopped.load(Ordering::Acquire) {
                    // Not a read-modify-write: whoever owns the number after the other sees its store.
                    done.store(done.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
                }
                drop(committer);
            })
        };
        let (one, theirs, sum) = (commit(), Arc::clone(&stopped), Arc::clone(&done));
        let stopper = world.spawn(move |world| {
            theirs.store(true, Ordering::SeqCst);
            let all = world.store.committers().all(Duration::MAX).unwrap();
            let closed = sum.load(Ordering::Relaxed);
            (closed, all.committer().number())
        });
        one.join().unwrap();
        let (closed, number) = stopper.join().unwrap();
        assert_eq!((closed, number), (done.load(Ordering::Relaxed), 1), "a commit after the closing mark");
        let free = world.store.committers().acquire(Duration::ZERO);
        assert!(free.is_some(), "the gate is open again");
    });
}
