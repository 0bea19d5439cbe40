//! Creating a directory whole or not at all; moving and removing one.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

use mmsb_types::plant;

use super::{LogDir, io_error};
use crate::{InstanceId, LogError, Manifest, SegmentHead, vfs::Vfs};

impl LogDir {
    /// Creates an empty bus: manifest and first segment in a temporary directory, synced, then renamed.
    ///
    /// # Errors
    /// [`LogError::AlreadyExists`] if anything but an empty directory is there; [`LogError::Io`].
    pub fn create(vfs: Arc<dyn Vfs>, path: &Path, instance: InstanceId) -> Result<Self, LogError> {
        Self::create_from(vfs, path, instance, SegmentHead::FIRST)
    }

    /// Creates a bus as [`LogDir::create`] does, whose log begins at `head`: what came before is not in it.
    ///
    /// # Errors
    /// As [`LogDir::create`].
    pub fn create_from(
        vfs: Arc<dyn Vfs>,
        path: &Path,
        instance: InstanceId,
        head: SegmentHead,
    ) -> Result<Self, LogError> {
        let failed = io_error("creating", path, 0);
        if is_taken(vfs.as_ref(), path).map_err(failed)? {
            return Err(LogError::AlreadyExists { dir: path.to_owned() });
        }
        let dir = Self::of(vfs, path, Manifest { segments: vec![head], ..Manifest::first(instance) });
        let building = dir.building_path();
        let built = dir.build(&building);
        if built.is_err() {
            dir.tear_down(&building);
        }
        built.map(|()| {
            dir.state.is_settled.store(true, Ordering::Release);
            dir
        })
    }

    /// Gives the bus another place on its disk, by one rename: there it is whole, or not at all.
    ///
    /// Nobody has it open.
    ///
    /// # Errors
    /// [`LogError::AlreadyExists`] if anything but an empty directory is there; [`LogError::Io`]. The bus is
    /// then where it was, unless only the last sync failed.
    pub fn move_to(self, path: &Path) -> Result<Self, LogError> {
        let failed = io_error("creating", path, 0);
        if is_taken(self.vfs.as_ref(), path).map_err(failed)? {
            return Err(LogError::AlreadyExists { dir: path.to_owned() });
        }
        self.vfs.rename(&self.path, path).map_err(failed)?;
        let parent = parent_of(path);
        self.vfs.sync_dir(parent).map_err(io_error("syncing", parent, 0))?;
        Ok(Self { path: path.to_owned(), ..self })
    }

    /// Removes every file of the bus, and its directory: for one that was being built and came to nothing.
    pub fn remove(self) {
        self.tear_down(&self.path);
    }

    fn building_path(&self) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        self.path.with_file_name(format!(".{name}.new-{}", self.instance()))
    }

    /// Everything in it is durable before the rename, and the rename before anyone is told.
    fn build(&self, building: &Path) -> Result<(), LogError> {
        let manifest = self.manifest();
        let head = manifest.last_segment();
        // Both errors name what was asked for: nobody knows the name it is built under.
        self.vfs.create_dir(building).map_err(io_error("creating", &self.path, 0))?;
        self.write_new(&building.join(head.file_name()), &head.encode(manifest.instance))?;
        self.write_new(&building.join(manifest.file_name()), &manifest.encode())?;
        self.vfs.sync_dir(building).map_err(io_error("syncing", building, 0))?;
        self.vfs.rename(building, &self.path).map_err(io_error("creating", &self.path, 0))?;
        if plant::is_planted(plant::Fault::SkipDirSync) {
            return Ok(());
        }
        let parent = parent_of(&self.path);
        self.vfs.sync_dir(parent).map_err(io_error("syncing", parent, 0))
    }

    pub(super) fn write_new(&self, path: &Path, bytes: &[u8]) -> Result<(), LogError> {
        let file = self.vfs.create_new(path).map_err(io_error("creating", path, 0))?;
        file.write_at(0, bytes).map_err(io_error("writing", path, 0))?;
        file.sync_all().map_err(io_error("syncing", path, 0))
    }

    /// Best effort after a failed `build`: the failure itself is what the caller is told.
    fn tear_down(&self, building: &Path) {
        for name in self.vfs.list(building).unwrap_or_default() {
            let _ = self.vfs.remove(&building.join(name));
        }
        let _ = self.vfs.remove_dir(building);
    }
}

fn is_taken(vfs: &dyn Vfs, path: &Path) -> io::Result<bool> {
    match vfs.list(path) {
        Ok(names) => Ok(!names.is_empty()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(_) => vfs.exists(path),
    }
}

pub(super) fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
