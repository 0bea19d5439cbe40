//! Keeping a branch: a bus of its own, made of the branch's base and all of its commits.
//!
//! The log of such a bus begins behind the base, which is there as a checkpoint. It is built beside the path asked
//! for and moved there once it is whole and synced.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use mmsb_tlog::{
    FrameBuf, InstanceId, Log, LogDir, LogOptions, Scan, SegmentHead,
    vfs::{OsVfs, Vfs},
};
use mmsb_types::{Durability, Epoch, limits::RECORD_BYTES_MAX};

use super::Branch;
use crate::{Bus, Error, checkpoint::write_view, replay::Heading};

impl Branch {
    /// Writes the branch to the new directory `path` and opens it as a bus: the base's state, then every
    /// commit with its epoch, label and tag.
    ///
    /// Epochs before the base are [`Error::HistoryGone`] there. The branch stays as it is; what is committed
    /// to it later is not in the bus.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] if anything but an empty directory is there; [`Error::Io`], and those of
    /// reading the base. Nothing is at `path` then.
    ///
    /// # Cost
    /// Reads every page of the base, writes what is not one byte repeated, and syncs.
    pub fn keep(&self, path: impl AsRef<Path>) -> Result<Bus, Error> {
        self.keep_on(Arc::new(OsVfs), path.as_ref())?;
        Bus::open(path)
    }

    /// Writes the branch as [`Branch::keep`] does, to `path` of another file system, and leaves it closed.
    ///
    /// # Errors
    /// As [`Branch::keep`].
    pub fn keep_on(&self, vfs: Arc<dyn Vfs>, path: &Path) -> Result<(), Error> {
        let instance = InstanceId::random();
        let head = SegmentHead::starting_at(self.base().get() + 1);
        let dir = LogDir::create_from(vfs, &building_path(path, instance), instance, head)?;
        let moved = self.write_to(&dir).and_then(|()| Ok(dir.clone().move_to(path)?));
        moved.map(drop).inspect_err(|_| dir.remove())
    }

    fn write_to(&self, dir: &LogDir) -> Result<(), Error> {
        let lock = dir.lock()?;
        self.write_base(dir)?;
        let options = LogOptions { record_bytes_max: RECORD_BYTES_MAX, ..LogOptions::default() };
        let log = Log::open(dir, lock, &Scan::empty(dir), options)?;
        if let Some(number) = self.append_commits(&log)? {
            log.wait(number, Durability::Synced)?;
        }
        Ok(log.close()?)
    }

    /// Writes the base as the checkpoint that the log begins with; the empty bus needs none.
    fn write_base(&self, dir: &LogDir) -> Result<(), Error> {
        let base = &self.inner.base;
        if base.epoch() == Epoch::ZERO {
            return Ok(());
        }
        // Its texts are the parent's: the branch's own commits define theirs from number 1 on.
        let (label, names, graph) = (base.label()?, base.names()?, base.graph()?);
        let heading = Heading { epoch: base.epoch(), label, names, graph, ..Heading::default() };
        let made = write_view(dir, dir.manifest().first_cursor(), &heading, base.view())?;
        Ok(dir.edit(|manifest| manifest.checkpoints.push(made))?)
    }

    /// Appends the branch's own commits; returns the last one's number, if there is one.
    fn append_commits(&self, log: &Log) -> Result<Option<u64>, Error> {
        // Sealed long ago; the state lock is not held while the disk is written.
        let frames = self.state().frames.clone();
        let (mut rest, mut number) = (&frames[..], None);
        while !rest.is_empty() {
            let (mut frame, behind) = FrameBuf::first_of(rest).expect("a branch holds whole frames");
            number = Some(append(log, &mut frame)?);
            rest = behind;
        }
        Ok(number)
    }
}

fn append(log: &Log, frame: &mut FrameBuf) -> Result<u64, Error> {
    let room = log.room(frame.len())?;
    let reservation = log.reserve(room, frame.len());
    Ok(log.publish(reservation, frame))
}

fn building_path(path: &Path, instance: InstanceId) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.keep-{instance}"))
}
