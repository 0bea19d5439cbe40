//! Bringing a chain into page memory: block by block, by several threads.
//!
//! Blocks of one file hold pages of their own, and page memory takes births from any number of threads. Of a page
//! that several files hold, the newest file's comes first, and stays.
//!
//! Invariant: store and refusal are the same, however many threads there are.

use mmsb_page::{Births, PageStore, Restore};
use mmsb_tlog::{
    CheckpointRef,
    checkpoint::{CheckpointReader, PageForm, StoredPage},
};

use super::Chain;
use crate::{
    Error,
    bus::store_error,
    recovery::{OpenStage, Opening},
    replay::{Heading, join, start},
    sync::{
        atomic::{AtomicU64, AtomicUsize, Ordering},
        thread,
    },
};

/// A file that is being loaded.
struct Loading<'l, 's> {
    chain: &'l Chain,
    file: &'l CheckpointReader,
    checkpoint: &'l CheckpointRef,
    restore: &'l Restore<'s>,
    /// The block that is loaded next.
    next: AtomicUsize,
    /// Bytes of pages that were brought to memory, of the whole chain.
    loaded_bytes: &'l AtomicU64,
}

/// The block that could not be loaded, and why.
type Refused = (usize, Error);

impl Chain {
    /// Brings every page that lives to an empty store; returns what is known beside.
    ///
    /// # Errors
    /// As [`Chain::open`]; [`Error::OutOfMemory`]. The store is then of no use.
    ///
    /// # Cost
    /// A read, a checksum and a copy of every byte, by as many threads as the crew has.
    pub(crate) fn restore(self, store: &mut PageStore, opening: &Opening) -> Result<Heading, Error> {
        let (restore, loaded_bytes) = (store.restore(), AtomicU64::new(0));
        let total_bytes = self.files().map(|(file, _)| file.page_bytes()).sum();
        let mut count = 0;
        for (file, checkpoint) in self.files() {
            let loading = Loading {
                chain: &self,
                file,
                checkpoint,
                restore: &restore,
                next: AtomicUsize::new(0),
                loaded_bytes: &loaded_bytes,
            };
            let mut tell = || {
                opening.tell(OpenStage::Checkpoint, loaded_bytes.load(Ordering::Relaxed), total_bytes);
            };
            count += loading.run(opening.crew.loaders(file.block_count()), &mut tell)?;
        }
        self.into_heading(count)
    }
}

impl Loading<'_, '_> {
    /// Loads all blocks; returns how many pages were born.
    fn run(&self, thread_count: usize, tell: &mut dyn FnMut()) -> Result<u64, Error> {
        let results = thread::scope(|scope| {
            let others: Result<Vec<_>, Error> =
                (1..thread_count).map(|_| start(scope, || self.load_blocks(&mut || ()))).collect();
            let own = self.load_blocks(tell);
            Ok::<Vec<_>, Error>(others?.into_iter().map(join).chain([own]).collect())
        })?;
        // The others may have finished behind this thread's last word.
        tell();
        let (born, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        match refused.into_iter().filter_map(Result::err).min_by_key(|&(number, _)| number) {
            Some((_, error)) => Err(error),
            None => Ok(born.into_iter().flatten().sum()),
        }
    }

    /// Loads one block after the other, until none is left, or one was refused.
    fn load_blocks(&self, tell: &mut dyn FnMut()) -> Result<u64, Refused> {
        let (mut buffer, mut count) = (Vec::new(), 0);
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.file.block_count() {
                return Ok(count);
            }
            let loaded = self.load(number, buffer).inspect_err(|_| {
                // Those before it are under way; nobody needs those behind it.
                self.next.store(self.file.block_count(), Ordering::Relaxed);
            });
            let (memory, born) = loaded.map_err(|error| (number, error))?;
            (buffer, count) = (memory, count + born);
            tell();
        }
    }

    /// Loads a block; returns its memory, and how many pages were born.
    fn load(&self, number: usize, buffer: Vec<u8>) -> Result<(Vec<u8>, u64), Error> {
        let block = self.file.read_block(number, buffer);
        let block = block.map_err(|error| self.chain.failed(error, self.checkpoint))?;
        let (mut count, mut bytes, mut births) = (0, 0, self.restore.births());
        for page in block.pages() {
            bytes += u64::from(page.page_bytes);
            if self.chain.lives(page.page) && !self.restore.contains(page.page) {
                birth(&mut births, &page)?;
                count += 1;
            }
        }
        self.loaded_bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok((block.into_buffer(), count))
    }
}

fn birth(births: &mut Births<'_, '_>, page: &StoredPage<'_>) -> Result<(), Error> {
    let fill = |bytes: &mut [u8]| {
        // What nobody touches takes no memory.
        if page.form != PageForm::Fill(0) {
            page.write_into(bytes);
        }
    };
    births.birth(page.page, page.page_bytes, page.epoch, fill).map_err(store_error)
}
