//! The metadata of a checkpoint: all that is known of a state beside its pages, in a versioned envelope.
//!
//! An envelope is a version, four zero bytes, and an archive of plain columns: numbers and bytes, nothing that
//! points, hashes or nests, so that validating it is a matter of bounds. It is read only after the checksum and
//! the hash of the metadata were found right, and even then not believed.
//!
//! Invariant: what [`decode`] returns is a state that a bus can have: names are distinct and those of living
//! pages, ids were given out, texts and sources are in range. The same state makes the same bytes.

mod columns;
mod graph;
mod living;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use mmsb_tlog::{LogError, checkpoint::META_BYTES_MAX};
use mmsb_types::{Epoch, Label, PageId, PageLocation, limits::COMPACT_ID_MAX};
use rkyv::rancor;

use self::columns::{ArchivedContent, Content, TextList};
pub(crate) use self::living::{Gathered, Living};
use crate::{
    catalogue::Names,
    replay::Heading,
    texts::{SourceNumbers, TextKind, Texts},
};

/// Version of the envelope that this build writes and reads.
const VERSION: u32 = 1;
/// Version and reserved bytes.
const HEAD_BYTES: usize = 8;

/// Returns the envelope of a state.
///
/// # Errors
/// [`LogError::RecordTooLarge`] if it would be longer than [`META_BYTES_MAX`].
///
/// # Cost
/// O(living pages / 8 + names); sorts the named pages.
pub(crate) fn encode(heading: &Heading, living: &Living) -> Result<Vec<u8>, LogError> {
    let content = content(heading, living);
    let limit = META_BYTES_MAX as u64;
    // What the columns take at least: offsets in an archive are 32 bits wide.
    let bytes = content.bytes();
    let too_large = || LogError::RecordTooLarge { bytes, limit };
    if bytes > limit {
        return Err(too_large());
    }
    let archive = rkyv::to_bytes::<rancor::Failure>(&content).map_err(|_| too_large())?;
    let mut envelope = Vec::with_capacity(HEAD_BYTES + archive.len());
    envelope.extend(VERSION.to_le_bytes());
    envelope.extend([0; HEAD_BYTES - 4]);
    envelope.extend_from_slice(&archive);
    Ok(envelope)
}

/// Reads the envelope of the state as of `epoch`.
///
/// # Errors
/// What is wrong with it, as a text.
///
/// # Cost
/// O(bytes); what is returned takes some 200 bytes for a name, and else no more than the envelope.
pub(crate) fn decode(envelope: &[u8], epoch: Epoch) -> Result<(Heading, Living), String> {
    let content = open(envelope)?;
    let living = Living::parse(&content.living)?;
    let next_id = content.next_id.to_native();
    if !(1..=COMPACT_ID_MAX + 1).contains(&next_id) || living.last() >= next_id {
        return Err("the metadata's next id was given to a page".into());
    }
    let (texts, source) = texts(content)?;
    let label = label(content.has_label, content.label.to_native())?;
    let names = names(content, epoch, PageId::new(next_id), &living)?;
    let graph = graph::decode(&content.graph, &content.stale, epoch, &living)?;
    Ok((Heading { epoch, label, source, texts, names, graph }, living))
}

fn label(has_label: u8, label: u64) -> Result<Option<Label>, String> {
    match (has_label, label) {
        (0, 0) => Ok(None),
        (1, label) => Ok(Some(Label::new(label))),
        _ => Err("the metadata's label is out of range".into()),
    }
}

fn content(heading: &Heading, living: &Living) -> Content {
    let mut notes = BTreeMap::new();
    heading.names.for_each_note(|page, note| {
        notes.insert(page.get(), note.clone());
    });
    let nameless = Arc::from("");
    Content {
        next_id: heading.names.next_id.get(),
        label: heading.label.map_or(0, Label::get),
        has_label: heading.label.is_some().into(),
        tag: heading.source.tag,
        site: heading.source.site,
        tags: TextList::new(heading.texts.of(TextKind::Tag).iter()),
        sites: TextList::new(heading.texts.of(TextKind::Site).iter()),
        noted_pages: notes.keys().copied().collect(),
        locations: notes.values().map(|note| note.location as u8).collect(),
        names: TextList::new(notes.values().map(|note| note.name.as_ref().unwrap_or(&nameless))),
        living: living.encode(),
        graph: graph::encode(&heading.graph),
        stale: graph::encode_stale(&heading.graph),
    }
}

/// Checks version and archive.
fn open(envelope: &[u8]) -> Result<&ArchivedContent, String> {
    let (head, archive) =
        envelope.split_first_chunk::<HEAD_BYTES>().ok_or("the metadata is shorter than its head")?;
    let [a, b, c, d, reserved @ ..] = *head;
    match u32::from_le_bytes([a, b, c, d]) {
        VERSION if reserved == [0; 4] => {}
        VERSION => return Err("a reserved field of the metadata is not zero".into()),
        version => {
            return Err(format!("the metadata has version {version}; this build reads {VERSION}"));
        }
    }
    rkyv::access::<ArchivedContent, rancor::Error>(archive)
        .map_err(|error| format!("the metadata's archive is invalid: {error}"))
}

/// Reads all texts, and which of them the last commit's source names.
fn texts(content: &ArchivedContent) -> Result<(Texts, SourceNumbers), String> {
    let source = SourceNumbers { tag: content.tag.to_native(), site: content.site.to_native() };
    let mut texts = Texts::default();
    let kinds = [(TextKind::Tag, &content.tags, source.tag), (TextKind::Site, &content.sites, source.site)];
    for (kind, list, number) in kinds {
        for text in list.texts(1)? {
            texts.of_mut(kind).push(text?.into());
        }
        if number as usize > texts.of(kind).len() {
            return Err("the metadata names an unknown text".into());
        }
    }
    Ok((texts, source))
}

fn names(content: &ArchivedContent, epoch: Epoch, next_id: PageId, living: &Living) -> Result<Names, String> {
    let (pages, texts) = (&content.noted_pages, content.names.texts(0)?);
    if content.locations.len() != pages.len() || texts.len() != pages.len() {
        return Err("the metadata's columns differ in length".into());
    }
    let (mut names, mut last) = (Names::new(epoch, next_id), 0);
    let pages = pages.iter().zip(content.locations.iter()).zip(texts);
    for ((page, &location), name) in pages {
        let (page, name) = (page.to_native(), Some(name?).filter(|name| !name.is_empty()));
        let location = PageLocation::from_number(location).ok_or("a page is in an unknown place")?;
        let has_note = name.is_some() || location != PageLocation::Host;
        if page <= last || !living.contains(PageId::new(page)) || !has_note {
            return Err(format!("page:{page} is noted out of order, or does not live, or for nothing"));
        }
        if let Some(holder) = name.and_then(|name| names.page(name)) {
            return Err(format!("page:{page} has the name of {holder}"));
        }
        names.set(PageId::new(page), name.map(Arc::from), location);
        last = page;
    }
    Ok(names)
}
