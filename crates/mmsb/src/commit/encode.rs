//! From a transaction to a frame: pages compared, the smallest patches chosen, sections and columns laid out.

use mmsb_delta::{DeltaBatch, choose_delta_into, choose_into, diff_runs};
use mmsb_page::PageLock;
use mmsb_tlog::{FrameBuf, SectionBuf, SectionKind};
use mmsb_types::{
    Epoch, Span,
    limits::{BOXED_ABOVE_BYTES, PAGE_BYTES_MAX, RUN_GAP_BYTES},
};

use crate::{
    Error, Transaction,
    interner::SourceLoan,
    txn::{Change, Life, TxPage, check_text},
    undo::UndoDraft,
};

/// What a thread's buffers may hold when no commit is under way, in bytes: enough to capture a page of any
/// length again and again.
const IDLE_BYTES_MAX: usize = 4 * PAGE_BYTES_MAX as usize;

/// Buffers that a thread's commits use again and again.
#[derive(Default)]
pub(super) struct Scratch {
    pub(super) frame: FrameBuf,
    pub(super) batch: DeltaBatch,
    pub(super) undo: UndoDraft,
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
    /// The longest frame that the buffer had room for.
    frame_bytes_max: usize,
}

/// Refuses a tag that cannot be stored.
pub(super) fn check_texts(tx: &Transaction<'_>) -> Result<(), Error> {
    tx.tag.as_deref().map_or(Ok(()), |tag| check_text("a tag", tag).map(drop))
}

impl Scratch {
    /// Lays out everything but the deltas. Kinds rise.
    pub(super) fn encode_sections(
        &mut self,
        tx: &Transaction<'_>,
        source: &SourceLoan<'_>,
        nanos: Option<u64>,
    ) {
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
        if let Some(nanos) = nanos {
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
            if page.needs_lock() {
                self.compared.push(compared);
            }
        }
        self.encode(record_max)
    }

    /// Tells whether the captured pages are still those that were compared.
    pub(super) fn still_current(&self, locks: &[PageLock<'_>]) -> bool {
        self.compared.iter().zip(locks).all(|(epoch, lock)| epoch.is_none_or(|epoch| epoch == lock.epoch()))
    }

    /// Makes room for whatever [`Scratch::encode_locked`] may need, and returns the longest frame it may make:
    /// no longer than the longest record, for a longer one is refused there.
    pub(super) fn reserve_worst(&mut self, tx: &Transaction<'_>, record_max: u32) -> usize {
        const ENTRY_BYTES_MAX: usize = 24;
        self.start();
        let mut batch_bytes = 0;
        for page in &tx.pages {
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
        let longest = tx.pages.iter().map(|page| page.page_bytes as usize).max();
        self.old.clear();
        self.old.reserve(longest.unwrap_or(0));
        self.changed.reserve(tx.pages.len());
        let bound = FrameBuf::bound(&self.sections, batch_bytes).min(record_max as usize);
        self.frame = FrameBuf::with_capacity(bound);
        self.frame_bytes_max = self.frame_bytes_max.max(bound);
        bound
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
            let lock = if page.needs_lock() { locks.next() } else { None };
            match (&page.change, lock) {
                (Change::Image(image), Some(lock)) => self.push_image(page, lock.bytes(), image),
                _ => self.push_other(page),
            }
        }
        self.encode(record_max)
    }

    /// Gives memory back after a commit that was much larger than most.
    pub(super) fn shrink(&mut self) {
        if self.frame_bytes_max > BOXED_ABOVE_BYTES {
            // It went into a box, or the commit was refused.
            (self.frame, self.frame_bytes_max) = (FrameBuf::default(), 0);
        }
        let [compact, wide, compact_payload, wide_payload] = self.batch.capacities();
        let batch_bytes = compact * 8 + wide * 24 + compact_payload + wide_payload;
        let buffer_bytes = self.old.capacity() + self.section.capacity() + self.runs.capacity() * 8;
        if batch_bytes + buffer_bytes > IDLE_BYTES_MAX {
            *self = Self::default();
        }
    }

    fn start(&mut self) {
        self.batch.clear();
        self.changed.clear();
        self.compared.clear();
    }

    fn encode(&mut self, record_max: u32) -> Result<(), Error> {
        self.frame.encode(&self.sections, &self.batch, record_max)?;
        self.frame_bytes = self.frame.len();
        self.frame_bytes_max = self.frame_bytes_max.max(self.frame_bytes);
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
fn read_whole(tx: &Transaction<'_>, page: &TxPage, old: &mut Vec<u8>) -> Result<Epoch, Error> {
    // A page that is gone, or has become another one, lived when the transaction first used it.
    let conflict = Error::Conflict { page: page.page };
    match tx.bus.store().read_page(page.page, old) {
        Ok(epoch) if old.len() == page.page_bytes as usize => Ok(epoch),
        _ => Err(conflict),
    }
}
