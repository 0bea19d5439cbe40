//! What is asked of pages by their ids, each in one round trip for all; some of it now, to be waited for later.

use mmsb_types::PageId;

use super::Residents;
use crate::{Fingerprint, GpuError, Later, PageHandle, PageOps};

/// Answers about pages that are on their way; of a page that is not on the device there is none.
#[derive(Debug)]
#[must_use = "nobody reads the answers otherwise"]
pub struct Awaited<T> {
    is_there: Vec<bool>,
    later: Later<T>,
}

impl<O: PageOps> Residents<O> {
    /// Asks for the bytes that the device has of pages now, whatever their state, and waits for none of them.
    ///
    /// # Errors
    /// What the device says.
    pub fn read_later(&mut self, pages: &[PageId]) -> Result<Awaited<Vec<u8>>, GpuError> {
        let (is_there, later) = self.ask(pages, O::read_later)?;
        Ok(Awaited { is_there, later })
    }

    /// Asks for the fingerprints of what the device has of pages now, and does not wait for them.
    ///
    /// # Errors
    /// What the device says.
    pub fn fingerprints_later(&mut self, pages: &[PageId]) -> Result<Awaited<Fingerprint>, GpuError> {
        let (is_there, later) = self.ask(pages, O::fingerprints_later)?;
        Ok(Awaited { is_there, later })
    }

    /// Waits for answers, and for nothing that was asked behind them.
    ///
    /// # Errors
    /// [`GpuError::NotAsked`] if another device was asked, or what the device says.
    pub fn land<T>(&mut self, awaited: Awaited<T>) -> Result<Vec<Option<T>>, GpuError> {
        self.alive()?;
        let answers = awaited.later.wait(&mut self.ops);
        spread(&awaited.is_there, self.hear(answers)?)
    }

    /// Returns the bytes that the device has of pages, whatever their state.
    ///
    /// # Errors
    /// What the device says.
    pub fn read_many(&mut self, pages: &[PageId]) -> Result<Vec<Option<Vec<u8>>>, GpuError> {
        let awaited = self.read_later(pages)?;
        self.land(awaited)
    }

    /// Returns the fingerprints of what the device has of pages.
    ///
    /// # Errors
    /// What the device says.
    pub fn fingerprints(&mut self, pages: &[PageId]) -> Result<Vec<Option<Fingerprint>>, GpuError> {
        let awaited = self.fingerprints_later(pages)?;
        self.land(awaited)
    }

    /// Returns the BLAKE3 hashes of what the device has of pages.
    ///
    /// # Errors
    /// What the device says.
    pub fn blake3(&mut self, pages: &[PageId]) -> Result<Vec<Option<[u8; 32]>>, GpuError> {
        let (is_there, answers) = self.ask(pages, O::blake3)?;
        spread(&is_there, answers)
    }

    /// Asks about the pages that are there; tells which these are.
    fn ask<A>(
        &mut self,
        pages: &[PageId],
        question: impl FnOnce(&mut O, &[PageHandle]) -> Result<A, GpuError>,
    ) -> Result<(Vec<bool>, A), GpuError> {
        self.alive()?;
        let handles: Vec<Option<PageHandle>> = pages.iter().map(|page| self.handle(*page)).collect();
        let there: Vec<PageHandle> = handles.iter().copied().flatten().collect();
        let asked = question(&mut self.ops, &there);
        Ok((handles.iter().map(Option::is_some).collect(), self.hear(asked)?))
    }
}

/// Gives each page that is there its answer.
fn spread<T>(is_there: &[bool], answers: Vec<T>) -> Result<Vec<Option<T>>, GpuError> {
    let question_count = is_there.iter().filter(|is_there| **is_there).count();
    if answers.len() != question_count {
        return Err(GpuError::Answers { question_count, answer_count: answers.len() });
    }
    let mut answers = answers.into_iter();
    Ok(is_there.iter().map(|is_there| if *is_there { answers.next() } else { None }).collect())
}
