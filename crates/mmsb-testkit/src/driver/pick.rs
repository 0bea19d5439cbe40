//! What random choices are made from: pages, names, places within a page.

use mmsb::PageId;

use super::Driver;
use crate::draft::Draft;

const NAMES: [&str; 6] = ["world", "player", "score", "map", "queue", "\u{fc}ber"];

impl Driver {
    pub(super) fn page(&mut self, draft: &Draft) -> PageId {
        let index = self.rng.below(draft.state.pages.len());
        *draft.state.pages.keys().nth(index).expect("an index below the count")
    }

    /// Returns a page that lived before the transaction and still does.
    pub(super) fn old_page(&mut self, draft: &Draft) -> Option<PageId> {
        let lives = |page: &&PageId| draft.state.pages.contains_key(page);
        let old: Vec<_> = self.model.newest().pages.keys().filter(lives).copied().collect();
        (!old.is_empty()).then(|| self.rng.pick(&old))
    }

    pub(super) fn name(&mut self) -> Option<&'static str> {
        if self.rng.once_in(3) { None } else { Some(self.rng.pick(&NAMES)) }
    }

    /// Returns offset and length within a page, short ones more often than long ones.
    pub(super) fn span(&mut self, draft: &Draft, page: PageId) -> (usize, usize) {
        let page_bytes = draft.state.pages[&page].bytes.len();
        let offset = self.rng.below(page_bytes);
        let room = page_bytes - offset;
        let most = if self.rng.once_in(4) { room } else { room.min(48) };
        (offset, self.rng.below(most + 1))
    }
}
