//! Interned texts as a log tells them: tags and code sites, written once and named by number afterwards.
//!
//! The first commit that uses a text carries number and text. Two commits that race to be first may both
//! carry it: the number is the same.
//!
//! Invariant: a number never stands for two texts; numbers rise from 1 per kind.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use mmsb_types::{Source, limits::TEXT_BYTES_MAX};

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum TextKind {
    /// The program's own word for a commit's origin.
    Tag = 1,
    /// A place in the program, `path:line`.
    Site = 2,
}

/// Texts that are known, by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts {
    tags: Vec<Arc<str>>,
    sites: Vec<Arc<str>>,
}

/// Who made a commit, by number; 0 for unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SourceNumbers {
    pub(crate) tag: u32,
    pub(crate) site: u32,
}

impl SourceNumbers {
    /// Reads the numbers that a source section names; whether they stand for texts is not looked at.
    pub(crate) fn of(section: &[u8]) -> Result<Self, &'static str> {
        let (head, _) = section.split_first_chunk::<8>().ok_or("a source is cut short")?;
        let [a, b, c, d, e, f, g, h] = *head;
        Ok(Self { tag: u32::from_le_bytes([a, b, c, d]), site: u32::from_le_bytes([e, f, g, h]) })
    }
}

impl TextKind {
    /// Returns the kind that a definition's number stands for.
    fn of(number: u16) -> Option<Self> {
        match number {
            1 => Some(Self::Tag),
            2 => Some(Self::Site),
            _ => None,
        }
    }
}

impl Texts {
    /// Returns the texts of a kind, the first one numbered 1.
    pub(crate) fn of(&self, kind: TextKind) -> &[Arc<str>] {
        match kind {
            TextKind::Tag => &self.tags,
            TextKind::Site => &self.sites,
        }
    }

    pub(crate) fn of_mut(&mut self, kind: TextKind) -> &mut Vec<Arc<str>> {
        match kind {
            TextKind::Tag => &mut self.tags,
            TextKind::Site => &mut self.sites,
        }
    }

    /// Returns the number of a text; looks at all of its kind.
    pub(crate) fn number(&self, kind: TextKind, text: &str) -> Option<u32> {
        let index = self.of(kind).iter().position(|known| **known == *text)?;
        Some(index as u32 + 1)
    }

    /// Puts words to numbers that [`Texts::learn`] returned.
    pub(crate) fn source(&self, numbers: SourceNumbers) -> Source {
        let text = |kind, number| self.text(kind, number).ok().flatten().map(|text| text.to_string());
        Source { tag: text(TextKind::Tag, numbers.tag), site: text(TextKind::Site, numbers.site) }
    }

    /// Reads a source section: learns the texts it defines, and checks the numbers it names.
    pub(crate) fn learn(&mut self, section: &[u8]) -> Result<SourceNumbers, &'static str> {
        let numbers = SourceNumbers::of(section)?;
        let mut rest = &section[8..];
        while !rest.is_empty() {
            rest = self.learn_definition(rest)?;
        }
        self.text(TextKind::Tag, numbers.tag)?;
        self.text(TextKind::Site, numbers.site)?;
        Ok(numbers)
    }

    fn text(&self, kind: TextKind, number: u32) -> Result<Option<&Arc<str>>, &'static str> {
        match number.checked_sub(1) {
            None => Ok(None),
            Some(index) => match self.of(kind).get(index as usize) {
                Some(text) => Ok(Some(text)),
                None => Err("a source names an unknown text"),
            },
        }
    }

    fn learn_definition<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], &'static str> {
        const CUT: &str = "a text's definition is cut short";
        let (head, rest) = bytes.split_first_chunk::<8>().ok_or(CUT)?;
        let [a, b, c, d, len_low, len_high, kind_low, kind_high] = *head;
        let len = usize::from(u16::from_le_bytes([len_low, len_high]));
        let (padded, behind) = rest.split_at_checked(len.next_multiple_of(8)).ok_or(CUT)?;
        let (text, padding) = padded.split_at(len);
        if padding.iter().any(|&byte| byte != 0) {
            return Err("a text's padding is not zero");
        }
        let text = str::from_utf8(text).map_err(|_| "a text is not UTF-8")?;
        let kind = TextKind::of(u16::from_le_bytes([kind_low, kind_high])).ok_or("a text of unknown kind")?;
        if len == 0 || len > TEXT_BYTES_MAX {
            return Err("a text's length is out of range");
        }
        self.define(kind, u32::from_le_bytes([a, b, c, d]), text)?;
        Ok(behind)
    }

    /// Learns a definition; the same one may come twice.
    fn define(&mut self, kind: TextKind, number: u32, text: &str) -> Result<(), &'static str> {
        let known = self.of_mut(kind);
        let index = number.checked_sub(1).ok_or("a text has number 0")? as usize;
        match known.get(index) {
            Some(same) if **same == *text => Ok(()),
            Some(_) => Err("a text's number is taken"),
            None if index == known.len() => {
                known.push(text.into());
                Ok(())
            }
            None => Err("a text's number leaves a gap"),
        }
    }
}
