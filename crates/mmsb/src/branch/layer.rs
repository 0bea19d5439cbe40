//! What a branch has changed: whole pages and names, laid over its base.
//!
//! Invariant: a page that is not in the layer is the base's; so is the name of a page that was not renamed.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use mmsb_types::{Epoch, Label, PageId, PageLocation};

use super::Base;
use crate::{
    Error, PageInfo,
    catalogue::{self, NameChanges},
    graph::GraphState,
};

/// A branch's own pages, as of its newest commit. Small: there may be thousands of branches.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer {
    pub(super) epoch: Epoch,
    /// The newest commit's label; says nothing while there is no commit.
    pub(super) label: Option<Label>,
    /// `None` for a page that was deleted here.
    pages: BTreeMap<PageId, Option<OwnPage>>,
    names: Option<Box<Names>>,
    /// `None` while it is the base's.
    pub(super) graph: Option<Box<GraphState>>,
}

/// A page that lives and is no longer the base's.
#[derive(Clone, Debug)]
pub(super) struct OwnPage {
    pub(super) bytes: Box<[u8]>,
    pub(super) epoch: Epoch,
}

/// Names that were given or taken away here.
#[derive(Clone, Debug, Default)]
struct Names {
    pages: HashMap<Arc<str>, PageId>,
    names: HashMap<PageId, Option<Arc<str>>>,
}

/// Whose a page is.
pub(super) enum Owner<'l> {
    /// The branch's own.
    Own(&'l OwnPage),
    /// Nobody's: the branch deleted it.
    Nobody,
    /// The base's, if the base has it.
    Base,
}

impl OwnPage {
    /// Makes a page of zeros.
    pub(super) fn zeroed(page_bytes: u32, epoch: Epoch) -> Self {
        Self { bytes: std::iter::repeat_n(0, page_bytes as usize).collect(), epoch }
    }

    /// Returns what is known of a page that was created here, but for its name.
    fn info(&self, page: PageId) -> PageInfo {
        let (page_bytes, location) = (self.bytes.len() as u32, PageLocation::Host);
        PageInfo { page, page_bytes, name: None, epoch: self.epoch, location }
    }

    /// Copies a page of the base.
    ///
    /// # Errors
    /// [`Error::PageNotFound`], or the base's failure.
    pub(super) fn of_base(base: &Base, page: PageId) -> Result<Self, Error> {
        let (_, epoch) = base.life(page)?;
        let mut bytes = Box::default();
        base.with_page(page, &mut |from| bytes = from.into())?;
        Ok(Self { bytes, epoch })
    }
}

impl Layer {
    /// Makes a layer that changes nothing of the state `base`.
    pub(super) fn over(base: Epoch) -> Self {
        Self { epoch: base, ..Self::default() }
    }

    /// Returns whose the page is.
    pub(super) fn owner(&self, page: PageId) -> Owner<'_> {
        match self.pages.get(&page) {
            Some(Some(own)) => Owner::Own(own),
            Some(None) => Owner::Nobody,
            None => Owner::Base,
        }
    }

    /// Returns how many pages are no longer the base's.
    pub(super) fn changed_page_count(&self) -> usize {
        self.pages.len()
    }

    /// Returns length and last change of a live page.
    ///
    /// # Errors
    /// [`Error::PageNotFound`], or the base's failure.
    pub(super) fn life(&self, base: &Base, page: PageId) -> Result<(u32, Epoch), Error> {
        match self.owner(page) {
            Owner::Own(own) => Ok((own.bytes.len() as u32, own.epoch)),
            Owner::Base => base.life(page).map_err(|error| self.as_of(error)),
            Owner::Nobody => Err(self.missing(page)),
        }
    }

    /// Returns the live page with this name.
    ///
    /// # Errors
    /// The base's failure.
    pub(super) fn named(&self, base: &Base, name: &str) -> Result<Option<PageId>, Error> {
        if let Some(&page) = self.names.as_ref().and_then(|names| names.pages.get(name)) {
            return Ok(Some(page));
        }
        Ok(base.named(name)?.filter(|&page| self.given_name(page).is_none() && !self.is_deleted(page)))
    }

    /// Returns who depends on whom.
    ///
    /// # Errors
    /// The base's failure.
    pub(super) fn graph(&self, base: &Base) -> Result<GraphState, Error> {
        self.graph.as_ref().map_or_else(|| base.graph(), |graph| Ok(GraphState::clone(graph)))
    }

    /// Returns the names of all pages.
    ///
    /// # Errors
    /// The base's failure.
    pub(super) fn all_names(&self, base: &Base) -> Result<catalogue::Names, Error> {
        let mut names = base.names()?;
        if let Some(own) = &self.names {
            let given = own.names.iter().map(|(&page, name)| (page, name.clone()));
            names.apply(&[], given.collect());
        }
        Ok(names)
    }

    /// Lists the live pages by rising id.
    ///
    /// # Errors
    /// The base's failure.
    pub(super) fn list(&self, base: &Base) -> Result<Vec<PageInfo>, Error> {
        let mut infos = base.pages()?;
        infos.retain(|info| !self.is_deleted(info.page));
        let own = self.pages.iter().filter_map(|(&page, own)| Some((page, own.as_ref()?)));
        for (page, own) in own {
            match infos.binary_search_by_key(&page, |info| info.page) {
                Ok(index) => infos[index].epoch = own.epoch,
                // Created here: it is younger than all of the base's.
                Err(index) => infos.insert(index, own.info(page)),
            }
        }
        infos.iter_mut().for_each(|info| self.set_name(info));
        Ok(infos)
    }

    /// Gives a page the name that the layer gave it.
    fn set_name(&self, info: &mut PageInfo) {
        if let Some(given) = self.given_name(info.page) {
            info.name.clone_from(given);
        }
    }

    /// Adds a page, or takes one over from the base.
    pub(super) fn insert(&mut self, page: PageId, own: OwnPage) {
        self.pages.insert(page, Some(own));
    }

    /// Returns a page of the layer, to be changed.
    pub(super) fn own_mut(&mut self, page: PageId) -> Option<&mut OwnPage> {
        self.pages.get_mut(&page)?.as_mut()
    }

    /// Ends a page's life; its name is gone, too.
    pub(super) fn delete(&mut self, page: PageId) {
        self.pages.insert(page, None);
    }

    /// Gives names, or takes them away, all at once: pages may swap theirs.
    pub(super) fn rename(&mut self, changes: &NameChanges) {
        if changes.is_empty() {
            return;
        }
        let names = self.names.get_or_insert_default();
        for &page in changes.keys() {
            if let Some(Some(old)) = names.names.insert(page, None) {
                names.pages.remove(&old);
            }
        }
        for (&page, name) in changes {
            names.pages.extend(name.clone().map(|name| (name, page)));
            names.names.insert(page, name.clone());
        }
    }

    /// Tells a missing page as of this state, not the base's.
    pub(super) fn as_of(&self, error: Error) -> Error {
        match error {
            Error::PageNotFound { page, .. } => self.missing(page),
            error => error,
        }
    }

    /// The error for a page that does not live here.
    pub(super) fn missing(&self, page: PageId) -> Error {
        Error::PageNotFound { page, epoch: self.epoch }
    }

    /// Returns the name that a page got here, or `None` for a page that kept the base's.
    fn given_name(&self, page: PageId) -> Option<&Option<Arc<str>>> {
        self.names.as_ref()?.names.get(&page)
    }

    fn is_deleted(&self, page: PageId) -> bool {
        matches!(self.owner(page), Owner::Nobody)
    }
}
