//! Reading manifests of every version there was: every count is held against the bytes that are there before
//! anything is allocated for it.

use mmsb_types::Lsn;

use super::{
    CHECKPOINT_BYTES, CHECKPOINTS_MAX, CHECKSUM_BYTES, CheckpointRef, FORMAT_VERSION, MAGIC, Manifest,
    SEGMENT_BYTES, SEGMENTS_MAX, TAG_BYTES_MAX, TAG_HEAD_BYTES, TAGS_MAX, Tag, encode::HAS_PARENT,
};
use crate::{
    Cursor, Fault, InstanceId, SegmentHead,
    frame::{u16_at, u32_at, u64_at},
    segment::{HeadFault, check_head},
};

/// Bytes before the lists in version 1, which lacks the counts of tags.
const HEAD_BYTES_MIN: usize = 48;

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// [`HeadFault`]: damage, or another version of the format.
    ///
    /// # Cost
    /// Memory of the order of `bytes`.
    pub fn parse(bytes: &[u8]) -> Result<Self, HeadFault> {
        if bytes.len() < HEAD_BYTES_MIN + CHECKSUM_BYTES {
            let need = (HEAD_BYTES_MIN + CHECKSUM_BYTES) as u64;
            return Err(HeadFault::Damaged(Fault::CutShort { need, have: bytes.len() as u64 }));
        }
        let version = check_head(bytes, MAGIC, FORMAT_VERSION)?;
        let parsed = parse_lists(bytes, version).and_then(|manifest| {
            manifest.check()?;
            Ok(manifest)
        });
        parsed.map_err(|what| HeadFault::Damaged(Fault::Layout(what)))
    }
}

fn parse_lists(bytes: &[u8], version: u16) -> Result<Manifest, &'static str> {
    let mut rest = Rest(&bytes[40..bytes.len() - CHECKSUM_BYTES]);
    let (segments, checkpoints) = (rest.count(SEGMENTS_MAX)?, rest.count(CHECKPOINTS_MAX)?);
    let tags = if version == 1 { 0 } else { rest.count(TAGS_MAX)? };
    let reserved = if version == 1 { checkpoints } else { rest.count(usize::MAX)? };
    if bytes[10..16].iter().any(|&byte| byte != 0) || reserved != 0 {
        return Err("a reserved field is not zero");
    }
    let segments = rest.list(segments, SEGMENT_BYTES)?;
    let checkpoints = rest.list(checkpoints, CHECKPOINT_BYTES)?;
    let manifest = Manifest {
        generation: u64_at(bytes, 32),
        instance: InstanceId(*bytes[16..].first_chunk().expect("length checked by the caller")),
        segments: segments.map(segment).collect::<Option<_>>().ok_or("a segment is impossible")?,
        checkpoints: checkpoints
            .map(checkpoint)
            .collect::<Option<_>>()
            .ok_or("a checkpoint is impossible")?,
        tags: (0..tags).map(|_| rest.tag()).collect::<Result<_, _>>()?,
    };
    if rest.0.is_empty() { Ok(manifest) } else { Err("the counts disagree with the file's length") }
}

/// What is left to read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, bytes: usize) -> Result<&'a [u8], &'static str> {
        let (front, rest) =
            self.0.split_at_checked(bytes).ok_or("the counts disagree with the file's length")?;
        self.0 = rest;
        Ok(front)
    }

    fn count(&mut self, most: usize) -> Result<usize, &'static str> {
        let count = u32_at(self.take(4)?, 0) as usize;
        if count <= most { Ok(count) } else { Err("a count is beyond its limit") }
    }

    /// The counts are small: no product of one with an element's length overflows.
    fn list(
        &mut self,
        count: usize,
        bytes: usize,
    ) -> Result<impl Iterator<Item = &'a [u8]> + use<'a>, &'static str> {
        Ok(self.take(count * bytes)?.chunks_exact(bytes))
    }

    fn tag(&mut self) -> Result<Tag, &'static str> {
        let head = self.take(TAG_HEAD_BYTES)?;
        let name_bytes = usize::from(u16_at(head, 8));
        if name_bytes > TAG_BYTES_MAX || head[10..].iter().any(|&byte| byte != 0) {
            return Err("a tag is impossible");
        }
        let (name, padding) = self.take(name_bytes.next_multiple_of(8))?.split_at(name_bytes);
        if padding.iter().any(|&byte| byte != 0) {
            return Err("padding is not zero");
        }
        let name = std::str::from_utf8(name).map_err(|_| "a tag's name is not UTF-8")?;
        Ok(Tag { name: name.to_owned(), number: u64_at(head, 0) })
    }
}

fn segment(bytes: &[u8]) -> Option<SegmentHead> {
    let head = SegmentHead {
        segment: u64_at(bytes, 0),
        first_number: u64_at(bytes, 8),
        first_lsn: Lsn::new(u64_at(bytes, 16)),
        chain: u32_at(bytes, 24),
    };
    (u32_at(bytes, 28) == 0).then_some(head)
}

fn checkpoint(bytes: &[u8]) -> Option<CheckpointRef> {
    let cursor =
        Cursor { number: u64_at(bytes, 0), lsn: Lsn::new(u64_at(bytes, 8)), chain: u32_at(bytes, 16) };
    let (flags, parent) = (u32_at(bytes, 20), u64_at(bytes, 24));
    let parent = match flags {
        HAS_PARENT => Some(parent),
        0 if parent == 0 => None,
        _ => return None,
    };
    let hash = *bytes[40..].first_chunk()?;
    Some(CheckpointRef { cursor, parent, bytes: u64_at(bytes, 32), hash })
}
