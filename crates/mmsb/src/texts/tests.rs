//! Texts and sections that are refused.

use super::Texts;

#[track_caller]
fn refuses(section: &[u8], what: &str) {
    assert_eq!(Texts::default().learn(section), Err(what));
}

/// A section that names nothing and defines one text.
fn defining(number: u8, len: u8, kind: u8, text: &[u8]) -> Vec<u8> {
    let mut section = vec![0; 8];
    section.extend([number, 0, 0, 0, len, 0, kind, 0]);
    section.extend(text);
    section
}

#[test]
fn a_reference_to_nothing_is_refused() {
    refuses(&[1, 0, 0, 0, 0, 0, 0, 0], "a source names an unknown text");
}

#[test]
fn a_section_of_another_shape_is_refused() {
    refuses(&[0; 7], "a source is cut short");
    refuses(&[0; 9], "a text's definition is cut short");
    refuses(&defining(1, 9, 1, b"12345678"), "a text's definition is cut short");
}

#[test]
fn a_definition_out_of_order_or_out_of_range_is_refused() {
    refuses(&defining(0, 1, 1, b"a\0\0\0\0\0\0\0"), "a text has number 0");
    refuses(&defining(2, 1, 1, b"a\0\0\0\0\0\0\0"), "a text's number leaves a gap");
    refuses(&defining(1, 1, 3, b"a\0\0\0\0\0\0\0"), "a text of unknown kind");
    refuses(&defining(1, 0, 1, b""), "a text's length is out of range");
    refuses(&defining(1, 1, 1, b"\xff\0\0\0\0\0\0\0"), "a text is not UTF-8");
    refuses(&defining(1, 1, 1, b"a\0\0\0\0\0\0x"), "a text's padding is not zero");
}
