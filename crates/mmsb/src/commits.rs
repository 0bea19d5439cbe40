//! The commits of a log, one after the other.

use crate::{CommitInfo, Error, journal::Replay, texts::Texts};

/// Visits commits, oldest first, without their bytes. An error ends it.
#[derive(Debug)]
pub struct Commits {
    replay: Option<Replay>,
    texts: Texts,
}

impl Commits {
    pub(crate) fn new(mut replay: Replay) -> Self {
        let texts = std::mem::take(&mut replay.state.head.texts);
        Self { replay: Some(replay), texts }
    }

    fn read(&mut self) -> Result<Option<CommitInfo>, Error> {
        let Some(replay) = &mut self.replay else { return Ok(None) };
        let kept = replay.kept().clone();
        let Some(commit) = replay.skip()? else { return Ok(None) };
        let info = CommitInfo::read(&commit, &mut self.texts);
        info.map(Some).map_err(|what| kept.does_not_fit(&commit, what))
    }
}

impl Iterator for Commits {
    type Item = Result<CommitInfo, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.read();
        if !matches!(next, Ok(Some(_))) {
            self.replay = None;
        }
        next.transpose()
    }
}
