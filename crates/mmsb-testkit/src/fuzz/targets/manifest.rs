//! Manifests: what is read is written again as it was, and every question about it is answered.

use mmsb_tlog::{Cursor, Manifest};

use super::must_equal;
use crate::fuzz::forge::{Fixes, fix_tail};

pub(super) fn read(input: &[u8]) -> Result<(), String> {
    let (fixes, bytes) = Fixes::split(input);
    let mut bytes = bytes.to_vec();
    if fixes.checksums {
        fix_tail(&mut bytes);
    }
    let Ok(manifest) = Manifest::parse(&bytes) else { return Ok(()) };
    let again = manifest.encode();
    match bytes[8] {
        1 => must_equal("a manifest of version 1", &Manifest::parse(&again).ok().as_ref(), &Some(&manifest))?,
        _ => must_equal("the bytes", &again, &bytes)?,
    }
    places(&manifest)
}

/// Every place that it names is one that it finds.
fn places(manifest: &Manifest) -> Result<(), String> {
    let oldest = manifest.oldest();
    for listed in &manifest.checkpoints {
        let chain = manifest.chain(listed.epoch());
        must_equal("the end of a chain", &chain.last(), &Some(listed))?;
        must_equal("the start of a chain", &chain.first().and_then(|full| full.parent), &None)?;
        if !chain.is_sorted_by(|old, new| new.parent == Some(old.epoch())) {
            return Err(format!("{chain:?} is no chain"));
        }
        let resumed: Option<Cursor> = manifest.resume_at(listed.cursor);
        if resumed.is_none() && listed.epoch() >= oldest && listed.cursor.lsn >= manifest.first_cursor().lsn {
            return Err(format!("{listed:?} is within the log, and reading cannot begin there"));
        }
    }
    for head in &manifest.segments {
        must_equal("the segment of a place", &manifest.segment_of(head.cursor().lsn), head)?;
    }
    let tagged = |number| manifest.checkpoint(number).is_some();
    if manifest.tags.iter().all(|tag| tagged(tag.number)) {
        Ok(())
    } else {
        Err("a tag leads nowhere".into())
    }
}
