//! Interned texts: tags and code sites, written once and named by number afterwards.
//!
//! The first commit that uses a text carries number and text. Two commits that race to be first may both
//! carry it: the number is the same.
//!
//! Invariant: a number never stands for two texts; numbers rise from 1 per kind.

use std::{collections::HashMap, sync::Arc};

use mmsb_types::{Source, limits::TEXT_BYTES_MAX};

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

/// The writing side: numbers for texts, and which of them the log has seen.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    texts: Texts,
    numbers: HashMap<(TextKind, Arc<str>), u32>,
    /// How many of each kind are in a published commit: tags, sites.
    logged: [u32; 2],
}

/// A text with its number, to be written with a commit.
#[derive(Clone, Debug)]
pub(crate) struct Definition {
    pub(crate) kind: TextKind,
    pub(crate) number: u32,
    pub(crate) text: Arc<str>,
}

/// Numbers of a commit's tag and site, 0 for none, and the texts the log has not seen yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct SourceIds {
    pub(crate) tag: u32,
    pub(crate) site: u32,
    pub(crate) new: Vec<Definition>,
}

impl Texts {
    fn of(&self, kind: TextKind) -> &Vec<Arc<str>> {
        match kind {
            TextKind::Tag => &self.tags,
            TextKind::Site => &self.sites,
        }
    }

    fn of_mut(&mut self, kind: TextKind) -> &mut Vec<Arc<str>> {
        match kind {
            TextKind::Tag => &mut self.tags,
            TextKind::Site => &mut self.sites,
        }
    }

    fn text(&self, kind: TextKind, number: u32) -> Result<Option<String>, &'static str> {
        match number.checked_sub(1) {
            None => Ok(None),
            Some(index) => match self.of(kind).get(index as usize) {
                Some(text) => Ok(Some(text.to_string())),
                None => Err("a source names an unknown text"),
            },
        }
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

    /// Reads a source section, learning the texts it defines.
    pub(crate) fn read(&mut self, section: &[u8]) -> Result<Source, &'static str> {
        let (head, mut rest) = section.split_first_chunk::<8>().ok_or("a source is cut short")?;
        while !rest.is_empty() {
            rest = self.read_definition(rest)?;
        }
        let [a, b, c, d, e, f, g, h] = *head;
        let tag = self.text(TextKind::Tag, u32::from_le_bytes([a, b, c, d]))?;
        let site = self.text(TextKind::Site, u32::from_le_bytes([e, f, g, h]))?;
        Ok(Source { tag, site })
    }

    fn read_definition<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], &'static str> {
        const CUT: &str = "a text's definition is cut short";
        let (head, rest) = bytes.split_first_chunk::<8>().ok_or(CUT)?;
        let [a, b, c, d, len_low, len_high, kind_low, kind_high] = *head;
        let len = usize::from(u16::from_le_bytes([len_low, len_high]));
        let (padded, behind) = rest.split_at_checked(len.next_multiple_of(8)).ok_or(CUT)?;
        let text = str::from_utf8(&padded[..len]).map_err(|_| "a text is not UTF-8")?;
        let kind = match u16::from_le_bytes([kind_low, kind_high]) {
            1 => TextKind::Tag,
            2 => TextKind::Site,
            _ => return Err("a text of unknown kind"),
        };
        if len == 0 || len > TEXT_BYTES_MAX {
            return Err("a text's length is out of range");
        }
        self.define(kind, u32::from_le_bytes([a, b, c, d]), text)?;
        Ok(behind)
    }
}

impl Interner {
    /// Starts with the texts of a log that was read: all of them are logged.
    pub(crate) fn of_texts(texts: Texts) -> Self {
        let mut numbers = HashMap::new();
        for kind in [TextKind::Tag, TextKind::Site] {
            let numbered = texts.of(kind).iter().cloned().zip(1..);
            numbers.extend(numbered.map(|(text, number)| ((kind, text), number)));
        }
        let logged = [texts.tags.len() as u32, texts.sites.len() as u32];
        Self { texts, numbers, logged }
    }

    /// Returns the numbers for a commit's source, and what its frame must define.
    pub(crate) fn ids(&mut self, tag: Option<&str>, site: Option<&str>) -> SourceIds {
        let mut ids = SourceIds::default();
        ids.tag = tag.map_or(0, |text| self.id(TextKind::Tag, text, &mut ids.new));
        ids.site = site.map_or(0, |text| self.id(TextKind::Site, text, &mut ids.new));
        ids
    }

    /// Remembers that a published commit carried these definitions.
    pub(crate) fn set_logged(&mut self, definitions: &[Definition]) {
        for definition in definitions {
            let logged = &mut self.logged[definition.kind as usize - 1];
            *logged = (*logged).max(definition.number);
        }
    }

    /// A commit that uses the newest text carries all that no published one carried: no gap can arise.
    fn id(&mut self, kind: TextKind, text: &str, new: &mut Vec<Definition>) -> u32 {
        let number = self.number(kind, text);
        let first = self.logged[kind as usize - 1] + 1;
        new.extend((first..=number).map(|number| Definition {
            kind,
            number,
            text: Arc::clone(&self.texts.of(kind)[number as usize - 1]),
        }));
        number
    }

    fn number(&mut self, kind: TextKind, text: &str) -> u32 {
        let text: Arc<str> = text.into();
        if let Some(&number) = self.numbers.get(&(kind, Arc::clone(&text))) {
            return number;
        }
        let known = self.texts.of_mut(kind);
        known.push(Arc::clone(&text));
        let number = known.len() as u32;
        self.numbers.insert((kind, text), number);
        number
    }
}

impl SourceIds {
    /// Tells whether a commit needs no source section.
    pub(crate) fn is_empty(&self) -> bool {
        self.tag == 0 && self.site == 0
    }

    /// Appends the source section's content to `out`.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.tag.to_le_bytes());
        out.extend(self.site.to_le_bytes());
        for definition in &self.new {
            out.extend(definition.number.to_le_bytes());
            out.extend((definition.text.len() as u16).to_le_bytes());
            out.extend((definition.kind as u16).to_le_bytes());
            out.extend(definition.text.as_bytes());
            out.resize(out.len().next_multiple_of(8), 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Interner, Texts};

    fn section(interner: &mut Interner, tag: &str, publish: bool) -> Vec<u8> {
        let ids = interner.ids(Some(tag), None);
        let mut bytes = Vec::new();
        ids.encode(&mut bytes);
        if publish {
            interner.set_logged(&ids.new);
        }
        bytes
    }

    #[test]
    fn a_text_travels_once() {
        let (mut interner, mut texts) = (Interner::default(), Texts::default());
        let (first, second) = (section(&mut interner, "ai", true), section(&mut interner, "ai", true));
        assert_eq!((first.len(), second.len()), (24, 8));
        assert_eq!(texts.read(&first).unwrap().tag.as_deref(), Some("ai"));
        assert_eq!(texts.read(&second).unwrap().tag.as_deref(), Some("ai"));
    }

    #[test]
    fn a_commit_that_overtakes_the_first_use_leaves_no_gap() {
        let (mut interner, mut texts) = (Interner::default(), Texts::default());
        let slow = section(&mut interner, "slow", false);
        let fast = section(&mut interner, "fast", true);
        assert_eq!(texts.read(&fast).unwrap().tag.as_deref(), Some("fast"));
        assert_eq!(texts.read(&slow).unwrap().tag.as_deref(), Some("slow"));
    }

    #[test]
    fn a_reference_to_nothing_is_refused() {
        assert_eq!(Texts::default().read(&[1, 0, 0, 0, 0, 0, 0, 0]), Err("a source names an unknown text"));
    }
}
