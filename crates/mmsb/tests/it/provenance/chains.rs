//! How far chains are followed, in what order they are told, and what is read for that.

use mmsb::{Bus, Combine, Epoch, Gpu, PageId, Propagation, WhyHow};
use mmsb_testkit::Rng;

use super::told_of;

/// A page and so many derived ones, each from the one before it.
fn chain(bus: &Bus, count: usize) -> Vec<PageId> {
    let mut pages = vec![bus.create_page(None, 8).unwrap()];
    for _ in 0..count {
        let page = bus.create_page(None, 8).unwrap();
        bus.derive(page).from([pages[pages.len() - 1]]).named("copy", 1).add::<u64>().unwrap();
        pages.push(page);
    }
    bus.put(pages[0], 0, &u64::MAX).unwrap();
    pages
}

#[test]
fn a_chain_is_followed_to_the_depth_asked_for_and_said_to_be_cut() {
    let bus = Bus::in_memory().unwrap();
    let pages = chain(&bus, 40);
    let found = bus.provenance(pages[40], ..).unwrap();
    assert_eq!(
        (found.depth(), found.steps.len(), found.is_truncated(), found.is_whole()),
        (32, 33, true, false)
    );
    assert!(found.to_string().ends_with(" at e82, and so on\ntruncated at depth 32"), "{found}");
    let whole = bus.why(pages[40]).depth_max(40).run().unwrap();
    assert_eq!((whole.depth(), whole.is_truncated(), whole.is_whole()), (40, false, true));
    assert_eq!(whole.steps[40].how, WhyHow::Written);
    let only = bus.why(pages[40]).bytes(0..1).depth_max(0).run().unwrap();
    assert_eq!((only.steps.len(), only.is_truncated()), (1, true));
}

#[test]
fn a_change_reached_two_ways_is_told_once_at_the_shorter_one() {
    let bus = Bus::in_memory().unwrap();
    let [a, b, c] = [(); 3].map(|()| bus.create_page(None, 8).unwrap());
    bus.derive(b).from([a]).named("copy", 1).add::<u64>().unwrap();
    bus.derive(c).from([a, b]).named("sum", 1).add::<u64>().unwrap();
    bus.put(a, 0, &3u64).unwrap();
    insta::assert_snapshot!(told_of(&bus, c, 0..1), @"
    page:3 0+1 computed from page:1, page:2 at e6
      page:1 written at e6
      page:2 computed from page:1 at e6
    ");
    let found = bus.provenance(c, 0..1).unwrap();
    let from: Vec<_> = found.comes_from(&found.steps[0]).map(|step| step.page).collect();
    assert_eq!(from, [a, b]);
}

#[test]
fn what_a_deferred_bus_computed_comes_from_what_it_was_derived_from_then() {
    let bus = Bus::builder().propagation(Propagation::Deferred).in_memory().unwrap();
    let [a, b, sum] = [(); 3].map(|()| bus.create_page(None, 8).unwrap());
    bus.derive(sum).from([a]).named("sum", 1).add::<u64>().unwrap();
    bus.put(a, 0, &1u64).unwrap();
    let before = bus.propagate().unwrap().epoch();
    bus.derive(sum).from([b]).named("sum", 1).add::<u64>().unwrap();
    bus.put(b, 0, &2u64).unwrap();
    bus.propagate().unwrap();
    let inputs = |epoch| bus.why(sum).at(epoch).run().unwrap().steps[0].how.clone();
    assert_eq!(inputs(before), WhyHow::Computed { inputs: vec![a] });
    assert_eq!(inputs(bus.epoch()), WhyHow::Computed { inputs: vec![b] });
}

#[test]
fn what_a_device_computed_is_told_as_what_the_host_computes() {
    let bus = Bus::in_memory().unwrap();
    let [a, b, sum] = [(); 3].map(|()| bus.create_page(None, 8).unwrap());
    bus.derive(sum).from([a, b]).on(&Gpu::host()).combine(Combine::Add).unwrap();
    bus.put(b, 0, &3u64).unwrap();
    insta::assert_snapshot!(told_of(&bus, sum, 0..2), @"
    page:3 0+1 computed from page:2 at e5
    page:3 1+1 created at e3
      page:2 written at e5
    ");
}

/// Random pages and writes: the last change of each page, and the writer of each byte, is what a pass over all events
/// finds.
#[test]
fn a_pass_over_the_whole_log_finds_the_same() {
    let mut rng = Rng::new(11);
    let bus = Bus::builder().segment_bytes(64 << 10).in_memory().unwrap();
    let pages: Vec<_> = (0..50).map(|_| bus.create_page(None, 64).unwrap()).collect();
    for _ in 0..3000 {
        let (page, offset) = (pages[rng.below(50) * rng.below(50) / 50], rng.below(60) as u32);
        bus.write(page, offset, [1; 4]).unwrap();
    }
    for turn in 0..200 {
        let (page, byte, at) = (pages[rng.below(50)], rng.below(64) as u32, 51 + rng.below(3000) as u64);
        let found = bus.why(page).bytes(byte..=byte).at(Epoch::new(at)).run().unwrap();
        let wrote = |event: &mmsb::Event| {
            event.runs.iter().any(|&(to, run)| to == page && run.range().contains(&(byte as usize)))
        };
        let events = bus.events(..=Epoch::new(at)).unwrap().map(Result::unwrap).filter(wrote);
        let writer = events.last().map_or(Epoch::new(page.get()), |event| event.epoch);
        assert_eq!(found.steps[0].epoch, writer, "turn {turn}: {page} byte {byte} at e{at}");
    }
}
