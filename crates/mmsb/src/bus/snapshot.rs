//! Several pages as of one epoch.

use std::{sync::Arc, time::Duration};

use mmsb_types::{Epoch, PageId};

use crate::{Bus, Error, GraphView, Snapshot, ToView};

/// How often several pages are read before commits are held up for it.
const READS_MAX: u32 = 4;
/// How long commits under way are waited for then.
const GATE_WAIT: Duration = Duration::from_secs(10);

impl ToView for Bus {
    type View<'a> = Snapshot;

    /// Takes a snapshot.
    fn to_view(&self) -> Result<Snapshot, Error> {
        Ok(self.snapshot())
    }
}

impl Bus {
    /// Returns the state as of now, to be read however long while commits go on.
    ///
    /// ```
    /// # fn main() -> Result<(), mmsb::Error> {
    /// let bus = mmsb::Bus::in_memory()?;
    /// let (from, to) = (bus.create_page("from", 8)?, bus.create_page("to", 8)?);
    /// bus.put(from, 0, &100u64)?;
    /// let now = bus.snapshot();
    /// let reader = std::thread::spawn(move || -> Result<u64, mmsb::Error> {
    ///     Ok(now.get::<u64>(from, 0)? + now.get::<u64>(to, 0)?)
    /// });
    /// let mut tx = bus.begin();
    /// tx.put(from, 0, &40u64)?;
    /// tx.put(to, 0, &60u64)?;
    /// tx.commit()?;
    /// assert_eq!(reader.join().unwrap()?, 100);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cost
    /// Some 100 ns, whatever the number of pages; stops no commit. While it lives, a commit that changes a
    /// page for the first time copies the page's old bytes.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(Arc::clone(&self.inner))
    }

    /// Returns who depends on whom, as of now.
    ///
    /// # Errors
    /// [`Error::Busy`] if a commit under way does not end.
    ///
    /// # Cost
    /// A [snapshot](Bus::snapshot) for a moment. The first change of the graph while the view lives copies the graph.
    pub fn graph(&self) -> Result<GraphView, Error> {
        self.snapshot().graph()
    }

    /// Fills a buffer from each page, all as of one epoch, and returns that: no commit is seen in part.
    ///
    /// ```
    /// # fn main() -> Result<(), mmsb::Error> {
    /// let bus = mmsb::Bus::in_memory()?;
    /// let (clock, score) = (bus.create_page("clock", 8)?, bus.create_page("score", 16)?);
    /// let (mut ticks, mut points) = ([0; 8], [0; 4]);
    /// let epoch = bus.read_many(&mut [(clock, 0, &mut ticks), (score, 12, &mut points)])?;
    /// assert_eq!(epoch, bus.epoch());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::PageNotFound`], [`Error::OutOfBounds`]; some buffers may have been filled. [`Error::Busy`] if a
    /// commit under way does not end.
    ///
    /// # Cost
    /// A copy each, and a [snapshot](Bus::snapshot) for as long.
    pub fn read_many(&self, reads: &mut [(PageId, u32, &mut [u8])]) -> Result<Epoch, Error> {
        for _ in 0..READS_MAX {
            match self.snapshot().read_fresh(reads) {
                Ok(Some(epoch)) => return Ok(epoch),
                // Commits needed all memory meanwhile; a newer snapshot may fare better.
                Ok(None) => {}
                Err(error) => return Err(error),
            }
        }
        self.read_many_alone(reads)
    }

    /// For commits that need more memory than there is: nobody commits while this reads.
    fn read_many_alone(&self, reads: &mut [(PageId, u32, &mut [u8])]) -> Result<Epoch, Error> {
        let waited_ms = GATE_WAIT.as_millis() as u64;
        let gate = self.store().committers().all(GATE_WAIT);
        let _gate = gate.ok_or(Error::Busy { what: "a commit under way", waited_ms })?;
        let snapshot = self.snapshot();
        snapshot.read_many(reads)?;
        Ok(snapshot.epoch())
    }
}
