//! Flushing on a disk that fails.

use std::{
    io::Result,
    path::Path,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use mmsb_types::Lsn;

use super::{BATCH_BYTES, Flush, Progress};
use crate::{
    Cursor, InstanceId, LogError, SegmentHead,
    log::{
        boxes::Boxes,
        ring::{Done, Ring},
    },
    vfs::VfsFile,
};

const START: Cursor = Cursor { lsn: Lsn::new(64), number: 0, chain: 0 };

/// A file that counts its writes. Beside the first one a sync fails; asked to sync, it panics.
#[derive(Debug)]
struct Unlucky {
    /// That has the file: neither keeps the other.
    to: Weak<Progress>,
    write_count: AtomicU64,
}

impl VfsFile for Unlucky {
    fn read_at(&self, _: u64, _: &mut [u8]) -> Result<usize> {
        Ok(0)
    }

    fn write_at(&self, _: u64, _: &[u8]) -> Result<()> {
        self.write_count.fetch_add(1, Ordering::Relaxed);
        self.to.upgrade().expect("the test has it").set_poison("a sync beside it failed");
        Ok(())
    }

    fn truncate(&self, _: u64) -> Result<()> {
        Ok(())
    }

    fn sync_data(&self) -> Result<()> {
        panic!("the test's file system has a bug")
    }

    fn sync_all(&self) -> Result<()> {
        self.sync_data()
    }

    fn len(&self) -> Result<u64> {
        Ok(0)
    }

    fn discard_before(&self, _: u64) {}
}

fn unlucky() -> (Arc<Progress>, Arc<Unlucky>) {
    let to = Arc::new(Progress::new(0, 0, None));
    let file = Unlucky { to: Arc::downgrade(&to), write_count: AtomicU64::new(0) };
    (to, Arc::new(file))
}

#[test]
fn nothing_is_written_once_a_sync_beside_the_flush_has_failed() {
    const FRAME_BYTES: usize = 64 << 10;
    let (ring, units) = (Ring::new(4 << 20).expect("a ring"), Ring::units_for(FRAME_BYTES));
    let mut frame = vec![0; FRAME_BYTES];
    frame[..4].copy_from_slice(&(FRAME_BYTES as u32).to_le_bytes());
    for number in 1..=2 * (BATCH_BYTES / FRAME_BYTES) as u64 {
        ring.write((number - 1) * units, &frame);
        ring.set_done(number, Done { units, boxed: false });
    }
    let (to, file) = unlucky();
    let mut flush = Flush {
        file: file.clone(),
        path: Path::new("file").into(),
        instance: InstanceId([1; 16]),
        head: SegmentHead::FIRST,
        file_bytes: 0,
        end: START,
        before_last: None,
        unit: 0,
        closed: false,
        rotation: None,
        batch: Vec::new(),
    };
    let refused = flush.run(&ring, &Boxes::new(0), &to);
    assert!(matches!(refused, Err(LogError::Poisoned { .. })), "{refused:?}");
    assert_eq!(file.write_count.load(Ordering::Relaxed), 1);
}

#[test]
fn a_sync_that_panics_has_failed() {
    let (to, file) = unlucky();
    to.group.attach(file, Path::new("file").into(), Cursor { number: 7, ..START });
    let failed = to.sync_written();
    assert!(matches!(failed, Err(LogError::Io { operation: "syncing", .. })), "{failed:?}");
    assert!(matches!(to.check_poison(), Err(LogError::Poisoned { .. })));
    assert_eq!(to.durable(), 0);
}
