//! Room for what snapshots may need of a commit's pages, made before the first of them is locked.

use mmsb_page::Need;
use mmsb_types::PageId;

use super::Commit;

/// Need that is taken without a closer look, in bytes; above, pages that come twice are counted once.
const SURE_BYTES: u64 = 256 << 10;

impl Commit<'_> {
    /// Makes room for a pre-image of each page.
    pub(super) fn stash(&self, pages: impl Iterator<Item = PageId> + Clone) {
        let need = self.need(pages.clone(), SURE_BYTES).unwrap_or_else(|| {
            let mut distinct: Vec<PageId> = pages.collect();
            distinct.sort_unstable();
            distinct.dedup();
            self.need(distinct.into_iter(), u64::MAX).unwrap_or_default()
        });
        self.bus.store().stash(self.committer, need);
    }

    /// Adds the pages up; `None` if they come to more than `bytes_max`. A page that just died needs no room.
    fn need(&self, pages: impl Iterator<Item = PageId>, bytes_max: u64) -> Option<Need> {
        let (mut need, mut sum, mut last) = (Need::default(), 0, None);
        for page in pages.filter(|&page| last.replace(page) != Some(page)) {
            let page_bytes = self.bus.store().page_bytes(page).unwrap_or(0);
            need.add(page_bytes);
            sum += u64::from(page_bytes);
        }
        (sum <= bytes_max).then_some(need)
    }
}
