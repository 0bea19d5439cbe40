//! Why a commit computed pages, as its cause section holds it.
//!
//! Kind 2 (u64); then for each page whose bytes the wave changed, in the order of the wave: `page:40 | count:24` as
//! one u64, and `count` ids (u64 each, rising): its inputs that had changed. None: the page was asked for, because
//! it was stale, or newly derived.
//!
//! Invariant: a wave has one encoding.

#[cfg(test)]
mod tests;

use std::fmt;

use mmsb_graph::{Outcome, Ran};
use mmsb_types::{
    PageId,
    limits::{INPUT_COUNT_MAX, PAGE_ID_MAX},
};

/// What a cause section begins with if the commit computed pages.
const CAUSE_WAVE: u64 = 2;
const COUNT_SHIFT: u32 = 40;

const _: () = assert!(PAGE_ID_MAX < 1 << COUNT_SHIFT);
const _: () = assert!(INPUT_COUNT_MAX < 1 << (u64::BITS - COUNT_SHIFT));

/// A page that a commit computed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The page, whose bytes became others.
    pub page: PageId,
    /// Its inputs that had changed, by rising id; none if the page was stale, or newly derived.
    pub inputs: Vec<PageId>,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} computed", self.page)?;
        self.inputs.iter().enumerate().try_for_each(|(at, input)| {
            let before = if at == 0 { " for" } else { "," };
            write!(f, "{before} {input}")
        })
    }
}

/// Lays out the pages that changed; nothing if none did.
pub(crate) fn encode<'w>(ran: impl Iterator<Item = (Ran, &'w [PageId])>, out: &mut Vec<u8>) {
    let changed = ran.filter(|(ran, _)| ran.outcome() == Outcome::Changed);
    changed.for_each(|(ran, causes)| encode_one(ran.page, causes, out));
}

/// Lays out one page; its causes rise.
fn encode_one(page: PageId, causes: &[PageId], out: &mut Vec<u8>) {
    if out.is_empty() {
        out.extend(CAUSE_WAVE.to_le_bytes());
    }
    out.extend((page.get() | (causes.len() as u64) << COUNT_SHIFT).to_le_bytes());
    causes.iter().for_each(|input| out.extend(input.get().to_le_bytes()));
}

/// Reads a cause section; `None` if it tells something else.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn decode(section: &[u8]) -> Result<Option<Vec<Cause>>, &'static str> {
    let (words, rest) = section.as_chunks::<8>();
    let mut words = words.iter().map(|word| u64::from_le_bytes(*word));
    if words.next() != Some(CAUSE_WAVE) {
        return Ok(None);
    }
    if !rest.is_empty() {
        return Err("a cause is cut short");
    }
    let mut causes = Vec::new();
    while let Some(head) = words.next() {
        let count = (head >> COUNT_SHIFT) as usize;
        if count > words.len() {
            return Err("a cause is cut short");
        }
        let page = page_id(head & PAGE_ID_MAX)?;
        let inputs = words.by_ref().take(count).map(page_id).collect::<Result<Vec<_>, _>>()?;
        if !inputs.is_sorted_by(|left, right| left < right) {
            return Err("a cause's inputs do not rise");
        }
        causes.push(Cause { page, inputs });
    }
    Ok(Some(causes))
}

fn page_id(id: u64) -> Result<PageId, &'static str> {
    if (1..=PAGE_ID_MAX).contains(&id) { Ok(PageId::new(id)) } else { Err("a cause names no page") }
}
