//! The directory of a bus: creating it whole or not at all, and finding out which files it has.
//!
//! Invariant: a directory without a whole manifest is no bus; `create` makes one appear by a single rename.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    InstanceId, LogError, Manifest, SegmentHead,
    segment::{FORMAT_VERSION, HeadFault, SEGMENT_HEAD_BYTES},
    vfs::{Access, Vfs, VfsFile, VfsLock},
};

/// The directory of one bus, its manifest read and its segment's head checked.
#[derive(Clone, Debug)]
pub struct LogDir {
    vfs: Arc<dyn Vfs>,
    path: PathBuf,
    manifest: Manifest,
}

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
        let manifest = Manifest { segments: vec![head], ..Manifest::first(instance) };
        let dir = Self { vfs, path: path.to_owned(), manifest };
        let building = dir.temporary_path();
        let built = dir.build(&building);
        if built.is_err() {
            dir.tear_down(&building);
        }
        built.map(|()| dir)
    }

    /// Reads the newest manifest of the bus at `path` and checks its segment's head. Changes nothing.
    ///
    /// # Errors
    /// [`LogError::NotABus`], [`LogError::Corrupt`], [`LogError::UnsupportedVersion`], [`LogError::Io`].
    pub fn open(vfs: Arc<dyn Vfs>, path: &Path) -> Result<Self, LogError> {
        let manifest = read_manifest(vfs.as_ref(), path)?;
        let dir = Self { vfs, path: path.to_owned(), manifest };
        dir.check_segment()?;
        Ok(dir)
    }

    /// Reads the directory once more: a writer may have changed the set of files since.
    ///
    /// # Errors
    /// As [`LogDir::open`].
    pub fn reopen(&self) -> Result<Self, LogError> {
        Self::open(Arc::clone(&self.vfs), &self.path)
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

    /// Returns the same directory by a path that holds wherever the process goes.
    #[must_use]
    pub fn anchored(self) -> Self {
        Self { path: self.vfs.absolute(&self.path), ..self }
    }

    /// Returns the bus this is.
    #[must_use]
    pub fn instance(&self) -> InstanceId {
        self.manifest.instance
    }

    /// Returns the directory's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the head of the segment that holds the log.
    #[must_use]
    pub fn segment(&self) -> SegmentHead {
        self.manifest.segments[0]
    }

    /// Returns the path of the segment that holds the log.
    #[must_use]
    pub fn segment_path(&self) -> PathBuf {
        self.path.join(self.segment().file_name())
    }

    /// Opens the segment that holds the log.
    ///
    /// # Errors
    /// [`LogError::Io`].
    pub fn open_segment(&self, access: Access) -> Result<Arc<dyn VfsFile>, LogError> {
        let path = self.segment_path();
        self.vfs.open(&path, access).map_err(io_error("opening", &path, 0))
    }

    /// Takes the bus for writing, until the lock is dropped.
    ///
    /// # Errors
    /// [`LogError::Locked`] if someone else has it; [`LogError::Io`].
    pub fn lock(&self) -> Result<Box<dyn VfsLock>, LogError> {
        self.vfs.lock(&self.path).map_err(|source| match source.kind() {
            io::ErrorKind::WouldBlock => LogError::Locked { dir: self.path.clone(), source },
            _ => io_error("locking", &self.path, 0)(source),
        })
    }

    fn temporary_path(&self) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        self.path.with_file_name(format!(".{name}.new-{}", self.manifest.instance))
    }

    /// Everything in it is durable before the rename, and the rename before anyone is told.
    fn build(&self, building: &Path) -> Result<(), LogError> {
        let head = self.segment();
        // Both errors name what was asked for: nobody knows the name it is built under.
        self.vfs.create_dir(building).map_err(io_error("creating", &self.path, 0))?;
        self.write_new(&building.join(head.file_name()), &head.encode(self.instance()))?;
        self.write_new(&building.join(self.manifest.file_name()), &self.manifest.encode())?;
        self.vfs.sync_dir(building).map_err(io_error("syncing", building, 0))?;
        self.vfs.rename(building, &self.path).map_err(io_error("creating", &self.path, 0))?;
        let parent = parent_of(&self.path);
        self.vfs.sync_dir(parent).map_err(io_error("syncing", parent, 0))
    }

    fn write_new(&self, path: &Path, bytes: &[u8]) -> Result<(), LogError> {
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

    fn check_segment(&self) -> Result<(), LogError> {
        let path = self.segment_path();
        let file = self.open_segment(Access::ReadOnly)?;
        let mut head = [0; SEGMENT_HEAD_BYTES];
        let got = file.read_at(0, &mut head).map_err(io_error("reading", &path, 0))?;
        let parsed = SegmentHead::parse(&head[..got]).map_err(|fault| head_error(&path, fault))?;
        if parsed != (self.segment(), self.instance()) {
            let fault = crate::Fault::Layout("the segment's head disagrees with the manifest");
            return Err(head_error(&path, HeadFault::Damaged(fault)));
        }
        Ok(())
    }
}

/// Returns the closure that wraps an `io::Error` with what was tried where.
pub(crate) fn io_error<'a>(
    operation: &'static str,
    file: &'a Path,
    offset: u64,
) -> impl Fn(io::Error) -> LogError + Copy + use<'a> {
    move |source| LogError::Io { operation, file: file.to_owned(), offset, source }
}

fn head_error(file: &Path, fault: HeadFault) -> LogError {
    match fault {
        HeadFault::Damaged(fault) => LogError::Corrupt { file: file.to_owned(), offset: 0, number: 0, fault },
        HeadFault::Version(found) => {
            LogError::UnsupportedVersion { file: file.to_owned(), found, supported: FORMAT_VERSION }
        }
    }
}

fn is_taken(vfs: &dyn Vfs, path: &Path) -> io::Result<bool> {
    match vfs.list(path) {
        Ok(names) => Ok(!names.is_empty()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(_) => vfs.exists(path),
    }
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn read_manifest(vfs: &dyn Vfs, dir: &Path) -> Result<Manifest, LogError> {
    let generation = newest_generation(vfs, dir)?;
    let path = dir.join(format!("MANIFEST-{generation}"));
    let manifest = Manifest::parse(&read_small(vfs, &path)?).map_err(|fault| head_error(&path, fault))?;
    if manifest.generation != generation || manifest.segments.len() != 1 {
        let fault = crate::Fault::Layout("the manifest's generation or segment list is not this build's");
        return Err(head_error(&path, HeadFault::Damaged(fault)));
    }
    Ok(manifest)
}

fn newest_generation(vfs: &dyn Vfs, dir: &Path) -> Result<u64, LogError> {
    let not_a_bus = |what| LogError::NotABus { dir: dir.to_owned(), what };
    let names = vfs.list(dir).map_err(|source| match source.kind() {
        io::ErrorKind::NotADirectory => not_a_bus("it is no directory"),
        io::ErrorKind::NotFound => not_a_bus("nothing is there"),
        _ => io_error("listing", dir, 0)(source),
    })?;
    let newest = names.iter().filter_map(|name| Manifest::generation_of(name)).max();
    newest.ok_or_else(|| not_a_bus("it has no manifest"))
}

fn read_small(vfs: &dyn Vfs, path: &Path) -> Result<Vec<u8>, LogError> {
    let failed = io_error("reading", path, 0);
    let file = vfs.open(path, Access::ReadOnly).map_err(failed)?;
    let len = file.len().map_err(failed)?.min(Manifest::bytes_max() as u64 + 1);
    let mut bytes = vec![0; len as usize];
    let got = file.read_at(0, &mut bytes).map_err(failed)?;
    bytes.truncate(got);
    Ok(bytes)
}
