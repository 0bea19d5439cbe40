//! One pass over a log hands out what two did: the commits that a scan lets count, as they were verified.

use mmsb_tlog::{Commit, Cursor, LogDir, Pass, Reader, Scan, SegmentHead, Tail};
use mmsb_types::{Lsn, crc32c};

use crate::common::{INSTANCE, Layout, log_of, log_of_segments, page, places, plain, single, specimen};

/// Bytes held back at most: of honest batches all, of any the first chunk alone.
const HELD: [usize; 2] = [usize::MAX, 0];

/// The one door: a pass ends as the scan does, having handed out what a reader yields up to there; returns how
/// many commits that was. Where the scan refuses, the pass may have handed out what comes before.
#[track_caller]
fn check(dir: &LogDir) -> usize {
    let whole = Scan::run(dir);
    let [kept, again] = HELD.map(|most| {
        let pass = Pass::start(dir, Cursor::first(dir)).unwrap().holding_at_most(most);
        let (texts, told) = run(pass);
        assert_eq!(format!("{told:?}"), format!("{whole:?}"));
        texts
    });
    assert_eq!(kept, again, "held back or read again");
    let beside = run(Pass::start_beside_writer(dir, Cursor::first(dir)).unwrap());
    assert_eq!(beside.0, kept, "beside a writer who is not there");
    if let Ok(scan) = &whole {
        assert_eq!(kept, read(dir, scan.end.lsn));
    }
    kept.len()
}

/// Returns the text of every commit, and what the pass found.
fn run(mut pass: Pass) -> (Vec<String>, Result<Scan, mmsb_tlog::LogError>) {
    let mut texts = Vec::new();
    while let Some(stretch) = pass.next_stretch() {
        assert!(stretch.log_bytes() > 0);
        texts.extend(stretch.commits().map(|commit| text(&commit)));
    }
    (texts, pass.finish())
}

/// Returns the text of every commit that a reader yields.
fn read(dir: &LogDir, end: Lsn) -> Vec<String> {
    let mut reader = Reader::new(dir, Cursor::first(dir), end).unwrap();
    let next = || reader.next_commit().unwrap().map(|commit| text(&commit));
    std::iter::from_fn(next).collect()
}

/// A short text that tells a commit from all others.
fn text(commit: &Commit<'_>) -> String {
    let columns = commit.frame.batch.columns().map(crc32c);
    let sections: Vec<_> = commit.frame.sections.iter().collect();
    format!("{:?} at {:?}: {sections:?} {columns:x?}", commit.epoch, commit.lsn)
}

#[test]
fn a_log_torn_at_any_byte_yields_what_the_scan_lets_count() {
    for closed in [false, true] {
        let whole = specimen(closed);
        let counts: Vec<_> = (64..=whole.len()).map(|bytes| check(&log_of(&whole[..bytes]))).collect();
        assert!(counts.is_sorted() && counts.last() == Some(&8));
    }
}

#[test]
fn a_log_with_any_bit_wrong_yields_what_the_scan_lets_count() {
    let whole = specimen(false);
    for bit in 64 * 8..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        check(&log_of(&bytes));
    }
}

#[test]
fn zeros_behind_the_end_change_nothing() {
    let mut bytes = specimen(false);
    bytes.resize(bytes.len() + (3 << 20) + 8, 0);
    assert_eq!(check(&log_of(&bytes)), 8);
}

/// Segments of several chunks each; batches that end in a chunk's middle, and one that goes over chunks.
fn long() -> Vec<(SegmentHead, Vec<u8>)> {
    let mut layout = Layout::new(INSTANCE);
    let image = |byte: u8| page(&vec![byte; 300_000]);
    for batch in 0..4u8 {
        for frame in 0..5 {
            layout.frame(&image(batch * 16 + frame)).frame(&plain(frame.into(), "between"));
        }
        layout.mark(u64::from(batch) * 10, false);
        if batch == 1 {
            layout.frame(&single("alone")).state(3, [3; 32]).rotate();
        }
    }
    layout.frame(&image(99)).frame(&single("last")).mark(42, false);
    layout.segments()
}

#[test]
fn pieces_of_many_chunks_and_segments_make_the_whole_log() {
    assert_eq!(check(&log_of_segments(&long())), 43);
}

#[test]
fn a_long_log_torn_at_any_record_yields_what_the_scan_lets_count() {
    let mut segments = long();
    let (head, whole) = segments.pop().unwrap();
    for end in places(&whole).iter().step_by(3).flat_map(|place| [place.offset, place.end() - 1]) {
        let torn = [segments.clone(), vec![(head, whole[..end].to_vec())]].concat();
        check(&log_of_segments(&torn));
    }
}

#[test]
fn frames_that_no_mark_confirms_are_not_handed_out() {
    // The frames are whole, each by itself; the mark behind them says that one of them is not the one written.
    let mut layout = Layout::new(INSTANCE);
    layout.frame(&single("first")).mark(0, false);
    let end = layout.bytes.len();
    layout.frame(&single("second")).frame(&page(&vec![7; 3 << 20])).frame(&single("fourth")).mark(1, false);
    let mut other = Layout::new(INSTANCE);
    other.frame(&single("first")).mark(0, false).frame(&single("SECOND"));
    let mut bytes = layout.bytes.clone();
    bytes[end..end + 64].copy_from_slice(&other.bytes[end..]);
    let dir = log_of(&bytes);
    assert_eq!(check(&dir), 1, "the three frames of the disowned batch are whole, and do not count");
    let scan = Scan::run(&dir).unwrap();
    assert_eq!(scan.end.number, 1);
    assert!(matches!(scan.tail, Tail::Torn(bad) if bad.offset == end as u64 && !bad.covered));
}

#[test]
fn damage_hands_out_what_was_confirmed_before_it_and_is_told_last() {
    let mut segments = long();
    let middle = segments[1].1.len() / 2;
    segments[1].1[middle] ^= 1;
    let dir = log_of_segments(&segments);
    let mut pass = Pass::start(&dir, Cursor::first(&dir)).unwrap();
    let mut last = 0;
    while let Some(stretch) = pass.next_stretch() {
        last = stretch.commits().last().unwrap().epoch.get();
    }
    assert_eq!(last, 31, "up to the mark of the third batch");
    assert!(pass.finish().is_err());
}

#[test]
fn a_pass_begins_at_any_mark() {
    let dir = log_of_segments(&long());
    let end = Scan::run(&dir).unwrap().end;
    let starts = dir.manifest().segments.iter().map(SegmentHead::cursor).collect::<Vec<_>>();
    for start in starts {
        let (texts, scan) = run(Pass::start(&dir, start).unwrap());
        assert_eq!(texts.len() as u64, end.number - start.number);
        assert_eq!(scan.unwrap(), Scan::from(&dir, start).unwrap());
    }
    let gone = Cursor { lsn: Lsn::new(1 << 40), number: 1 << 20, chain: 0 };
    assert_eq!(
        Pass::start(&dir, gone).unwrap().finish().unwrap_err().to_string(),
        Scan::from(&dir, gone).unwrap_err().to_string()
    );
}
