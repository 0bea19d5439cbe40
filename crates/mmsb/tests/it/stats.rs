//! What a bus tells of itself is what was done: counted by who did it, by the log, and by the files there are.

mod counted;
mod timed;

use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use mmsb::{Bus, CheckpointEvery, Inputs, PageId};

use crate::together::at_once;

/// What was done, counted by who did it.
#[derive(Debug, Default)]
struct Done {
    commits: AtomicU64,
    deltas: AtomicU64,
    bytes: AtomicU64,
    waves: AtomicU64,
    computed: AtomicU64,
}

impl Done {
    fn get(&self) -> [u64; 5] {
        [&self.commits, &self.deltas, &self.bytes, &self.waves, &self.computed]
            .map(|count| count.load(Relaxed))
    }

    fn add(&self, commits: u64, deltas: u64, bytes: u64) {
        self.commits.fetch_add(commits, Relaxed);
        self.deltas.fetch_add(deltas, Relaxed);
        self.bytes.fetch_add(bytes, Relaxed);
    }

    /// Commits transactions of one to four deltas, writes and many at once, to pages of each thread's own.
    fn commit(&self, bus: &Bus, pages: [PageId; 3], rounds: u8) {
        let page = pages[0];
        for round in 0..rounds {
            // No two bytes alike: nothing shorter stands for them.
            let bytes: Vec<u8> = (round..round.saturating_add(9)).collect();
            let mut tx = bus.begin();
            let count = u32::from(round % 4) + 1;
            (0..count).for_each(|run| tx.write(page, run * 100, &bytes).unwrap());
            tx.commit().unwrap();
            self.add(1, count.into(), u64::from(count) * bytes.len() as u64);
            bus.write(page, 500, &bytes).unwrap();
            // Of different pages: these are locked, and counted, together.
            let many = pages.map(|page| {
                let mut tx = bus.begin();
                tx.write(page, 700, &bytes).unwrap();
                tx
            });
            assert_eq!(bus.commit_many(many).unwrap().len(), 3);
            self.add(4, 4, 4 * bytes.len() as u64);
        }
    }

    /// Commits changes that pages follow from.
    fn propagate(&self, bus: &Bus, source: PageId, rounds: u64) {
        for round in 1..=rounds {
            let mut tx = bus.begin();
            tx.put(source, 0, &round).unwrap();
            let (_, report) = tx.commit_with_report().unwrap();
            self.waves.fetch_add(1, Relaxed);
            self.computed.fetch_add(report.ran().count() as u64, Relaxed);
        }
    }
}

/// Pages that threads write, three each, and the page that others are computed from.
struct Pages {
    own: [[PageId; 3]; 3],
    source: PageId,
}

/// A bus on disk with a chain of three pages, three pages for each of three threads, and nothing counted yet.
fn world(path: &Path) -> (Bus, Pages) {
    let quiet = Bus::builder().checkpoint_every(CheckpointEvery::NEVER).checkpoint_on_stop(None);
    let bus = quiet.segment_bytes(64 << 10).create(path).unwrap();
    let own = [(); 3].map(|()| [(); 3].map(|()| bus.create_page(None, 1000).unwrap()));
    let chain = ["source", "middle", "end"].map(|name| bus.create_page(name, 8).unwrap());
    for at in 1..3 {
        let copy = |inputs: &Inputs<'_>, out: &mut [u8]| out.copy_from_slice(&inputs[0]);
        bus.derive(chain[at]).from([chain[at - 1]]).named("copy", 1).with(copy).unwrap();
    }
    bus.reset_stats();
    (bus, Pages { own, source: chain[0] })
}

/// Commits on three threads.
fn commit_at_once(bus: &Bus, pages: &Pages) -> Done {
    let done = Done::default();
    at_once(3, |thread| done.commit(bus, pages.own[thread as usize], 120));
    done
}
