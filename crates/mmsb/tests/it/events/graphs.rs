//! The graph's history alone.

use std::collections::BTreeSet;

use mmsb::{Bus, Edge, EdgeKind, Epoch, EventFilter, GraphEvent, PageId, vfs::MemoryVfs};
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

/// Applies what happened to a set of edges.
fn replay(edges: &mut BTreeSet<Edge>, event: &GraphEvent) {
    let fits = match event {
        GraphEvent::EdgeAdded(edge) => edges.insert(*edge),
        GraphEvent::EdgeRemoved(edge) => edges.remove(edge),
        other => panic!("{other:?}"),
    };
    assert!(fits, "{event:?}");
}

#[test]
fn the_graph_alone_is_replayed_to_what_it_was_at_every_epoch() {
    let (bus, mut rng) = (on(&MemoryVfs::new()), Rng::new(11));
    let mut news = bus.subscribe(EventFilter::all().graph()).unwrap();
    link_about(&bus, &mut rng);
    let changes: Vec<_> = bus.graph_events(..).unwrap().collect::<Result<_, _>>().unwrap();
    let told: Vec<_> = heard(&mut news).into_iter().flat_map(|event| event.graph).collect();
    assert!(told.iter().eq(changes.iter().map(|(_, event)| event)));
    assert!(changes.len() > 30);
    let (mut edges, mut left) = (BTreeSet::new(), changes.iter().peekable());
    for epoch in (0..=bus.epoch().get()).map(Epoch::new) {
        while let Some((_, event)) = left.next_if(|(at, _)| *at <= epoch) {
            replay(&mut edges, event);
        }
        let graph = bus.graph_at(epoch).unwrap();
        assert!(graph.edges().into_iter().eq(edges.iter().copied()), "{epoch}");
        assert_eq!((graph.epoch(), graph == bus.at(epoch).unwrap().graph()), (epoch, true));
    }
    let before = Epoch::new(100);
    bus.rewind(before).unwrap();
    assert!(bus.graph_at(bus.epoch()).unwrap() == bus.graph_at(before).unwrap());
}
