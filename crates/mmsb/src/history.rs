//! The changes of one page, newest first.
//!
//! The log runs forward and a change needs the bytes before it, so one pass over the log keeps the page's
//! image before every 256th change; iterating then reads the log again, one such stretch at a time.
//!
//! Invariant: memory is one stretch of changes and one image for each stretch. Where the images would pass
//! `IMAGES_BYTES_MAX` every other one goes and stretches double, until there are `STRETCHES_MIN`.

mod track;

use std::fmt;

use mmsb_tlog::Cursor;
use mmsb_types::{Epoch, Label, Lsn, PageId, Source};

use self::track::Track;
use crate::{
    Bus, Error,
    diff::{ByteRun, write_label},
    journal::{Origin, Pass},
};

const STRETCH_CHANGES: u64 = 256;
const IMAGES_BYTES_MAX: usize = 64 << 20;
const STRETCHES_MIN: usize = 16;

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
    /// The name the commit gave to the page, if it gave one.
    pub name: Option<String>,
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
    /// Only its name changed; without a new one, it lost its name.
    Named,
    /// Its life ended.
    Deleted,
}

/// The changes of one page, newest first. An error ends it.
///
/// It reads the log as it was when it was made; a bus in memory may give up what was not visited yet, which is
/// [`Error::HistoryGone`].
#[derive(Debug)]
pub struct History {
    /// The pass that found the changes: as long as it is held, what they stand in stays.
    pass: Pass,
    /// Behind the last commit that was not visited yet.
    end: Lsn,
    /// Where each stretch begins, oldest first; the last one is read next.
    stretches: Vec<Track>,
    /// The changes of the stretch being visited, oldest first.
    changes: Vec<Change>,
}

impl History {
    pub(crate) fn new(bus: &Bus, page: PageId) -> Result<Self, Error> {
        let newest = bus.epoch();
        let load = |origin: Origin| {
            let state = origin.pages(&[page])?.remove(&page);
            Ok((state.map(|state| state.bytes.to_vec()), origin.heading().texts.clone()))
        };
        let ((image, texts), mut pass) = bus.journal().oldest_start(newest, load)?;
        let mut track = Track::new(page, image, texts, pass.cursor());
        let ever_lived = track.lives();
        let mut stretches = Stretches::default();
        loop {
            let before = pass.cursor();
            let went_on = pass.visit(|commit| {
                if track.touches(commit)? {
                    stretches.count(&track, before);
                }
                track.skip(commit)
            });
            if went_on?.is_none() {
                break;
            }
        }
        if stretches.starts.is_empty() && !ever_lived {
            return Err(Error::PageNotFound { page, epoch: newest });
        }
        Ok(Self { end: pass.cursor().lsn, pass, stretches: stretches.starts, changes: Vec::new() })
    }

    /// Reads the newest stretch that was not visited yet.
    fn read_stretch(&mut self, mut track: Track) -> Result<(), Error> {
        let start = track.cursor();
        let mut stretch = self.pass.again(start, self.end)?;
        self.end = start.lsn;
        while let Some(change) = stretch.visit(|commit| track.step(commit))? {
            self.changes.extend(change);
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

/// Where stretches begin, as the first pass finds out.
struct Stretches {
    starts: Vec<Track>,
    change_count: u64,
    stretch_changes: u64,
}

impl Default for Stretches {
    fn default() -> Self {
        Self { starts: Vec::new(), change_count: 0, stretch_changes: STRETCH_CHANGES }
    }
}

impl Stretches {
    /// Counts a change that comes next, the page being at `track`.
    fn count(&mut self, track: &Track, before: Cursor) {
        if self.change_count.is_multiple_of(self.stretch_changes) {
            self.starts.push(track.clone_at(before));
            self.thin();
        }
        self.change_count += 1;
    }

    /// Gives up every other start where they hold too much.
    fn thin(&mut self) {
        let bytes: usize = self.starts.iter().map(Track::image_bytes).sum();
        if bytes > IMAGES_BYTES_MAX && self.starts.len() > STRETCHES_MIN {
            let mut index = 0;
            self.starts.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.stretch_changes *= 2;
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.epoch)?;
        write_label(f, self.label)?;
        write!(f, " {}", self.page)?;
        match &self.kind {
            ChangeKind::Created { page_bytes } => write!(f, " created with {page_bytes} bytes")?,
            ChangeKind::Written => write!(f, " written")?,
            ChangeKind::Named if self.name.is_none() => write!(f, " lost its name")?,
            ChangeKind::Named => {}
            ChangeKind::Deleted => write!(f, " deleted")?,
        }
        if let Some(name) = &self.name {
            write!(f, " named {name:?}")?;
        }
        if !self.source.is_unknown() {
            write!(f, " by {}", self.source)?;
        }
        self.runs.iter().try_for_each(|run| write!(f, "\n  {run}"))
    }
}
