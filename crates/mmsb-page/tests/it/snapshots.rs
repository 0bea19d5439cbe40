//! Pages as of a pinned epoch, against a model that keeps every state of every page.

mod ageing;
mod pinning;
mod protected;
mod room;
mod saving;
mod walk;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use mmsb_page::{Committer, Need, PageStore, PageWriter, Pin, SnapshotError, StoreOptions};
use mmsb_types::{Epoch, PageId, Span};

use crate::epoch;

/// Bytes of a chunk of pre-images.
pub(crate) const CHUNK_BYTES: u64 = if cfg!(miri) { 512 } else { 64 << 10 };

/// A store with room for so many chunks, and the word that commits take their numbers from.
pub(crate) struct World {
    pub(crate) store: PageStore,
    last: AtomicU64,
}

/// One page's part of a commit.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Create(u32),
    Fill(Span, u8),
    Delete,
}

impl World {
    pub(crate) fn new(chunk_count: u64) -> Self {
        let bytes = chunk_count * CHUNK_BYTES;
        Self::with(StoreOptions { preimage_bytes: bytes, preimage_bytes_max: bytes, ..Default::default() })
    }

    pub(crate) fn with(options: StoreOptions) -> Self {
        Self { store: PageStore::with_options(options), last: AtomicU64::new(0) }
    }

    pub(crate) fn committer(&self) -> Committer<'_> {
        self.store.committers().acquire(Duration::from_secs(60)).expect("a free owner number")
    }

    pub(crate) fn pin(&self) -> Pin {
        self.store.pin(|| self.newest())
    }

    /// The newest number that was taken.
    pub(crate) fn newest(&self) -> Epoch {
        epoch(self.last.fetch_add(0, Ordering::AcqRel))
    }

    pub(crate) fn number(&self) -> Epoch {
        epoch(self.last.fetch_add(1, Ordering::AcqRel) + 1)
    }

    /// Makes one commit, by the numbered protocol, of parts on distinct pages that can be had.
    pub(crate) fn commit(&self, committer: &Committer<'_>, parts: &[(PageId, Part)]) -> Epoch {
        let mut need = Need::default();
        parts.iter().filter_map(|(id, _)| self.store.page_bytes(*id)).for_each(|bytes| need.add(bytes));
        assert!(self.store.stash(committer, need));
        let mut births = Vec::new();
        let mut locks = Vec::new();
        for (id, part) in parts {
            match part {
                Part::Create(page_bytes) => births.push(self.store.prepare(*id, *page_bytes).unwrap()),
                part => locks.push((self.store.lock_wait(*id, committer).unwrap(), part)),
            }
        }
        let at = self.number();
        let writers: Vec<_> = locks.into_iter().map(|(lock, part)| (lock.into_writer(), part)).collect();
        for (writer, part) in writers {
            change(writer, part, at);
        }
        births.into_iter().for_each(|new| new.publish(at));
        at
    }

    fn read(&self, id: PageId, pin: &Pin) -> Result<(Epoch, Vec<u8>), SnapshotError> {
        let mut bytes = vec![0xcc; 3];
        let at = self.store.read_page_at(id, pin, &mut bytes)?;
        Ok((at, bytes))
    }
}

fn change(mut writer: PageWriter<'_>, part: &Part, at: Epoch) {
    match *part {
        Part::Fill(span, byte) => {
            writer.preserve(at);
            writer.fill(span, byte);
            writer.publish(at);
        }
        Part::Delete => writer.retire(at),
        Part::Create(_) => unreachable!("births have no writer"),
    }
}
