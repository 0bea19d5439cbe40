//! The changes of one page, newest first.
//!
//! The log runs forward and a change needs the bytes before it, so one pass over the log keeps the page's
//! image before every 256th change; iterating then reads the log again, one such stretch at a time.
//!
//! Invariant: memory is one stretch of changes and one image for each stretch, however long the history.

use std::fmt;

use mmsb_tlog::{Commit, Cursor, LogDir, Reader};
use mmsb_types::{Epoch, Label, Lsn, PageEvent, PageId, Source};

use crate::{
    Bus, Error,
    diff::{ByteRun, byte_runs, write_label},
    info::CommitInfo,
    journal::does_not_fit,
    texts::Texts,
};

const STRETCH_CHANGES: usize = 256;

/// What one commit did to one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which page.
    pub page: PageId,
    /// The commit's epoch.
    pub epoch: Epoch,
    /// The commit's label.
    pub label: Option<Label>,
    /// Nanoseconds since 1970, where the builder asked for them.
    pub timestamp_nanos: Option<u64>,
    /// Who made the commit: tag and code site.
    pub source: Source,
    /// What happened to the page.
    pub kind: ChangeKind,
    /// The bytes that changed, before and after; for a page that was just created, before means zeros.
    pub runs: Vec<ByteRun>,
}

/// What happened to a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It came to life with so many bytes.
    Created {
        /// Its length.
        page_bytes: u32,
    },
    /// Bytes were written, perhaps the same as before.
    Written,
    /// Only its name changed.
    Named,
    /// Its life ended.
    Deleted,
}

/// The changes of one page, newest first. An error ends it.
#[derive(Debug)]
pub struct History {
    dir: LogDir,
    page: PageId,
    end: Lsn,
    /// Where each stretch begins, oldest first; the last one is read next.
    stretches: Vec<Track>,
    /// The changes of the stretch being visited, oldest first.
    changes: Vec<Change>,
}

/// One page on its way through the log.
#[derive(Clone, Debug)]
struct Track {
    cursor: Cursor,
    image: Option<Vec<u8>>,
    texts: Texts,
}

impl History {
    pub(crate) fn new(bus: &Bus, page: PageId) -> Result<Self, Error> {
        let newest = bus.epoch();
        let replay = bus.journal().replay(newest)?;
        let (dir, state, mut reader) = (bus.journal().dir().clone(), replay.state, replay.reader);
        let image = state.page(page).map(|state| state.bytes.to_vec());
        let ever_lived = image.is_some();
        let mut track = Track { cursor: reader.cursor(), image, texts: state.texts };
        let (mut stretches, mut count) = (Vec::new(), 0);
        loop {
            let before = reader.cursor();
            let Some(commit) = reader.next_commit()? else { break };
            if touches(&commit, page) && count % STRETCH_CHANGES == 0 {
                stretches.push(Track { cursor: before, ..track.clone() });
            }
            let step = track.step(page, &commit);
            count += usize::from(step.map_err(|what| does_not_fit(&dir, &commit, what))?.is_some());
        }
        if stretches.is_empty() && !ever_lived {
            return Err(Error::PageNotFound { page, epoch: newest });
        }
        Ok(Self { dir, page, end: reader.cursor().lsn, stretches, changes: Vec::new() })
    }

    /// Reads the newest stretch that was not visited yet.
    fn read_stretch(&mut self, mut track: Track) -> Result<(), Error> {
        let mut reader = Reader::new(&self.dir, track.cursor, self.end)?;
        self.end = track.cursor.lsn;
        while let Some(commit) = reader.next_commit()? {
            let step = track.step(self.page, &commit);
            self.changes.extend(step.map_err(|what| does_not_fit(&self.dir, &commit, what))?);
        }
        Ok(())
    }
}

impl Iterator for History {
    type Item = Result<Change, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.changes.is_empty() {
            let track = self.stretches.pop()?;
            if let Err(error) = self.read_stretch(track) {
                self.stretches.clear();
                self.changes.clear();
                return Some(Err(error));
            }
        }
        self.changes.pop().map(Ok)
    }
}

impl Track {
    /// Goes past one commit; returns what it did to the page.
    fn step(&mut self, page: PageId, commit: &Commit<'_>) -> Result<Option<Change>, String> {
        let info = CommitInfo::read(commit, &mut self.texts)?;
        if !touches(commit, page) {
            return Ok(None);
        }
        let kind = self.apply_events(page, &info.events);
        let mut runs = Vec::new();
        if let Some(image) = &mut self.image {
            let old = image.clone();
            for (_, patch) in commit.frame.batch.iter().filter(|(touched, _)| *touched == page) {
                patch.apply(image).map_err(|misfit| misfit.to_string())?;
            }
            runs = byte_runs(&old, image);
        }
        let CommitInfo { epoch, label, timestamp_nanos, source, .. } = info;
        Ok(Some(Change { page, epoch, label, timestamp_nanos, source, kind, runs }))
    }

    fn apply_events(&mut self, page: PageId, events: &[PageEvent]) -> ChangeKind {
        let mut kind = ChangeKind::Written;
        for event in events.iter().filter(|event| event.page() == page) {
            match event {
                PageEvent::Created { page_bytes, .. } => {
                    self.image = Some(vec![0; *page_bytes as usize]);
                    kind = ChangeKind::Created { page_bytes: *page_bytes };
                }
                PageEvent::Deleted { .. } => {
                    self.image = None;
                    kind = ChangeKind::Deleted;
                }
                PageEvent::Named { .. } if kind == ChangeKind::Written => kind = ChangeKind::Named,
                PageEvent::Named { .. } => {}
            }
        }
        kind
    }
}

fn touches(commit: &Commit<'_>, page: PageId) -> bool {
    let in_batch = commit.frame.batch.iter().any(|(touched, _)| touched == page);
    in_batch
        || crate::info::events(commit.frame.sections)
            .is_ok_and(|events| events.iter().any(|e| e.page() == page))
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.epoch)?;
        write_label(f, self.label)?;
        write!(f, " {}", self.page)?;
        match &self.kind {
            ChangeKind::Created { page_bytes } => write!(f, " created with {page_bytes} bytes")?,
            ChangeKind::Written => write!(f, " written")?,
            ChangeKind::Named => write!(f, " named")?,
            ChangeKind::Deleted => write!(f, " deleted")?,
        }
        if !self.source.is_unknown() {
            write!(f, " by {}", self.source)?;
        }
        self.runs.iter().try_for_each(|run| write!(f, "\n  {run}"))
    }
}
