//! A bus that somebody else may be writing, looked at again and again.
//!
//! A look opens it to read, as every command does; that costs its newest checkpoint and the log behind that. So it is
//! opened anew only if a file changed.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use mmsb::Bus;

/// A file that changed so short a time ago may have changed again without a later time to show for it.
const CLOCK_TICK: Duration = Duration::from_millis(100);

/// A bus and the files it was read from.
#[derive(Debug)]
pub struct Watched {
    path: PathBuf,
    bus: Bus,
    files: Option<Files>,
}

/// Names, lengths and times of all files of a bus, sorted.
#[derive(Debug, PartialEq, Eq)]
struct Files(Vec<(PathBuf, u64, SystemTime)>);

impl Watched {
    /// Opens a bus to be watched.
    pub fn open(path: &Path) -> Result<Self, mmsb::Error> {
        let files = Files::settled(path);
        Ok(Self { path: path.to_owned(), bus: Bus::open_read_only(path)?, files })
    }

    /// Returns the bus as it is now.
    pub fn look(&mut self) -> Result<&Bus, mmsb::Error> {
        if self.files.is_none() || Files::settled(&self.path) != self.files {
            *self = Self::open(&self.path)?;
        }
        Ok(&self.bus)
    }
}

impl Files {
    /// Lists the files, if whatever changes from now on will be seen by the list.
    fn settled(path: &Path) -> Option<Self> {
        let now = SystemTime::now();
        let is_past = |time: &SystemTime| now.duration_since(*time).is_ok_and(|age| age > CLOCK_TICK);
        Self::list(path).ok().filter(|files| files.0.iter().all(|(_, _, time)| is_past(time)))
    }

    fn list(path: &Path) -> io::Result<Self> {
        let file = |entry: io::Result<fs::DirEntry>| {
            let (path, data) = entry.and_then(|entry| Ok((entry.path(), entry.metadata()?)))?;
            Ok((path, data.len(), data.modified()?))
        };
        let mut files = fs::read_dir(path)?.map(file).collect::<io::Result<Vec<_>>>()?;
        files.sort_unstable();
        Ok(Self(files))
    }
}
