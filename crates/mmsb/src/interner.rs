//! The writing side of interned texts: numbers for them, and which of them the log has seen.
//!
//! A commit asks for its numbers before it is published and tells afterwards how it went. Texts that no
//! published commit carries, and none under way may carry, are forgotten: a refused commit leaves nothing
//! that a later frame would have to explain.
//!
//! Invariant: the published texts are numbers `1..=logged`, without a gap; who uses a later number carries
//! the definitions of all from `logged + 1` up to it.

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    panic::Location,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    site::site_text,
    texts::{SourceNumbers, TextKind, Texts},
};

/// The texts of a live bus.
#[derive(Debug, Default)]
pub(crate) struct Interner(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    texts: Texts,
    numbers: [HashMap<Arc<str>, u32>; 2],
    /// Sites in words, so that a loop's site is formatted once.
    places: HashMap<&'static Location<'static>, Arc<str>>,
    /// How many of each kind are in a published commit: tags, sites.
    logged: [u32; 2],
    /// Commits under way that carry definitions.
    carrier_count: u32,
}

/// A text with its number, to be written with a commit.
#[derive(Clone, Debug)]
struct Definition {
    kind: TextKind,
    number: u32,
    text: Arc<str>,
}

/// A commit's numbers, from asking for them until it is told how the commit went; dropped, it went nowhere.
#[derive(Debug)]
pub(crate) struct SourceLoan<'i> {
    interner: &'i Interner,
    numbers: SourceNumbers,
    /// The texts the log has not seen yet.
    new: Vec<Definition>,
    published: bool,
}

impl Interner {
    /// Starts with the texts of a log that was read: all of them are logged.
    pub(crate) fn of_texts(texts: Texts) -> Self {
        let numbered = |kind| texts.of(kind).iter().cloned().zip(1..).collect();
        let numbers = [numbered(TextKind::Tag), numbered(TextKind::Site)];
        let logged = [TextKind::Tag, TextKind::Site].map(|kind| texts.of(kind).len() as u32);
        Self(Mutex::new(Known { texts, numbers, logged, ..Known::default() }))
    }

    /// Lends the numbers for a commit's source, and what its frame must define.
    pub(crate) fn lend(&self, tag: Option<&str>, site: Option<&'static Location<'static>>) -> SourceLoan<'_> {
        let mut loan = SourceLoan {
            interner: self,
            numbers: SourceNumbers::default(),
            new: Vec::new(),
            published: false,
        };
        if tag.is_some() || site.is_some() {
            let mut known = self.lock();
            loan.numbers.tag = tag.map_or(0, |text| known.number(TextKind::Tag, text, &mut loan.new));
            loan.numbers.site = site.map_or(0, |site| {
                let text = known.place(site);
                known.number(TextKind::Site, &text, &mut loan.new)
            });
            known.carrier_count += u32::from(!loan.new.is_empty());
        }
        loan
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Returns a text's number. Who uses an unlogged one carries all before it: no gap can arise.
    fn number(&mut self, kind: TextKind, text: &str, new: &mut Vec<Definition>) -> u32 {
        let index = kind as usize - 1;
        let number = self.numbers[index].get(text).copied().unwrap_or_else(|| self.add(kind, text));
        new.extend((self.logged[index] + 1..=number).map(|number| {
            let text = Arc::clone(&self.texts.of(kind)[number as usize - 1]);
            Definition { kind, number, text }
        }));
        number
    }

    fn add(&mut self, kind: TextKind, text: &str) -> u32 {
        let text: Arc<str> = text.into();
        let known = self.texts.of_mut(kind);
        known.push(Arc::clone(&text));
        let number = known.len() as u32;
        self.numbers[kind as usize - 1].insert(text, number);
        number
    }

    fn place(&mut self, site: &'static Location<'static>) -> Arc<str> {
        Arc::clone(self.places.entry(site).or_insert_with(|| site_text(site).into()))
    }

    /// Takes note of a carrier's end. The last one to end unpublished takes its texts with it.
    fn settle(&mut self, definitions: &[Definition], published: bool) {
        self.carrier_count -= 1;
        for definition in definitions.iter().filter(|_| published) {
            let logged = &mut self.logged[definition.kind as usize - 1];
            *logged = (*logged).max(definition.number);
        }
        if self.carrier_count == 0 {
            self.forget(TextKind::Tag);
            self.forget(TextKind::Site);
        }
    }

    fn forget(&mut self, kind: TextKind) {
        let (index, logged) = (kind as usize - 1, self.logged[kind as usize - 1] as usize);
        for text in self.texts.of_mut(kind).drain(logged..) {
            self.numbers[index].remove(&text);
        }
    }
}

impl SourceLoan<'_> {
    /// Tells whether the commit needs no source section.
    pub(crate) fn is_empty(&self) -> bool {
        self.numbers == SourceNumbers::default()
    }

    /// Remembers that a published commit carried the definitions.
    pub(crate) fn set_published(&mut self) {
        self.published = true;
    }

    /// Appends the source section's content to `out`.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.numbers.tag.to_le_bytes());
        out.extend(self.numbers.site.to_le_bytes());
        for definition in &self.new {
            out.extend(definition.number.to_le_bytes());
            out.extend((definition.text.len() as u16).to_le_bytes());
            out.extend((definition.kind as u16).to_le_bytes());
            out.extend(definition.text.as_bytes());
            out.resize(out.len().next_multiple_of(8), 0);
        }
    }
}

impl Drop for SourceLoan<'_> {
    fn drop(&mut self) {
        if !self.new.is_empty() {
            self.interner.lock().settle(&self.new, self.published);
        }
    }
}
