//! The graph's history alone.

use std::collections::{BTreeMap, BTreeSet};

use mmsb::{
    Bus, Edge, EdgeKind, Epoch, EventFilter, GraphEvent, GraphView, PageId, Registration, vfs::MemoryVfs,
};
use mmsb_testkit::Rng;

use super::{heard, on};

const PAGES: usize = 12;

/// Links and unlinks at random, and writes in between.
fn link_about(bus: &Bus, rng: &mut Rng) {
    for _ in 0..PAGES {
        bus.create_page(None, 8).unwrap();
    }
    for turn in 0..200u64 {
        let [source, target] = [(); 2].map(|()| PageId::new(1 + rng.below(PAGES) as u64));
        let kind = rng.pick(&[EdgeKind::Control, EdgeKind::Compiler, EdgeKind::Data]);
        // Those that would close a cycle, or are not there, are refused.
        let _ =
            if rng.once_in(3) { bus.unlink(source, target, kind) } else { bus.link(source, target, kind) };
        bus.put(source, 0, &turn).unwrap();
    }
}

/// A graph as its events tell it.
#[derive(Debug, Default, PartialEq)]
struct Told {
    edges: BTreeSet<Edge>,
    derived: BTreeMap<PageId, Registration>,
    stale: BTreeSet<PageId>,
}

impl Told {
    fn apply(&mut self, event: &GraphEvent) {
        let fits = match event {
            GraphEvent::EdgeAdded(edge) => self.edges.insert(*edge),
            GraphEvent::EdgeRemoved(edge) => self.edges.remove(edge),
            GraphEvent::Derived { page, registration } => self.derive(*page, registration),
            GraphEvent::Underived { page } => self.underive(*page),
            GraphEvent::Stale { page } => self.stale.insert(*page),
            GraphEvent::Fresh { page } => self.stale.remove(page),
        };
        assert!(fits, "{event:?}");
    }

    fn derive(&mut self, page: PageId, registration: &Registration) -> bool {
        let edge = |source| Edge::new(source, page, EdgeKind::Data);
        self.edges.extend(registration.sources().into_iter().map(edge));
        self.derived.insert(page, registration.clone()).is_none()
    }

    fn underive(&mut self, page: PageId) -> bool {
        self.edges.retain(|edge| edge.target != page || edge.kind != EdgeKind::Data);
        self.derived.remove(&page).is_some()
    }

    fn of(graph: &GraphView) -> Self {
        let derived = graph.derived().map(|(page, registration)| (page, registration.clone())).collect();
        Self { edges: graph.edges().into_iter().collect(), derived, stale: graph.stale().collect() }
    }
}

#[test]
fn the_graph_alone_is_replayed_to_what_it_was_at_every_epoch() {
    let (bus, mut rng) = (on(&MemoryVfs::new()), Rng::new(11));
    let mut news = bus.subscribe(EventFilter::all().graph()).unwrap();
    link_about(&bus, &mut rng);
    let sum = bus.create_page(None, 8).unwrap();
    let inputs = [1, 2].map(PageId::new);
    bus.derive(sum).from(inputs).add::<u64>().unwrap();
    for input in inputs {
        bus.put(input, 0, &5u64).unwrap();
    }
    bus.underive(sum).unwrap();
    let changes: Vec<_> = bus.graph_events(..).unwrap().collect::<Result<_, _>>().unwrap();
    let told: Vec<_> = heard(&mut news).into_iter().flat_map(|event| event.graph).collect();
    assert!(told.iter().eq(changes.iter().map(|(_, event)| event)));
    assert!(changes.len() > 30);
    let (mut replayed, mut left) = (Told::default(), changes.iter().peekable());
    for epoch in (0..=bus.epoch().get()).map(Epoch::new) {
        while let Some((_, event)) = left.next_if(|(at, _)| *at <= epoch) {
            replayed.apply(event);
        }
        let graph = bus.graph_at(epoch).unwrap();
        assert_eq!(Told::of(&graph), replayed, "{epoch}");
        assert_eq!((graph.epoch(), graph == bus.at(epoch).unwrap().graph()), (epoch, true));
    }
    let before = Epoch::new(100);
    bus.rewind(before).unwrap();
    assert!(bus.graph_at(bus.epoch()).unwrap() == bus.graph_at(before).unwrap());
}
