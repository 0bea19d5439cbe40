//! What must hold after whatever happened: nothing promised is lost, nothing is wrong, the bus lives.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

use mmsb::{
    Bus, Durability, Epoch, Error, Past,
    vfs::{FaultyVfs, faulty::Crash},
};

use super::{
    pool,
    workload::{PATH, builder},
};
use crate::{Model, ModelState, Rng};

/// What a disk may hold.
#[derive(Clone, Copy, Debug)]
pub struct Bounds<'a> {
    /// What the bus must hold at each epoch.
    pub model: &'a Model,
    /// The oldest state that a recovery may end at; `None`: there may be no bus.
    pub least: Option<Epoch>,
    /// The newest one.
    pub most: Epoch,
}

/// Opens the bus on a disk for writing and checks what it shows.
///
/// # Errors
/// What is wrong with it, or why it does not open; `None` where there is no bus, and none was promised.
pub fn recover(disk: &FaultyVfs, bounds: &Bounds<'_>) -> Result<Option<Bus>, String> {
    match builder(0).open_on(Arc::new(disk.clone()), Path::new(PATH)) {
        Ok(bus) => {
            within(bus.epoch(), bounds)?;
            shows(&bus, bounds.model.state(bus.epoch()))?;
            Ok(Some(bus))
        }
        Err(Error::NotABus { .. }) if bounds.least.is_none() => Ok(None),
        Err(error) => Err(format!("it does not open: {}", whole(&error))),
    }
}

/// Everything that must hold on a disk after a power cut. `dice` choose what is looked at more closely.
///
/// # Errors
/// What does not.
pub fn survives(disk: &FaultyVfs, bounds: &Bounds<'_>, dice: &mut Rng) -> Result<(), String> {
    pool::beat();
    pool::reads(disk.bytes_total());
    if dice.once_in(8) {
        reads_without_a_trace(disk, bounds)?;
    }
    let Some(bus) = recover(disk, bounds)? else { return Ok(()) };
    if dice.once_in(4) {
        looks_back(&bus, bounds.model, dice)?;
    }
    tags_show(&bus, bounds.model)?;
    if dice.once_in(8) {
        same_again(disk, &bus, bounds)?;
    }
    if dice.once_in(32)
        && let [first, ..] = &*bus.check()
    {
        return Err(format!("the recovered bus is unsound: {first:?}"));
    }
    lives_on(disk, bus, bounds.model)
}

/// Commits, durably, and finds that after another power cut.
fn lives_on(disk: &FaultyVfs, bus: Bus, model: &Model) -> Result<(), String> {
    let before = bus.epoch();
    let mut tx = bus.begin().durability(Durability::Synced);
    let page = tx.create_page(None, 24).map_err(|error| told("creating a page", &error))?;
    tx.put(page, 8, &before.get()).map_err(|error| told("writing", &error))?;
    let committed = tx.commit().map_err(|error| told("a commit after recovery", &error))?;
    if (committed.epoch, committed.reached) != (before.next(), Durability::Synced) {
        return Err(format!("a commit behind {before} is {committed:?}"));
    }
    let after = disk.crash(Crash::Lose);
    drop(bus);
    let bus = builder(0).open_on(Arc::new(after), Path::new(PATH));
    let bus = bus.map_err(|error| told("opening after recovery, a synced commit and a power cut", &error))?;
    let read = bus.get::<u64>(page, 8).map_err(|error| told("reading a synced commit", &error))?;
    if (bus.epoch(), read) != (committed.epoch, before.get()) {
        return Err(format!(
            "{} and {read} where {} was synced after recovery",
            bus.epoch(),
            committed.epoch
        ));
    }
    let old = model.state(before);
    let lost = old
        .pages
        .iter()
        .find(|(id, page)| !bus.with_page(**id, |bytes| bytes == &**page.bytes).unwrap_or(false));
    lost.map_or(Ok(()), |(id, _)| Err(format!("{id} changed by recovering twice, at {before}")))
}

/// Opening for reading shows a state within the bounds and leaves every file as it was.
fn reads_without_a_trace(disk: &FaultyVfs, bounds: &Bounds<'_>) -> Result<(), String> {
    let before = contents(disk);
    match builder(0).read_on(Arc::new(disk.clone()), Path::new(PATH)) {
        Ok(bus) => {
            within(bus.epoch(), bounds)?;
            shows(&bus, bounds.model.state(bus.epoch()))?;
        }
        Err(Error::NotABus { .. }) if bounds.least.is_none() => {}
        Err(error) => return Err(told("opening for reading", &error)),
    }
    if contents(disk) == before { Ok(()) } else { Err("opening for reading changed files".into()) }
}

/// Another recovery, after a power cut that comes right behind the first, finds the same state.
fn same_again(disk: &FaultyVfs, bus: &Bus, bounds: &Bounds<'_>) -> Result<(), String> {
    let epoch = bus.epoch();
    let exact = Bounds { least: Some(epoch), most: epoch, ..*bounds };
    let kept =
        recover(&disk.crash(Crash::Keep), &exact).map_err(|what| format!("recovering twice: {what}"))?;
    drop(kept);
    // What the first recovery did not make durable may be gone, but nothing that was promised.
    let lost = Bounds { least: bounds.least, most: epoch, ..*bounds };
    recover(&disk.crash(Crash::Lose), &lost).map_err(|what| format!("recovering after recovery: {what}"))?;
    Ok(())
}

/// Every tag leads to the state that it names.
fn tags_show(bus: &Bus, model: &Model) -> Result<(), String> {
    for tag in bus.tags() {
        if tag.epoch > bus.epoch() {
            return Err(format!("{tag:?} is ahead of {}", bus.epoch()));
        }
        let past = bus.at_tag(&tag.name).map_err(|error| told("the state of a tag", &error))?;
        past_shows(&past, model.state(tag.epoch))?;
    }
    Ok(())
}

/// Some state of the past is what the model says, or said to be gone.
///
/// # Errors
/// How it differs.
pub fn looks_back(bus: &Bus, model: &Model, dice: &mut Rng) -> Result<(), String> {
    let epoch = Epoch::new(dice.below(bus.epoch().get() as usize + 1) as u64);
    match bus.at(epoch) {
        Ok(past) => past_shows(&past, model.state(epoch)),
        Err(Error::HistoryGone { oldest, .. }) if epoch < oldest && oldest <= bus.epoch() => Ok(()),
        Err(error) => Err(format!("the state at {epoch}: {}", whole(&error))),
    }
}

/// Tells whether a recovery may end there.
///
/// # Errors
/// Why not.
pub fn within(epoch: Epoch, bounds: &Bounds<'_>) -> Result<(), String> {
    let least = bounds.least.unwrap_or(Epoch::ZERO);
    if epoch < least {
        return Err(format!("{epoch} is there, and {least} was promised"));
    }
    if epoch > bounds.most {
        return Err(format!("{epoch} is there, and {} was the last one begun", bounds.most));
    }
    Ok(())
}

/// Compares live pages with a state of the model.
///
/// # Errors
/// The first difference.
pub fn shows(bus: &Bus, state: &ModelState) -> Result<(), String> {
    let epoch = bus.epoch();
    if !bus.pages().eq(state.pages.keys().copied()) {
        return Err(format!("other pages live at {epoch}"));
    }
    let graph = bus.graph().map_err(|error| told("the graph", &error))?;
    if !graph.edges().iter().eq(&state.edges) {
        return Err(format!("other edges at {epoch}"));
    }
    for (&page, expected) in &state.pages {
        let is_same = bus.with_page(page, |bytes| bytes == &**expected.bytes);
        if !is_same.map_err(|error| told("reading", &error))? {
            return Err(format!("other bytes in {page} at {epoch}"));
        }
        let epoch_of = bus.page_epoch(page).map_err(|error| told("reading", &error))?;
        let named = expected.name.as_deref();
        if epoch_of != expected.epoch || bus.page_name(page).as_deref() != named {
            return Err(format!("{page} is of {epoch_of}, not {}, or is not {named:?}", expected.epoch));
        }
        if named.is_some_and(|name| bus.page(name) != Some(page)) {
            return Err(format!("{named:?} does not lead to {page} at {epoch}"));
        }
    }
    Ok(())
}

fn past_shows(past: &Past, state: &ModelState) -> Result<(), String> {
    let epoch = past.epoch();
    if !past.pages().map(|info| info.page).eq(state.pages.keys().copied()) {
        return Err(format!("other pages lived at {epoch}, looking back"));
    }
    if !past.graph().edges().iter().eq(&state.edges) {
        return Err(format!("other edges at {epoch}, looking back"));
    }
    for info in past.pages() {
        let expected = &state.pages[&info.page];
        let bytes = past.bytes(info.page).map_err(|error| told("reading", &error))?;
        let is_same = (info.epoch, info.name.as_deref()) == (expected.epoch, expected.name.as_deref());
        if !is_same || bytes != &**expected.bytes {
            return Err(format!("another {} at {epoch}, looking back", info.page));
        }
    }
    Ok(())
}

/// Returns every file with its bytes.
#[must_use]
pub fn contents(disk: &FaultyVfs) -> Vec<(PathBuf, Vec<u8>)> {
    let bytes = |path: PathBuf| (path.clone(), disk.bytes(&path).unwrap_or_default());
    disk.files().into_iter().map(bytes).collect()
}

/// Returns what was tried, and the error in whole.
#[must_use]
pub fn told(what: &str, error: &Error) -> String {
    format!("{what}: {}", whole(error))
}

/// Tells whether an error says what is the matter with the files: damage by file and offset, or what is missing.
#[must_use]
pub fn is_typed(error: &Error) -> bool {
    match error {
        Error::Corrupt { file, .. }
        | Error::Truncated { file, .. }
        | Error::UnsupportedVersion { file, .. } => file.starts_with(PATH),
        Error::NotABus { .. } | Error::HistoryGone { .. } => true,
        // A file that is gone; nothing else fails on a disk that does not.
        Error::Io { source, .. } => source.kind() == ErrorKind::NotFound,
        _ => false,
    }
}

/// Some state of the past is what the model says, or refused in a way that tells why.
///
/// # Errors
/// How it differs.
pub fn at_any_epoch(bus: &Bus, model: &Model, dice: &mut Rng) -> Result<(), String> {
    let epoch = Epoch::new(dice.below(bus.epoch().get() as usize + 1) as u64);
    match bus.at(epoch) {
        Ok(past) => past_shows(&past, model.state(epoch)),
        Err(error) if is_typed(&error) => Ok(()),
        Err(error) => Err(told("the state of the past", &error)),
    }
}

/// An error and its causes, in one line.
#[must_use]
pub fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
