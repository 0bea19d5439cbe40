//! Rule 3: the claimed order against time.
//!
//! One sweep over what began, by time; what ended before has set bounds: the newest epoch that anyone knew
//! of, and the newest that anyone knew of a page.

use std::collections::BTreeMap;

use mmsb::{Epoch, PageId};

use super::{Action, Contradiction, Record, Seen, versions::Versions};

/// An epoch that is known, and the operation that told it; `None` for what was before the window.
type Known = (Epoch, Option<usize>);

/// The sweep.
pub(crate) struct Order<'a> {
    versions: &'a Versions,
    base: Epoch,
    records: &'a [Record],
    /// When the commits of the window began: by epoch, of this one, and the latest up to it.
    began: Vec<(u64, usize)>,
    latest: Vec<(u64, usize)>,
    newest: Known,
    pages: BTreeMap<PageId, Known>,
}

impl<'a> Order<'a> {
    /// Gets ready for a window behind `base` that was replayed.
    pub(crate) fn new(versions: &'a Versions, base: Epoch, records: &'a [Record]) -> Self {
        let made = |(index, record): (usize, &Record)| Some((record.action.made()?, (record.began, index)));
        let made: BTreeMap<Epoch, (u64, usize)> = records.iter().enumerate().filter_map(made).collect();
        let began: Vec<_> = made.into_values().collect();
        let mut latest = began.clone();
        for index in 1..latest.len() {
            latest[index] = latest[index].max(latest[index - 1]);
        }
        Self { versions, base, records, began, latest, newest: (base, None), pages: BTreeMap::new() }
    }

    /// Looks at everything by the time it began.
    pub(crate) fn check(mut self) -> Result<(), Contradiction> {
        let mut by_start: Vec<usize> = (0..self.records.len()).collect();
        let mut by_end = by_start.clone();
        by_start.sort_by_key(|&index| self.records[index].began);
        by_end.sort_by_key(|&index| self.records[index].ended);
        let mut ended = by_end.into_iter().peekable();
        for index in by_start {
            let record = &self.records[index];
            while let Some(before) = ended.next_if(|&before| self.records[before].ended < record.began) {
                self.learn(before);
            }
            self.check_one(record).map_err(|what| Contradiction(format!("{record}, {what}")))?;
        }
        Ok(())
    }

    fn check_one(&self, record: &Record) -> Result<(), String> {
        match &record.action {
            Action::Commit { epoch, .. } | Action::Rewind { epoch, .. } | Action::View { epoch } => {
                let (known, by) = self.newest;
                if known > *epoch {
                    return Err(format!("though {known} was known before: {}", self.told(by)));
                }
                self.no_future(record, self.latest(*epoch))
            }
            Action::Read(seen) => self.check_read(record, seen),
            Action::Look { .. } => Ok(()),
        }
    }

    fn check_read(&self, record: &Record, seen: &Seen) -> Result<(), String> {
        let (known, by) = self.known(seen.page);
        match (&seen.bytes, seen.epoch) {
            (Some(_), Some(epoch)) if epoch < known => {
                Err(format!("though {known} was known to have changed it: {}", self.told(by)))
            }
            (Some(_), Some(epoch)) => self.no_future(record, self.began(epoch)),
            (Some(_), None) => Ok(()),
            (None, _) => {
                let gone = self.absences(seen.page);
                let could_be = |&(death, birth): &(Epoch, Epoch)| {
                    known < birth && self.began(death).is_none_or(|(began, _)| began < record.ended)
                };
                let missed = || format!("though it was there all the time: {}", self.told(by));
                if gone.iter().any(could_be) { Ok(()) } else { Err(missed()) }
            }
        }
    }

    /// The stretches `[death, birth)` in which a page is not there.
    fn absences(&self, page: PageId) -> Vec<(Epoch, Epoch)> {
        let mut absences = Vec::new();
        let mut gone = Some(Epoch::ZERO);
        for version in self.versions.of(page) {
            match (gone, &version.bytes) {
                (Some(death), Some(_)) => {
                    absences.push((death, version.epoch));
                    gone = None;
                }
                (None, None) => gone = Some(version.epoch),
                _ => {}
            }
        }
        absences.extend(gone.map(|death| (death, Epoch::new(u64::MAX))));
        absences
    }

    /// Nothing shows a commit that had not begun.
    fn no_future(&self, record: &Record, shown: Option<(u64, usize)>) -> Result<(), String> {
        match shown {
            Some((began, index)) if began > record.ended => {
                Err(format!("before this began: {}", self.records[index]))
            }
            _ => Ok(()),
        }
    }

    /// What is known once the operation has ended.
    fn learn(&mut self, index: usize) {
        let record = &self.records[index];
        match &record.action {
            Action::Commit { epoch, changes, .. } => {
                self.learn_newest(*epoch, index);
                changes.iter().for_each(|change| self.learn_page(change.page(), *epoch, index));
            }
            Action::Rewind { epoch, .. } => {
                self.learn_newest(*epoch, index);
                let changed: Vec<PageId> = self.versions.changed_by(*epoch).collect();
                changed.into_iter().for_each(|page| self.learn_page(page, *epoch, index));
            }
            Action::View { epoch } => self.learn_newest(*epoch, index),
            Action::Read(Seen { page, epoch: Some(epoch), bytes: Some(_), .. }) => {
                self.learn_newest(*epoch, index);
                self.learn_page(*page, *epoch, index);
            }
            Action::Read(_) | Action::Look { .. } => {}
        }
    }

    fn learn_newest(&mut self, epoch: Epoch, index: usize) {
        if epoch > self.newest.0 {
            self.newest = (epoch, Some(index));
        }
    }

    fn learn_page(&mut self, page: PageId, epoch: Epoch, index: usize) {
        if epoch > self.known(page).0 {
            self.pages.insert(page, (epoch, Some(index)));
        }
    }

    fn known(&self, page: PageId) -> Known {
        let before = || self.versions.at(page, self.base).filter(|version| !version.same);
        self.pages
            .get(&page)
            .copied()
            .unwrap_or_else(|| (before().map_or(Epoch::ZERO, |old| old.epoch), None))
    }

    fn began(&self, epoch: Epoch) -> Option<(u64, usize)> {
        let index = epoch.get().checked_sub(self.base.get() + 1)?;
        self.began.get(usize::try_from(index).ok()?).copied()
    }

    fn latest(&self, epoch: Epoch) -> Option<(u64, usize)> {
        let index = epoch.get().checked_sub(self.base.get() + 1)?;
        self.latest.get(usize::try_from(index).ok()?).copied()
    }

    fn told(&self, by: Option<usize>) -> String {
        by.map_or_else(|| "from before the window".to_owned(), |index| self.records[index].to_string())
    }
}
