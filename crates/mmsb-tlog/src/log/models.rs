//! Models under loom: the reservation word, the ring and the flush as they are; only the disk is a vector.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use loom::thread;
use mmsb_types::{
    Lsn,
    plant::{Fault, explore},
};

use super::{
    boxes::Boxes,
    flush::Flush,
    progress::Progress,
    ring::{Done, Ring},
    tail::{PackedStart, Tail},
};
use crate::{
    Cursor, InstanceId, MARK_BYTES, SegmentHead,
    sync::{AtomicU64, Ordering},
    vfs::VfsFile,
};

const FRAME_BYTES: usize = 64;
const START: PackedStart = PackedStart::before_overflow(0, 8);

/// A file that loses what is written before its sync numbered `bad`, which fails; like the kernel it tells only
/// one of those who sync.
#[derive(Debug)]
struct Lossy {
    written: AtomicU64,
    durable: AtomicU64,
    sync_count: AtomicU64,
    bad: u64,
}

/// The frames that are written, in order; the marks between them are left out.
#[derive(Debug, Default)]
struct Written(Mutex<Vec<u8>>);

/// A log's shared parts: a ring of two frames, behind frame 0, next to both overflows.
struct Parts {
    tail: Tail,
    ring: Ring,
    progress: Progress,
    boxes: Boxes,
    /// Where the ring begins.
    unit: u64,
}

impl VfsFile for Written {
    fn read_at(&self, _: u64, _: &mut [u8]) -> std::io::Result<usize> {
        Ok(0)
    }

    fn write_at(&self, _: u64, bytes: &[u8]) -> std::io::Result<()> {
        let (frames, _mark) = bytes.split_at(bytes.len() - MARK_BYTES);
        self.0.lock().unwrap().extend_from_slice(frames);
        Ok(())
    }

    fn truncate(&self, _: u64) -> std::io::Result<()> {
        Ok(())
    }

    fn sync_data(&self) -> std::io::Result<()> {
        Ok(())
    }

    fn sync_all(&self) -> std::io::Result<()> {
        Ok(())
    }

    fn len(&self) -> std::io::Result<u64> {
        Ok(0)
    }

    fn discard_before(&self, _: u64) {}
}

impl VfsFile for Lossy {
    fn read_at(&self, _: u64, _: &mut [u8]) -> std::io::Result<usize> {
        Ok(0)
    }

    fn write_at(&self, number: u64, _: &[u8]) -> std::io::Result<()> {
        self.written.store(number, Ordering::Release);
        Ok(())
    }

    fn truncate(&self, _: u64) -> std::io::Result<()> {
        Ok(())
    }

    fn sync_data(&self) -> std::io::Result<()> {
        let covered = self.written.load(Ordering::Acquire);
        match self.sync_count.fetch_add(1, Ordering::AcqRel).cmp(&self.bad) {
            std::cmp::Ordering::Less => self.durable.fetch_max(covered, Ordering::AcqRel),
            std::cmp::Ordering::Equal => {
                return Err(std::io::Error::other("the model loses what was written"));
            }
            std::cmp::Ordering::Greater => 0,
        };
        Ok(())
    }

    fn sync_all(&self) -> std::io::Result<()> {
        self.sync_data()
    }

    fn len(&self) -> std::io::Result<u64> {
        Ok(0)
    }

    fn discard_before(&self, _: u64) {}
}

fn parts() -> Arc<Parts> {
    let (tail, ring) = (Tail::new(0, START), Ring::new(2 * FRAME_BYTES).expect("a ring"));
    let unit = tail.unit();
    Arc::new(Parts { tail, ring, progress: Progress::new(0, 0, None), boxes: Boxes::new(0), unit })
}

fn frame(number: u64) -> [u8; FRAME_BYTES] {
    let mut frame = [number as u8; FRAME_BYTES];
    frame[..8].copy_from_slice(&(FRAME_BYTES as u64).to_le_bytes());
    frame
}

/// Steps 4 and 8 of a commit: reserves while there is credit, fills its range, says so.
fn commit(parts: &Parts) {
    let units = Ring::units_for(FRAME_BYTES);
    while parts.ring.take_credit(units).is_none() {
        thread::yield_now();
    }
    let place = parts.tail.reserve(units);
    let number = place.number(parts.progress.recent());
    parts.ring.write(place.unit, &frame(number));
    parts.ring.set_done(number, Done { units, boxed: false });
}

/// Flushes until the frame `last` is written; returns the frames.
fn flush(parts: &Parts, last: u64) -> Vec<u8> {
    let file = Arc::new(Written::default());
    let mut flush = Flush {
        file: Arc::clone(&file) as Arc<dyn VfsFile>,
        path: Path::new("file").into(),
        instance: InstanceId([1; 16]),
        head: SegmentHead::FIRST,
        file_bytes: 0,
        end: Cursor { lsn: Lsn::ZERO, number: 0, chain: 0 },
        before_last: None,
        unit: parts.unit,
        closed: false,
        rotation: None,
        batch: Vec::new(),
    };
    while parts.progress.written() < last {
        flush.run(&parts.ring, &parts.boxes, &parts.progress).unwrap();
        thread::yield_now();
    }
    std::mem::take(&mut file.0.lock().unwrap())
}

/// Committers that commit so often each, beside a flusher: every frame is written whole, in order.
fn all_is_written(commits: &'static [u64]) {
    let parts = parts();
    let committers: Vec<_> = commits
        .iter()
        .map(|&count| {
            let parts = Arc::clone(&parts);
            thread::spawn(move || (0..count).for_each(|_| commit(&parts)))
        })
        .collect();
    let last = commits.iter().sum();
    let flusher = thread::spawn(move || flush(&parts, last));
    committers.into_iter().for_each(|committer| committer.join().unwrap());
    let expected: Vec<u8> = (1..=last).flat_map(frame).collect();
    assert!(flusher.join().unwrap() == expected, "a frame is written before it is whole, or out of order");
}

#[test]
fn frames_reserved_side_by_side_are_written_whole_and_in_order() {
    explore("reservation vs flusher prefix", &[Fault::DoneSlot], || all_is_written(&[1, 1]));
}

#[test]
fn a_range_of_the_ring_is_used_again_once_it_is_drained() {
    explore("ring credit vs flusher", &[Fault::CreditUnchecked], || all_is_written(&[3]));
}

/// Commits that wait to be durable, on a disk whose sync numbered `bad` fails.
fn all_wait_for_syncs(bad: u64) {
    let progress = Arc::new(Progress::new(0, 0, None));
    let at = |count| AtomicU64::new(count);
    let file = Arc::new(Lossy { written: at(0), durable: at(0), sync_count: at(0), bad });
    let end = |number| Cursor { lsn: Lsn::new(number), number, chain: 0 };
    progress.group.attach(Arc::clone(&file) as Arc<dyn VfsFile>, Path::new("file").into(), end(0));
    let writing = Arc::new(crate::sync::Mutex::new(()));
    let committers: Vec<_> = (1..=2)
        .map(|number| {
            let (progress, file, writing) = (Arc::clone(&progress), Arc::clone(&file), Arc::clone(&writing));
            thread::spawn(move || {
                let told = progress.sync_through(number, || {
                    let _one = writing.lock().unwrap();
                    if progress.written() < number {
                        progress.check_poison()?;
                        file.write_at(number, &[]).unwrap();
                        progress.moved(end(number), false);
                    }
                    Ok(())
                });
                let is_durable = file.durable.load(Ordering::Acquire) >= number;
                assert!(told.is_err() || is_durable, "told to be durable, and is not");
                // The poison is no atomic of the model's: only the newest value tells.
                let sync_count = file.sync_count.fetch_add(0, Ordering::AcqRel);
                assert!(told.is_ok() || sync_count > bad, "no sync has failed");
            })
        })
        .collect();
    committers.into_iter().for_each(|committer| committer.join().unwrap());
    let sync_count = file.sync_count.load(Ordering::Acquire);
    assert!(sync_count <= bad + 1, "a sync was tried again after one had failed");
}

#[test]
fn who_waits_is_told_what_a_sync_has_made_durable() {
    explore("group commit", &[Fault::AckEarly, Fault::SkipSync], || all_wait_for_syncs(2));
}

#[test]
fn nobody_hears_all_well_beside_a_failed_sync() {
    explore("group commit vs failed sync", &[Fault::SyncTogether], || all_wait_for_syncs(0));
    explore("group commit vs second sync", &[], || all_wait_for_syncs(1));
}

#[test]
fn whoever_counts_a_reservation_sees_what_was_done_before_it() {
    explore("newest number vs reservation", &[Fault::ReserveOrder, Fault::LastIsLoad], || {
        let parts = parts();
        let (pending, written) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (theirs, before, after) = (Arc::clone(&parts), Arc::clone(&written), Arc::clone(&pending));
        let committer = thread::spawn(move || {
            before.store(1, Ordering::Relaxed);
            let number = theirs.tail.reserve(8).number(theirs.progress.recent());
            (number, after.load(Ordering::Relaxed))
        });
        let creator = thread::spawn(move || {
            pending.store(1, Ordering::Relaxed);
            let last = parts.tail.last(|| parts.progress.recent());
            (last, written.load(Ordering::Relaxed))
        });
        let (number, saw_pending) = committer.join().unwrap();
        let (last, saw_written) = creator.join().unwrap();
        assert!(last < number || saw_written == 1, "counted, and what was before it is not seen");
        assert!(last >= number || saw_pending == 1, "not counted, and does not see who counted");
    });
}
