//! The model: every state of every page.

use std::collections::BTreeMap;

use mmsb_types::{Epoch, PageId};

use crate::snapshots::Part;

/// Every state of every page.
#[derive(Default)]
pub(super) struct Model {
    pages: BTreeMap<PageId, BTreeMap<Epoch, Option<Vec<u8>>>>,
}

impl Model {
    pub(super) fn at(&self, id: PageId, at: Epoch) -> Option<(Epoch, &Vec<u8>)> {
        let (&seq, bytes) = self.pages.get(&id)?.range(..=at).next_back()?;
        bytes.as_ref().map(|bytes| (seq, bytes))
    }

    pub(super) fn apply(&mut self, at: Epoch, parts: &[(PageId, Part)]) {
        for (id, part) in parts {
            let now = self.at(*id, at).map(|(_, bytes)| bytes.clone());
            let next = match part {
                Part::Create(page_bytes) => Some(vec![0; *page_bytes as usize]),
                Part::Delete => None,
                Part::Fill(span, byte) => now.map(|mut bytes| {
                    bytes[span.range()].fill(*byte);
                    bytes
                }),
            };
            self.pages.entry(*id).or_default().insert(at, next);
        }
    }
}
