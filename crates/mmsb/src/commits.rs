//! The commits of a log, one after the other.

use crate::{CommitInfo, Error, journal::Pass, texts::Texts};

/// Visits commits, oldest first, without their bytes. An error ends it.
///
/// What is being visited stays in the log as long as this lives, if the log is on disk.
#[derive(Debug)]
pub struct Commits {
    pass: Option<Pass>,
    texts: Texts,
}

impl Commits {
    /// Goes on where `pass` stands, with the texts that are known there.
    pub(crate) fn new(texts: Texts, pass: Pass) -> Self {
        Self { pass: Some(pass), texts }
    }

    fn read(&mut self) -> Result<Option<CommitInfo>, Error> {
        let Some(pass) = &mut self.pass else { return Ok(None) };
        pass.visit(|commit| Ok(CommitInfo::read(commit, &mut self.texts)?))
    }
}

impl Iterator for Commits {
    type Item = Result<CommitInfo, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.read();
        if !matches!(next, Ok(Some(_))) {
            self.pass = None;
        }
        next.transpose()
    }
}
