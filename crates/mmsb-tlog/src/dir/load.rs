//! Finding out which files a bus has: its newest manifest, and the heads of the segments that opening reads.

use std::{io, path::Path};

use mmsb_types::env;

use crate::{
    FORMAT_VERSION, Fault, LogError, Manifest, SEGMENT_HEAD_BYTES, SegmentHead,
    segment::{HeadFault, SEGMENT_VERSION},
    vfs::{Access, Vfs, VfsFile},
};

use super::io_error;

/// Reads the newest manifest of the bus at `dir`.
pub(crate) fn newest_manifest(vfs: &dyn Vfs, dir: &Path) -> Result<Manifest, LogError> {
    newest_that(vfs, dir, |_| Ok(()))
}

/// Reads the newest manifest of the bus at `dir`, and checks the segments behind its newest checkpoint.
pub(super) fn openable_manifest(vfs: &dyn Vfs, dir: &Path) -> Result<Manifest, LogError> {
    newest_that(vfs, dir, |manifest| check_segments(vfs, dir, manifest))
}

/// A writer beside us may replace the manifest, or retire segments, while we look: then we look again.
fn newest_that(
    vfs: &dyn Vfs,
    dir: &Path,
    check: impl Fn(&Manifest) -> Result<(), LogError>,
) -> Result<Manifest, LogError> {
    let mut generation = newest_generation(vfs, dir)?;
    loop {
        let looked = read_manifest(vfs, dir, generation);
        let looked = looked.and_then(|manifest| check(&manifest).map(|()| manifest));
        let newest = match &looked {
            Err(_) => newest_generation(vfs, dir)?,
            Ok(_) => generation,
        };
        if newest <= generation {
            return looked;
        }
        generation = newest;
    }
}

fn read_manifest(vfs: &dyn Vfs, dir: &Path, generation: u64) -> Result<Manifest, LogError> {
    let path = dir.join(format!("MANIFEST-{generation}"));
    let parsed = Manifest::parse(&read_small(vfs, &path)?);
    let manifest = parsed.map_err(|fault| head_error(&path, fault, FORMAT_VERSION))?;
    if manifest.generation != generation {
        let fault = Fault::Layout("the manifest's generation is not the one in its name");
        return Err(head_error(&path, HeadFault::Damaged(fault), FORMAT_VERSION));
    }
    Ok(manifest)
}

fn newest_generation(vfs: &dyn Vfs, dir: &Path) -> Result<u64, LogError> {
    let not_a_bus = |what| LogError::NotABus { dir: dir.to_owned(), what };
    let names = vfs.list(dir).map_err(|source| match source.kind() {
        io::ErrorKind::NotADirectory => not_a_bus("it is no directory"),
        io::ErrorKind::NotFound => not_a_bus("nothing is there"),
        _ => io_error("listing", dir, 0)(source),
    })?;
    let newest = names.iter().filter_map(|name| Manifest::generation_of(name)).max();
    newest.ok_or_else(|| not_a_bus("it has no manifest"))
}

fn check_segments(vfs: &dyn Vfs, dir: &Path, manifest: &Manifest) -> Result<(), LogError> {
    let start = manifest.checkpoints.last().map_or(manifest.first_cursor(), |newest| newest.cursor);
    let first = manifest.segment_of(start.lsn).segment;
    for head in manifest.segments.iter().filter(|head| head.segment >= first) {
        let path = dir.join(head.file_name());
        match vfs.open(&path, Access::ReadOnly) {
            Ok(file) => check_segment_head(file.as_ref(), &path, head, manifest)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(missing(&path)),
            Err(error) => return Err(io_error("opening", &path, 0)(error)),
        }
    }
    Ok(())
}

/// Checks that a segment's own head says what the manifest says of it.
pub(crate) fn check_segment_head(
    file: &dyn VfsFile,
    path: &Path,
    expected: &SegmentHead,
    manifest: &Manifest,
) -> Result<(), LogError> {
    let mut head = [0; SEGMENT_HEAD_BYTES];
    let got = file.read_at(0, &mut head).map_err(io_error("reading", path, 0))?;
    let parsed = SegmentHead::parse(&head[..got]);
    let parsed = parsed.map_err(|fault| head_error(path, fault, SEGMENT_VERSION))?;
    if parsed != (*expected, manifest.instance) {
        let fault = Fault::Layout("the segment's head disagrees with the manifest");
        return Err(head_error(path, HeadFault::Damaged(fault), SEGMENT_VERSION));
    }
    Ok(())
}

/// The error for a segment that the manifest lists and that is not there.
pub(crate) fn missing(path: &Path) -> LogError {
    head_error(path, HeadFault::Damaged(Fault::Missing), SEGMENT_VERSION)
}

fn head_error(file: &Path, fault: HeadFault, supported: u16) -> LogError {
    match fault {
        HeadFault::Damaged(fault) => LogError::Corrupt { file: file.to_owned(), offset: 0, number: 0, fault },
        HeadFault::Version(found) => LogError::UnsupportedVersion { file: file.to_owned(), found, supported },
    }
}

fn read_small(vfs: &dyn Vfs, path: &Path) -> Result<Vec<u8>, LogError> {
    let failed = io_error("reading", path, 0);
    let file = vfs.open(path, Access::ReadOnly).map_err(failed)?;
    let len = file.len().map_err(failed)?.min(Manifest::bytes_max() as u64 + 1);
    let mut bytes = Vec::new();
    env::resize(&mut bytes, len as usize).map_err(failed)?;
    let got = file.read_at(0, &mut bytes).map_err(failed)?;
    bytes.truncate(got);
    Ok(bytes)
}
