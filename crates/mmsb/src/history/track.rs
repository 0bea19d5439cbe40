//! One page on its way through the log.

use std::fmt;

use mmsb_tlog::Commit;
use mmsb_types::{PageEvent, PageId};

use super::{Change, ChangeKind};
use crate::{CommitInfo, diff::byte_runs, info::events, texts::Texts};

/// A page at some place of the log.
#[derive(Clone)]
pub(super) struct Track {
    page: PageId,
    image: Option<Vec<u8>>,
}

impl Track {
    /// Starts with what the page is.
    pub(super) fn new(page: PageId, image: Option<Vec<u8>>) -> Self {
        Self { page, image }
    }

    pub(super) fn image_bytes(&self) -> usize {
        self.image.as_ref().map_or(0, Vec::len)
    }

    /// Tells whether the commit does anything to the page.
    pub(super) fn touches(&self, commit: &Commit<'_>) -> Result<bool, String> {
        let in_batch = commit.frame.batch.iter().any(|(touched, _)| touched == self.page);
        Ok(in_batch || events(commit.frame.sections)?.iter().any(|event| event.page() == self.page))
    }

    /// Goes past one commit.
    pub(super) fn skip(&mut self, commit: &Commit<'_>) -> Result<(), String> {
        self.apply_events(&events(commit.frame.sections)?);
        self.apply_patches(commit)
    }

    /// Goes past one commit; returns what it did to the page. All texts that it names are known, or its own.
    pub(super) fn step(&mut self, commit: &Commit<'_>, texts: &mut Texts) -> Result<Option<Change>, String> {
        if !self.touches(commit)? {
            return Ok(None);
        }
        let CommitInfo { epoch, label, timestamp_nanos, source, events, pages, .. } =
            CommitInfo::read(commit, texts)?;
        let page = self.page;
        let (mut kind, name) = self.apply_events(&events);
        let old = self.image.clone().unwrap_or_default();
        self.apply_patches(commit)?;
        if kind == ChangeKind::Named && pages.contains(&page) {
            kind = ChangeKind::Written;
        }
        let runs = self.image.as_ref().map(|image| byte_runs(&old, image)).unwrap_or_default();
        Ok(Some(Change { page, epoch, label, timestamp_nanos, source, kind, name, runs }))
    }

    /// Returns what happened to the page, and the name it was given.
    fn apply_events(&mut self, events: &[PageEvent]) -> (ChangeKind, Option<String>) {
        let (mut kind, mut given) = (ChangeKind::Written, None);
        for event in events.iter().filter(|event| event.page() == self.page) {
            match event {
                PageEvent::Created { page_bytes, name, .. } => {
                    self.image = Some(vec![0; *page_bytes as usize]);
                    (kind, given) = (ChangeKind::Created { page_bytes: *page_bytes }, name.clone());
                }
                PageEvent::Deleted { .. } => {
                    self.image = None;
                    (kind, given) = (ChangeKind::Deleted, None);
                }
                PageEvent::Named { name, .. } => {
                    given.clone_from(name);
                    kind = if kind == ChangeKind::Written { ChangeKind::Named } else { kind };
                }
            }
        }
        (kind, given)
    }

    fn apply_patches(&mut self, commit: &Commit<'_>) -> Result<(), String> {
        let Some(image) = &mut self.image else { return Ok(()) };
        for (_, patch) in commit.frame.batch.iter().filter(|(touched, _)| *touched == self.page) {
            patch.apply(image).map_err(|misfit| misfit.to_string())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Track {
    /// Without the bytes, of which there may be millions.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} bytes", self.page, self.image_bytes())
    }
}
