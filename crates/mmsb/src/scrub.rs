//! The scrubber: what lies on the disk is read again, slowly, so that damage is found while other copies of it are
//! still to be had, not when it is needed.
//!
//! Invariant: it reads only, waits for nobody and holds nothing of the bus while it reads.

mod pace;
mod paced;
mod round;

use std::{
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

use mmsb_tlog::{LogDir, LogError};
use mmsb_types::{Epoch, env};

use self::{pace::Pace, paced::PacedVfs, round::Round};
use crate::{Bus, Error, bus::Inner, sync::thread::JoinHandle};

/// How a bus's files are scrubbed; the default reads 8 MiB a second, and rests for a minute between two rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scrub {
    /// At most so many bytes are read a second; 0 counts as 1.
    pub bytes_per_second: u64,
    /// So long it rests when it has read everything.
    pub rest: Duration,
}

impl Default for Scrub {
    fn default() -> Self {
        Self { bytes_per_second: 8 << 20, rest: Duration::from_secs(60) }
    }
}

/// What one round over the files of a bus found.
#[derive(Debug)]
#[non_exhaustive]
pub struct Scrubbed {
    /// The log was read up to this commit.
    pub epoch: Epoch,
    /// Segments of the log that were read from end to end and are whole.
    pub segment_count: u64,
    /// Checkpoints that were read from end to end and are whole.
    pub checkpoint_count: u64,
    /// What is damaged or cannot be read: the first bad record of a segment, each bad block of a checkpoint. The errors
    /// name file and offset.
    pub damage: Vec<Error>,
}

/// Scrubs the files of a bus until it is dropped, or the bus is; made by [`Bus::scrub`].
#[must_use = "dropping it ends the scrubbing"]
pub struct Scrubber {
    pace: Arc<Pace>,
    thread: Option<JoinHandle<()>>,
}

impl Bus {
    /// Reads all segments and checkpoints again and again, at the pace of `how`, on a thread of its own, and calls
    /// `heard` there behind every round; with an error if a round could not begin, for the manifest cannot be read.
    ///
    /// What a bus needs is verified whenever it is read. A scrubber finds damage in what nobody needs now, as long
    /// as there is a backup, or a chain of checkpoints, to go back to. It changes nothing: `mmsb verify` tells more
    /// of a damaged file.
    ///
    /// ```
    /// # fn main() -> Result<(), mmsb::Error> {
    /// # let dir = tempfile::tempdir().unwrap();
    /// let bus = mmsb::Bus::create(dir.path().join("run.mmsb"))?;
    /// let scrubber = bus.scrub(mmsb::Scrub::default(), |round| match round {
    ///     Ok(round) => round.damage.iter().for_each(|damage| eprintln!("{damage}")),
    ///     Err(error) => eprintln!("scrubbing: {error}"),
    /// })?;
    /// // .. the program's work ..
    /// drop(scrubber);
    /// # bus.stop()
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NoDirectory`] for a bus in memory; [`Error::Io`] if there is no thread to be had.
    ///
    /// # Cost
    /// Reads and checksums every byte once a round. It competes with the program for the disk and a processor, as
    /// far as its pace says.
    pub fn scrub(
        &self,
        how: Scrub,
        heard: impl FnMut(Result<Scrubbed, Error>) + Send + 'static,
    ) -> Result<Scrubber, Error> {
        if self.inner().is_in_memory() {
            return Err(Error::NoDirectory);
        }
        let (pace, bus) = (Arc::new(Pace::new(how.bytes_per_second)), Arc::downgrade(self.shared()));
        let worker = Worker { bus, pace: Arc::clone(&pace), rest: how.rest, heard };
        let thread = env::spawn("mmsb-scrub", move || worker.run());
        let thread = thread.map_err(|source| LogError::Spawn { source })?;
        Ok(Scrubber { pace, thread: Some(thread) })
    }
}

struct Worker<H> {
    bus: Weak<Inner>,
    pace: Arc<Pace>,
    rest: Duration,
    heard: H,
}

impl<H: FnMut(Result<Scrubbed, Error>)> Worker<H> {
    fn run(mut self) {
        while let Some(round) = self.begin() {
            let found = round.and_then(Round::run);
            if self.pace.has_ended() {
                return;
            }
            (self.heard)(found);
            self.pace.rest(self.rest);
        }
    }

    /// Takes what a round needs from the bus, and lets go of it; `None` if it is no more.
    fn begin(&self) -> Option<Result<Round, Error>> {
        let bus = self.bus.upgrade()?;
        Some(self.open(&bus))
    }

    fn open(&self, bus: &Inner) -> Result<Round, Error> {
        let (end, dir) = (bus.journal.written_end()?, bus.journal.dir());
        let vfs = Arc::new(PacedVfs::new(Arc::clone(dir.vfs()), Arc::clone(&self.pace)));
        Ok(Round::new(LogDir::open(vfs, dir.path())?, end))
    }
}

impl Drop for Scrubber {
    /// Waits for the read under way.
    fn drop(&mut self) {
        self.pace.end();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that scrubs panicked");
        }
    }
}

impl fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scrubber").finish_non_exhaustive()
    }
}
