//! Sections: what a commit carries beside its deltas. To the log they are opaque `(kind, bytes)`.
//!
//! A section is kind u16, flags u16 (bit 0: the last one), length u32, the bytes, zero padding to 8.
//!
//! Invariant: kinds rise strictly, so one commit has one encoding.

use super::{u16_at, u32_at};
use crate::Fault;

const SECTION_HEAD_BYTES: usize = 8;
const FLAG_LAST: u16 = 1;

/// What a section holds. Readers keep kinds they do not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SectionKind(pub u16);

impl SectionKind {
    /// How many of the entries are wide (u32); the log's own.
    pub const WIDE_COUNT: Self = Self(1);
    /// Pages created, deleted, named.
    pub const PAGE_EVENTS: Self = Self(2);
    /// Edges added, removed.
    pub const GRAPH_EVENTS: Self = Self(3);
    /// Tag and code site, interned.
    pub const SOURCE: Self = Self(4);
    /// What made the commit happen.
    pub const CAUSE: Self = Self(5);
    /// Nanoseconds since 1970 (u64), where the builder asked for them.
    pub const TIMESTAMP: Self = Self(6);
    /// The program's own number (u64).
    pub const LABEL: Self = Self(7);
    /// Field maps of typed pages.
    pub const SCHEMA: Self = Self(8);
}

/// Sections being collected for a frame; reusable.
#[derive(Debug, Default)]
pub struct SectionBuf {
    bytes: Vec<u8>,
    last: Option<(SectionKind, usize)>,
}

impl SectionBuf {
    /// Forgets all sections, keeping the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.last = None;
    }

    /// Tells whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.last.is_none()
    }

    /// Returns the encoded length, in bytes.
    #[must_use]
    pub fn encoded_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Adds a section.
    ///
    /// # Panics
    /// If `kind` is the log's own or does not rise above the last one, or `content` is longer than 4 GiB.
    pub fn push(&mut self, kind: SectionKind, content: &[u8]) {
        assert!(kind > SectionKind::WIDE_COUNT, "the log itself counts wide entries");
        assert!(self.last.is_none_or(|(last, _)| last < kind), "section kinds must rise");
        let content_bytes = u32::try_from(content.len()).expect("a section is shorter than 4 GiB");
        self.last = Some((kind, self.bytes.len()));
        encode_head(kind, 0, content_bytes, &mut self.bytes);
        self.bytes.extend(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
    }

    /// Appends the log's own section, which comes first.
    pub(super) fn encode_wide_count(count: u32, is_last: bool, out: &mut Vec<u8>) {
        encode_head(SectionKind::WIDE_COUNT, u16::from(is_last) * FLAG_LAST, 4, out);
        out.extend(count.to_le_bytes());
        out.extend([0; 4]);
    }

    /// Appends all sections to `out`, the last one flagged.
    pub(super) fn encode_into(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.bytes);
        if let Some((_, offset)) = self.last {
            out[start + offset + 2] = FLAG_LAST as u8;
        }
    }
}

/// The sections of a frame that was read: checked, borrowed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sections<'a> {
    bytes: &'a [u8],
}

impl<'a> Sections<'a> {
    /// Splits the sections off the front of a frame's body.
    pub(super) fn split(body: &'a [u8]) -> Result<(Self, &'a [u8]), Fault> {
        let mut offset = 0;
        let mut last_kind = None;
        loop {
            let (kind, flags, end) = section_at(body, offset)?;
            if last_kind.is_some_and(|last| last >= kind) {
                return Err(Fault::Layout("section kinds do not rise"));
            }
            last_kind = Some(kind);
            offset = end;
            if flags == FLAG_LAST {
                return Ok((Self { bytes: &body[..offset] }, &body[offset..]));
            }
        }
    }

    /// Tells whether there is none.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Visits the sections, kinds rising.
    pub fn iter(&self) -> impl Iterator<Item = (SectionKind, &'a [u8])> + use<'a> {
        let mut rest = self.bytes;
        std::iter::from_fn(move || {
            let (kind, content, next) = first_section(rest)?;
            rest = next;
            Some((kind, content))
        })
    }

    /// Returns the content of the section of this kind, if there is one.
    #[must_use]
    pub fn get(&self, kind: SectionKind) -> Option<&'a [u8]> {
        self.iter().find(|&(found, _)| found == kind).map(|(_, content)| content)
    }
}

fn encode_head(kind: SectionKind, flags: u16, content_bytes: u32, out: &mut Vec<u8>) {
    out.extend(kind.0.to_le_bytes());
    out.extend(flags.to_le_bytes());
    out.extend(content_bytes.to_le_bytes());
}

fn first_section(rest: &[u8]) -> Option<(SectionKind, &[u8], &[u8])> {
    let head: &[u8; SECTION_HEAD_BYTES] = rest.first_chunk()?;
    let content_end = SECTION_HEAD_BYTES + u32_at(head, 4) as usize;
    let content = rest.get(SECTION_HEAD_BYTES..content_end)?;
    Some((SectionKind(u16_at(head, 0)), content, rest.get(content_end.next_multiple_of(8)..)?))
}

/// Returns kind, flags and end of the section at `offset`, its padding checked.
fn section_at(body: &[u8], offset: usize) -> Result<(u16, u16, usize), Fault> {
    const CUT: Fault = Fault::Layout("a section is cut short");
    let head = body.get(offset..offset + SECTION_HEAD_BYTES).ok_or(CUT)?;
    let (kind, flags) = (u16_at(head, 0), u16_at(head, 2));
    let content_end = (offset + SECTION_HEAD_BYTES).checked_add(u32_at(head, 4) as usize).ok_or(CUT)?;
    let end = content_end.checked_next_multiple_of(8).ok_or(CUT)?;
    let padding = body.get(content_end..end).ok_or(CUT)?;
    if kind == 0 || flags & !FLAG_LAST != 0 || padding.iter().any(|&byte| byte != 0) {
        return Err(Fault::Layout("a section's kind, flags or padding are wrong"));
    }
    Ok((kind, flags, end))
}
