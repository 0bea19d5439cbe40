//! Labels that are found, ranges that are empty, and what a report counts.

use mmsb::{CommitInfo, Epoch, Label, PageId};

use super::{collect, driven, touches};

#[test]
fn a_label_is_found_where_it_was_last() {
    let bus = driven(9, 900);
    let all = collect(bus.commits().unwrap());
    let mut found = 0;
    for label in (0..600).map(Label::new) {
        let last = all.iter().rev().find(|commit| commit.label == Some(label)).map(|commit| commit.epoch);
        assert_eq!(bus.at_label(label).ok().map(|past| past.epoch()), last, "{label}");
        found += usize::from(last.is_some());
    }
    assert!(found > 100);
}

#[test]
fn an_empty_range_finds_nothing() {
    let bus = driven(4, 20);
    let none = [
        bus.query().epochs(Epoch::new(5)..Epoch::new(5)).run().unwrap().count(),
        bus.query().label(..0).run().unwrap().count(),
        bus.query().epochs(Epoch::new(9999)..).run().unwrap().count(),
        bus.query().page(PageId::new(1 << 39)).run().unwrap().count(),
    ];
    assert_eq!(none, [0; 4]);
    assert_eq!(bus.query().run().unwrap().count() as u64, bus.epoch().get());
}

#[test]
fn a_report_counts_what_the_commits_say() {
    let bus = driven(5, 700);
    let (all, report) = (collect(bus.commits().unwrap()), bus.log_report().unwrap());
    let sum = |of: fn(&CommitInfo) -> usize| all.iter().map(of).sum::<usize>() as u64;
    let total = report.total;
    assert_eq!(total.commit_count, all.len() as u64);
    assert_eq!(total.run_count, sum(|commit| commit.run_count));
    assert_eq!(total.payload_bytes, sum(|commit| commit.payload_bytes));
    assert_eq!(total.frame_bytes, sum(|commit| commit.frame_bytes));
    assert_eq!(total.label_count, sum(|commit| usize::from(commit.label.is_some())));
    assert_eq!(total.bytes, bus.stats().log.bytes);
    for (tag, number) in &report.tags {
        let used = all.iter().filter(|commit| commit.source.tag.as_deref() == Some(&**tag));
        assert_eq!(*number, used.count() as u64, "{tag}");
    }
    assert_eq!(report.tags.len(), 4);
    let (page, most) = report.pages[0];
    assert_eq!(most, all.iter().filter(|commit| touches(commit, page)).count() as u64);
    let others = (1..60).map(|page| all.iter().filter(|commit| touches(commit, PageId::new(page))).count());
    assert_eq!(others.max(), Some(most as usize));
    assert!(report.pages.is_sorted_by(|(_, a), (_, b)| a >= b) && report.pages.len() == 10);
}
