//! A branch's commit: checked, encoded as a frame like any other's, laid over the base.
//!
//! Invariant: what can fail is done before the first change; a refused commit leaves the branch as it was.

use std::collections::HashMap;

use mmsb_types::{Durability, Epoch, PageEvent, PageId};

use super::{
    Branch, FRAME_BYTES_MAX, State,
    layer::{OwnPage, Owner},
};
use crate::{
    Committed, Error, Transaction,
    catalogue::{NameChanges, name_changes},
    commit::{Beside, PooledScratch, Scratch},
    interner::{Interner, SourceLoan},
    txn::{Change, Detail, Draft, Life, TxPage, check_text},
    wave::token,
};

/// What a commit does beside its deltas, ready to be done.
struct Plan {
    /// Pages that are no longer the base's, or new.
    pages: Vec<(PageId, OwnPage)>,
    names: NameChanges,
}

impl Branch {
    /// Lays a transaction over the branch.
    pub(crate) fn commit(&self, mut tx: Transaction<'_>) -> Result<Committed, Error> {
        token::check()?;
        tx.draft.tag().map_or(Ok(()), |tag| check_text("a tag", tag).map(drop))?;
        let mut scratch = PooledScratch::new();
        tx.make_detail()?;
        let Some(detail) = tx.detail() else { unreachable!("made just now") };
        let mut state = self.state();
        let epoch = state.layer.epoch.next();
        self.check(&state, detail)?;
        let plan = self.plan(&state, detail, epoch)?;
        let mut source = self.lend(&tx.draft);
        self.push_all(&state, detail, &mut scratch)?;
        let graph = self.change_graph(&mut state, detail, &scratch.changed)?;
        let beside = Beside {
            events: &detail.events,
            graph: &graph.events,
            source: source.as_ref(),
            ..Beside::default()
        };
        scratch.encode_sections(&tx.draft, beside);
        let encoded = scratch.encode(self.inner.record_bytes_max);
        if let Err(error) = encoded.and_then(|()| state.check_room(scratch.frame.len())) {
            state.take_back_graph(&graph);
            return Err(error);
        }
        state.date_graph(&graph, epoch);
        (state.layer.epoch, state.layer.label) = (epoch, tx.draft.label());
        state.apply(plan, &detail.events, &scratch, epoch);
        state.keep_frame(&mut scratch, epoch);
        source.iter_mut().for_each(|source| source.set_published(epoch));
        Ok(Committed { epoch, reached: Durability::Volatile })
    }

    /// Checks that every page the transaction depends on is as it saw it.
    fn check(&self, state: &State, detail: &Detail<'_>) -> Result<(), Error> {
        for page in detail.pages.iter().filter(|page| page.needs_lock()) {
            let conflict = Error::Conflict { page: page.page };
            match state.layer.life(&self.inner.base, page.page) {
                Ok((page_bytes, epoch)) => {
                    let changed = page.expected.is_some_and(|expected| expected != epoch);
                    if changed || page_bytes != page.page_bytes {
                        return Err(conflict);
                    }
                }
                Err(Error::PageNotFound { .. }) => return Err(conflict),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn plan(&self, state: &State, detail: &Detail<'_>, epoch: Epoch) -> Result<Plan, Error> {
        let mut plan = Plan { pages: Vec::new(), names: self.names(state, &detail.events)? };
        for page in &detail.pages {
            let writes = !matches!(page.change, Change::None);
            if writes && page.life == Life::Old && matches!(state.layer.owner(page.page), Owner::Base) {
                plan.pages.push((page.page, OwnPage::of_base(&self.inner.base, page.page)?));
            }
        }
        for event in &detail.events {
            if let &PageEvent::Created { page, page_bytes, .. } = event {
                plan.pages.push((page, OwnPage::zeroed(page_bytes, epoch)));
            }
        }
        Ok(plan)
    }

    /// Checks that the names given belong to nobody else after the commit.
    fn names(&self, state: &State, events: &[PageEvent]) -> Result<NameChanges, Error> {
        let changes = name_changes(events);
        let mut given: HashMap<&str, PageId> = HashMap::new();
        for (&page, name) in &changes {
            let Some(name) = name.as_deref() else { continue };
            let holder = state.layer.named(&self.inner.base, name)?;
            let keeps = holder.filter(|holder| !changes.contains_key(holder));
            if let Some(holder) = keeps.or_else(|| given.insert(name, page)) {
                return Err(Error::NameTaken { name: name.to_owned(), page: holder });
            }
        }
        Ok(changes)
    }

    fn lend(&self, draft: &Draft) -> Option<SourceLoan<'_>> {
        let is_unknown = draft.tag().is_none() && draft.site.is_none();
        let interner = || self.inner.interner.get_or_init(Box::<Interner>::default);
        (!is_unknown).then(|| interner().lend(draft.tag(), draft.site))
    }

    /// Chooses the patches: captures are compared with the pages as they stand.
    fn push_all(&self, state: &State, detail: &Detail<'_>, scratch: &mut Scratch) -> Result<(), Error> {
        scratch.start();
        for page in &detail.pages {
            match (&page.change, page.life) {
                (Change::Image(image), Life::Old) => self.push_image(state, page, image, scratch)?,
                _ => scratch.push_other(page),
            }
        }
        Ok(())
    }

    fn push_image(
        &self,
        state: &State,
        page: &TxPage<'_>,
        image: &[u8],
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        match state.layer.owner(page.page) {
            Owner::Own(own) => scratch.push_image(page, &own.bytes, image),
            Owner::Base => {
                self.inner.base.with_page(page.page, &mut |old| scratch.push_image(page, old, image))?;
            }
            Owner::Nobody => return Err(Error::Conflict { page: page.page }),
        }
        Ok(())
    }
}

impl State {
    /// Checks that so many bytes more can be kept.
    fn check_room(&self, frame_bytes: usize) -> Result<(), Error> {
        if self.frames.len() + frame_bytes > FRAME_BYTES_MAX {
            let what = "a branch that holds 64 MiB of commits: keep it or drop it";
            return Err(Error::Busy { what, waited_ms: 0 });
        }
        Ok(())
    }

    /// Does what was checked and prepared. Nothing here can fail.
    fn apply(&mut self, plan: Plan, events: &[PageEvent], scratch: &Scratch, epoch: Epoch) {
        plan.pages.into_iter().for_each(|(page, own)| self.layer.insert(page, own));
        for (page, patch) in scratch.batch.view().iter() {
            let own = self.layer.own_mut(page).expect("planned above: a page that is written to is here");
            patch.apply(&mut own.bytes).expect("checked when it was written");
            own.epoch = epoch;
        }
        for event in events {
            if let PageEvent::Deleted { page } = event {
                self.layer.delete(*page);
            }
        }
        self.layer.rename(&plan.names);
    }

    fn keep_frame(&mut self, scratch: &mut Scratch, epoch: Epoch) {
        scratch.frame.seal(epoch.get());
        let frame = scratch.frame.bytes();
        if self.frames.capacity() - self.frames.len() < frame.len() {
            // Doubling would leave most branches with as much memory unused as they use.
            self.frames.reserve_exact(frame.len() + self.frames.len() / 8);
        }
        self.frames.extend_from_slice(frame);
    }
}
