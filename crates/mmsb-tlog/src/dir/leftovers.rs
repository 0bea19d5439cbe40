//! What crashes leave behind: files that no manifest names.
//!
//! A crash while a segment, a checkpoint or a manifest was being made leaves a file under a temporary name, or
//! under its own name before a manifest told of it; one while files were retired leaves those. Who opens the bus
//! for writing removes what is provably its own and of no use, and moves anything else that has such a name out
//! of the way: nothing is deleted of which nobody can say what it is. Readers pass over all of them.
//!
//! Invariant: a file that the manifest names is not touched, nor is one whose name is none of the log's.

use std::{io, path::Path};

use super::{LogDir, TEMPORARY, io_error};
use crate::{
    CheckpointRef, Cursor, InstanceId, LogError, Manifest, SEGMENT_HEAD_BYTES, SegmentHead, checkpoint,
    manifest::number_behind,
    vfs::{Access, Kind},
    window::{Window, is_zero},
};

/// Bytes looked at in one go.
const LOOK_BYTES: usize = 1 << 18;
/// Bytes that tell whose file it is: magic, version and instance stand in the same place in all of them.
const WHOSE_BYTES: usize = 32;

/// A file that a crash left, and what opening for writing does with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// Its name in the directory.
    pub name: String,
    /// It is removed; else it is renamed, to `quarantine-<generation>-<name>`.
    pub goes: bool,
}

/// What becomes of a file.
enum Fate {
    Stays,
    Goes,
    Quarantined,
}

impl LogDir {
    /// Returns what crashes left, by name, if the log ends at `end`. Changes nothing.
    ///
    /// # Errors
    /// [`LogError::Io`].
    pub fn leftovers(&self, end: Cursor) -> Result<Vec<Leftover>, LogError> {
        let (manifest, mut found) = (self.manifest(), Vec::new());
        for name in self.vfs.list(&self.path).map_err(io_error("listing", &self.path, 0))? {
            let path = self.path.join(&name);
            let is_file = || matches!(self.vfs.metadata(&path), Ok(found) if found.kind == Kind::File);
            if !is_ours(&name) || !is_file() {
                continue;
            }
            match self.fate(&name, &manifest, end).map_err(io_error("reading", &path, 0))? {
                Fate::Stays => {}
                Fate::Goes => found.push(Leftover { name, goes: true }),
                Fate::Quarantined => found.push(Leftover { name, goes: false }),
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Removes what crashes left, and quarantines what cannot be told: only for who holds the bus's lock, once a
    /// scan has accepted the log, which ends at `end`.
    ///
    /// # Errors
    /// [`LogError::Io`].
    pub(crate) fn clean(&self, end: Cursor) -> Result<(), LogError> {
        let generation = self.manifest().generation;
        for Leftover { name, goes } in self.leftovers(end)? {
            if goes {
                let path = self.path.join(&name);
                self.vfs.remove_aside(&path).map_err(io_error("removing", &path, 0))?;
            } else {
                self.quarantine(&name, generation)?;
            }
        }
        Ok(())
    }

    fn fate(&self, name: &str, manifest: &Manifest, end: Cursor) -> io::Result<Fate> {
        let path = self.path.join(name);
        let goes = |is_known: bool| if is_known { Fate::Goes } else { Fate::Quarantined };
        if name.ends_with(TEMPORARY) {
            return Ok(Fate::Goes);
        }
        if let Some(segment) = SegmentHead::number_of(name) {
            return self.fate_of_segment(&path, segment, manifest, end);
        }
        if let Some(segment) = number_behind(name, INDEX) {
            return Ok(if is_live(manifest, segment) { Fate::Stays } else { Fate::Goes });
        }
        if let Some(epoch) = CheckpointRef::epoch_of(name) {
            if manifest.checkpoint(epoch).is_some() {
                return Ok(Fate::Stays);
            }
            // Beyond the log's end it tells of commits that are lost: nobody was promised them, but it is all
            // that is left of them.
            return Ok(goes(epoch <= end.number && self.is_of(&path, checkpoint::MAGIC, manifest.instance)?));
        }
        match Manifest::generation_of(name) {
            Some(generation) if generation < manifest.generation => {
                Ok(goes(self.is_of(&path, crate::manifest::MAGIC, manifest.instance)?))
            }
            _ => Ok(Fate::Stays),
        }
    }

    /// A segment before the log was retired. One behind it was being made: it holds nothing yet but its head, or it
    /// goes on where the log ends with commits that nobody was told to be written, for no manifest ever named it.
    fn fate_of_segment(
        &self,
        path: &Path,
        segment: u64,
        manifest: &Manifest,
        end: Cursor,
    ) -> io::Result<Fate> {
        if is_live(manifest, segment) {
            return Ok(Fate::Stays);
        }
        let file = self.vfs.open(path, Access::ReadOnly)?;
        let mut window = Window::new(file.clone(), file.len()?);
        let head = SegmentHead::parse(window.look(0, SEGMENT_HEAD_BYTES)?);
        let is_own = matches!(&head, Ok((head, instance))
            if head.segment == segment && *instance == manifest.instance);
        let is_retired = segment < manifest.segments[0].segment;
        let next = SegmentHead::behind(manifest.last_segment().segment + 1, end);
        let is_next = matches!(head, Ok((head, _)) if head == next);
        let is_useless = is_own && (is_retired || is_next || only_zeros(&mut window)?);
        Ok(if is_useless { Fate::Goes } else { Fate::Quarantined })
    }

    /// Tells whether the file begins as one of this kind and of this bus.
    fn is_of(&self, path: &Path, magic: [u8; 8], instance: InstanceId) -> io::Result<bool> {
        let mut head = [0; WHOSE_BYTES];
        let got = self.vfs.open(path, Access::ReadOnly)?.read_at(0, &mut head)?;
        Ok(got == WHOSE_BYTES && head[..8] == magic && head[16..] == instance.0)
    }

    fn quarantine(&self, name: &str, generation: u64) -> Result<(), LogError> {
        let path = self.path.join(name);
        let mut target = self.path.join(format!("quarantine-{generation}-{name}"));
        for copy in 2u64.. {
            if !self.vfs.exists(&target).map_err(io_error("looking for", &target, 0))? {
                break;
            }
            target = self.path.join(format!("quarantine-{generation}-{name}-{copy}"));
        }
        self.vfs.rename(&path, &target).map_err(io_error("renaming", &path, 0))
    }
}

/// Before the number of a segment in the name of its index, which is made of the segment.
pub(super) const INDEX: &str = "idx-";

fn is_live(manifest: &Manifest, segment: u64) -> bool {
    manifest.segments.binary_search_by_key(&segment, |head| head.segment).is_ok()
}

/// Tells whether the name is one that the log gives to files, lasting or not.
fn is_ours(name: &str) -> bool {
    let name = name.strip_suffix(TEMPORARY).unwrap_or(name);
    Manifest::generation_of(name).is_some()
        || SegmentHead::number_of(name).is_some()
        || CheckpointRef::epoch_of(name).is_some()
        || number_behind(name, INDEX).is_some()
}

/// Tells whether nothing but zeros stands behind the segment's head.
fn only_zeros(window: &mut Window) -> io::Result<bool> {
    let mut at = SEGMENT_HEAD_BYTES as u64;
    loop {
        let bytes = window.look(at, LOOK_BYTES)?;
        if bytes.is_empty() {
            return Ok(true);
        }
        if !is_zero(bytes) {
            return Ok(false);
        }
        at += bytes.len() as u64;
    }
}
