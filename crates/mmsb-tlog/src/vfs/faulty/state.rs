//! What the clones of a simulated disk share: the disk, who has it open, what is planned and recorded.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Error, Result},
    path::Path,
    sync::Arc,
};

use super::{
    disk::Disk,
    failure::{CallKind, Failure},
    moment::{Call, Moment},
    node::Id,
};

/// One lock guards it all: calls have one order.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) disk: Disk,
    /// How many handles each node has.
    pub(super) open: BTreeMap<Id, usize>,
    /// The LOCK files that someone holds.
    pub(super) locked: BTreeSet<Id>,
    pub(super) calls: u64,
    pub(super) failure: Option<Failure>,
    pub(super) failed: u64,
    pub(super) moments: Option<Vec<Moment>>,
    pub(super) list: Option<Vec<Call>>,
}

impl State {
    pub(super) fn next_call(&mut self, kind: CallKind, path: Arc<Path>, offset: u64, bytes: usize) -> Call {
        self.calls += 1;
        Call { number: self.calls, kind, path, offset, bytes }
    }

    /// Returns the error of this call, if it is planned to fail.
    pub(super) fn strike(&mut self, kind: CallKind) -> Option<Error> {
        let planned = |plan: &Failure| self.calls >= plan.at && plan.kind.applies_to(kind);
        let failure = self.failure.filter(planned)?;
        if !failure.sticky {
            self.failure = None;
        }
        self.failed += 1;
        Some(failure.kind.error(kind))
    }

    /// Records a call that has come to its end.
    pub(super) fn note(&mut self, call: Call) {
        if let Some(list) = &mut self.list {
            list.push(call.clone());
        }
        if changes(call.kind) && self.moments.is_some() {
            self.disk.prune(|id| self.open.contains_key(&id));
            let disk = self.disk.clone();
            self.moments.get_or_insert_default().push(Moment { call, disk });
        }
    }

    pub(super) fn sync_file(&mut self, id: Id) -> Result<()> {
        // Nothing to do costs nothing: the file's copies stay shared.
        if !self.disk.file(id)?.pending.is_empty() {
            self.disk.file_mut(id)?.sync();
        }
        Ok(())
    }

    pub(super) fn sync_dir(&mut self, path: &Path) -> Result<()> {
        let id = self.disk.find(path)?;
        if let Some(error) = self.strike(CallKind::SyncDir) {
            return Err(error);
        }
        self.disk.dir_mut(id)?.sync();
        Ok(())
    }

    pub(super) fn close(&mut self, id: Id) {
        if let Some(count) = self.open.get_mut(&id) {
            *count -= 1;
            if *count == 0 {
                self.open.remove(&id);
            }
        }
    }
}

fn changes(kind: CallKind) -> bool {
    !matches!(kind, CallKind::Open | CallKind::List | CallKind::Metadata | CallKind::Read | CallKind::Len)
}
