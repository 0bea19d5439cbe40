//! From one segment to the next.
//!
//! Invariant: a segment that is not the last ends exactly where the next one's head says, and its last batch
//! is the one that head tells.

use std::{io, path::PathBuf, sync::Arc};

use mmsb_types::Lsn;

use super::{Stop, Walk, misplaced};
use crate::{
    Cursor, Fault, LogDir, LogError, SegmentHead,
    dir::{check_segment_head, io_error, newest_manifest},
    vfs::{Access, VfsFile},
    window::Window,
};

impl Walk {
    /// Starts at `cursor` and looks at no byte from `limit` on; nothing is opened yet.
    ///
    /// # Errors
    /// [`LogError::HistoryGone`] if the log begins behind `cursor`.
    pub(crate) fn new(dir: &LogDir, cursor: Cursor, limit: Lsn) -> Result<Self, LogError> {
        let manifest = dir.manifest();
        let cursor = manifest.resume_at(cursor).ok_or(LogError::HistoryGone { oldest: manifest.oldest() })?;
        let behind = manifest.segments.partition_point(|head| head.cursor().lsn <= cursor.lsn);
        let next = behind.saturating_sub(1);
        let head = manifest.segments[next];
        Ok(Self {
            next,
            is_inside: false,
            window: Window::none(),
            path: dir.segment_path(&head),
            first_lsn: head.first_lsn.get(),
            limit,
            cursor,
            is_chained: true,
            is_believed: false,
            effort_spent: 0,
            dir: dir.clone(),
            manifest,
        })
    }

    /// Goes from the end of a segment to the next one's first record; `false` if there is no next one.
    ///
    /// # Errors
    /// A [`Stop`]; the walk is then where it was.
    pub(crate) fn advance(&mut self) -> Result<bool, Stop> {
        let Some(&head) = self.manifest.segments.get(self.next) else { return Ok(false) };
        let begins = head.cursor();
        let is_start = !self.is_inside;
        if !is_start {
            if !self.is_believed {
                self.check_length()?;
            }
            if let Some(fault) = misplaced((begins.number, begins.chain), self.cursor, self.is_chained) {
                return Err(Stop::Batch(fault));
            }
        }
        let (path, file) = self.open(&head)?;
        // Where the log is read from its middle on, its beginning may no longer be on the disk.
        if !is_start || self.cursor.lsn == begins.lsn {
            check_segment_head(file.as_ref(), &path, &head, &self.manifest).map_err(head_stop)?;
        }
        let cursor = if is_start { self.cursor } else { begins };
        self.enter(head, path, file, cursor)?;
        Ok(true)
    }

    /// Goes to `cursor`, and looks at no byte from `limit` on; `false`, and nothing is changed, if not all of that is in
    /// the open segment.
    ///
    /// # Errors
    /// [`LogError::Io`].
    pub(crate) fn go_to(&mut self, cursor: Cursor, limit: Lsn) -> Result<bool, LogError> {
        let begin = self.segment().cursor().lsn;
        let end = self.segment_bytes().map_or(limit.get(), |bytes| self.first_lsn + bytes);
        if !self.is_inside || cursor.lsn < begin || cursor.lsn > limit || limit.get() > end {
            return Ok(false);
        }
        let len = self.window.file_bytes().map_err(io_error("measuring", &self.path, 0))?;
        self.window.look_until(len.min(limit.get() - self.first_lsn));
        (self.limit, self.is_believed) = (limit, false);
        self.jump(cursor, true);
        Ok(true)
    }

    /// Goes to the end of the open segment, and believes of it what the next one's head says; `false` if there is
    /// no next one.
    pub(crate) fn jump_to_boundary(&mut self) -> bool {
        let Some(behind) = self.manifest.segments.get(self.next) else { return false };
        self.jump(Cursor { lsn: behind.first_lsn, ..behind.cursor() }, true);
        self.is_believed = true;
        true
    }

    /// As [`Walk::advance`], whatever the head of the next segment says: its place is the manifest's. A file that
    /// is missing, or that has not even a head, is passed over.
    pub(crate) fn force_on(&mut self) -> Result<bool, LogError> {
        let Some(&head) = self.manifest.segments.get(self.next) else { return Ok(false) };
        let opened = self.open(&head);
        match opened.and_then(|(path, file)| self.enter(head, path, file, head.cursor())) {
            Ok(()) if !self.is_beyond_end() => Ok(true),
            Ok(()) => Ok(self.jump_to_boundary()),
            Err(Stop::Failed(error)) => Err(error),
            Err(_) => {
                self.window = Window::none();
                self.stand_in(head, self.dir.segment_path(&head), head.cursor());
                Ok(self.jump_to_boundary())
            }
        }
    }

    /// Returns how long the open segment is, if another one follows it.
    pub(super) fn segment_bytes(&self) -> Option<u64> {
        let next = self.manifest.segments.get(self.next).filter(|_| self.is_inside);
        next.map(|head| head.first_lsn.get() - self.first_lsn)
    }

    /// Tells whether the open segment is the log's last.
    pub(crate) fn is_in_last(&self) -> bool {
        self.next == self.manifest.segments.len()
    }

    /// Returns the segment that is open; before the first [`Walk::advance`], the one that will be.
    pub(crate) fn segment(&self) -> SegmentHead {
        self.manifest.segments[if self.is_inside { self.next - 1 } else { self.next }]
    }

    /// Returns the segment behind the open one, or that one if it is the last.
    pub(crate) fn next_segment(&self) -> SegmentHead {
        self.manifest.segments[self.next.min(self.manifest.segments.len() - 1)]
    }

    /// Returns the path of the segment behind the open one.
    pub(crate) fn next_path(&self) -> PathBuf {
        self.dir.segment_path(&self.next_segment())
    }

    /// Returns the path of the segment with this number.
    pub(crate) fn path_of(&self, segment: u64) -> PathBuf {
        self.dir.path().join(SegmentHead::name_of(segment))
    }

    /// Tells whether the cursor is where the open segment ends and the next one begins.
    pub(crate) fn is_at_boundary(&self) -> bool {
        self.segment_bytes() == Some(self.offset())
    }

    /// Tells whether the cursor is behind all bytes that are there.
    pub(crate) fn is_beyond_end(&self) -> bool {
        self.is_inside && self.offset() > self.window.end()
    }

    fn open(&self, head: &SegmentHead) -> Result<(PathBuf, Arc<dyn VfsFile>), Stop> {
        let path = self.dir.segment_path(head);
        match self.dir.vfs().open(&path, Access::ReadOnly) {
            Ok(file) => Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(self.gone(head)),
            Err(error) => Err(Stop::Failed(io_error("opening", &path, 0)(error))),
        }
    }

    /// Tells why a segment is not there: damage, or a writer that has retired it since the walk began.
    fn gone(&self, head: &SegmentHead) -> Stop {
        match newest_manifest(self.dir.vfs().as_ref(), self.dir.path()) {
            Ok(newest) if newest.segments.contains(head) => Stop::Head(Fault::Missing),
            Ok(newest) => Stop::Failed(LogError::HistoryGone { oldest: newest.oldest() }),
            Err(error) => Stop::Failed(error),
        }
    }

    fn enter(
        &mut self,
        head: SegmentHead,
        path: PathBuf,
        file: Arc<dyn VfsFile>,
        cursor: Cursor,
    ) -> Result<(), Stop> {
        let behind = self.manifest.segments.get(self.next + 1).map_or(self.limit, |next| next.first_lsn);
        let most = behind.min(self.limit).get().saturating_sub(head.first_lsn.get());
        let len = file.len().map_err(|error| Stop::Failed(io_error("measuring", &path, 0)(error)))?;
        self.window.go_to(file, len.min(most));
        self.stand_in(head, path, cursor);
        Ok(())
    }

    fn stand_in(&mut self, head: SegmentHead, path: PathBuf, cursor: Cursor) {
        (self.path, self.first_lsn, self.cursor) = (path, head.first_lsn.get(), cursor);
        (self.is_inside, self.is_chained, self.is_believed) = (true, true, false);
        self.next += 1;
    }

    /// Checks that nothing stands behind the end of the open segment.
    fn check_length(&self) -> Result<(), Stop> {
        let failed = io_error("measuring", &self.path, 0);
        let len = self.window.file_bytes().map_err(|error| Stop::Failed(failed(error)))?;
        match self.segment_bytes() {
            Some(bytes) if len > bytes => Err(Stop::Record(Fault::Layout("bytes behind the segment's end"))),
            _ => Ok(()),
        }
    }
}

fn head_stop(error: LogError) -> Stop {
    match error {
        LogError::Corrupt { fault, .. } => Stop::Head(fault),
        error => Stop::Failed(error),
    }
}
