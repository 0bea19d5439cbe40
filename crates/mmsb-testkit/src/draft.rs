//! A transaction as the oracle sees it: the state it would make.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use mmsb::{Edge, Epoch, PageId};

use crate::{ModelPage, ModelState};

/// A state under construction, and what was done to it.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) state: ModelState,
    base: ModelState,
    touched: BTreeMap<PageId, Touch>,
    /// An edge was asked for that closes a cycle.
    pub(crate) has_cycle: bool,
}

/// How a page's bytes were changed last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Touch {
    Written,
    /// As a whole; whatever was or will be written is part of the image.
    Captured,
}

impl Draft {
    pub(crate) fn new(base: &ModelState) -> Self {
        let state = ModelState { label: None, tag: None, ..base.clone() };
        Self { state, base: base.clone(), touched: BTreeMap::new(), has_cycle: false }
    }

    pub(crate) fn create(&mut self, page: PageId, name: Option<&str>, page_bytes: usize) {
        let bytes = Arc::new(vec![0; page_bytes]);
        let name = name.map(str::to_owned);
        self.state.pages.insert(page, ModelPage { name, bytes, epoch: Epoch::ZERO });
    }

    pub(crate) fn delete(&mut self, page: PageId) {
        self.state.pages.remove(&page);
        self.state.edges.retain(|edge| edge.source != page && edge.target != page);
    }

    /// Adds an edge, unless its source depends on its target.
    pub(crate) fn link(&mut self, edge: Edge) {
        let (mut reached, mut count) = (BTreeSet::from([edge.target]), 0);
        while reached.len() > count {
            count = reached.len();
            let next = self.state.edges.iter().filter(|edge| reached.contains(&edge.source));
            reached.extend(next.map(|edge| edge.target).collect::<Vec<_>>());
        }
        if reached.contains(&edge.source) {
            self.has_cycle = true;
        } else {
            self.state.edges.insert(edge);
        }
    }

    pub(crate) fn name(&mut self, page: PageId, name: Option<&str>) {
        self.page(page).name = name.map(str::to_owned);
    }

    pub(crate) fn write(&mut self, page: PageId, offset: usize, bytes: &[u8]) {
        if !bytes.is_empty() {
            Arc::make_mut(&mut self.page(page).bytes)[offset..][..bytes.len()].copy_from_slice(bytes);
            self.touched.entry(page).or_insert(Touch::Written);
        }
    }

    pub(crate) fn capture(&mut self, page: PageId, image: &[u8]) {
        self.page(page).bytes = Arc::new(image.to_vec());
        self.touched.insert(page, Touch::Captured);
    }

    /// Tells whether two pages would have one name.
    pub(crate) fn has_name_twice(&self) -> bool {
        let mut seen = BTreeSet::new();
        let mut names = self.state.pages.values().filter_map(|page| page.name.as_deref());
        names.any(|name| !seen.insert(name))
    }

    /// Returns the state that the commit makes as `epoch`.
    pub(crate) fn finish(mut self, epoch: Epoch) -> ModelState {
        for (id, page) in &mut self.state.pages {
            let changed = match (self.base.pages.get(id), self.touched.get(id)) {
                (None, _) | (_, Some(Touch::Written)) => true,
                (Some(old), Some(Touch::Captured)) => old.bytes != page.bytes,
                (Some(_), None) => false,
            };
            page.epoch = if changed { epoch } else { page.epoch };
        }
        self.state
    }

    fn page(&mut self, page: PageId) -> &mut ModelPage {
        self.state.pages.get_mut(&page).expect("the driver picks pages that live")
    }
}
