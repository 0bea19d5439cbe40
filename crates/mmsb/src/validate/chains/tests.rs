//! A chain that skips something, or ends where nothing ends, is told.

use mmsb_types::PageId;

use super::broken;
use crate::{Bus, Provenance, WhyHow};

/// Makes a chain of three pages, tampers with what is told of the last one, and returns what is wrong with that.
fn told(tamper: impl FnOnce(&mut Provenance)) -> Option<String> {
    let bus = Bus::in_memory().unwrap();
    let [one, two, three] = [(); 3].map(|()| bus.create_page(None, 8).unwrap());
    bus.derive(two).from([one]).named("copy", 1).passthrough().unwrap();
    bus.derive(three).from([two]).named("copy", 1).passthrough().unwrap();
    bus.put(one, 0, &5u64).unwrap();
    let mut found = bus.why(three).run().unwrap();
    assert_eq!((found.steps.len(), broken(&bus, &found)), (3, None));
    tamper(&mut found);
    broken(&bus, &found)
}

#[track_caller]
fn check(tamper: impl FnOnce(&mut Provenance), expect: &str) {
    assert_eq!(told(tamper).as_deref(), Some(expect));
}

#[test]
fn a_chain_that_skips_something_is_told() {
    let skips = "page:2 computed from page:1 at e6: not all of it is told";
    check(|found| drop(found.steps.pop()), skips);
    check(|found| found.steps[2].epoch = found.at.next(), skips);
    let says_so = |found: &mut Provenance| {
        found.steps.pop();
        found.left_count = 1;
    };
    assert_eq!(told(says_so), None, "it says that more was not looked at");
}

#[test]
fn a_chain_that_begins_elsewhere_is_told() {
    let late = "it does not begin with the page's last change";
    check(|found| found.steps.clear(), late);
    check(|found| found.page = PageId::FIRST, late);
    check(|found| found.steps[0].epoch = found.steps[0].epoch.next(), late);
}

#[test]
fn a_chain_that_ends_nowhere_is_told() {
    let gone = "page:1 is older than the oldest state kept, e6: the log is older";
    check(|found| found.steps[2].how = WhyHow::Gone, gone);
    let stays = "page:1 taken back to e6 at e6: no step back";
    check(|found| found.steps[2].how = WhyHow::Rewound { target: found.at }, stays);
    let cut = "page:2 computed from page:1 at e6, and so on: cut before its time";
    check(|found| found.steps[1].is_cut = true, cut);
}
