//! Looking for commits without reading the whole log: what is found, and what is read for it.

mod effort;
mod labels;

use std::{path::Path, sync::Arc};

use mmsb::{Bus, CheckpointEvery, CommitInfo, Epoch, Label, PageEvent, PageId, Query, vfs::MemoryVfs};
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

/// A query, and what it should find.
struct Asked<'b> {
    query: Query<'b>,
    expected: Vec<CommitInfo>,
}

impl<'b> Asked<'b> {
    /// Asks by a random choice of conditions.
    fn any(bus: &'b Bus, all: &[CommitInfo], rng: &mut Rng) -> Self {
        let mut asked = Self { query: bus.query(), expected: all.to_vec() };
        let conditions: [(usize, Condition); 6] =
            [(2, page), (2, epochs), (3, tag), (3, labels), (4, catalogue), (4, site)];
        for (one_in, condition) in conditions {
            if rng.once_in(one_in) {
                asked = condition(asked, all, rng);
            }
        }
        asked
    }

    fn only(mut self, is_wanted: impl Fn(&CommitInfo) -> bool) -> Self {
        self.expected.retain(is_wanted);
        self
    }

    #[track_caller]
    fn check(mut self) {
        let Self { query, expected } = &mut self;
        assert!(collect(query.clone().run().unwrap()) == *expected, "{query:?}");
        expected.reverse();
        assert!(collect(query.clone().newest_first().run().unwrap()) == *expected, "{query:?}");
    }
}

/// Adds a condition to a query, and holds what it should find against it.
type Condition = for<'b> fn(Asked<'b>, &[CommitInfo], &mut Rng) -> Asked<'b>;

fn page<'b>(asked: Asked<'b>, _: &[CommitInfo], rng: &mut Rng) -> Asked<'b> {
    let page = PageId::new(1 + rng.below(40) as u64);
    Asked { query: asked.query.page(page), ..asked }.only(|commit| touches(commit, page))
}

fn epochs<'b>(asked: Asked<'b>, all: &[CommitInfo], rng: &mut Rng) -> Asked<'b> {
    let some = rng.pick(all).epoch.get();
    let range = Epoch::new(some)..Epoch::new(some + rng.below(500) as u64);
    Asked { query: asked.query.epochs(range.clone()), ..asked }.only(|commit| range.contains(&commit.epoch))
}

fn tag<'b>(asked: Asked<'b>, _: &[CommitInfo], rng: &mut Rng) -> Asked<'b> {
    let tag = rng.pick(&["physics", "ai", "nobody"]);
    Asked { query: asked.query.tag(tag), ..asked }.only(|commit| commit.source.tag.as_deref() == Some(tag))
}

fn labels<'b>(asked: Asked<'b>, _: &[CommitInfo], rng: &mut Rng) -> Asked<'b> {
    let low = rng.below(300) as u64;
    let labels = Label::new(low)..=Label::new(low + 40);
    let query = asked.query.label(low..=low + 40);
    Asked { query, ..asked }.only(|commit| commit.label.is_some_and(|label| labels.contains(&label)))
}

fn catalogue<'b>(asked: Asked<'b>, _: &[CommitInfo], _: &mut Rng) -> Asked<'b> {
    Asked { query: asked.query.catalogue(), ..asked }.only(|commit| !commit.events.is_empty())
}

fn site<'b>(asked: Asked<'b>, all: &[CommitInfo], rng: &mut Rng) -> Asked<'b> {
    let site = rng.pick(all).source.site.unwrap();
    Asked { query: asked.query.site(&*site), ..asked }
        .only(|commit| commit.source.site.as_ref() == Some(&site))
}

#[test]
fn a_query_finds_what_a_pass_over_all_commits_finds() {
    for seed in 1..=3 {
        let bus = driven(seed, 900);
        let all = collect(bus.commits().unwrap());
        assert!(bus.log_report().unwrap().segments.len() > 2);
        let mut rng = Rng::new(seed);
        (0..60).for_each(|_| Asked::any(&bus, &all, &mut rng).check());
    }
}
