//! The judgement: density, replay, values; time is `order.rs`.

use std::{collections::BTreeMap, sync::Arc};

use mmsb::{Epoch, Error, PageId, ToView, View};

use super::{
    Action, Contradiction, Record, Seen,
    order::Order,
    record::unlike,
    versions::{Version, Versions},
};

/// Holds histories to the order they claim, window by window.
#[derive(Debug, Default)]
pub struct Judge {
    versions: Versions,
    newest: Epoch,
}

impl Judge {
    /// Starts with an empty bus.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the epoch of the last commit that was judged.
    #[must_use]
    pub fn newest(&self) -> Epoch {
        self.newest
    }

    /// Judges a window: everything that began and ended in it. `oldest` is the oldest epoch that a view still
    /// shows, or a rewind may go back to.
    ///
    /// # Errors
    /// The first contradiction found.
    pub fn window(&mut self, records: &[Record], oldest: Epoch) -> Result<(), Contradiction> {
        let base = self.newest;
        self.replay(&by_epoch(records, base)?)?;
        for record in records {
            self.check_seen(record).map_err(|what| Contradiction(format!("{record}: {what}")))?;
        }
        Order::new(&self.versions, base, records).check()?;
        self.versions.forget_before(oldest.min(self.newest));
        Ok(())
    }

    /// Checks that a state is the replay's at its epoch, page by page.
    ///
    /// # Errors
    /// The first page that is not.
    ///
    /// # Panics
    /// If the state cannot be read.
    pub fn agrees(&self, name: &str, state: &impl ToView) -> Result<(), Contradiction> {
        let view = state.to_view().expect("a state to look at");
        let epoch = view.epoch();
        let infos = view.pages().expect("the pages of a state");
        let pages: Vec<_> = infos.iter().map(|info| info.page).collect();
        let expected: Vec<_> = self.versions.living(epoch).map(|(page, _)| page).collect();
        if pages != expected {
            return Err(Contradiction(format!("{name} at {epoch} has {pages:?}, the replay {expected:?}")));
        }
        match self.first_unlike(&view, &pages).unwrap_or_else(|error| panic!("{name}: {error}")) {
            None => Ok(()),
            Some((page, what)) => {
                Err(Contradiction(format!("{page} of {name} at {epoch} is not the replay's: {what}")))
            }
        }
    }

    /// Returns the first page whose bytes are not the replay's, and how they differ.
    fn first_unlike(&self, view: &impl View, pages: &[PageId]) -> Result<Option<(PageId, String)>, Error> {
        let mut wrong = None;
        view.with_pages(pages, &mut |page, bytes| {
            let replayed = self.versions.bytes(page, view.epoch()).expect("a page that lives");
            if wrong.is_none() && bytes != replayed.as_slice() {
                wrong = Some((page, unlike(bytes, replayed)));
            }
        })?;
        Ok(wrong)
    }

    /// Rules 1 and 2 for what makes epochs: each transaction read what was there just before its own.
    fn replay(&mut self, commits: &[&Record]) -> Result<(), Contradiction> {
        for record in commits {
            self.apply(record).map_err(|what| Contradiction(format!("{record}: {what}")))?;
        }
        Ok(())
    }

    fn apply(&mut self, record: &Record) -> Result<(), String> {
        let before = self.newest;
        self.newest = before.next();
        match &record.action {
            Action::Commit { epoch, reads, changes } => {
                reads.iter().try_for_each(|seen| self.shows(seen, before))?;
                changes.iter().try_for_each(|change| self.versions.apply(*epoch, change))
            }
            Action::Rewind { epoch, to } => {
                self.versions.rewind(*epoch, *to);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Rule 2 for what only looks.
    fn check_seen(&self, record: &Record) -> Result<(), String> {
        match &record.action {
            Action::Look { epoch, .. } | Action::View { epoch } if *epoch > self.newest => {
                Err(format!("no commit made {epoch}"))
            }
            Action::Look { epoch, seen } => seen.iter().try_for_each(|seen| self.shows(seen, *epoch)),
            Action::Read(seen) => self.check_read(seen),
            _ => Ok(()),
        }
    }

    /// Rule 2 for a read outside of transactions: the epoch told with the bytes changed the page.
    fn check_read(&self, seen: &Seen) -> Result<(), String> {
        let (Some(epoch), Some(_)) = (seen.epoch, &seen.bytes) else { return Ok(()) };
        if self.versions.at(seen.page, epoch).is_none_or(|version| version.epoch != epoch) {
            return Err(format!("{epoch} did not change {}", seen.page));
        }
        self.shows(seen, epoch)
    }

    /// Checks that what was seen is what the page was as of `epoch`.
    fn shows(&self, seen: &Seen, epoch: Epoch) -> Result<(), String> {
        let version = self.versions.at(seen.page, epoch);
        let then = version.and_then(|version| version.bytes.as_ref());
        let place = |bytes: &Arc<Vec<u8>>, len: usize| {
            bytes.get(seen.offset as usize..seen.offset as usize + len).map(<[u8]>::to_vec)
        };
        match (&seen.bytes, then) {
            (None, None) => Ok(()),
            (Some(bytes), Some(then)) => match place(then, bytes.len()) {
                Some(then) if then == *bytes => version.map_or(Ok(()), |version| self.is_of(seen, version)),
                then => {
                    let unlike = unlike(bytes, &then.unwrap_or_default());
                    Err(format!("{seen:?}, but as of {epoch} it is not: {unlike}"))
                }
            },
            (Some(_), None) => Err(format!("{seen:?}, but as of {epoch} it is not there")),
            (None, Some(_)) => Err(format!("{seen:?}, but as of {epoch} it is")),
        }
    }

    /// Checks the epoch told with the bytes.
    fn is_of(&self, seen: &Seen, version: &Version) -> Result<(), String> {
        let Some(told) = seen.epoch else { return Ok(()) };
        // The version, and those before it that it only repeats.
        for other in self.versions.of(seen.page).iter().rev().skip_while(|other| other.epoch > version.epoch)
        {
            if other.epoch == told {
                return Ok(());
            }
            if !other.same {
                break;
            }
        }
        Err(format!("{} is told to be of {told}, but is of {}", seen.page, version.epoch))
    }
}

/// Rule 1: returns what made epochs, in their order, which is dense behind `base`.
fn by_epoch(records: &[Record], base: Epoch) -> Result<Vec<&Record>, Contradiction> {
    let mut made = BTreeMap::new();
    for record in records {
        let Some(epoch) = record.action.made() else { continue };
        if let Some(other) = made.insert(epoch, record) {
            return Err(Contradiction(format!("one epoch, two commits: {other}; {record}")));
        }
    }
    for (expected, (&epoch, record)) in (base.get() + 1..).zip(&made) {
        if epoch.get() != expected {
            return Err(Contradiction(format!("no commit made e{expected}, but the next one is: {record}")));
        }
    }
    Ok(made.into_values().collect())
}
