//! Rotation: the log goes on in a new segment once the next frame would make this one too long.
//!
//! In this order: the old segment is cut to what it holds; writing goes on in the new one, which has a temporary
//! name; whoever takes the next turn to sync syncs the old one and the new one, renames it, syncs the directory,
//! and lets the manifest name it; only then does anything count as written that is in it. A crash in between leaves
//! a file that no manifest names, with commits in it that nobody was told of.
//!
//! The next rotation waits for that, so there is never more than one segment without a name.
//!
//! Invariant: a segment that is not the last ends exactly where the next begins, and was durable before the
//! manifest named that.
//! Invariant: a frame never spans segments; one longer than a segment has it to itself, and makes it longer.

use std::{io, path::Path, sync::Arc};

use super::{LogOptions, flush::Flush, grow::Pace, prewrite::Prewriter, progress::Progress};
use crate::{
    LogDir, LogError, MARK_BYTES, SegmentHead,
    dir::io_error,
    manifest::SEGMENTS_MAX,
    vfs::{Vfs, VfsFile},
};

/// Zeros are worth writing if this is more than what is written between two syncs.
const PREWRITE_BELOW_BYTES: u64 = 2 << 20;

/// How a log goes on to new segments.
#[derive(Debug)]
pub(crate) struct Rotation {
    dir: LogDir,
    segment_bytes: u64,
    /// Syncs made before this segment.
    syncs_before: u64,
    prewriter: Option<Prewriter>,
    /// A file without a prewriter's zeros gets some, too, if it is synced at this pace.
    grows: bool,
    pace: Pace,
}

impl Rotation {
    pub(super) fn new(dir: &LogDir, options: &LogOptions) -> Option<Self> {
        // Later segments are found wherever the process goes meanwhile.
        let dir = dir.clone().anchored();
        (options.segment_bytes < u64::MAX).then(|| Self {
            segment_bytes: options.segment_bytes,
            syncs_before: 0,
            grows: options.prewrite,
            pace: Pace::default(),
            prewriter: options
                .prewrite
                .then(|| Prewriter::new(dir.clone(), options.segment_bytes, options.background)),
            dir,
        })
    }
}

impl Flush {
    /// Returns how many bytes of frames go into this segment before a mark.
    pub(super) fn frame_room(&self) -> u64 {
        let behind = self.used_bytes() + MARK_BYTES as u64;
        self.rotation.as_ref().map_or(u64::MAX, |rotation| rotation.segment_bytes.saturating_sub(behind))
    }

    /// Tells whether the next frame may go to a new segment: there is one in this, which may not be in the
    /// manifest yet.
    pub(super) fn may_rotate(&self) -> bool {
        let Some(rotation) = &self.rotation else { return false };
        let segments = rotation.dir.manifest().segments.len();
        self.end.number >= self.head.first_number && segments + 1 < SEGMENTS_MAX
    }

    /// Lets the next segment be prepared once this one is half full, if syncs come often enough to gain by it:
    /// who writes much between two syncs would only write everything twice.
    pub(super) fn look_ahead(&mut self, to: &Progress) {
        let used = self.used_bytes();
        let Some(rotation) = &mut self.rotation else { return };
        if let Some(prewriter) = &mut rotation.prewriter
            && used >= rotation.segment_bytes / 2
            && used / (to.sync_count() - rotation.syncs_before + 1) < PREWRITE_BELOW_BYTES
        {
            prewriter.start(self.head.segment + 1);
        }
    }

    /// Goes on in a new segment, which has no name yet.
    pub(super) fn rotate(&mut self, to: &Progress) -> Result<(), LogError> {
        let _span = tracing::debug_span!("rotate", behind = self.head.segment).entered();
        to.settle()?;
        self.cut_to_length(to)?;
        let Some(rotation) = &mut self.rotation else { return Ok(()) };
        let head = SegmentHead::behind(self.head.segment + 1, self.end);
        self.file = rotation.make(&head)?;
        self.file_bytes = self.file.len().map_err(io_error("measuring", &self.path, 0))?;
        rotation.syncs_before = to.sync_count();
        rotation.pace.begin(rotation.syncs_before);
        (self.head, self.path) = (head, rotation.dir.segment_path(&head).into());
        self.end = head.cursor();
        let unnamed = Unnamed { dir: rotation.dir.clone(), head };
        to.group.follow(Arc::clone(&self.file), Arc::clone(&self.path), self.end, unnamed);
        Ok(())
    }

    /// Cuts off what is prewritten and not used; to be synced.
    pub(super) fn cut_to_length(&mut self, to: &Progress) -> Result<(), LogError> {
        let used = self.used_bytes();
        if self.file_bytes > used {
            self.file.truncate(used).map_err(io_error("cutting", &self.path, used))?;
            self.file_bytes = used;
            to.moved(self.end, true);
        }
        Ok(())
    }

    /// Ends the preparation of the next segment and removes what there is of it.
    pub(super) fn end_prewriting(&mut self) {
        if let Some(prewriter) = self.rotation.as_mut().and_then(|rotation| rotation.prewriter.as_mut()) {
            prewriter.end();
        }
    }
}

impl Rotation {
    /// Returns how long zeros may make a segment that holds `used` bytes; 0 if it is to have none.
    pub(super) fn growth_max(&mut self, used: u64, to: &Progress) -> u64 {
        if self.grows && self.pace.is_often(used, to.sync_count()) { self.segment_bytes } else { 0 }
    }

    /// Makes a segment under a temporary name.
    fn make(&mut self, head: &SegmentHead) -> Result<Arc<dyn VfsFile>, LogError> {
        let (dir, path) = (&self.dir, self.dir.segment_path(head));
        let prepared = self.prewriter.as_mut().and_then(Prewriter::take);
        let file = match prepared {
            Some(file) => file,
            None => {
                let building = dir.temporary_path(&head.file_name());
                create_anew(dir.vfs().as_ref(), &building).map_err(io_error("creating", &path, 0))?
            }
        };
        file.write_at(0, &head.encode(dir.instance())).map_err(io_error("writing", &path, 0))?;
        Ok(file)
    }
}

/// A segment under its temporary name.
#[derive(Clone, Debug)]
pub(super) struct Unnamed {
    dir: LogDir,
    head: SegmentHead,
}

impl Unnamed {
    /// Gives the segment its name, in the directory and in the manifest; `file` is the segment, and what it holds
    /// is durable then. The one before is.
    pub(super) fn name(&self, file: &dyn VfsFile) -> Result<(), LogError> {
        let (dir, head) = (&self.dir, self.head);
        let (building, path) = (dir.temporary_path(&head.file_name()), dir.segment_path(&head));
        file.sync_all().map_err(io_error("syncing", &path, 0))?;
        dir.vfs().rename(&building, &path).map_err(io_error("creating", &path, 0))?;
        dir.sync_names()?;
        dir.edit(|manifest| manifest.segments.push(head))
    }
}

/// Creates a file under a temporary name, where a crash may have left another.
pub(super) fn create_anew(vfs: &dyn Vfs, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
    match vfs.remove(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => vfs.create_new(path),
    }
}
