//! Several threads that do the same at once.

use std::thread;

/// Does it on so many threads at once, each with its number; a panic of one is a panic of all.
pub fn at_once(count: u64, work: impl Fn(u64) + Sync) {
    let work = &work;
    thread::scope(|scope| (0..count).for_each(|thread| drop(scope.spawn(move || work(thread)))));
}
