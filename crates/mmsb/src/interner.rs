//! The writing side of interned texts: numbers for them, and which of them the log has seen.
//!
//! A commit asks for its numbers before it is published and tells afterwards how it went. Texts that no
//! published commit carries, and none under way may carry, are forgotten: a refused commit leaves nothing
//! that a later frame would have to explain.
//!
//! Invariant: the published texts are numbers `1..=logged`, without a gap; who uses a later number carries
//! the definitions of all from `logged + 1` up to it. So along the numbers the first commits that carry them
//! rise, and those known as of an epoch are the first so many.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap},
    panic::Location,
    sync::{Arc, PoisonError},
    time::Duration,
};

use mmsb_types::{Epoch, env};

use crate::{
    site::site_text,
    sync::{Mutex, MutexGuard, thread::yield_now},
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
    /// The first commit that carries each text of a kind, of those that are in a published one: tags, sites.
    logged: [Vec<Epoch>; 2],
    /// Commits under way that carry definitions, by the order in which they asked.
    carriers: BTreeSet<u64>,
    /// How many carriers there ever were.
    carrier_count: u64,
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
    /// Which carrier it is, if it carries any.
    carrier: u64,
    /// The commit that was published with them.
    published: Option<Epoch>,
}

impl Interner {
    /// Starts with the texts of a log that was read: all of them are logged.
    pub(crate) fn of_texts(texts: Texts) -> Self {
        let numbered = |kind| texts.of(kind).iter().cloned().zip(1..).collect();
        let numbers = [numbered(TextKind::Tag), numbered(TextKind::Site)];
        let logged = [TextKind::Tag, TextKind::Site].map(|kind| vec![Epoch::ZERO; texts.of(kind).len()]);
        Self(Mutex::new(Known { texts, numbers, logged, ..Known::default() }))
    }

    /// Lends the numbers for a commit's source, and what its frame must define.
    pub(crate) fn lend(&self, tag: Option<&str>, site: Option<&'static Location<'static>>) -> SourceLoan<'_> {
        let mut loan = SourceLoan {
            interner: self,
            numbers: SourceNumbers::default(),
            new: Vec::new(),
            carrier: 0,
            published: None,
        };
        if tag.is_some() || site.is_some() {
            let mut known = self.lock();
            loan.numbers.tag = tag.map_or(0, |text| known.number(TextKind::Tag, text, &mut loan.new));
            loan.numbers.site = site.map_or(0, |site| {
                let text = known.place(site);
                known.number(TextKind::Site, &text, &mut loan.new)
            });
            if !loan.new.is_empty() {
                loan.carrier = known.add_carrier();
            }
        }
        loan
    }

    /// Returns the texts that are known as of `epoch`: those that a commit up to it carries. Every such commit
    /// is published; `None` if one of them has not told so after `wait`.
    pub(crate) fn as_of(&self, epoch: Epoch, wait: Duration) -> Option<Texts> {
        let start = env::now();
        let later = self.lock().carrier_count;
        loop {
            let known = self.lock();
            // Who asks for numbers from now on makes a later commit.
            if known.carriers.first().is_none_or(|&first| first > later) {
                return Some(known.as_of(epoch));
            }
            drop(known);
            if start.elapsed() > wait {
                return None;
            }
            yield_now();
        }
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
        new.extend((self.logged[index].len() as u32 + 1..=number).map(|number| {
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

    /// Counts a commit that carries definitions; returns its place among them.
    fn add_carrier(&mut self) -> u64 {
        self.carrier_count += 1;
        self.carriers.insert(self.carrier_count);
        self.carrier_count
    }

    /// Takes note of a carrier's end. The last one to end unpublished takes its texts with it.
    fn settle(&mut self, carrier: u64, definitions: &[Definition], published: Option<Epoch>) {
        self.carriers.remove(&carrier);
        if let Some(epoch) = published {
            definitions.iter().for_each(|definition| self.log(definition, epoch));
        }
        if self.carriers.is_empty() {
            self.forget(TextKind::Tag);
            self.forget(TextKind::Site);
        }
    }

    /// Notes that the commit `epoch` carries a definition. Carriers define numbers in turn, without a gap.
    fn log(&mut self, definition: &Definition, epoch: Epoch) {
        let logged = &mut self.logged[definition.kind as usize - 1];
        match logged.get_mut(definition.number as usize - 1) {
            Some(first) => *first = epoch.min(*first),
            None => logged.push(epoch),
        }
    }

    fn as_of(&self, epoch: Epoch) -> Texts {
        let mut texts = Texts::default();
        for kind in [TextKind::Tag, TextKind::Site] {
            let logged = &self.logged[kind as usize - 1];
            let count = logged.partition_point(|&first| first <= epoch);
            *texts.of_mut(kind) = self.texts.of(kind)[..count].to_vec();
        }
        texts
    }

    fn forget(&mut self, kind: TextKind) {
        let (index, logged) = (kind as usize - 1, self.logged[kind as usize - 1].len());
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

    /// Remembers that the commit `epoch` was published with the definitions.
    pub(crate) fn set_published(&mut self, epoch: Epoch) {
        self.published = Some(epoch);
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
            self.interner.lock().settle(self.carrier, &self.new, self.published);
        }
    }
}
