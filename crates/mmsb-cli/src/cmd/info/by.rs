//! What the commits of a bus say of themselves, counted.

use std::collections::BTreeMap;

use mmsb::{CommitInfo, Label};
use serde::Serialize;

use crate::render::count;

/// What the commits say of themselves.
#[derive(Default, Serialize)]
pub(super) struct By {
    label_count: u64,
    label_min: Option<u64>,
    label_max: Option<u64>,
    tags: BTreeMap<String, u64>,
}

impl By {
    pub(super) fn add(&mut self, commit: CommitInfo) {
        if let Some(label) = commit.label.map(Label::get) {
            self.label_count += 1;
            self.label_min = Some(self.label_min.map_or(label, |min| min.min(label)));
            self.label_max = Some(self.label_max.map_or(label, |max| max.max(label)));
        }
        if let Some(tag) = commit.source.tag {
            *self.tags.entry(tag).or_default() += 1;
        }
    }

    pub(super) fn labels(&self) -> String {
        match (self.label_min, self.label_max) {
            (Some(min), Some(max)) => {
                format!("label:{min} to label:{max}, on {} commits", count(self.label_count))
            }
            _ => "none".to_owned(),
        }
    }

    pub(super) fn tags(&self) -> String {
        let tags = self.tags.iter().map(|(tag, number)| format!("{tag} ({})", count(*number)));
        let tags: Vec<String> = tags.collect();
        if tags.is_empty() { "none".to_owned() } else { tags.join(", ") }
    }
}
