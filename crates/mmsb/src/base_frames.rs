//! Base frames: the state that a log begins with, where it does not begin at its bus's birth.
//!
//! That state comes in as many frames as it takes. Each carries a section that says whose part it is; the last
//! one's number is the state's epoch.
//!
//! Invariant: base frames come first, all of them, or there are none and the first number is 1.
//!
//! Little-endian: the state's epoch u64, the lowest id never given out u64, then page id u64 and the epoch
//! that changed it last u64, for each page of the frame.

use mmsb_tlog::{Commit, SectionKind};
use mmsb_types::{Epoch, PageId};

const HEAD_BYTES: usize = 16;
const PAGE_BYTES: usize = 16;

/// What a base frame says beside its pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaseSection {
    /// The epoch of the state that the base frames amount to.
    pub(crate) epoch: Epoch,
    /// The lowest id never given out there.
    pub(crate) next_id: u64,
    /// The frame's pages and what changed each last.
    pub(crate) epochs: Vec<(PageId, Epoch)>,
}

/// Where a replay stands between base frames and commits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BaseRule {
    /// Some frame was admitted.
    begun: bool,
    /// The state the base frames amount to; 0 where there are none.
    epoch: Epoch,
}

impl BaseRule {
    /// Admits the next frame of a replay; returns its section if it is a base frame.
    ///
    /// # Errors
    /// If it stands where it must not, as a text.
    pub(crate) fn admit(&mut self, commit: &Commit<'_>) -> Result<Option<BaseSection>, String> {
        let bytes = commit.frame.sections.get(SectionKind::BASE);
        let section = bytes.map(|bytes| BaseSection::parse(bytes, commit.epoch)).transpose()?;
        if !std::mem::replace(&mut self.begun, true) {
            self.epoch = section.as_ref().map_or(Epoch::ZERO, |section| section.epoch);
            if section.is_none() && commit.epoch.get() != 1 {
                return Err("the log begins late, and no base frame tells the state before it".to_owned());
            }
        }
        let told = section.as_ref().map(|section| section.epoch);
        let due = (commit.epoch <= self.epoch).then_some(self.epoch);
        if told == due { Ok(section) } else { Err("a base frame is missing, or out of place".to_owned()) }
    }

    /// Returns the oldest epoch with a state.
    pub(crate) fn oldest(&self) -> Epoch {
        self.epoch
    }
}

impl BaseSection {
    /// Returns the section's bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_BYTES + PAGE_BYTES * self.epochs.len());
        bytes.extend(self.epoch.get().to_le_bytes());
        bytes.extend(self.next_id.to_le_bytes());
        for (page, epoch) in &self.epochs {
            bytes.extend(page.get().to_le_bytes());
            bytes.extend(epoch.get().to_le_bytes());
        }
        bytes
    }

    /// Reads the section of the frame `number`.
    ///
    /// # Errors
    /// What is wrong with it, as a text.
    pub(crate) fn parse(bytes: &[u8], number: Epoch) -> Result<Self, String> {
        let (words, rest) = bytes.as_chunks::<8>();
        let words: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
        let ([epoch, next_id, pages @ ..], []) = (&words[..], rest) else {
            return Err("a base section is cut short".to_owned());
        };
        let (pages, []) = pages.as_chunks::<2>() else {
            return Err("a base section is cut short".to_owned());
        };
        let epoch = Epoch::new(*epoch);
        if epoch < number || pages.iter().any(|&[_, changed]| changed > epoch.get()) {
            return Err("a base section names an epoch out of order".to_owned());
        }
        let epochs = pages.iter().map(|&[page, changed]| (PageId::new(page), Epoch::new(changed))).collect();
        Ok(Self { epoch, next_id: *next_id, epochs })
    }
}
