//! Whether a bus shows what the model says: live, in the past, in its history.

use std::collections::{BTreeMap, BTreeSet};

use mmsb::{
    Branch, Bus, Change, ChangeKind, CommitInfo, Epoch, Error, GraphView, PageId, PageInfo, Past, Snapshot,
    ToView, View,
};

use crate::{Model, ModelPage, ModelState};

/// Asserts that everything a bus can show is what the model says.
///
/// # Panics
/// At the first thing that is not.
#[track_caller]
pub fn everywhere(bus: &Bus, model: &Model) {
    live(bus, model);
    for (epoch, _) in model.states() {
        past(&bus.at(epoch).expect("a state of the past"), model);
    }
    for (label, epoch) in model.labels() {
        assert_eq!(bus.at_label(label).expect("a state by label").epoch(), epoch, "last of {label}");
    }
    let lived: BTreeMap<PageId, ()> =
        model.states().flat_map(|(_, state)| state.pages.keys().map(|&page| (page, ()))).collect();
    lived.keys().for_each(|&page| history(bus, model, page));
    commits(bus, model);
    assert_eq!(bus.check(), [], "violations");
}

/// Asserts that the live pages are those of the model's newest state.
///
/// # Panics
/// If they are not.
#[track_caller]
pub fn live(bus: &Bus, model: &Model) {
    let (epoch, state) = (model.epoch(), model.newest());
    assert_eq!(bus.epoch(), epoch, "newest epoch");
    assert!(bus.pages().eq(state.pages.keys().copied()), "live pages at {epoch}");
    graph(&bus.graph().unwrap(), model);
    for (&page, expected) in &state.pages {
        assert!(bus.with_page(page, |bytes| bytes == *expected.bytes).unwrap(), "bytes of {page} at {epoch}");
        assert_eq!(bus.page_epoch(page).unwrap(), expected.epoch, "epoch of {page} at {epoch}");
        assert_eq!(bus.page_name(page).as_deref(), expected.name.as_deref(), "name of {page} at {epoch}");
        let found = expected.name.as_deref().map(|name| bus.page(name));
        assert!(found.is_none_or(|found| found == Some(page)), "{page} by its name at {epoch}");
    }
}

/// Asserts that a graph is the model's of its epoch, and in order.
///
/// # Panics
/// If it is not.
#[track_caller]
pub fn graph(graph: &GraphView, model: &Model) {
    let (epoch, edges) = (graph.epoch(), &model.state(graph.epoch()).edges);
    assert!(graph.edges().iter().eq(edges), "edges at {epoch}: {:?}, not {edges:?}", graph.edges());
    assert_eq!(graph.check(), [], "the graph at {epoch}");
}

/// Asserts that a past state is the model's of that epoch.
///
/// # Panics
/// If it is not.
#[track_caller]
pub fn past(past: &Past, model: &Model) {
    let (epoch, expected) = (past.epoch(), model.state(past.epoch()));
    assert_eq!(past.label(), expected.label, "label of {epoch}");
    graph(&past.graph(), model);
    assert!(past.pages().map(|info| info.page).eq(expected.pages.keys().copied()), "pages at {epoch}");
    for info in past.pages() {
        let (page, expected) = (info.page, &expected.pages[&info.page]);
        assert!(past.bytes(page).unwrap() == *expected.bytes, "bytes of {page} at {epoch}");
        assert_eq!(info.epoch, expected.epoch, "epoch of {page} at {epoch}");
        assert_eq!(info.name.as_deref(), expected.name.as_deref(), "name of {page} at {epoch}");
        let found = expected.name.as_deref().map(|name| past.page(name));
        assert!(found.is_none_or(|found| found == Some(page)), "{page} by its name at {epoch}");
    }
}

/// Asserts that a branch is the model's newest state, by its own look-ups and as a view.
///
/// # Panics
/// If it is not.
#[track_caller]
pub fn branch(branch: &Branch, model: &Model) {
    let (epoch, state) = (model.epoch(), model.newest());
    assert_eq!(branch.epoch(), epoch, "newest epoch");
    let ids: Vec<PageId> = state.pages.keys().copied().collect();
    assert!(branch.pages().unwrap().iter().map(|info| info.page).eq(ids.iter().copied()), "pages at {epoch}");
    let infos = branch.pages().unwrap();
    infos.iter().for_each(|info| branch_page(branch, info, &state.pages[&info.page]));
    let view = branch.to_view().unwrap();
    assert_eq!((view.epoch(), view.label().unwrap()), (epoch, state.label), "of the view");
    graph(&view.graph().unwrap(), model);
    bytes_of_all(&view, &ids, &state.pages);
}

/// Asserts that a view visits these pages, in this order, with their bytes.
#[track_caller]
fn bytes_of_all(view: &impl View, pages: &[PageId], expected: &BTreeMap<PageId, ModelPage>) {
    let (mut visited, epoch) = (Vec::new(), view.epoch());
    let visit = &mut |page: PageId, bytes: &[u8]| {
        assert!(bytes == *expected[&page].bytes, "bytes of {page} at {epoch}");
        visited.push(page);
    };
    view.with_pages(pages, visit).expect("the bytes of a view");
    assert_eq!(visited, pages, "pages visited at {epoch}");
}

/// Asserts that a snapshot shows the model's state of its epoch, through each of its doors.
///
/// # Panics
/// If it does not.
#[track_caller]
pub fn snapshot(snapshot: &Snapshot, model: &Model) {
    let epoch = snapshot.epoch();
    let expected = &model.state(epoch).pages;
    graph(&snapshot.graph().expect("the graph of a snapshot"), model);
    let infos = snapshot.pages().expect("the pages of a snapshot");
    assert!(infos.iter().map(|info| info.page).eq(expected.keys().copied()), "pages at {epoch}: {infos:?}");
    infos.iter().for_each(|info| listed(snapshot, info, &expected[&info.page]));
    let pages: Vec<_> = infos.iter().map(|info| info.page).collect();
    bytes_of_all(snapshot, &pages, expected);
    refuses_dead(snapshot, model);
    if let Some(info) = infos.first() {
        one_page(snapshot, info, &expected[&info.page].bytes);
    }
}

/// Asserts that each way to read one page agrees.
fn one_page(snapshot: &Snapshot, info: &PageInfo, bytes: &[u8]) {
    let page = info.page;
    assert_eq!(snapshot.page_bytes(page).unwrap() as usize, bytes.len());
    assert_eq!(snapshot.page_epoch(page).unwrap(), info.epoch);
    assert!(snapshot.with_page(page, |read| read == bytes).unwrap(), "{page} as a whole");
    let at = bytes.len() / 3;
    let (mut one, mut many) = (vec![0xa5; bytes.len() - at], vec![0xa5; bytes.len() - at]);
    assert_eq!(snapshot.read(page, at as u32, &mut one).unwrap(), info.epoch);
    snapshot.read_many(&mut [(page, at as u32, &mut many), (page, 0, &mut [])]).unwrap();
    assert!(one == bytes[at..] && many == one, "{page} from {at} on");
    let beyond = snapshot.read(page, at as u32, &mut vec![0; bytes.len() - at + 1]);
    assert!(matches!(beyond, Err(Error::OutOfBounds { .. })), "{beyond:?}");
}

/// Asserts that a page's history, undone change by change, goes through all of its states.
///
/// # Panics
/// If it does not.
#[track_caller]
pub fn history(bus: &Bus, model: &Model, page: PageId) {
    let at = |epoch: Epoch| model.state(epoch).pages.get(&page);
    let mut epoch = model.epoch();
    for change in bus.history(page).expect("the history of a page that lived") {
        let change = change.expect("a change");
        let before = Epoch::new(change.epoch.get() - 1);
        assert!(change.epoch <= epoch, "{page}: {} is told after {epoch}", change.epoch);
        for quiet in change.epoch.get()..=epoch.get() {
            assert_eq!(at(Epoch::new(quiet)), at(change.epoch), "{page} changed behind {}", change.epoch);
        }
        let (old, new) = (at(before), at(change.epoch));
        kind(&change, old, new);
        if let Some(new) = new {
            undone(&change, old, new);
        }
        epoch = before;
    }
    assert_eq!(at(epoch), None, "{page} before its history");
}

/// Asserts that a change is told as what it was.
#[track_caller]
fn kind(change: &Change, old: Option<&ModelPage>, new: Option<&ModelPage>) {
    match change.kind {
        ChangeKind::Created { page_bytes } => {
            assert!(old.is_none() && new.is_some_and(|new| new.bytes.len() == page_bytes as usize));
        }
        ChangeKind::Deleted => assert!(old.is_some() && new.is_none() && change.runs.is_empty()),
        ChangeKind::Named => {
            assert!(change.runs.is_empty(), "{} only named at {}", change.page, change.epoch)
        }
        ChangeKind::Written => assert_eq!(new.map(|new| new.epoch), Some(change.epoch)),
    }
}

/// Asserts that a change's runs, undone, lead from the page behind it to the one before it.
#[track_caller]
fn undone(Change { page, epoch, runs, .. }: &Change, old: Option<&ModelPage>, new: &ModelPage) {
    let zeros = vec![0; new.bytes.len()];
    let old = old.map_or(&zeros, |old| &*old.bytes);
    let mut undone = new.bytes.to_vec();
    for run in runs {
        let place = run.offset as usize..run.offset as usize + run.new.len();
        assert_eq!(undone[place.clone()], run.new, "new bytes of {page} at {epoch}");
        undone[place].copy_from_slice(&run.old);
    }
    assert!(undone == *old, "{page} before {epoch}");
}

fn commits(bus: &Bus, model: &Model) {
    let commits: Vec<CommitInfo> = bus.commits().unwrap().map(|commit| commit.expect("a commit")).collect();
    assert_eq!(commits.len() as u64, model.epoch().get(), "every commit is in the log, and nothing else");
    for commit in commits {
        let ModelState { label, tag, pages, .. } = model.state(commit.epoch);
        assert_eq!((commit.label, commit.source.tag.as_ref()), (*label, tag.as_ref()), "{}", commit.epoch);
        let changed = |page: &PageId| pages.get(page).is_some_and(|page| page.epoch == commit.epoch);
        assert!(commit.pages.iter().all(changed), "pages of {commit}");
    }
}

/// What a branch tells of one page.
#[track_caller]
fn branch_page(branch: &Branch, info: &PageInfo, expected: &ModelPage) {
    let (page, epoch) = (info.page, branch.epoch());
    assert_eq!(info.epoch, expected.epoch, "epoch of {page} at {epoch}");
    assert_eq!(branch.page_epoch(page).unwrap(), expected.epoch, "epoch of {page} at {epoch}");
    assert_eq!(info.name.as_deref(), expected.name.as_deref(), "name of {page} at {epoch}");
    let found = expected.name.as_deref().map(|name| branch.page(name).unwrap());
    assert!(found.is_none_or(|found| found == Some(page)), "{page} by its name at {epoch}");
    assert!(branch.with_page(page, |bytes| bytes == *expected.bytes).unwrap(), "{page} at {epoch}");
}

/// What the list of a snapshot tells of one page.
#[track_caller]
fn listed(snapshot: &Snapshot, info: &PageInfo, expected: &ModelPage) {
    let (page, epoch) = (info.page, snapshot.epoch());
    let told = (info.page_bytes as usize, info.epoch, info.name.as_deref());
    let model = (expected.bytes.len(), expected.epoch, expected.name.as_deref());
    assert_eq!(told, model, "{page} at {epoch}");
    assert_eq!(snapshot.page_name(page).unwrap(), info.name, "name of {page} at {epoch}");
    let found = info.name.as_deref().map(|name| snapshot.page(name).unwrap());
    assert!(found.is_none_or(|found| found == Some(page)), "{page} by its name at {epoch}");
}

/// A few pages that lived at other times are not there.
#[track_caller]
fn refuses_dead(snapshot: &Snapshot, model: &Model) {
    let living = &model.state(snapshot.epoch()).pages;
    let ever = model.states().flat_map(|(_, state)| state.pages.keys());
    let dead: BTreeSet<PageId> = ever.filter(|page| !living.contains_key(page)).copied().collect();
    for dead in dead.into_iter().rev().take(3) {
        let refused = snapshot.page_bytes(dead);
        assert!(matches!(refused, Err(Error::PageNotFound { .. })), "{dead} at {snapshot:?}: {refused:?}");
    }
}
