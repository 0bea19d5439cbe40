//! Logs of commits that no bus would make.

use std::{path::Path, sync::Arc};

use mmsb::{Bus, Error, InstanceId, PageEvent, PageId, PageLocation, vfs::MemoryVfs};
use mmsb_delta::{DeltaBatch, Patch};
use mmsb_tlog::{FrameBuf, Log, LogDir, LogOptions, Scan, SectionBuf, SectionKind};

pub(super) fn created(page: u64, name: Option<&str>) -> PageEvent {
    let (page, name) = (PageId::new(page), name.map(str::to_owned));
    PageEvent::Created { page, page_bytes: 8, location: PageLocation::Host, name }
}

pub(super) fn named(page: u64, name: &str) -> PageEvent {
    PageEvent::Named { page: PageId::new(page), name: Some(name.to_owned()) }
}

pub(super) fn deleted(page: u64) -> PageEvent {
    PageEvent::Deleted { page: PageId::new(page) }
}

/// A commit as it is written into a log.
#[derive(Default)]
pub(super) struct Forged {
    pub(super) events: Vec<PageEvent>,
    pub(super) source: Vec<u8>,
    pub(super) label: Vec<u8>,
    pub(super) batch: DeltaBatch,
}

impl Forged {
    pub(super) fn events(events: &[PageEvent]) -> Self {
        Self { events: events.to_vec(), ..Self::default() }
    }

    pub(super) fn patch(page: u64, offset: u32, bytes: &[u8]) -> Self {
        Self::of(page, Patch::Bytes { offset, bytes })
    }

    pub(super) fn of(page: u64, patch: Patch<'_>) -> Self {
        let mut forged = Self::default();
        forged.batch.push(PageId::new(page), patch);
        forged
    }

    fn frame(&self) -> FrameBuf {
        let (mut sections, mut events) = (SectionBuf::default(), Vec::new());
        self.events.iter().for_each(|event| event.encode(&mut events));
        let kinds = [SectionKind::PAGE_EVENTS, SectionKind::SOURCE, SectionKind::LABEL];
        for (kind, content) in kinds.into_iter().zip([&events, &self.source, &self.label]) {
            if !content.is_empty() {
                sections.push(kind, content);
            }
        }
        let mut frame = FrameBuf::default();
        frame.encode(&sections, self.batch.view(), u32::MAX).unwrap();
        frame
    }
}

fn append(log: &Log, commit: &Forged) {
    let mut frame = commit.frame();
    let room = log.room(frame.len()).unwrap();
    let reservation = log.reserve(room, frame.len());
    log.publish(reservation, &mut frame);
}

/// Writes the commits into a log, and returns what opening it says, by however many threads.
pub(super) fn open(commits: &[Forged]) -> Result<Bus, Error> {
    let (vfs, path) = (Arc::new(MemoryVfs::new()), Path::new("bus"));
    let dir = LogDir::create(vfs.clone(), path, InstanceId([1; 16])).unwrap();
    let log = Log::open(&dir, dir.lock().unwrap(), &Scan::empty(&dir), LogOptions::default()).unwrap();
    commits.iter().for_each(|commit| append(&log, commit));
    log.close().unwrap();
    drop(log);
    let told = |opened: &Result<Bus, Error>| opened.as_ref().map(Bus::epoch).map_err(ToString::to_string);
    let by = [1, 2, 8].map(|count| told(&Bus::builder().recovery_threads(count).read_on(vfs.clone(), path)));
    let opened = Bus::builder().open_on(vfs, path);
    assert_eq!(by, [(); 3].map(|()| told(&opened)), "by 1, 2, 8 threads");
    opened
}

#[track_caller]
pub(super) fn refused(commits: &[Forged], what: &str) {
    match open(commits) {
        Err(Error::Corrupt { number, what: told, .. }) => {
            assert_eq!((number, told.as_str()), (commits.len() as u64, what));
        }
        other => panic!("{other:?}"),
    }
}
