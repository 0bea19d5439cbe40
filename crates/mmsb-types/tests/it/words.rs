//! How the words print, and the arithmetic of spans.

use mmsb_types::{Durability, Epoch, Label, Lsn, PageId, Place, Source, Span, Violation};

#[test]
fn ids_print_as_what_they_are() {
    let all = format!(
        "{:?} {:?} {:?} {:?} {:?}",
        PageId::new(3),
        Epoch::new(17),
        Label::new(9),
        Lsn::new(4096),
        Span::new(8, 2)
    );
    assert_eq!(all, "page:3 e17 label:9 lsn:4096 8+2");
}

#[test]
fn a_violation_names_rule_place_and_facts() {
    let violation = Violation::new("page/padding-zero", Place::Page(PageId::new(4)), "byte 63 is 0x01");
    assert_eq!(violation.to_string(), "page/padding-zero at page:4: byte 63 is 0x01");
}

#[test]
fn a_span_at_the_end_of_all_numbers_does_not_overflow() {
    let last = Span::new(u32::MAX, u32::MAX);
    assert_eq!(last.end(), 2 * u64::from(u32::MAX));
    assert!(!last.fits(u32::MAX));
}

#[test]
fn touching_spans_do_not_overlap() {
    assert!(!Span::new(0, 4).overlaps(Span::new(4, 4)));
    assert!(Span::new(0, 5).overlaps(Span::new(4, 4)));
    assert!(!Span::new(2, 0).overlaps(Span::new(2, 0)), "an empty span shares nothing");
}

#[test]
fn durability_rises() {
    assert!(Durability::Volatile < Durability::Written && Durability::Written < Durability::Synced);
}

#[test]
fn a_source_tells_what_it_knows() {
    let both = Source { tag: Some("physics".into()), site: Some("src/main.rs:7".into()) };
    assert_eq!(both.to_string(), "physics at src/main.rs:7");
    assert_eq!(Source::default().to_string(), "unknown source");
}
