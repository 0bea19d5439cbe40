//! Texts and their numbers: which section of which commit carries which.

use super::{Interner, SourceLoan};
use crate::texts::Texts;

fn section(loan: &SourceLoan<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    loan.encode(&mut bytes);
    bytes
}

fn publish(mut loan: SourceLoan<'_>) -> Vec<u8> {
    loan.set_published();
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
    assert_eq!(texts.of(crate::texts::TextKind::Tag).len(), 1);
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
