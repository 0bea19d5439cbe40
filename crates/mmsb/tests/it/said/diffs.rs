//! Diffs as text.

use insta::assert_snapshot;
use mmsb::{Bus, diff};

use super::{at, lived};

#[test]
fn a_diff_names_pages_places_and_bytes() {
    let bus = lived();
    assert_snapshot!(diff(&at(&bus, 1), &at(&bus, 2)).unwrap(), @r#"
    e1 and e2 differ in 2 pages
      page:1 "world", written by e1 / e2:
        4+1: 6f -> ff
        16+3: 000000 -> 010203
      page:2 "score" is named "points" on the right
    "#);
    assert_snapshot!(diff(&at(&bus, 2), &bus).unwrap(), @r#"
    e2 and e3 differ in 3 pages
      page:1 "world" has no name on the right
      page:2 "points" (4 bytes) only on the left
      page:3 (2 bytes) only on the right
    "#);
    assert_snapshot!(diff(&bus, &at(&bus, 2)).unwrap(), @r#"
    e3 and e2 differ in 3 pages
      page:1 has no name on the left, "world" on the right
      page:2 "points" (4 bytes) only on the right
      page:3 (2 bytes) only on the left
    "#);
    assert_snapshot!(diff(&bus, &at(&bus, 3)).unwrap(), @"e3 and e3 are equal");
}

#[test]
fn a_long_diff_is_cut_and_says_so() {
    let bus = Bus::in_memory().unwrap();
    let mut tx = bus.begin();
    let pages: Vec<_> = (0..20).map(|_| tx.create_page(None, 200).unwrap()).collect();
    tx.commit().unwrap();
    let mut tx = bus.begin();
    (0..10).for_each(|run| tx.write(pages[0], run * 20, [1]).unwrap());
    tx.write(pages[1], 0, [2; 40]).unwrap();
    pages[2..].iter().for_each(|&page| tx.write(page, 9, [3]).unwrap());
    tx.commit().unwrap();
    let text = diff(&at(&bus, 1), &bus).unwrap().to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_snapshot!(lines[8..14].join("\n"), @r"
        120+1: 00 -> 01
        140+1: 00 -> 01
        and 2 runs more
      page:2, written by e1 / e2:
        0+40: 00000000000000000000000000000000.. -> 02020202020202020202020202020202..
      page:3, written by e1 / e2:
    ");
    assert_eq!(lines.last(), Some(&"  and 4 pages more"));
}
