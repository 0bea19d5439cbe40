//! What stands behind a name: a file or a directory, each as it is seen and as a power cut would leave it.
//!
//! Invariant: `now` is `durable` with every change in `pending` made, in order, unless a file's failed sync threw
//! some away: those are in `now` alone, and no later sync saves them. Names are not lost that way: they go
//! through a journal, which gives up as a whole or not at all.

use std::{collections::BTreeMap, sync::Arc};

use super::bytes::Bytes;

/// Number of a node on its disk; never used again.
pub(super) type Id = u64;

/// A file or a directory. Copies of a disk share them until one side changes.
#[derive(Clone, Debug)]
pub(super) enum Node {
    File(Arc<File>),
    Dir(Arc<Dir>),
}

/// A file.
#[derive(Clone, Debug, Default)]
pub(super) struct File {
    pub(super) now: Bytes,
    pub(super) durable: Bytes,
    pub(super) pending: Vec<Change>,
    lost: bool,
}

/// A change to a file that no sync has followed.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Write { offset: u64, bytes: Arc<[u8]> },
    Truncate(u64),
}

/// A directory.
#[derive(Clone, Debug, Default)]
pub(super) struct Dir {
    pub(super) now: Names,
    pub(super) durable: Names,
    pub(super) pending: Vec<NameChange>,
}

/// The names in a directory.
pub(super) type Names = BTreeMap<Arc<str>, Id>;

/// A change to a directory that no sync has followed. A rename within one directory is one change.
#[derive(Clone, Debug, Default)]
pub(super) struct NameChange {
    pub(super) removed: Option<Arc<str>>,
    pub(super) added: Option<(Arc<str>, Id)>,
}

impl File {
    /// A file whose bytes are all durable.
    pub(super) fn of(bytes: Bytes) -> Self {
        Self { durable: bytes.clone(), now: bytes, pending: Vec::new(), lost: false }
    }

    /// Tells whether a power cut would change nothing.
    pub(super) fn is_as_durable(&self) -> bool {
        !self.lost && self.pending.is_empty()
    }

    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.now.write(offset, bytes);
            self.pending.push(Change::Write { offset, bytes: bytes.into() });
        }
    }

    pub(super) fn truncate(&mut self, len: u64) {
        self.now.truncate(len);
        self.pending.push(Change::Truncate(len));
    }

    pub(super) fn sync(&mut self) {
        if self.lost {
            self.pending.drain(..).for_each(|change| change.make(&mut self.durable));
        } else {
            self.pending.clear();
            self.durable = self.now.clone();
        }
    }

    /// What a sync that fails leaves: the changes are still seen, and thought to be saved.
    pub(super) fn lose(&mut self) {
        self.lost |= !self.pending.is_empty();
        self.pending.clear();
    }
}

impl Change {
    pub(super) fn make(&self, bytes: &mut Bytes) {
        match self {
            Self::Write { offset, bytes: written } => bytes.write(*offset, written),
            Self::Truncate(len) => bytes.truncate(*len),
        }
    }
}

impl Dir {
    /// A directory whose names are all durable.
    pub(super) fn of(names: Names) -> Self {
        Self { durable: names.clone(), now: names, pending: Vec::new() }
    }

    pub(super) fn change(&mut self, change: NameChange) {
        change.make(&mut self.now);
        self.pending.push(change);
    }

    pub(super) fn sync(&mut self) {
        self.pending.clear();
        self.durable = self.now.clone();
    }

    /// Every node that some name leads to, now or after some power cut.
    pub(super) fn leads_to(&self) -> impl Iterator<Item = Id> {
        let pending = self.pending.iter().filter_map(|change| Some(change.added.as_ref()?.1));
        self.now.values().chain(self.durable.values()).copied().chain(pending)
    }
}

impl NameChange {
    pub(super) fn make(&self, names: &mut Names) {
        if let Some(name) = &self.removed {
            names.remove(name);
        }
        if let Some((name, id)) = &self.added {
            names.insert(Arc::clone(name), *id);
        }
    }
}
