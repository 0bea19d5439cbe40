//! From a transaction's pages to a frame: captures compared, the smallest patches chosen, columns laid out.

use mmsb_delta::{choose_delta_into, choose_into, diff_runs};
use mmsb_page::Group;
use mmsb_tlog::FrameBuf;
use mmsb_types::{Epoch, limits::RUN_GAP_BYTES};

use super::Scratch;
use crate::{
    Bus, Error,
    txn::{Change, Detail, Life, TxPage},
};

impl Scratch {
    /// Encodes against copies of the captured pages; remembers which epochs they were.
    pub(super) fn encode_unlocked(
        &mut self,
        bus: &Bus,
        detail: &Detail<'_>,
        record_max: u32,
    ) -> Result<(), Error> {
        self.start();
        for page in &detail.pages {
            let compared = match (&page.change, page.life) {
                (Change::Image(image), Life::Old) => {
                    let mut old = std::mem::take(&mut self.old);
                    let epoch = read_whole(bus, page, &mut old);
                    epoch.is_ok().then(|| self.push_image(page, &old, image));
                    self.old = old;
                    Some(epoch?)
                }
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
                Change::Image(image) => ENTRY_BYTES_MAX + image.len(),
                Change::Writes(delta) => ENTRY_BYTES_MAX * delta.run_count() + delta.bytes_changed(),
            };
        }
        let longest = detail.pages.iter().map(|page| page.page_bytes as usize).max();
        self.old.clear();
        self.old.reserve(longest.unwrap_or(0));
        self.changed.reserve(detail.pages.len());
        let bound = FrameBuf::bound(&self.sections, batch_bytes).min(record_max as usize);
        self.frame = FrameBuf::with_capacity(bound);
        self.frame_bytes_max = self.frame_bytes_max.max(bound);
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
        self.frame.encode(&self.sections, &self.batch, record_max)?;
        self.frame_bytes_max = self.frame_bytes_max.max(self.frame.len());
        Ok(())
    }

    /// Adds what differs between `old` and the image.
    pub(crate) fn push_image(&mut self, page: &TxPage<'_>, old: &[u8], image: &[u8]) {
        let before = self.batch.len();
        diff_runs(old, image, &mut self.runs);
        choose_into(page.page, old, image, &self.runs, &mut self.batch);
        self.changed.push(self.batch.len() > before);
    }

    /// Adds writes, and images of pages that are being born: those begin as zeros.
    pub(crate) fn push_other(&mut self, page: &TxPage<'_>) {
        let before = self.batch.len();
        match &page.change {
            Change::None => {}
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
fn read_whole(bus: &Bus, page: &TxPage<'_>, old: &mut Vec<u8>) -> Result<Epoch, Error> {
    // A page that is gone, or has become another one, lived when the transaction first used it.
    let conflict = Error::Conflict { page: page.page };
    match bus.store().read_page(page.page, old) {
        Ok(epoch) if old.len() == page.page_bytes as usize => Ok(epoch),
        _ => Err(conflict),
    }
}
