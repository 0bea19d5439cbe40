//! Reading a chain: a full checkpoint, and those that build on it.
//!
//! The newest one says which pages live. Going through the chain from it back, the first one that holds a living
//! page holds its newest bytes.
//!
//! Invariant: what comes out is the whole state, or an error: a page that lives and is in no file of the chain is
//! damage.

use std::{collections::BTreeMap, fmt};

use mmsb_tlog::{
    CheckpointRef, LogError,
    checkpoint::{CheckpointReader, PageForm, StoredPage},
};
use mmsb_types::{Epoch, PageId};

use super::meta;
use crate::{
    Error,
    bus::store_error,
    kept::Kept,
    replay::Heading,
    state::{PageBytes, Room, State, StatePage, resize},
};

/// A chain that is open: heads, metadata and indexes of its files are whole.
pub(crate) struct Chain {
    kept: Kept,
    /// Oldest first; never empty.
    files: Vec<CheckpointReader>,
    refs: Vec<CheckpointRef>,
    heading: Heading,
    /// The pages that live.
    living: meta::Living,
}

/// Where pages go.
pub(crate) trait Sink {
    /// Tells whether the page came already.
    fn has(&self, page: PageId) -> bool;

    /// Takes a page that lives.
    ///
    /// # Errors
    /// If there is no room for it.
    fn take(&mut self, page: &StoredPage<'_>) -> Result<(), Error>;
}

impl Chain {
    /// Opens a chain, oldest first.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Truncated`], [`Error::UnsupportedVersion`], [`Error::Io`] if one of its files
    /// cannot be used; [`Error::HistoryGone`] if a writer elsewhere gave it up.
    pub(crate) fn open(kept: &Kept, refs: &[CheckpointRef]) -> Result<Self, Error> {
        let (dir, number) = (kept.dir(), refs.last().map_or(0, CheckpointRef::epoch));
        let open = |checkpoint: &CheckpointRef| CheckpointReader::open(&dir, checkpoint);
        let files = refs.iter().map(open).collect::<Result<Vec<_>, LogError>>();
        let files = files.map_err(|error| kept.failed(error, number))?;
        let newest = files.last().expect("a chain has a checkpoint");
        let (heading, living) = meta::decode(newest.meta(), Epoch::new(number))
            .map_err(|what| Error::Corrupt { file: dir.checkpoint_path(number), offset: 0, number, what })?;
        Ok(Self { kept: kept.clone(), files, refs: refs.to_vec(), heading, living })
    }

    /// Returns what is known of the state beside its pages.
    pub(crate) fn heading(&self) -> &Heading {
        &self.heading
    }

    /// Hands every page that lives to `sink`, once, in no order that means anything; returns what is known beside.
    ///
    /// # Errors
    /// As [`Chain::open`], and those of the sink.
    pub(crate) fn load(mut self, sink: &mut impl Sink) -> Result<Heading, Error> {
        let mut count = 0;
        for (file, checkpoint) in self.files.iter_mut().zip(&self.refs).rev() {
            let failed = |error| self.kept.failed(error, checkpoint.epoch());
            while let Some(block) = file.next_block().map_err(failed)? {
                for page in block.pages() {
                    if self.living.contains(page.page) && !sink.has(page.page) {
                        sink.take(&page)?;
                        count += 1;
                    }
                }
            }
        }
        self.into_heading(count)
    }

    /// Returns the files, newest first.
    pub(super) fn files(&self) -> impl Iterator<Item = (&CheckpointReader, &CheckpointRef)> {
        self.files.iter().zip(&self.refs).rev()
    }

    /// Tells whether the page lives.
    pub(super) fn lives(&self, page: PageId) -> bool {
        self.living.contains(page)
    }

    /// Tells why a file of the chain could not be read.
    pub(super) fn failed(&self, error: LogError, checkpoint: &CheckpointRef) -> Error {
        self.kept.failed(error, checkpoint.epoch())
    }

    /// Returns what is known beside the pages, of which `count` were found.
    pub(super) fn into_heading(self, count: u64) -> Result<Heading, Error> {
        let missing = self.living.len() - count;
        if missing > 0 {
            Err(self.incomplete(format!("{missing} pages that live are in no file")))
        } else {
            Ok(self.heading)
        }
    }

    /// Returns the whole state.
    pub(crate) fn into_state(self) -> Result<State, Error> {
        let mut pages = StatePages { pages: BTreeMap::new(), room: Room::of(self.kept.page_bytes_max()) };
        let head = self.load(&mut pages)?;
        Ok(State::of(head, pages.pages))
    }

    /// Returns those of `wanted` that live.
    pub(crate) fn pages(&self, wanted: &[PageId]) -> Result<BTreeMap<PageId, StatePage>, Error> {
        let living = wanted.iter().filter(|&&page| self.living.contains(page)).copied();
        let living: Vec<PageId> = living.collect();
        living.into_iter().map(|page| Ok((page, self.page(page)?))).collect()
    }

    fn page(&self, page: PageId) -> Result<StatePage, Error> {
        for (file, checkpoint) in self.files.iter().zip(&self.refs).rev() {
            let found = file.find(page).map_err(|error| self.kept.failed(error, checkpoint.epoch()))?;
            if let Some((epoch, bytes)) = found {
                return Ok(StatePage { bytes: bytes.into(), epoch });
            }
        }
        Err(self.incomplete(format!("{page} lives and is in no file")))
    }

    /// Reads and checks every block, as bringing it to page memory does; keeps nothing.
    ///
    /// # Errors
    /// As [`Chain::open`].
    pub(crate) fn verify(self) -> Result<(), Error> {
        self.load(&mut Seen::default()).map(drop)
    }

    /// Returns length, in bytes, and last change of every page.
    pub(crate) fn into_lives(self) -> Result<BTreeMap<PageId, (u32, Epoch)>, Error> {
        let mut lives = Lives::default();
        self.load(&mut lives)?;
        Ok(lives.0)
    }

    fn incomplete(&self, what: String) -> Error {
        let number = self.refs.last().map_or(0, CheckpointRef::epoch);
        Error::Corrupt { file: self.kept.dir().checkpoint_path(number), offset: 0, number, what }
    }
}

/// Pages outside the page store.
struct StatePages {
    pages: BTreeMap<PageId, StatePage>,
    room: Room,
}

impl Sink for StatePages {
    fn has(&self, page: PageId) -> bool {
        self.pages.contains_key(&page)
    }

    fn take(&mut self, page: &StoredPage<'_>) -> Result<(), Error> {
        self.room.take(page.page_bytes)?;
        let bytes = match page.form {
            PageForm::Fill(0) => PageBytes::Zeros(page.page_bytes),
            _ => {
                let mut bytes = Vec::new();
                resize(&mut bytes, page.page_bytes as usize).map_err(store_error)?;
                page.write_into(&mut bytes);
                bytes.into()
            }
        };
        self.pages.insert(page.page, StatePage { bytes, epoch: page.epoch });
        Ok(())
    }
}

/// What is known of pages beside their bytes.
#[derive(Default)]
struct Lives(BTreeMap<PageId, (u32, Epoch)>);

impl Sink for Lives {
    fn has(&self, page: PageId) -> bool {
        self.0.contains_key(&page)
    }

    fn take(&mut self, page: &StoredPage<'_>) -> Result<(), Error> {
        self.0.insert(page.page, (page.page_bytes, page.epoch));
        Ok(())
    }
}

/// Nothing of pages, but which ones came.
#[derive(Default)]
struct Seen(meta::Living);

impl Sink for Seen {
    fn has(&self, page: PageId) -> bool {
        self.0.contains(page)
    }

    fn take(&mut self, page: &StoredPage<'_>) -> Result<(), Error> {
        self.0.insert(page.page);
        Ok(())
    }
}

impl fmt::Debug for Chain {
    /// Without what the files hold.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain").field("refs", &self.refs).finish_non_exhaustive()
    }
}
