//! A writer that is refused, or dropped midway.

use mmsb_tlog::{CheckpointWriter, LogError};
use mmsb_types::{Epoch, PageId};

use super::super::{CURSOR, bus, names, noise, page, read, specimen, write};

#[test]
fn a_page_that_cannot_be_had_is_not_added() {
    let dir = bus();
    let mut writer = CheckpointWriter::create(&dir, CURSOR, None).unwrap();
    let refused: Result<(), LogError> = writer.page_with(PageId::new(1), 9, |to| {
        to.fill(3);
        Err(LogError::HistoryGone { oldest: 1 })
    });
    assert!(matches!(refused, Err(LogError::HistoryGone { oldest: 1 })));
    writer.page(PageId::new(1), Epoch::new(4), b"once more").unwrap();
    let listed = writer.finish(b"").unwrap();
    assert_eq!(read(&dir, &listed).unwrap().0, [page(1, 4, *b"once more")]);
}

#[test]
fn a_checkpoint_that_is_there_is_not_written_over() {
    let dir = bus();
    write(&dir, None, &specimen(), b"").unwrap();
    assert!(matches!(CheckpointWriter::create(&dir, CURSOR, None), Err(LogError::AlreadyExists { .. })));
}

#[test]
fn a_writer_dropped_midway_leaves_nothing() {
    let dir = bus();
    for count in [0, 1, 10, 3000] {
        let mut writer = CheckpointWriter::create(&dir, CURSOR, None).unwrap();
        for id in 1..=count {
            writer.page(PageId::new(id), Epoch::new(1), &noise(1024, id)).unwrap();
        }
        assert_eq!(names(&dir), ["ckpt-1000.new"]);
        drop(writer);
        assert!(names(&dir).is_empty());
    }
}
