//! The changes of one page, newest first.
//!
//! The index tells which commits touch the page, and only those are read. The log runs forward and a change needs
//! the bytes before it, so history goes back from one kept state to the one before it: the page's image there is
//! taken forward over the changes of that span, once, keeping the image before every 256th of them.
//!
//! Invariant: memory is 256 changes, and one image for each 256 of one span. Where the images would pass
//! `IMAGES_BYTES_MAX` every other one goes and stretches double, until there are `GROUPS_MIN`.

mod span;
mod spans;
#[cfg(test)]
mod tests;
mod track;

use std::{fmt, sync::Arc};

use mmsb_types::{Epoch, Label, PageId, Source};

use self::{span::Span, spans::Spans};
use crate::{
    Error,
    bus::Inner,
    diff::{ByteRun, write_label},
};

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
    spans: Spans,
    /// The span being visited; nothing before the first.
    span: Span,
    /// Changes of it that come next, oldest first.
    changes: Vec<Change>,
}

impl History {
    pub(crate) fn new(bus: Arc<Inner>, page: PageId) -> Result<Self, Error> {
        let newest = bus.journal.newest();
        let mut spans = Spans::new(bus, page, newest)?;
        match spans.next()? {
            Some((span, changes)) => Ok(Self { spans, span, changes }),
            None if spans.lived_at_oldest()? => {
                Ok(Self { spans, span: Span::default(), changes: Vec::new() })
            }
            None => Err(Error::PageNotFound { page, epoch: newest }),
        }
    }

    fn read(&mut self) -> Result<Option<Change>, Error> {
        loop {
            if let Some(change) = self.changes.pop() {
                return Ok(Some(change));
            }
            if let Some(changes) = self.spans.read_newest(&mut self.span)? {
                self.changes = changes;
                continue;
            }
            let Some((span, changes)) = self.spans.next()? else { return Ok(None) };
            (self.span, self.changes) = (span, changes);
        }
    }
}

impl Iterator for History {
    type Item = Result<Change, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.read();
        if next.is_err() {
            (self.span, self.changes) = (Span::default(), Vec::new());
            self.spans.end();
        }
        next.transpose()
    }
}

impl Change {
    fn write_kind(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ChangeKind::Created { page_bytes } => write!(f, " created with {page_bytes} bytes"),
            ChangeKind::Written => write!(f, " written"),
            ChangeKind::Named if self.name.is_none() => write!(f, " lost its name"),
            ChangeKind::Named => Ok(()),
            ChangeKind::Deleted => write!(f, " deleted"),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.epoch)?;
        write_label(f, self.label)?;
        write!(f, " {}", self.page)?;
        self.write_kind(f)?;
        if let Some(name) = &self.name {
            write!(f, " named {name:?}")?;
        }
        if !self.source.is_unknown() {
            write!(f, " by {}", self.source)?;
        }
        self.runs.iter().try_for_each(|run| write!(f, "\n  {run}"))
    }
}
