//! The ids of the pages that live, as of one epoch.
//!
//! Ids mostly come one behind the other, so they are gathered by runs: adding one by one would have the set look for
//! its largest each time, which takes as long as all else that is done for a page that did not change.

use std::ops::RangeInclusive;

use mmsb_types::{PageId, limits::COMPACT_ID_MAX};
use roaring::RoaringBitmap;

/// A set of page ids.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Living(RoaringBitmap);

const _: () = assert!(COMPACT_ID_MAX <= u32::MAX as u64);

/// A set that is being gathered.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    set: RoaringBitmap,
    /// The newest ids, which are not in the set yet.
    run: Option<RangeInclusive<u32>>,
}

impl Gathered {
    /// Adds pages, `count` of them from `page` on; fast if ids rise.
    ///
    /// # Panics
    /// If there is none, or one's id is beyond those that a bus gives out.
    #[inline]
    pub(crate) fn push(&mut self, page: PageId, count: u32) {
        let id = |page| number(page).expect("a bus gives out ids up to COMPACT_ID_MAX");
        let (first, last) = (id(page), id(PageId::new(page.get() + u64::from(count) - 1)));
        match &mut self.run {
            Some(run) if run.end().checked_add(1) == Some(first) => *run = *run.start()..=last,
            _ => self.begin(first..=last),
        }
    }

    /// Returns the set.
    pub(crate) fn finish(mut self) -> Living {
        self.end_run();
        Living(self.set)
    }

    fn begin(&mut self, run: RangeInclusive<u32>) {
        self.end_run();
        self.run = Some(run);
    }

    fn end_run(&mut self) {
        if let Some(run) = self.run.take() {
            self.set.insert_range(run);
        }
    }
}

impl Living {
    /// Adds a page.
    ///
    /// # Panics
    /// As [`Gathered::push`].
    pub(crate) fn insert(&mut self, page: PageId) {
        self.0.insert(number(page).expect("a bus gives out ids up to COMPACT_ID_MAX"));
    }

    /// Tells whether the page lives.
    pub(crate) fn contains(&self, page: PageId) -> bool {
        number(page).is_some_and(|id| self.0.contains(id))
    }

    /// Visits the pages by rising id.
    pub(super) fn iter(&self) -> impl Iterator<Item = PageId> {
        self.0.iter().map(|id| PageId::new(u64::from(id)))
    }

    /// Returns how many pages live.
    pub(crate) fn len(&self) -> u64 {
        self.0.len()
    }

    /// Returns the largest id; 0 if none lives.
    pub(super) fn last(&self) -> u64 {
        self.0.max().map_or(0, u64::from)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut set = self.0.clone();
        set.optimize();
        let mut bytes = Vec::with_capacity(set.serialized_size());
        set.serialize_into(&mut bytes).expect("memory takes all that is written");
        bytes
    }

    /// Reads a set; memory for it is a few bytes for each of those given, and a few megabytes more at most.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let mut rest = bytes;
        let set = RoaringBitmap::deserialize_from(&mut rest).ok().filter(|_| rest.is_empty());
        let set = set.ok_or("the metadata's set of living pages is invalid")?;
        let (first, last) = (set.min().unwrap_or(1), set.max().map_or(0, u64::from));
        if first == 0 || last > COMPACT_ID_MAX {
            return Err("the metadata's set of living pages is out of range");
        }
        Ok(Self(set))
    }
}

impl FromIterator<PageId> for Living {
    fn from_iter<I: IntoIterator<Item = PageId>>(pages: I) -> Self {
        let mut living = Gathered::default();
        pages.into_iter().for_each(|page| living.push(page, 1));
        living.finish()
    }
}

fn number(page: PageId) -> Option<u32> {
    u32::try_from(page.get()).ok()
}
