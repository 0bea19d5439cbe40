//! From a transaction to a frame: pages compared, the smallest patches chosen, sections and columns laid out.

use mmsb_delta::{DeltaBatch, choose_delta_into, choose_into, diff_runs};
use mmsb_page::PageLock;
use mmsb_tlog::{FrameBuf, LogError, SectionBuf, SectionKind};
use mmsb_types::{Epoch, Span, limits::RUN_GAP_BYTES};

use super::lock::needs_lock;
use crate::{
    Error, Transaction,
    bus::read_error,
    texts::SourceIds,
    txn::{Change, Life, TxPage, check_text},
};

/// Buffers that a thread's commits use again and again.
#[derive(Default)]
pub(super) struct Scratch {
    pub(super) frame: FrameBuf,
    pub(super) batch: DeltaBatch,
    /// For each page of the transaction: its bytes change.
    pub(super) changed: Vec<bool>,
    /// The frame's length; the frame itself may be gone to a box.
    pub(super) frame_bytes: usize,
    sections: SectionBuf,
    section: Vec<u8>,
    old: Vec<u8>,
    runs: Vec<Span>,
    /// For each locked page: the epoch whose bytes it was compared with.
    compared: Vec<Option<Epoch>>,
}

/// Refuses a tag that cannot be stored.
pub(super) fn check_texts(tx: &Transaction<'_>) -> Result<(), Error> {
    tx.tag.as_deref().map_or(Ok(()), |tag| check_text("a tag", tag).map(drop))
}

impl Scratch {
    /// Lays out everything but the deltas. Kinds rise.
    pub(super) fn encode_sections(&mut self, tx: &Transaction<'_>, source: &SourceIds) {
        self.sections.clear();
        self.section.clear();
        if !tx.events.is_empty() {
            tx.events.iter().for_each(|event| event.encode(&mut self.section));
            self.sections.push(SectionKind::PAGE_EVENTS, &self.section);
        }
        if !source.is_empty() {
            self.section.clear();
            source.encode(&mut self.section);
            self.sections.push(SectionKind::SOURCE, &self.section);
        }
        if let Some(nanos) = tx.bus.now_nanos() {
            self.sections.push(SectionKind::TIMESTAMP, &nanos.to_le_bytes());
        }
        if let Some(label) = tx.label {
            self.sections.push(SectionKind::LABEL, &label.get().to_le_bytes());
        }
    }

    /// Encodes against copies of the captured pages; remembers which epochs they were.
    pub(super) fn encode_unlocked(&mut self, tx: &Transaction<'_>, record_max: u32) -> Result<(), Error> {
        self.start();
        for page in &tx.pages {
            let compared = match (&page.change, page.life) {
                (Change::Image(image), Life::Old) => {
                    let mut old = std::mem::take(&mut self.old);
                    let epoch = read_whole(tx, page, &mut old);
                    epoch.is_ok().then(|| self.push_image(page, &old, image));
                    self.old = old;
                    Some(epoch?)
                }
                _ => {
                    self.push_other(page);
                    None
                }
            };
            if needs_lock(page) {
                self.compared.push(compared);
            }
        }
        self.encode(record_max)
    }

    /// Tells whether the captured pages are still those that were compared.
    pub(super) fn still_current(&self, locks: &[PageLock<'_>]) -> bool {
        self.compared.iter().zip(locks).all(|(epoch, lock)| epoch.is_none_or(|epoch| epoch == lock.epoch()))
    }

    /// Makes room for whatever [`Scratch::encode_locked`] may need, and returns the longest frame it may make.
    pub(super) fn reserve_worst(&mut self, tx: &Transaction<'_>, record_max: u32) -> Result<usize, Error> {
        const ENTRY_BYTES_MAX: usize = 24;
        self.start();
        let mut batch_bytes = 0;
        for page in &tx.pages {
            self.batch.reserve_worst(page.page, page.page_bytes);
            self.runs.reserve(page.page_bytes as usize / RUN_GAP_BYTES as usize + 1);
            batch_bytes += match &page.change {
                Change::None => 0,
                Change::Image(image) => ENTRY_BYTES_MAX + image.len(),
                Change::Writes(delta) => ENTRY_BYTES_MAX * delta.run_count() + delta.bytes_changed(),
            };
        }
        let bound = FrameBuf::bound(&self.sections, batch_bytes);
        if bound > record_max as usize {
            let (bytes, limit) = (bound as u64, u64::from(record_max));
            return Err(LogError::RecordTooLarge { bytes, limit }.into());
        }
        self.frame = FrameBuf::with_capacity(bound);
        Ok(bound)
    }

    /// Encodes against the locked pages themselves.
    pub(super) fn encode_locked(
        &mut self,
        tx: &Transaction<'_>,
        locks: &[PageLock<'_>],
        record_max: u32,
    ) -> Result<(), Error> {
        let mut locks = locks.iter();
        for page in &tx.pages {
            let lock = if needs_lock(page) { locks.next() } else { None };
            match (&page.change, lock) {
                (Change::Image(image), Some(lock)) => self.push_image(page, lock.bytes(), image),
                _ => self.push_other(page),
            }
        }
        self.encode(record_max)
    }

    fn start(&mut self) {
        self.batch.clear();
        self.changed.clear();
        self.compared.clear();
    }

    fn encode(&mut self, record_max: u32) -> Result<(), Error> {
        self.frame.encode(&self.sections, &self.batch, record_max)?;
        self.frame_bytes = self.frame.len();
        Ok(())
    }

    /// Adds what differs between `old` and the image.
    fn push_image(&mut self, page: &TxPage, old: &[u8], image: &[u8]) {
        let before = self.batch.len();
        diff_runs(old, image, &mut self.runs);
        choose_into(page.page, old, image, &self.runs, &mut self.batch);
        self.changed.push(self.batch.len() > before);
    }

    /// Adds writes, and images of pages that are being born: those begin as zeros.
    fn push_other(&mut self, page: &TxPage) {
        let before = self.batch.len();
        match &page.change {
            Change::None => {}
            Change::Writes(delta) => choose_delta_into(page.page, delta, page.page_bytes, &mut self.batch),
            Change::Image(image) => {
                return self.push_image(page, &vec![0; image.len()], image);
            }
        }
        self.changed.push(self.batch.len() > before);
    }
}

/// Copies a page torn-free, to be compared with its image.
fn read_whole(tx: &Transaction<'_>, page: &TxPage, old: &mut Vec<u8>) -> Result<Epoch, Error> {
    let read = tx.bus.store().read_page(page.page, old);
    let epoch = read.map_err(|error| read_error(error, tx.bus.epoch()))?;
    if old.len() == page.page_bytes as usize { Ok(epoch) } else { Err(Error::Conflict { page: page.page }) }
}
