//! Comparing two states without holding either: page lists first, bytes only where they may differ.
//!
//! Invariant: at most about `CHUNK_BYTES` of one side are held at a time.

#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::Arc};

use mmsb_types::PageId;

use super::{Diff, PageDiff, PageDifference, byte_runs, diff_graphs};
use crate::{
    Error, PageInfo, ToView, View,
    lineage::{Lined, Shared},
};

/// Bytes of the left side compared at a time. A side that must be read from a log costs a pass for each.
const CHUNK_BYTES: usize = 64 << 20;

/// Compares two states: pages by id, their lengths, bytes and names; and who depends on whom.
///
/// A branch and the bus it left give the same ids to different pages: those born after the parting are
/// paired by name instead.
///
/// # Errors
/// Those of reading either state.
///
/// # Cost
/// Lists all pages. States of one bus compare only the bytes of pages that were written in between; others
/// all bytes. Holds 64 MiB of them at most, or one page.
pub fn diff(left: &impl ToView, right: &impl ToView) -> Result<Diff, Error> {
    let (left, right) = (left.to_view()?, right.to_view()?);
    let shared = left.lineage().shared_with(right.lineage());
    let mut pages = Vec::new();
    let (mut doubtful, mut ids) = (Vec::new(), LeftIds::new(shared.next_id));
    for pair in pair_up(left.pages()?, right.pages()?, shared.next_id) {
        ids.note(&pair);
        match pair.judge(shared) {
            Verdict::Told(diff) => pages.extend(diff),
            Verdict::AskBytes(left, right) => doubtful.push((left, right)),
        }
    }
    compare_all(&left, &right, &doubtful, &mut pages)?;
    pages.sort_by_key(|diff| diff.page);
    let graphs = (left.graph()?, right.graph()?);
    let graph = diff_graphs(graphs.0.state(), graphs.1.state(), |page| ids.get(page));
    Ok(Diff { left: left.epoch(), right: right.epoch(), pages, graph })
}

/// A page on each side, or on one.
enum Pair {
    Left(PageInfo),
    Right(PageInfo),
    Both(PageInfo, PageInfo),
}

/// The left ids of the right side's pages.
struct LeftIds {
    /// Pages below it have the same id on both sides.
    next_id: PageId,
    younger: HashMap<PageId, PageId>,
}

impl LeftIds {
    fn new(next_id: PageId) -> Self {
        Self { next_id, younger: HashMap::new() }
    }

    fn note(&mut self, pair: &Pair) {
        if let Pair::Both(left, right) = pair
            && right.page >= self.next_id
        {
            self.younger.insert(right.page, left.page);
        }
    }

    fn get(&self, right: PageId) -> Option<PageId> {
        if right < self.next_id { Some(right) } else { self.younger.get(&right).copied() }
    }
}

/// What can be said of a pair without its bytes.
enum Verdict {
    Told(Option<PageDiff>),
    AskBytes(PageInfo, PageInfo),
}

impl Pair {
    fn judge(self, shared: Shared) -> Verdict {
        match self {
            Self::Left(PageInfo { page, page_bytes, name, .. }) => {
                let what = PageDifference::OnlyLeft { page_bytes };
                Verdict::Told(Some(PageDiff { page, name, what }))
            }
            Self::Right(PageInfo { page, page_bytes, name, .. }) => {
                let what = PageDifference::OnlyRight { page_bytes };
                Verdict::Told(Some(PageDiff { page, name, what }))
            }
            Self::Both(left, right) => Verdict::on_both(left, right, shared),
        }
    }
}

impl Verdict {
    fn on_both(left: PageInfo, right: PageInfo, shared: Shared) -> Self {
        if left.page_bytes != right.page_bytes {
            let what = PageDifference::Length { left: left.page_bytes, right: right.page_bytes };
            return Self::Told(Some(PageDiff { page: left.page, name: either_name(&left, &right), what }));
        }
        if left.epoch == right.epoch && left.epoch <= shared.through {
            return Self::Told(diff_names(&left, &right));
        }
        Self::AskBytes(left, right)
    }
}

/// Pairs pages below `next_id` by id, and the others by name.
fn pair_up(left: Vec<PageInfo>, right: Vec<PageInfo>, next_id: PageId) -> Vec<Pair> {
    let mut unpaired = Unpaired::new(right, next_id);
    let pair = |info| match unpaired.take(&info) {
        Some(other) => Pair::Both(info, other),
        None => Pair::Left(info),
    };
    let mut pairs: Vec<Pair> = left.into_iter().map(pair).collect();
    let Unpaired { ids, names, unnamed, .. } = unpaired;
    pairs.extend(ids.into_values().chain(names.into_values()).chain(unnamed).map(Pair::Right));
    pairs
}

/// The right side's pages that have found no partner yet.
struct Unpaired {
    next_id: PageId,
    /// Pages below `next_id`; the others are in `names`, or `unnamed`.
    ids: HashMap<PageId, PageInfo>,
    names: HashMap<Arc<str>, PageInfo>,
    unnamed: Vec<PageInfo>,
}

impl Unpaired {
    fn new(infos: Vec<PageInfo>, next_id: PageId) -> Self {
        let mut unpaired = Self { next_id, ids: HashMap::new(), names: HashMap::new(), unnamed: Vec::new() };
        infos.into_iter().for_each(|info| unpaired.insert(info));
        unpaired
    }

    fn insert(&mut self, info: PageInfo) {
        match &info.name {
            _ if info.page < self.next_id => drop(self.ids.insert(info.page, info)),
            Some(name) => drop(self.names.insert(Arc::clone(name), info)),
            None => self.unnamed.push(info),
        }
    }

    /// Takes out the partner of a page of the left side.
    fn take(&mut self, info: &PageInfo) -> Option<PageInfo> {
        match &info.name {
            _ if info.page < self.next_id => self.ids.remove(&info.page),
            Some(name) => self.names.remove(name),
            None => None,
        }
    }
}

/// Returns how many pairs are compared at once: at least one.
fn chunk_len(pairs: &[(PageInfo, PageInfo)]) -> usize {
    let mut bytes = 0;
    let fits = |(left, _): &&(PageInfo, PageInfo)| {
        bytes += left.page_bytes as usize;
        bytes <= CHUNK_BYTES
    };
    pairs.iter().take_while(fits).count().max(1)
}

/// Compares the bytes of all these pages, a bounded number of them at a time.
fn compare_all(
    left: &impl View,
    right: &impl View,
    mut pairs: &[(PageInfo, PageInfo)],
    diffs: &mut Vec<PageDiff>,
) -> Result<(), Error> {
    while !pairs.is_empty() {
        let (chunk, behind) = pairs.split_at(chunk_len(pairs));
        compare_bytes(left, right, chunk, diffs)?;
        pairs = behind;
    }
    Ok(())
}

/// Adds how the pairs differ; both pages of each have the same length.
fn compare_bytes(
    left: &impl View,
    right: &impl View,
    pairs: &[(PageInfo, PageInfo)],
    diffs: &mut Vec<PageDiff>,
) -> Result<(), Error> {
    let lefts: Vec<PageId> = pairs.iter().map(|(left, _)| left.page).collect();
    let rights: Vec<PageId> = pairs.iter().map(|(_, right)| right.page).collect();
    let mut copies = Vec::with_capacity(pairs.iter().map(|(left, _)| left.page_bytes as usize).sum());
    left.with_pages(&lefts, &mut |_, bytes| copies.extend_from_slice(bytes))?;
    let (mut pairs, mut old) = (pairs.iter(), copies.as_slice());
    right.with_pages(&rights, &mut |_, new| {
        let Some((left, right)) = pairs.next() else { return };
        let (bytes, behind) = old.split_at(new.len());
        old = behind;
        diffs.extend(diff_bytes(left, right, bytes, new));
    })
}

fn diff_bytes(left: &PageInfo, right: &PageInfo, old: &[u8], new: &[u8]) -> Option<PageDiff> {
    if old == new {
        return diff_names(left, right);
    }
    let (left_epoch, right_epoch) = (left.epoch, right.epoch);
    let what = PageDifference::Bytes { runs: byte_runs(old, new), left_epoch, right_epoch };
    Some(PageDiff { page: left.page, name: either_name(left, right), what })
}

fn diff_names(left: &PageInfo, right: &PageInfo) -> Option<PageDiff> {
    let what = PageDifference::Name { right: right.name.clone() };
    let diff = PageDiff { page: left.page, name: either_name(left, right), what };
    (left.name != right.name).then_some(diff)
}

fn either_name(left: &PageInfo, right: &PageInfo) -> Option<Arc<str>> {
    left.name.clone().or_else(|| right.name.clone())
}
