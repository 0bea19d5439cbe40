//! What is archived: numbers and bytes in columns.
//!
//! Invariant: columns only, and none of them holds anything that points: whatever an archive says, its validated
//! form is no longer than the archive, and texts are cut out of one piece of bytes by lengths that add up to it.

use std::sync::Arc;

use mmsb_types::limits::TEXT_BYTES_MAX;
use rkyv::{Archive, Serialize};

/// The content of version 1.
#[derive(Archive, Debug, Serialize)]
pub(super) struct Content {
    /// The lowest id never given out.
    pub(super) next_id: u64,
    /// The last commit's label; 0 if it has none.
    pub(super) label: u64,
    /// 1 if it has one, else 0.
    pub(super) has_label: u8,
    /// Numbers of the last commit's texts; 0 for none.
    pub(super) tag: u32,
    pub(super) site: u32,
    /// All texts, the first one numbered 1.
    pub(super) tags: TextList,
    pub(super) sites: TextList,
    /// Pages that are named or not in plain memory, rising; where they are, and their names, empty for none.
    pub(super) noted_pages: Vec<u64>,
    pub(super) locations: Vec<u8>,
    pub(super) names: TextList,
    /// The ids of living pages, as a roaring bitmap.
    pub(super) living: Vec<u8>,
    /// The graph as events, and the ids of stale pages as a roaring bitmap; both empty for none.
    pub(super) graph: Vec<u8>,
    pub(super) stale: Vec<u8>,
}

/// Texts, one behind the other.
#[derive(Archive, Debug, Serialize)]
pub(super) struct TextList {
    /// Their lengths, in bytes.
    lengths: Vec<u16>,
    bytes: Vec<u8>,
}

const _: () = assert!(TEXT_BYTES_MAX <= u16::MAX as usize);

impl Content {
    /// Returns about how many bytes the columns take.
    pub(super) fn bytes(&self) -> u64 {
        let texts = [&self.tags, &self.sites, &self.names];
        let text_bytes: usize = texts.map(|list| 2 * list.lengths.len() + list.bytes.len()).iter().sum();
        let sets = self.living.len() + self.graph.len() + self.stale.len();
        (text_bytes + 9 * self.noted_pages.len() + sets) as u64
    }
}

impl TextList {
    pub(super) fn new<'t>(texts: impl Iterator<Item = &'t Arc<str>>) -> Self {
        let mut list = Self { lengths: Vec::new(), bytes: Vec::new() };
        for text in texts {
            list.lengths.push(text.len() as u16);
            list.bytes.extend_from_slice(text.as_bytes());
        }
        list
    }
}

impl ArchivedTextList {
    /// Visits the texts, each at least so many bytes long.
    pub(super) fn texts(
        &self,
        bytes_min: usize,
    ) -> Result<impl ExactSizeIterator<Item = Result<&str, &'static str>>, &'static str> {
        let lengths = self.lengths.iter().map(|len| usize::from(len.to_native()));
        let range = bytes_min..=TEXT_BYTES_MAX;
        if !lengths.clone().all(|len| range.contains(&len))
            || lengths.clone().sum::<usize>() != self.bytes.len()
        {
            return Err("the metadata's texts are of impossible length");
        }
        let mut rest = self.bytes.as_slice();
        Ok(lengths.map(move |len| {
            let (text, behind) = rest.split_at(len);
            rest = behind;
            str::from_utf8(text).map_err(|_| "a text of the metadata is not UTF-8")
        }))
    }
}
