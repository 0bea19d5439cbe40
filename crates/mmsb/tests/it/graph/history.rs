//! The graph's changes alone, read from the log, make every graph there was.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use mmsb::{
    Bus, CheckpointEvery, Edge, EdgeKind, Epoch, Error, GraphEvent, PageId,
    vfs::{MemoryVfs, Vfs},
};
use mmsb_testkit::Rng;

const PAGES: usize = 40;

/// Edges as of every epoch, by the graph events of the log and nothing else.
fn replayed_alone(bus: &Bus) -> Vec<BTreeSet<Edge>> {
    let mut states = vec![BTreeSet::new()];
    for commit in bus.commits().unwrap() {
        let mut edges: BTreeSet<Edge> = states.last().unwrap().clone();
        for event in commit.unwrap().graph {
            let fits = match event {
                GraphEvent::EdgeAdded(edge) => edges.insert(edge),
                GraphEvent::EdgeRemoved(edge) => edges.remove(&edge),
                other => panic!("{other:?}"),
            };
            assert!(fits, "an event says what changed");
        }
        states.push(edges);
    }
    states
}

/// Random edges of all kinds among many pages, taken away now and then, rewound now and then.
struct Edits {
    bus: Bus,
    rng: Rng,
    pages: Vec<PageId>,
    refused: usize,
}

impl Edits {
    fn step(&mut self) {
        match self.rng.below(12) {
            0 => {
                let newest = self.bus.epoch().get();
                let back = self.rng.below(newest.min(30) as usize) as u64;
                self.bus.rewind(Epoch::new((newest - back).max(1))).unwrap();
            }
            1 => drop(self.bus.checkpoint().unwrap()),
            2 | 3 => self.unlink(),
            _ => self.link(),
        }
    }

    fn link(&mut self) {
        let mut tx = self.bus.begin();
        for _ in 0..=self.rng.below(3) {
            let kind = EdgeKind::from_number(self.rng.below(4) as u8).unwrap();
            let (source, target) = (self.rng.pick(&self.pages), self.rng.pick(&self.pages));
            tx.link(source, target, kind).unwrap();
        }
        match tx.commit() {
            Ok(_) => {}
            Err(Error::Cycle { pages }) => {
                self.refused += 1;
                self.is_cycle(&pages);
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// All edges of a refused cycle but those of the transaction are there.
    fn is_cycle(&self, pages: &[PageId]) {
        let graph = self.bus.graph().unwrap();
        let ways = pages.iter().zip(pages.iter().cycle().skip(1));
        let missing = ways.filter(|&(source, target)| !graph.children(*source).contains(target)).count();
        assert!((1..=3).contains(&missing), "{missing} of {pages:?}");
    }

    fn unlink(&mut self) {
        let edges = self.bus.graph().unwrap().edges();
        if !edges.is_empty() {
            let Edge { source, target, kind } = self.rng.pick(&edges);
            self.bus.unlink(source, target, kind).unwrap();
        }
    }
}

/// Live, replayed, at every epoch, as a snapshot, opened again: one graph.
#[track_caller]
fn agrees(bus: &Bus, snapshots: &[mmsb::Snapshot]) {
    let states = replayed_alone(bus);
    assert_eq!(states.len() as u64, bus.epoch().get() + 1);
    for (number, edges) in states.iter().enumerate() {
        let graph = bus.at(Epoch::new(number as u64)).unwrap().graph();
        assert!(graph.edges().iter().eq(edges), "e{number}");
    }
    for snapshot in snapshots {
        let graph = snapshot.graph().unwrap();
        assert!(graph.edges().iter().eq(&states[graph.epoch().get() as usize]), "{graph:?}");
    }
    assert!(bus.graph().unwrap().edges().iter().eq(states.last().unwrap()));
    assert_eq!(bus.check(), []);
}

#[track_caller]
fn check(seed: u64, depth: u32) {
    println!("seed {seed}");
    let vfs: Arc<dyn Vfs> = Arc::new(MemoryVfs::new());
    let builder = Bus::builder().undo(depth, 1 << 20).checkpoint_every(CheckpointEvery::NEVER);
    let mut bus = builder.clone().create_on(Arc::clone(&vfs), Path::new("bus")).unwrap();
    let pages: Vec<PageId> = {
        let mut tx = bus.begin();
        let pages = (0..PAGES).map(|_| tx.create_page(None, 8).unwrap()).collect();
        tx.commit().unwrap();
        pages
    };
    let mut rng = Rng::new(seed);
    for _ in 0..3 {
        let mut edits = Edits { bus, rng, pages: pages.clone(), refused: 0 };
        let mut snapshots = Vec::new();
        for step in 0..60 {
            edits.step();
            if step % 9 == 0 {
                snapshots.push(edits.bus.snapshot());
            }
        }
        assert!(edits.refused > 0, "no cycle was tried");
        agrees(&edits.bus, &snapshots);
        rng = edits.rng;
        drop((edits.bus, snapshots));
        bus = builder.clone().open_on(Arc::clone(&vfs), Path::new("bus")).unwrap();
        agrees(&bus, &[]);
    }
}

#[test]
fn random_edges_and_rewinds_give_one_graph_however_one_looks() {
    for seed in 0..3 {
        check(seed, 64);
    }
}

#[test]
fn the_same_where_rewinds_read_the_log() {
    for seed in 10..12 {
        check(seed, 0);
    }
}
