//! A log by itself, without pages: what appending is measured on.

use std::{path::Path, sync::Arc};

use anyhow::Result;
use mmsb_delta::DeltaBatch;
use mmsb_tlog::{Cursor, FrameBuf, InstanceId, Log, LogDir, LogOptions, Reader, Scan, SectionBuf, vfs::Vfs};
use mmsb_types::Durability;

use crate::pages::Change;

/// A new log, and the buffers that its frames are made in.
#[derive(Debug)]
pub struct Appender {
    dir: LogDir,
    log: Log,
    batch: DeltaBatch,
    sections: SectionBuf,
    frame: FrameBuf,
}

impl Appender {
    /// Creates a log at `path`.
    ///
    /// # Errors
    /// What the log or the disk refuses.
    pub fn create(vfs: Arc<dyn Vfs>, path: &Path) -> Result<Self> {
        let dir = LogDir::create(vfs, path, InstanceId([7; 16]))?;
        let log = Log::open(&dir, dir.lock()?, &Scan::empty(&dir), LogOptions::default())?;
        let (batch, sections, frame) = (DeltaBatch::default(), SectionBuf::default(), FrameBuf::default());
        Ok(Self { dir, log, batch, sections, frame })
    }

    /// Appends the changes as one commit, as the facade does: batch, frame, room, reservation, publication.
    ///
    /// # Errors
    /// What the log refuses.
    pub fn append(&mut self, changes: &[Change]) -> Result<u64> {
        self.batch.clear();
        changes.iter().for_each(|change| self.batch.push(change.page, change.patch()));
        self.frame.encode(&self.sections, self.batch.view(), self.log.record_bytes_max())?;
        let room = self.log.room(self.frame.len())?;
        let reservation = self.log.reserve(room, self.frame.len());
        Ok(self.log.publish(reservation, &mut self.frame))
    }

    /// Appends all changes in commits of `count`, and waits until the last one is in the kernel's hands.
    ///
    /// # Errors
    /// What the log refuses.
    pub fn append_all(&mut self, changes: &[Change], count: usize) -> Result<u64> {
        let mut last = 0;
        for chunk in changes.chunks(count) {
            last = self.append(chunk)?;
        }
        self.log.wait(last, Durability::Written)?;
        Ok(last)
    }

    /// Returns how long the log is, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.log.written_end().lsn.get()
    }

    /// Reads everything back and hands each commit's patches, in order, to `visit`.
    ///
    /// # Errors
    /// What the reader refuses, or the first error of `visit`.
    pub fn read_back(
        &self,
        mut visit: impl FnMut(u64, mmsb_delta::BatchView<'_>) -> Result<()>,
    ) -> Result<u64> {
        let mut reader = Reader::new(&self.dir, Cursor::first(&self.dir), self.log.written_end().lsn)?;
        while let Some(commit) = reader.next_commit()? {
            visit(commit.epoch.get(), commit.frame.batch)?;
        }
        Ok(reader.cursor().number)
    }
}
