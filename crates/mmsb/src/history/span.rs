//! The changes of a page between two kept states, and images of the page on the way.
//!
//! Invariant: groups of changes follow each other; each begins with the image before its first change.

use std::mem;

use super::{Change, track::Track};
use crate::{Error, index::Stretch, kept::Kept, texts::Texts};

/// Changes in a group, as long as images are few.
const GROUP_CHANGES: usize = 256;
const IMAGES_BYTES_MAX: usize = 64 << 20;
const GROUPS_MIN: usize = 16;

/// The changes between two kept states that were not visited yet.
#[derive(Debug, Default)]
pub(super) struct Span {
    /// Where they are, oldest first.
    stretches: Vec<Stretch>,
    /// Oldest first.
    groups: Vec<Group>,
    /// The last change that was not visited.
    until: u64,
}

/// Some changes of a span.
#[derive(Debug)]
struct Group {
    /// The page before the first of them.
    track: Track,
    /// The stretch in which that is.
    stretch: usize,
    first: u64,
}

/// What the log is read with.
#[derive(Clone, Copy, Debug)]
pub(super) struct With<'w> {
    pub(super) kept: &'w Kept,
    /// All texts that the log names.
    pub(super) texts: &'w Texts,
}

impl Span {
    /// Takes the page from `track` over the changes in `stretches` that lie within `first..=until`; returns the
    /// last group of them, too, which is then not part of the span any more.
    pub(super) fn follow(
        stretches: Vec<Stretch>,
        (first, until): (u64, u64),
        mut track: Track,
        with: With<'_>,
    ) -> Result<(Self, Vec<Change>), Error> {
        let is_in = |epoch: &u64| (first..=until).contains(epoch);
        let count = stretches.iter().flat_map(Stretch::epochs).filter(is_in).count();
        let last_start = count.saturating_sub(1) / GROUP_CHANGES * GROUP_CHANGES;
        let mut groups = Groups::default();
        let (mut changes, mut texts) = (Vec::new(), with.texts.clone());
        let mut reader = None;
        for (index, stretch) in stretches.iter().enumerate() {
            stretch.read(with.kept, &mut reader, first..=until, |commit| {
                let number = groups.count(&track, index, commit.epoch.get());
                if number < last_start {
                    return track.skip(commit);
                }
                changes.extend(track.step(commit, &mut texts)?);
                Ok(())
            })?;
        }
        let mut span = Self { stretches, groups: groups.starts, until };
        if groups.group_changes == GROUP_CHANGES {
            span.until = span.groups.pop().map_or(0, |last| last.first - 1);
        } else {
            changes.clear();
        }
        Ok((span, changes))
    }

    /// Reads the newest group that was not visited yet; `None` if there is none.
    pub(super) fn read_newest(&mut self, with: With<'_>) -> Result<Option<Vec<Change>>, Error> {
        let Some(Group { mut track, stretch, first }) = self.groups.pop() else { return Ok(None) };
        let until = mem::replace(&mut self.until, first - 1);
        let (mut changes, mut texts) = (Vec::new(), with.texts.clone());
        let mut reader = None;
        for stretch in &self.stretches[stretch..] {
            stretch.read(with.kept, &mut reader, first..=until, |commit| {
                changes.extend(track.step(commit, &mut texts)?);
                Ok(())
            })?;
        }
        self.stretches.truncate(stretch + 1);
        Ok(Some(changes))
    }
}

/// Where groups begin, as the first pass finds out.
struct Groups {
    starts: Vec<Group>,
    change_count: usize,
    group_changes: usize,
}

impl Default for Groups {
    fn default() -> Self {
        Self { starts: Vec::new(), change_count: 0, group_changes: GROUP_CHANGES }
    }
}

impl Groups {
    /// Counts the change `epoch` in a stretch, the page before it being at `track`; returns how many there were.
    fn count(&mut self, track: &Track, stretch: usize, epoch: u64) -> usize {
        let number = self.change_count;
        if number.is_multiple_of(self.group_changes) {
            self.starts.push(Group { track: track.clone(), stretch, first: epoch });
            self.thin();
        }
        self.change_count += 1;
        number
    }

    /// Gives up every other start where they hold too much.
    fn thin(&mut self) {
        let bytes: usize = self.starts.iter().map(|group| group.track.image_bytes()).sum();
        if bytes > IMAGES_BYTES_MAX && self.starts.len() > GROUPS_MIN {
            let mut index = 0;
            self.starts.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.group_changes *= 2;
        }
    }
}
