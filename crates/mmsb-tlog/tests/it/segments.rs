//! A log of several segments: read as one, and no damage before the last one passes for its end.

mod damage;
mod elsewhere;
mod retiring;
mod starts;

use mmsb_tlog::{Cursor, LogDir, Reader, Record, Scan, SegmentHead, Tail, Verification};

use crate::common::{Content, INSTANCE, Layout, commits, log_of_segments, plain, single};

/// Three segments; the last mark says that the first two and one frame more were durable.
fn specimen() -> Vec<(SegmentHead, Vec<u8>)> {
    let mut layout = Layout::new(INSTANCE);
    layout.frame(&plain(7, "first")).mark(0, false).state(1, [1; 32]);
    layout.frame(&single("second")).frame(&plain(8, "third")).mark(1, false).rotate();
    layout.frame(&Content::default()).frame(&single("fifth")).mark(3, false);
    layout.frame(&single("sixth")).state(5, [5; 32]).state(6, [6; 32]).mark(3, false).rotate();
    layout.frame(&plain(9, "seventh")).mark(6, false).frame(&single("eighth")).mark(7, false);
    layout.segments()
}

fn log() -> (LogDir, Vec<(SegmentHead, Vec<u8>)>) {
    let segments = specimen();
    (log_of_segments(&segments), segments)
}

/// Where every record of a good log begins and ends.
fn cursors(dir: &LogDir) -> Vec<Cursor> {
    let end = Scan::run(dir).unwrap().end;
    let mut reader = Reader::new(dir, Cursor::first(dir), end.lsn).unwrap();
    let mut cursors = vec![reader.cursor()];
    while reader.next_record().unwrap().is_some() {
        cursors.push(reader.cursor());
    }
    cursors
}

#[test]
fn a_log_of_several_segments_is_read_as_one() {
    let (dir, _) = log();
    let scan = Scan::run(&dir).unwrap();
    assert_eq!((scan.end.number, scan.frame_count, scan.mark_count), (8, 8, 6));
    assert_eq!((scan.synced_through, scan.tail), (7, Tail::Clean { closed: false }));
    assert_eq!(Scan::run_beside_writer(&dir).unwrap().end, scan.end);
    assert_eq!(Verification::run(&dir).unwrap().bad, []);
    let epochs: Vec<_> =
        commits(&dir).iter().map(|text| text.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(epochs, ["e1", "e2", "e3", "e4", "e5", "e6", "e7", "e8"]);
}

#[test]
fn state_marks_are_told_to_who_asks() {
    let (dir, _) = log();
    let end = Scan::run(&dir).unwrap().end.lsn;
    let mut reader = Reader::new(&dir, Cursor::first(&dir), end).unwrap();
    let mut told = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        if let Record::State(state) = record {
            told.push((state.number, state.hash[0]));
        }
    }
    assert_eq!(told, [(1, 1), (5, 5), (6, 6)]);
}

#[test]
fn a_state_mark_of_a_state_to_come_is_bad() {
    let mut layout = Layout::new(INSTANCE);
    layout.frame(&single("first")).state(2, [0; 32]).frame(&single("second")).mark(2, false);
    let dir = log_of_segments(&layout.segments());
    let bad = Verification::run(&dir).unwrap().bad;
    let told: Vec<_> = bad.iter().map(|bad| (bad.offset, bad.number, bad.covered)).collect();
    assert_eq!(told, [(128, 1, true)]);
}

#[test]
fn a_last_segment_that_holds_nothing_but_its_head_is_a_good_end() {
    let mut layout = Layout::new(INSTANCE);
    layout.frame(&single("first")).mark(1, true).rotate();
    for zeros in [0, 8, 4096] {
        let mut segments = layout.segments();
        segments[1].1.resize(64 + zeros, 0);
        let scan = Scan::run(&log_of_segments(&segments)).unwrap();
        assert_eq!((scan.end, scan.synced_through), (segments[1].0.cursor(), 1));
        assert_eq!(scan.tail, Tail::Clean { closed: false });
    }
}
