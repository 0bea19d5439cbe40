//! Looking for commits without reading the whole log: what is found, and what is read for it.

mod counting;
mod effort;
mod labels;

use std::{path::Path, sync::Arc};

use mmsb::{Bus, CheckpointEvery, CommitInfo, Epoch, Label, PageEvent, PageId, vfs::MemoryVfs};
use mmsb_testkit::{Driver, Rng};

fn builder() -> mmsb::Builder {
    Bus::builder().segment_bytes(64 << 10).checkpoint_every(CheckpointEvery::NEVER).checkpoint_on_stop(None)
}

/// A bus on a disk in memory, after so many random transactions.
fn driven(seed: u64, turns: usize) -> Bus {
    println!("seed {seed}");
    let bus = builder().sites(true).create_on(Arc::new(MemoryVfs::new()), Path::new("bus")).unwrap();
    let mut driver = Driver::with_short_pages(seed);
    for turn in 0..turns {
        driver.step(&bus);
        if turn % 200 == 150 {
            bus.checkpoint().unwrap();
        }
    }
    bus
}

fn collect(found: impl Iterator<Item = Result<CommitInfo, mmsb::Error>>) -> Vec<CommitInfo> {
    found.collect::<Result<_, _>>().unwrap()
}

fn touches(commit: &CommitInfo, page: PageId) -> bool {
    commit.pages.contains(&page) || commit.events.iter().map(PageEvent::page).any(|touched| touched == page)
}

#[test]
fn a_query_finds_what_a_pass_over_all_commits_finds() {
    for seed in 1..=3 {
        let bus = driven(seed, 900);
        let all = collect(bus.commits().unwrap());
        assert!(bus.log_report().unwrap().segments.len() > 2);
        let mut rng = Rng::new(seed);
        for _ in 0..60 {
            let (mut query, mut expected) = (bus.query(), all.clone());
            if rng.once_in(2) {
                let page = PageId::new(1 + rng.below(40) as u64);
                (query, expected) = (query.page(page), keep(expected, |commit| touches(commit, page)));
            }
            if rng.once_in(2) {
                let some = rng.pick(&all).epoch.get();
                let range = Epoch::new(some)..Epoch::new(some + rng.below(500) as u64);
                query = query.epochs(range.clone());
                expected.retain(|commit| range.contains(&commit.epoch));
            }
            if rng.once_in(3) {
                let tag = rng.pick(&["physics", "ai", "nobody"]);
                query = query.tag(tag);
                expected.retain(|commit| commit.source.tag.as_deref() == Some(tag));
            }
            if rng.once_in(3) {
                let low = rng.below(300) as u64;
                let labels = Label::new(low)..=Label::new(low + 40);
                query = query.label(low..=low + 40);
                expected.retain(|commit| commit.label.is_some_and(|label| labels.contains(&label)));
            }
            if rng.once_in(4) {
                query = query.catalogue();
                expected.retain(|commit| !commit.events.is_empty());
            }
            if rng.once_in(4) {
                let site = rng.pick(&all).source.site.unwrap();
                query = query.site(&*site);
                expected.retain(|commit| commit.source.site.as_ref() == Some(&site));
            }
            assert!(collect(query.clone().run().unwrap()) == expected, "{query:?}");
            expected.reverse();
            assert!(collect(query.clone().newest_first().run().unwrap()) == expected, "{query:?}");
        }
    }
}

fn keep(mut commits: Vec<CommitInfo>, is_wanted: impl Fn(&CommitInfo) -> bool) -> Vec<CommitInfo> {
    commits.retain(is_wanted);
    commits
}
