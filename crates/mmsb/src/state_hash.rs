//! The hash of a state: one number of 256 bits that two equal states share, kept up to date at the cost of what
//! changed.
//!
//! Every page that lives gives an element, a BLAKE3 of its id, length and bytes; every page that is named or not in
//! plain memory gives another, of its id, name and place; so does every edge made by hand, every registration, every
//! stale flag. The elements are added up modulo 2^256, so the order of changes does not show and an old element can be
//! taken away again; the hash is a BLAKE3 of the sums: of pages, of names, and of the graph where there is one.
//!
//! A sum tells accidents, not forgers: whoever may choose many pages can make two sums meet.
//!
//! Invariant: the hash follows from the pages, their names and the graph alone, however the state came about.

mod live;
mod sum;
mod table;

use std::fmt;

use mmsb_types::{Edge, Epoch, PageId, PageLocation, Registration};

use self::sum::Sum;
pub(crate) use self::{live::StateMarks, table::PageHashes};
use crate::{Error, ToView, View, catalogue::Names, graph::GraphState};

/// What an element is of: the first bytes of its key.
const PAGE: &[u8; 8] = b"mmsbpage";
const NOTE: &[u8; 8] = b"mmsbnote";
const STATE: &[u8; 8] = b"mmsbstat";
const EDGE: &[u8; 8] = b"mmsbedge";
const DERIVED: &[u8; 8] = b"mmsbderv";
const STALE: &[u8; 8] = b"mmsbflag";
/// Version of what is hashed.
const VERSION: u64 = 1;

/// The hash of a state. Equal states have equal hashes, on any machine, in any build.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StateHash(pub [u8; 32]);

impl fmt::Display for StateHash {
    /// In hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for StateHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Computes the hash of the state that `of` shows: ids, lengths, bytes, names and places of its pages, and the
/// graph; nothing else.
///
/// ```
/// # fn main() -> Result<(), mmsb::Error> {
/// let bus = mmsb::Bus::in_memory()?;
/// let score = bus.create_page("score", 8)?;
/// let before = mmsb::state_hash(&bus)?;
/// bus.put(score, 0, &1u64)?;
/// assert_ne!(mmsb::state_hash(&bus)?, before);
/// bus.put(score, 0, &0u64)?;
/// assert_eq!(mmsb::state_hash(&bus)?, before);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of reading the state.
///
/// # Cost
/// Reads and hashes every page.
pub fn state_hash(of: &impl ToView) -> Result<StateHash, Error> {
    let view = of.to_view()?;
    let infos = view.pages()?;
    let (mut pages, mut notes) = (Sum::default(), Sum::default());
    for info in infos.iter().filter(|info| info.name.is_some() || info.location != PageLocation::Host) {
        notes.add(note_element(info.page, info.name.as_deref(), info.location));
    }
    let ids: Vec<PageId> = infos.iter().map(|info| info.page).collect();
    view.with_pages(&ids, &mut |page, bytes| pages.add(page_element(page, bytes)))?;
    let graph = view.graph()?;
    Ok(join(pages, infos.len() as u64, notes, graph_of(graph.state())))
}

/// The hash of a state that changes.
#[derive(Debug, Default)]
pub(crate) struct StateHasher {
    pub(crate) pages: PageHashes,
    /// What the names came to, and which version of them.
    notes: Option<(Epoch, Sum)>,
    /// What the graph came to, and as of which commit.
    graph: Option<(Epoch, Option<Sum>)>,
}

impl StateHasher {
    /// Returns the hash of the pages there are, by these names, with this graph.
    ///
    /// # Cost
    /// O(names), and O(graph), if their version is another one than last time.
    pub(crate) fn finish(&mut self, names: &Names, graph: &GraphState) -> StateHash {
        let notes = match self.notes {
            Some((epoch, notes)) if epoch == names.epoch => notes,
            _ => notes_of(names),
        };
        self.notes = Some((names.epoch, notes));
        let (_, graph) = *match &mut self.graph {
            Some(known) if known.0 == graph.epoch => known,
            other => other.insert((graph.epoch, graph_of(graph))),
        };
        join(self.pages.sum(), self.pages.len(), notes, graph)
    }
}

/// Returns the element of a page.
pub(crate) fn page_element(page: PageId, bytes: &[u8]) -> Sum {
    element(PAGE, page, bytes.len() as u64, bytes)
}

/// Returns what names and places come to.
pub(crate) fn notes_of(names: &Names) -> Sum {
    let mut sum = Sum::default();
    names.for_each_note(|page, note| sum.add(note_element(page, note.name.as_deref(), note.location)));
    sum
}

fn note_element(page: PageId, name: Option<&str>, location: PageLocation) -> Sum {
    // A name has a byte at least.
    element(NOTE, page, location as u64, name.unwrap_or_default().as_bytes())
}

/// Returns what the graph comes to; `None` if there is nothing in it.
fn graph_of(graph: &GraphState) -> Option<Sum> {
    let mut sum = Sum::default();
    graph.hand_edges().iter().for_each(|edge| sum.add(edge_element(edge)));
    graph.derived().for_each(|(page, registration)| sum.add(derived_element(page, registration)));
    graph.stale().for_each(|page| sum.add(element(STALE, page, 0, &[])));
    (!graph.is_empty()).then_some(sum)
}

fn edge_element(edge: &Edge) -> Sum {
    element(EDGE, edge.source, edge.target.get(), &[edge.kind as u8])
}

fn derived_element(page: PageId, registration: &Registration) -> Sum {
    // The name comes last: its beginning follows from how many inputs there are.
    let mut bytes = (registration.inputs.len() as u64).to_le_bytes().to_vec();
    bytes.extend(registration.inputs.iter().flat_map(|input| input.get().to_le_bytes()));
    bytes.extend(registration.name.as_bytes());
    element(DERIVED, page, u64::from(registration.version), &bytes)
}

/// A state without a graph has the hash that it had before there were any.
fn join(pages: Sum, page_count: u64, notes: Sum, graph: Option<Sum>) -> StateHash {
    let mut sums = [pages.to_bytes(), notes.to_bytes()].concat();
    sums.extend(graph.iter().flat_map(|graph| graph.to_bytes()));
    StateHash(*blake3::keyed_hash(&key(STATE, page_count, 0), &sums).as_bytes())
}

/// Numbers go to the key, so that a page of a kilobyte is one block of the hash and not two.
fn element(kind: &[u8; 8], page: PageId, number: u64, bytes: &[u8]) -> Sum {
    Sum::from_bytes(blake3::keyed_hash(&key(kind, page.get(), number), bytes).as_bytes())
}

fn key(kind: &[u8; 8], first: u64, second: u64) -> [u8; 32] {
    let mut key = [0; 32];
    key[..8].copy_from_slice(kind);
    for (at, number) in [first, second, VERSION].into_iter().enumerate() {
        key[8 * (at + 1)..][..8].copy_from_slice(&number.to_le_bytes());
    }
    key
}
