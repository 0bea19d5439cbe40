//! Rooms in the ring: short frames, dropped rooms, and records at the limit.

use std::path::Path;

use mmsb_delta::Patch;
use mmsb_tlog::vfs::MemoryVfs;
use mmsb_types::Span;

use crate::common::{Content, commit, commits, create, open, single};

#[test]
fn a_boxed_room_takes_a_frame_that_turns_out_short() {
    let dir = create(MemoryVfs::new(), Path::new("/bus"));
    let log = open(&dir);
    for _ in 0..200 {
        let room = log.room(1 << 20).unwrap();
        let mut frame = single("short").encode();
        log.publish(log.reserve(room, frame.len()), &mut frame);
    }
    let room = log.room(40_000).unwrap();
    let mut frame = single("shorter than its room").encode();
    log.publish(log.reserve(room, frame.len()), &mut frame);
    log.close().unwrap();
    let seen = commits(&dir);
    assert_eq!(seen.len(), 201);
    assert!(seen[..200].iter().all(|text| text.contains(&format!("{:?}", b"short".as_slice()))));
}

#[test]
fn room_that_is_dropped_comes_back() {
    let dir = create(MemoryVfs::new(), Path::new("/bus"));
    let log = open(&dir);
    for _ in 0..1000 {
        drop(log.room(60_000).unwrap());
        drop(log.room(20 << 20).unwrap());
    }
    commit(&log, &single("still"));
    log.close().unwrap();
    assert_eq!(commits(&dir).len(), 1);
}

#[test]
#[should_panic(expected = "does not fit its room")]
fn a_frame_longer_than_its_boxed_room_is_refused() {
    let dir = create(MemoryVfs::new(), Path::new("/bus"));
    let log = open(&dir);
    let _ = log.reserve(log.room(70_000).unwrap(), 80_000);
}

#[test]
fn a_record_beyond_the_limit_is_refused_and_one_at_it_is_not() {
    let fill = Patch::Fill { span: Span::new(0, 4), byte: 1 };
    let content =
        Content::default().patch(1 << 35, fill).patch(2, Patch::Bytes { offset: 0, bytes: &[5; 50] });
    let (sections, batch) = (&content.sections, &content.batch);
    let bytes = content.encode().len() as u32;
    let mut frame = content.encode();
    frame.encode(sections, batch.view(), bytes).unwrap();
    let refusal = frame.encode(sections, batch.view(), bytes - 1).unwrap_err();
    assert_eq!(refusal.to_string(), format!("a record of {bytes} bytes exceeds the limit of {}", bytes - 1));
    assert!(frame.is_empty());
    assert!(content.bound() >= bytes as usize);
}
