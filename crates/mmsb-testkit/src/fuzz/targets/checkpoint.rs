//! Checkpoints: blocks as a whole and pages alone tell the same, and what is verified is what can be read.

use mmsb_tlog::{
    CheckpointReader, CheckpointRef, InstanceId, LogDir, LogError, Manifest, checkpoint::verify,
};
use mmsb_types::limits::PAGE_BYTES_MAX;
use std::{path::Path, sync::Arc};

use super::must_equal;
use crate::fuzz::{
    disk::{PATH, empty_disk, put},
    forge::{Fixes, fix_checkpoint, listed},
};

/// Longer pages are not written out, and no more than so many of them.
const PAGE_BYTES_TRIED: u32 = 64 << 10;
const PAGES_TRIED: usize = 32;

pub(super) fn read(input: &[u8]) -> Result<(), String> {
    let (fixes, bytes) = Fixes::split(input);
    let mut bytes = bytes.to_vec();
    if fixes.checksums {
        fix_checkpoint(&mut bytes);
    }
    let Some(listed) = listed(&bytes) else { return Ok(()) };
    let instance = InstanceId(*bytes[16..].first_chunk().expect("a checkpoint has a head"));
    let disk = empty_disk();
    put(&disk, &listed.file_name(), &bytes);
    let opened = CheckpointReader::open_in(&disk, Path::new(PATH), instance, &listed);
    let Ok(mut reader) = opened.map_err(|error| typed(&error)) else { return Ok(()) };
    let (mut page_count, mut page_bytes, mut is_whole) = (0, 0, true);
    for _ in 0..reader.block_count() {
        let block = match reader.next_block() {
            Ok(block) => block.ok_or("fewer blocks than were told")?,
            Err(error) => {
                typed(&error)?;
                is_whole = false;
                continue;
            }
        };
        let mut last = 0;
        for (index, page) in block.pages().enumerate() {
            if page.page.get() <= last
                || page.epoch.get() > listed.epoch()
                || page.page_bytes > PAGE_BYTES_MAX
            {
                return Err(format!("{page:?} behind page:{last}"));
            }
            last = page.page.get();
            page_bytes += u64::from(page.page_bytes);
            if page.page_bytes <= PAGE_BYTES_TRIED && index < PAGES_TRIED {
                let mut content = vec![0xa5; page.page_bytes as usize];
                page.write_into(&mut content);
                if index % 8 == 0 {
                    let found = reader.find(page.page).map_err(|error| error.to_string())?;
                    must_equal("a page alone", &found, &Some((page.epoch, content)))?;
                }
            }
        }
        page_count += block.page_count() as u64;
    }
    if is_whole {
        must_equal("pages", &page_count, &reader.page_count())?;
        must_equal("bytes", &page_bytes, &reader.page_bytes())?;
    }
    if fixes.more { verified(disk, instance, &listed, is_whole, fixes) } else { Ok(()) }
}

/// A verification finds what reading found; hashes are right whenever all of them were made so.
fn verified(
    disk: mmsb::vfs::FaultyVfs,
    instance: InstanceId,
    listed: &CheckpointRef,
    is_whole: bool,
    fixes: Fixes,
) -> Result<(), String> {
    let manifest = Manifest::first(instance);
    put(&disk, &manifest.file_name(), &manifest.encode());
    put(&disk, &manifest.segments[0].file_name(), &manifest.segments[0].encode(instance));
    let dir = LogDir::open(Arc::new(disk), Path::new(PATH)).map_err(|error| error.to_string())?;
    let bad = verify(&dir, listed).map_err(|error| error.to_string())?;
    if is_whole && fixes.checksums && !bad.is_empty() {
        return Err(format!("it is read, and verifying it finds {bad:?}"));
    }
    if is_whole || !bad.is_empty() {
        Ok(())
    } else {
        Err("it is not read, and verifying it finds nothing".into())
    }
}

/// Tells what is no answer about a checkpoint's bytes.
fn typed(error: &LogError) -> Result<(), String> {
    match error {
        LogError::DamagedCheckpoint { file, .. } | LogError::UnsupportedVersion { file, .. }
            if file.starts_with(PATH) =>
        {
            Ok(())
        }
        other => Err(other.to_string()),
    }
}
