//! Texts and their numbers: which section of which commit carries which.

use std::time::Duration;

use mmsb_types::Epoch;

use super::{Interner, SourceLoan};
use crate::texts::{TextKind, Texts};

fn section(loan: &SourceLoan<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    loan.encode(&mut bytes);
    bytes
}

fn publish(loan: SourceLoan<'_>) -> Vec<u8> {
    publish_at(loan, 1)
}

fn publish_at(mut loan: SourceLoan<'_>, epoch: u64) -> Vec<u8> {
    loan.set_published(Epoch::new(epoch));
    section(&loan)
}

#[track_caller]
fn reads(texts: &mut Texts, section: &[u8], tag: &str) {
    let numbers = texts.learn(section).unwrap();
    assert_eq!(texts.source(numbers).tag.as_deref(), Some(tag));
}

#[test]
fn a_text_travels_once() {
    let (interner, mut texts) = (Interner::default(), Texts::default());
    let first = publish(interner.lend(Some("ai"), None));
    let second = publish(interner.lend(Some("ai"), None));
    assert_eq!((first.len(), second.len()), (24, 8));
    reads(&mut texts, &first, "ai");
    reads(&mut texts, &second, "ai");
}

#[test]
fn a_commit_that_overtakes_the_first_use_leaves_no_gap() {
    let (interner, mut texts) = (Interner::default(), Texts::default());
    let slow = interner.lend(Some("slow"), None);
    let fast = publish(interner.lend(Some("fast"), None));
    reads(&mut texts, &fast, "fast");
    reads(&mut texts, &publish(slow), "slow");
    reads(&mut texts, &publish(interner.lend(Some("third"), None)), "third");
}

#[test]
fn a_refused_commit_leaves_no_text() {
    let (interner, mut texts) = (Interner::default(), Texts::default());
    drop(interner.lend(Some("refused"), None));
    let next = publish(interner.lend(Some("next"), None));
    assert_eq!(next.len(), 24, "one definition");
    reads(&mut texts, &next, "next");
    assert_eq!(texts.of(TextKind::Tag).len(), 1);
}

#[test]
fn a_refused_commit_takes_no_text_from_one_under_way() {
    let (interner, mut texts) = (Interner::default(), Texts::default());
    let refused = interner.lend(Some("shared"), None);
    let under_way = interner.lend(Some("shared"), None);
    drop(refused);
    let other = publish(interner.lend(Some("other"), None));
    reads(&mut texts, &other, "other");
    reads(&mut texts, &publish(under_way), "shared");
}

/// The tags known as of an epoch are these.
#[track_caller]
fn knows(interner: &Interner, epoch: u64, tags: &[&str]) {
    let texts = interner.as_of(Epoch::new(epoch), Duration::ZERO).unwrap();
    assert!(texts.of(TextKind::Tag).iter().map(|tag| &**tag).eq(tags.iter().copied()), "{epoch}: {texts:?}");
}

#[test]
fn texts_are_known_as_of_the_first_commit_that_carries_them() {
    let interner = Interner::default();
    let (slow, fast) = (interner.lend(Some("slow"), None), interner.lend(Some("fast"), None));
    publish_at(slow, 9);
    publish_at(fast, 7);
    publish_at(interner.lend(Some("third"), None), 12);
    for (epoch, tags) in
        [(6, &[][..]), (7, &["slow", "fast"]), (11, &["slow", "fast"]), (12, &["slow", "fast", "third"])]
    {
        knows(&interner, epoch, tags);
    }
}

#[test]
fn who_asks_for_texts_waits_for_those_under_way_and_for_nobody_who_comes_later() {
    let interner = Interner::default();
    let under_way = interner.lend(Some("under way"), None);
    assert!(interner.as_of(Epoch::new(5), Duration::ZERO).is_none(), "it may be of an epoch up to 5");
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| interner.as_of(Epoch::new(5), Duration::from_secs(60)));
        publish_at(under_way, 5);
        assert_eq!(asked.join().unwrap().unwrap().of(TextKind::Tag).len(), 1);
    });
    publish_at(interner.lend(Some("later"), None), 6);
    knows(&interner, 5, &["under way"]);
}
