//! The oracle: a map of pages for every epoch.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use mmsb::{Edge, Epoch, Label, PageId};

/// What a bus must hold, at every epoch.
#[derive(Clone, Debug)]
pub struct Model {
    states: Vec<ModelState>,
}

/// What a bus must hold at one epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelState {
    /// The label of the commit that made it.
    pub label: Option<Label>,
    /// The tag of that commit.
    pub tag: Option<String>,
    /// The pages.
    pub pages: BTreeMap<PageId, ModelPage>,
    /// Who depends on whom.
    pub edges: BTreeSet<Edge>,
}

/// What one page must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelPage {
    /// Its name.
    pub name: Option<String>,
    /// Its bytes.
    pub bytes: Arc<Vec<u8>>,
    /// The commit that changed them last.
    pub epoch: Epoch,
}

impl Default for Model {
    fn default() -> Self {
        Self { states: vec![ModelState::default()] }
    }
}

impl Model {
    /// Returns the newest epoch.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        Epoch::new(self.states.len() as u64 - 1)
    }

    /// Returns the newest state.
    #[must_use]
    pub fn newest(&self) -> &ModelState {
        self.state(self.epoch())
    }

    /// Returns the state at `epoch`.
    ///
    /// # Panics
    /// If it lies ahead.
    #[must_use]
    pub fn state(&self, epoch: Epoch) -> &ModelState {
        &self.states[epoch.get() as usize]
    }

    /// Visits the epochs and their states, oldest first.
    pub fn states(&self) -> impl Iterator<Item = (Epoch, &ModelState)> {
        (0..).map(Epoch::new).zip(&self.states)
    }

    /// Returns the last epoch of each label.
    #[must_use]
    pub fn labels(&self) -> BTreeMap<Label, Epoch> {
        self.states().filter_map(|(epoch, state)| Some((state.label?, epoch))).collect()
    }

    /// Returns the model as it was at `epoch`.
    pub(crate) fn until(&self, epoch: Epoch) -> Self {
        Self { states: self.states[..=epoch.get() as usize].to_vec() }
    }

    /// Takes the state that a commit made.
    pub(crate) fn push(&mut self, state: ModelState) {
        self.states.push(state);
    }
}
