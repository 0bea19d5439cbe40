//! Going back by what the commits since replaced.
//!
//! Invariant: of all that the records say about a byte, a name, a life or an edge, the oldest word is the target's.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use mmsb_types::PageId;

use super::{
    Restored,
    coverage::Coverage,
    pages::{Run, RunsByPage, cut},
};
use crate::{
    Bus, Error, Transaction,
    graph::Before,
    undo::{Life, Records},
    wave::LiveGraph,
};

/// What the records say first, that is of the target, of lives and names.
#[derive(Debug, Default)]
struct Then<'r> {
    lives: BTreeMap<PageId, Life>,
    names: BTreeMap<PageId, Option<&'r Arc<str>>>,
    graph: Before,
}

/// Fills the transaction with what leads back behind all records. Nobody commits meanwhile.
pub(super) fn fill(
    bus: &Bus,
    tx: &mut Transaction<'_>,
    records: &Records<'_>,
    live: &LiveGraph,
) -> Result<Restored, Error> {
    let then = Then::of(records);
    let ended = then.end_lives(bus, tx)?;
    let renamed = then.rename(bus, tx)?;
    then.restore_graph(bus, tx, live)?;
    let mut restored = Restored { page_count: ended + renamed.len(), byte_count: 0 };
    let (runs, mut coverage) = (RunsByPage::of(records), Coverage::default());
    tx.draft.columns().is_apart = true;
    for runs in runs.pages() {
        let page = runs[0].page();
        match then.lives.get(&page) {
            Some(Life::Born) => continue,
            Some(&Life::Died { page_bytes }) if !bus.store().contains(page) => {
                then.revive(tx, page, page_bytes, runs)?;
                restored.byte_count += page_bytes as usize;
            }
            _ => {
                let mut written = Ok(());
                cut(runs, &mut coverage, |run| {
                    restored.byte_count += run.old.len();
                    written = std::mem::replace(&mut written, Ok(()))
                        .and_then(|()| tx.write(page, run.offset, run.old));
                });
                written?;
            }
        }
        restored.page_count += usize::from(!renamed.contains(&page));
    }
    Ok(restored)
}

impl<'r> Then<'r> {
    fn of(records: &'r Records<'_>) -> Self {
        let mut then = Self::default();
        for record in records.iter() {
            for &(page, life) in record.lives() {
                then.lives.entry(page).or_insert(life);
            }
            for (page, name) in record.names() {
                then.names.entry(*page).or_insert(name.as_ref());
            }
            record.graph().into_iter().for_each(|graph| then.graph.add_newer(graph));
        }
        then
    }

    /// Deletes the pages that did not live yet; returns how many.
    fn end_lives(&self, bus: &Bus, tx: &mut Transaction<'_>) -> Result<usize, Error> {
        let born = self.lives.iter().filter(|(_, life)| **life == Life::Born);
        let live: Vec<PageId> =
            born.map(|(&page, _)| page).filter(|&page| bus.store().contains(page)).collect();
        live.iter().try_for_each(|&page| tx.delete_page(page))?;
        Ok(live.len())
    }

    /// Gives the pages that lived then, and live, their names of then; returns those that had others.
    fn rename(&self, bus: &Bus, tx: &mut Transaction<'_>) -> Result<BTreeSet<PageId>, Error> {
        let mut renamed = BTreeSet::new();
        for (&page, &name) in &self.names {
            let lived = self.lives.get(&page) != Some(&Life::Born);
            if lived && bus.store().contains(page) && bus.page_name(page).as_ref() != name {
                tx.name_page(page, name.map(|name| &**name))?;
                renamed.insert(page);
            }
        }
        Ok(renamed)
    }

    fn restore_graph(&self, bus: &Bus, tx: &mut Transaction<'_>, live: &LiveGraph) -> Result<(), Error> {
        if self.graph.is_empty() {
            return Ok(());
        }
        let now = bus.graph_lock().newest(live);
        self.graph.events_back(&now).into_iter().try_for_each(|event| tx.push_graph(event))
    }

    /// Brings a page back. Its death replaced all of its bytes, so the runs cover it.
    fn revive(
        &self,
        tx: &mut Transaction<'_>,
        page: PageId,
        page_bytes: u32,
        runs: &[Run<'_>],
    ) -> Result<(), Error> {
        let mut image = vec![0; page_bytes as usize];
        for run in runs.iter().rev() {
            image[run.offset as usize..][..run.old.len()].copy_from_slice(run.old);
        }
        // Its death took its name, so there is a word about it.
        let name = self.names.get(&page).copied().flatten();
        tx.revive_page(page, page_bytes, name.map(|name| &**name))?;
        tx.capture(page, image)
    }
}
