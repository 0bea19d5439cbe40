//! Rotation: which frames share a segment, and what a crash or a failure in the middle of it leaves.

mod boundaries;
mod crashes;
mod cuts;
mod prewriting;
mod unnamed;

use std::path::Path;

use mmsb_tlog::{
    Cursor, Log, LogDir, LogOptions, SEGMENT_HEAD_BYTES, SegmentHead,
    frame::{RecordHead, record_head},
    vfs::{Access, Vfs},
};

use crate::common::{INSTANCE, create, try_open};

const MARK_BYTES: u64 = 64;

/// A log without threads of its own whose segments are `bytes` long.
fn short_segments(vfs: impl Vfs, bytes: u64) -> (LogDir, Log) {
    let dir = create(vfs, Path::new("/bus"));
    let options =
        LogOptions { segment_bytes: bytes, background: false, ring_bytes: 0, ..LogOptions::default() };
    let log = try_open(&dir, options).unwrap();
    (dir, log)
}

/// What the segments hold, one text each: first and last number, and the file's length.
///
/// Panics unless each segment's head is the manifest's, and it ends where the next begins, with a mark.
fn segments(dir: &LogDir) -> String {
    let manifest = dir.manifest();
    let texts = manifest.segments.iter().enumerate().map(|(index, head)| {
        let file = dir.open_segment(head, Access::ReadOnly).unwrap();
        let mut bytes = vec![0; file.len().unwrap() as usize];
        assert_eq!(file.read_at(0, &mut bytes).unwrap(), bytes.len());
        assert_eq!(SegmentHead::parse(&bytes).unwrap(), (*head, INSTANCE));
        let (number, used) = walk(&bytes, head.cursor());
        if let Some(next) = manifest.segments.get(index + 1) {
            assert_eq!((next.first_lsn.get(), next.first_number), (head.first_lsn.get() + used, number + 1));
            assert_eq!(used, bytes.len() as u64, "nothing is behind the last record");
        }
        format!("{}-{number}:{used}", head.first_number)
    });
    texts.collect::<Vec<_>>().join(" ")
}

/// Returns the last number of a segment and where its records end.
fn walk(bytes: &[u8], start: Cursor) -> (u64, u64) {
    let (mut number, mut offset) = (start.number, SEGMENT_HEAD_BYTES);
    while let Some(rest) = bytes.get(offset..).filter(|rest| rest.iter().any(|&byte| byte != 0)) {
        let head = record_head(rest).unwrap();
        number += u64::from(!matches!(head, RecordHead::Mark(_) | RecordHead::State(_)));
        offset += head.bytes();
    }
    (number, offset as u64)
}
