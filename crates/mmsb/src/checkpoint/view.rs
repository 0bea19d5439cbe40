//! Writing a state that does not change: a past one, or the base of a branch.

use mmsb_tlog::{CheckpointRef, Cursor, LogDir, checkpoint::CheckpointWriter};
use mmsb_types::{Epoch, PageId};

use super::meta;
use crate::{Error, View, replay::Heading};

/// Writes the whole state of `view` to the directory, as of `cursor`; `heading` is what the file says of it
/// beside the pages.
///
/// # Errors
/// Those of reading the view; [`Error::Io`].
pub(crate) fn write_view(
    dir: &LogDir,
    cursor: Cursor,
    heading: &Heading,
    view: &dyn View,
) -> Result<CheckpointRef, Error> {
    let infos = view.pages()?;
    let pages: Vec<PageId> = infos.iter().map(|info| info.page).collect();
    let mut writer = CheckpointWriter::create(dir, cursor, None)?;
    let (mut infos, mut failed) = (infos.iter(), Ok(()));
    view.with_pages(&pages, &mut |page, bytes| {
        let changed = infos.next().map_or(Epoch::ZERO, |info| info.epoch);
        if failed.is_ok() {
            failed = writer.page(page, changed, bytes);
        }
    })?;
    failed?;
    let living = pages.iter().copied().collect();
    Ok(writer.finish(&meta::encode(heading, &living)?)?)
}
