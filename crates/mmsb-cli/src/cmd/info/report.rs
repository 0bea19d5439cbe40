//! A bus on one page, for people.

use super::Info;
use crate::render::{JsonCheckpoint, JsonTag, count, facts};

impl Info<'_> {
    pub(super) fn report(&self) -> String {
        facts([
            ("bus", self.bus.0.display().to_string()),
            ("instance", self.instance.clone()),
            ("epochs", format!("e{} to e{}", self.oldest, self.newest)),
            ("labels", self.by.labels()),
            ("tags", self.by.tags()),
            ("pages", format!("{}, {} bytes", count(self.page_count), count(self.page_bytes))),
            ("graph", self.graph()),
            (
                "log",
                format!("{} bytes, {} segments", count(self.log_bytes), count(self.segments.len() as u64)),
            ),
            ("checkpoints", checkpoints(&self.checkpoints)),
            ("states by name", state_tags(&self.state_tags)),
        ])
    }

    fn graph(&self) -> String {
        let counts = [self.edge_count, self.derived_count, self.stale_count];
        let [edges, derived, stale] = counts.map(|number| count(number as u64));
        match self.edge_count {
            0 => "none".to_owned(),
            _ => format!("{edges} edges, {derived} pages derived, {stale} stale"),
        }
    }
}

fn checkpoints(all: &[JsonCheckpoint]) -> String {
    let Some(newest) = all.last() else { return "none".to_owned() };
    let (full, bytes) =
        (all.iter().filter(|one| one.parent.is_none()).count(), all.iter().map(|one| one.bytes).sum());
    let number = count(all.len() as u64);
    format!("{number}, {} full, {} bytes; newest e{}", count(full as u64), count(bytes), newest.epoch)
}

fn state_tags(tags: &[JsonTag]) -> String {
    let tags: Vec<String> = tags.iter().map(|tag| format!("{} (e{})", tag.name, tag.epoch)).collect();
    if tags.is_empty() { "none".to_owned() } else { tags.join(", ") }
}
