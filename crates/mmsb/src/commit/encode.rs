//! From a transaction's pages to a frame: captures compared, the smallest patches chosen, columns laid out.

use mmsb_delta::{choose_bytes_into, choose_delta_into, choose_into, diff_runs};
use mmsb_page::{Committer, Group, PageStore, ReadError};
use mmsb_tlog::FrameBuf;
use mmsb_types::{Epoch, limits::RUN_GAP_BYTES};

use super::Scratch;
use crate::{
    Error,
    bus::read_error,
    txn::{Change, Detail, Life, TxPage},
};

/// Longest page that is held while it is compared, so that nobody waits for longer than a few microseconds; a
/// longer one is copied first. Comparing in place spares each page a second pass.
const IN_PLACE_BYTES_MAX: usize = 64 << 10;

impl Scratch {
    /// Encodes against the captured pages as they are when each is looked at; remembers their epochs.
    pub(super) fn encode_unlocked(
        &mut self,
        store: &PageStore,
        committer: &Committer<'_>,
        detail: &Detail<'_>,
        record_max: u32,
    ) -> Result<(), Error> {
        self.start();
        for page in &detail.pages {
            let compared = match (&page.change, page.life) {
                (Change::Image(image), Life::Old) => Some(self.compare(store, committer, page, image)?),
                _ => {
                    self.push_other(page);
                    None
                }
            };
            if page.needs_lock() {
                self.compared.push(compared);
            }
        }
        self.encode(record_max)
    }

    /// Adds what differs between the page and the image, and returns the epoch of the bytes compared.
    fn compare(
        &mut self,
        store: &PageStore,
        committer: &Committer<'_>,
        page: &TxPage<'_>,
        image: &[u8],
    ) -> Result<Epoch, Error> {
        if image.len() <= IN_PLACE_BYTES_MAX
            && let Ok(Some(lock)) = store.try_lock(page.page, committer)
            && lock.page_bytes() == page.page_bytes
        {
            diff_runs(lock.bytes(), image, &mut self.runs);
            let epoch = lock.epoch();
            drop(lock);
            self.push_runs(page, image);
            return Ok(epoch);
        }
        let mut old = std::mem::take(&mut self.old);
        let epoch = read_whole(store, page, &mut old);
        epoch.is_ok().then(|| self.push_image(page, &old, image));
        self.old = old;
        epoch
    }

    /// Tells whether the captured pages are still those that were compared.
    pub(super) fn still_current(&self, group: &Group<'_>) -> bool {
        let same =
            |(index, epoch): (usize, &Option<Epoch>)| epoch.is_none_or(|epoch| epoch == group.epoch(index));
        self.compared.iter().enumerate().all(same)
    }

    /// Makes room for whatever [`Scratch::encode_locked`] may need, and returns the longest frame it may make:
    /// no longer than the longest record, for a longer one is refused there.
    pub(super) fn reserve_worst(&mut self, detail: &Detail<'_>, record_max: u32) -> usize {
        const ENTRY_BYTES_MAX: usize = 24;
        self.start();
        let mut batch_bytes = 0;
        for page in &detail.pages {
            if !matches!(page.change, Change::None) {
                self.batch.reserve_worst(page.page, page.page_bytes);
                self.runs.reserve(page.page_bytes as usize / RUN_GAP_BYTES as usize + 1);
            }
            batch_bytes += match &page.change {
                Change::None => 0,
                Change::Short(run) => ENTRY_BYTES_MAX + run.bytes().len(),
                Change::Image(image) => ENTRY_BYTES_MAX + image.len(),
                Change::Writes(delta) => ENTRY_BYTES_MAX * delta.run_count() + delta.bytes_changed(),
            };
        }
        let longest = detail.pages.iter().map(|page| page.page_bytes as usize).max();
        self.old.clear();
        self.old.reserve(longest.unwrap_or(0));
        self.changed.reserve(detail.pages.len());
        let bound = FrameBuf::bound(&self.sections, batch_bytes).min(record_max as usize);
        self.frame.make_room(bound);
        bound
    }

    /// Encodes against the locked pages themselves.
    pub(super) fn encode_locked(
        &mut self,
        detail: &Detail<'_>,
        group: &Group<'_>,
        record_max: u32,
    ) -> Result<(), Error> {
        let mut records = 0..;
        for page in &detail.pages {
            let record = if page.needs_lock() { records.next() } else { None };
            match (&page.change, record) {
                (Change::Image(image), Some(record)) => self.push_image(page, group.bytes(record), image),
                _ => self.push_other(page),
            }
        }
        self.encode(record_max)
    }

    pub(crate) fn start(&mut self) {
        self.batch.clear();
        self.changed.clear();
        self.compared.clear();
    }

    pub(crate) fn encode(&mut self, record_max: u32) -> Result<(), Error> {
        self.frame.encode(&self.sections, self.batch.view(), record_max)?;
        Ok(())
    }

    /// Adds what differs between `old` and the image.
    pub(crate) fn push_image(&mut self, page: &TxPage<'_>, old: &[u8], image: &[u8]) {
        diff_runs(old, image, &mut self.runs);
        self.push_runs(page, image);
    }

    /// Adds the runs that were found: the bytes that they replace do not matter.
    fn push_runs(&mut self, page: &TxPage<'_>, image: &[u8]) {
        let before = self.batch.len();
        choose_into(page.page, image, image, &self.runs, &mut self.batch);
        self.changed.push(self.batch.len() > before);
    }

    /// Adds writes, and images of pages that are being born: those begin as zeros.
    pub(crate) fn push_other(&mut self, page: &TxPage<'_>) {
        let before = self.batch.len();
        match &page.change {
            Change::None => {}
            Change::Short(run) => {
                choose_bytes_into(page.page, run.offset(), run.bytes(), page.page_bytes, &mut self.batch);
            }
            Change::Writes(delta) => choose_delta_into(page.page, delta, page.page_bytes, &mut self.batch),
            Change::Image(image) => {
                let mut zeros = std::mem::take(&mut self.old);
                zeros.clear();
                zeros.resize(image.len(), 0);
                self.push_image(page, &zeros, image);
                self.old = zeros;
                return;
            }
        }
        self.changed.push(self.batch.len() > before);
    }
}

/// Copies a page torn-free, to be compared with its image.
fn read_whole(store: &PageStore, page: &TxPage<'_>, old: &mut Vec<u8>) -> Result<Epoch, Error> {
    // A page that is gone, or has become another one, lived when the transaction first used it.
    let conflict = Error::Conflict { page: page.page };
    match store.read_page(page.page, old) {
        Ok(epoch) if old.len() == page.page_bytes as usize => Ok(epoch),
        Err(error @ ReadError::OutOfMemory { .. }) => Err(read_error(error, Epoch::ZERO)),
        _ => Err(conflict),
    }
}
