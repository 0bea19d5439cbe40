//! Logs of commits that no bus would make.

use std::{path::Path, sync::Arc};

use mmsb::{Bus, Error, GraphEvent, InstanceId, PageEvent, PageId, PageLocation, vfs::MemoryVfs};
use mmsb_delta::{DeltaBatch, Patch};
use mmsb_tlog::{FrameBuf, Log, LogDir, LogOptions, Scan, SectionBuf, SectionKind};

pub(crate) fn created(page: u64, name: Option<&str>) -> PageEvent {
    let (page, name) = (PageId::new(page), name.map(str::to_owned));
    PageEvent::Created { page, page_bytes: 8, location: PageLocation::Host, name }
}

pub(crate) fn named(page: u64, name: &str) -> PageEvent {
    PageEvent::Named { page: PageId::new(page), name: Some(name.to_owned()) }
}

pub(crate) fn deleted(page: u64) -> PageEvent {
    PageEvent::Deleted { page: PageId::new(page) }
}

/// A commit as it is written into a log.
#[derive(Default)]
pub(crate) struct Forged {
    pub(crate) events: Vec<PageEvent>,
    pub(crate) graph: Vec<GraphEvent>,
    /// What stands in the place of graph events.
    pub(crate) graph_bytes: Vec<u8>,
    pub(crate) source: Vec<u8>,
    pub(crate) label: Vec<u8>,
    /// Words of a cause section.
    pub(crate) cause: Vec<u64>,
    pub(crate) batch: DeltaBatch,
}

impl Forged {
    pub(crate) fn events(events: &[PageEvent]) -> Self {
        Self { events: events.to_vec(), ..Self::default() }
    }

    pub(crate) fn graph(events: &[GraphEvent]) -> Self {
        Self { graph: events.to_vec(), ..Self::default() }
    }

    pub(crate) fn patch(page: u64, offset: u32, bytes: &[u8]) -> Self {
        Self::of(page, Patch::Bytes { offset, bytes })
    }

    pub(crate) fn of(page: u64, patch: Patch<'_>) -> Self {
        let mut forged = Self::default();
        forged.batch.push(PageId::new(page), patch);
        forged
    }

    fn frame(&self) -> FrameBuf {
        let (mut sections, mut events) = (SectionBuf::default(), Vec::new());
        self.events.iter().for_each(|event| event.encode(&mut events));
        let mut graph = self.graph_bytes.clone();
        self.graph.iter().for_each(|event| event.encode(&mut graph));
        let cause = self.cause.iter().flat_map(|word| word.to_le_bytes()).collect();
        let contents = [
            (SectionKind::PAGE_EVENTS, &events),
            (SectionKind::GRAPH_EVENTS, &graph),
            (SectionKind::SOURCE, &self.source),
            (SectionKind::CAUSE, &cause),
            (SectionKind::LABEL, &self.label),
        ];
        for (kind, content) in contents {
            if !content.is_empty() {
                sections.push(kind, content);
            }
        }
        let mut frame = FrameBuf::default();
        frame.encode(&sections, self.batch.view(), u32::MAX).unwrap();
        frame
    }
}

pub(crate) fn append(log: &Log, commit: &Forged) {
    let mut frame = commit.frame();
    let room = log.room(frame.len()).unwrap();
    let reservation = log.reserve(room, frame.len());
    log.publish(reservation, &mut frame);
}

/// Writes the commits into a log, and closes that.
pub(crate) fn write(commits: &[Forged]) -> (LogDir, Arc<MemoryVfs>) {
    let (vfs, path) = (Arc::new(MemoryVfs::new()), Path::new("bus"));
    let dir = LogDir::create(vfs.clone(), path, InstanceId([1; 16])).unwrap();
    let log = Log::open(&dir, dir.lock().unwrap(), &Scan::empty(&dir), LogOptions::default()).unwrap();
    commits.iter().for_each(|commit| append(&log, commit));
    log.close().unwrap();
    (dir, vfs)
}

/// Writes the commits into a log, and returns what opening it says, by however many threads.
pub(crate) fn open(commits: &[Forged]) -> Result<Bus, Error> {
    let (path, (_, vfs)) = (Path::new("bus"), write(commits));
    let told = |opened: &Result<Bus, Error>| opened.as_ref().map(Bus::epoch).map_err(ToString::to_string);
    let by = [1, 2, 8].map(|count| told(&Bus::builder().recovery_threads(count).read_on(vfs.clone(), path)));
    let opened = Bus::builder().open_on(vfs, path);
    assert_eq!(by, [(); 3].map(|()| told(&opened)), "by 1, 2, 8 threads");
    opened
}

#[track_caller]
pub(crate) fn refused(commits: &[Forged], what: &str) {
    match open(commits) {
        Err(Error::Corrupt { number, what: told, .. }) => {
            assert_eq!((number, told.as_str()), (commits.len() as u64, what));
        }
        other => panic!("{other:?}"),
    }
}
