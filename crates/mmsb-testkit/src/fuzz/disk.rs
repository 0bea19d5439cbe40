//! A disk with one bus, whatever its files hold.

use std::path::Path;

use mmsb::vfs::{FaultyVfs, Vfs};
use mmsb_tlog::{InstanceId, Manifest, SegmentHead, Tag};

use super::forge::{files, listed};

/// Where the bus is on its disk.
pub(super) const PATH: &str = "bus";

pub(super) const SEGMENT: [u8; 8] = *b"MMSBSEG\0";
pub(super) const CHECKPOINT: [u8; 8] = *b"MMSBCKP\0";
pub(super) const MANIFEST: [u8; 8] = *b"MMSBMAN\0";

/// The files that some bytes are cut into.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) segments: Vec<Vec<u8>>,
    pub(super) checkpoints: Vec<Vec<u8>>,
    pub(super) manifest: Option<Vec<u8>>,
}

impl Files {
    pub(super) fn cut(bytes: &[u8]) -> Self {
        let mut this = Self::default();
        for file in files(bytes, &[SEGMENT, CHECKPOINT, MANIFEST]) {
            match *file.first_chunk().unwrap_or(&SEGMENT) {
                CHECKPOINT => this.checkpoints.push(file.to_vec()),
                MANIFEST => this.manifest = Some(file.to_vec()),
                _ => this.segments.push(file.to_vec()),
            }
        }
        this
    }

    /// The manifest that fits the files, with the tags of the one among them: `None` if no segment has a head.
    pub(super) fn manifest(&self) -> Option<Manifest> {
        let heads: Vec<_> = self.segments.iter().map_while(|bytes| SegmentHead::parse(bytes).ok()).collect();
        let instance = heads.first()?.1;
        let given = self.manifest.as_deref().and_then(|bytes| Manifest::parse(bytes).ok());
        Some(Manifest {
            generation: 1,
            instance,
            segments: heads.into_iter().map(|(head, _)| head).collect(),
            checkpoints: self.checkpoints.iter().filter_map(|file| listed(file)).collect(),
            tags: given.map_or_else(Vec::new, |given: Manifest| Vec::<Tag>::clone(&given.tags)),
        })
    }

    /// Puts the files on a disk under the names that the manifest has for them.
    pub(super) fn put(&self, manifest: &Manifest) -> FaultyVfs {
        let disk = empty_disk();
        put(&disk, &manifest.file_name(), &manifest.encode());
        for (head, bytes) in manifest.segments.iter().zip(&self.segments) {
            put(&disk, &head.file_name(), bytes);
        }
        for (one, bytes) in manifest.checkpoints.iter().zip(&self.checkpoints) {
            put(&disk, &one.file_name(), bytes);
        }
        disk
    }
}

/// A disk with an empty directory for the bus.
pub(super) fn empty_disk() -> FaultyVfs {
    let disk = FaultyVfs::new();
    disk.create_dir(Path::new(PATH)).expect("a disk that does not fail");
    disk
}

/// Writes a file of the bus; one that is there already stays.
pub(super) fn put(disk: &FaultyVfs, name: &str, bytes: &[u8]) {
    if let Ok(file) = disk.create_new(&Path::new(PATH).join(name)) {
        file.write_at(0, bytes).expect("a disk that does not fail");
    }
}

/// The bus of all inputs that are made here.
pub(super) const INSTANCE: InstanceId = InstanceId(*b"a bus to fuzz...");
