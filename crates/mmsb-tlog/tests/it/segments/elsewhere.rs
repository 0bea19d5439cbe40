//! One reader for many pieces of a log.

use mmsb_tlog::{Reader, Scan};

use super::{cursors, log};

#[test]
fn a_reader_that_goes_elsewhere_reads_what_a_new_one_reads() {
    let (dir, segments) = log();
    let (cursors, end) = (cursors(&dir), Scan::run(&dir).unwrap().end.lsn);
    let segment_of = |lsn| segments.iter().filter(|(head, _)| head.cursor().lsn <= lsn).count();
    let rest = |reader: &mut Reader| {
        let mut numbers = Vec::new();
        while let Some(commit) = reader.next_commit().unwrap() {
            numbers.push(commit.frame.number);
        }
        (numbers, reader.cursor())
    };
    for (from, to) in cursors.iter().flat_map(|from| cursors.iter().map(move |to| (*from, *to))) {
        for until in cursors.iter().map(|cursor| cursor.lsn).filter(|&until| until >= to.lsn) {
            let mut reader = Reader::new(&dir, from, end).unwrap();
            let has_gone = reader.go_to(to, until).unwrap();
            let is_near =
                segment_of(from.lsn) == segment_of(to.lsn) && segment_of(to.lsn) == segment_of(until);
            assert!(has_gone || !is_near || from.lsn == to.lsn, "{from:?} to {to:?}, {until:?}");
            let expected = if has_gone { (to, until) } else { (from, end) };
            assert_eq!(rest(&mut reader), rest(&mut Reader::new(&dir, expected.0, expected.1).unwrap()));
        }
    }
}
