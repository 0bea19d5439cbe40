//! Errors as text: each says what to do next.

use std::{io, path::PathBuf};

use insta::assert_snapshot;
use mmsb::{Epoch, Error, Label, LogError, Misfit, PageId, PageLocation, Span};

/// One line an error.
fn said<const N: usize>(errors: [Error; N]) -> String {
    errors.map(|error| error.to_string()).join("\n")
}

#[test]
fn an_error_of_a_page_says_what_to_do_next() {
    let (page, epoch) = (PageId::new(3), Epoch::new(7));
    let misfit = Misfit::OutOfBounds { span: Span::new(9, 4), page_bytes: 10 };
    let errors = [
        Error::PageNotFound { page, epoch },
        Error::NameTaken { name: "world".into(), page },
        Error::Text { what: "a tag", bytes: 0 },
        Error::PageLength { page_bytes: 0 },
        Error::InvalidDelta { page, misfit },
        Error::InvalidDelta { page, misfit: Misfit::WrongLength { got: 4, page_bytes: 10 } },
        Error::OutOfBounds { page, offset: 9, len: 4, page_bytes: 10 },
        Error::InvalidValue { page, offset: 9, type_name: "bool" },
        Error::Conflict { page },
        Error::UnsupportedLocation { location: PageLocation::Device },
    ];
    assert_snapshot!(said(errors), @r#"
    page:3 does not exist at e7: list the pages there, or ask another epoch
    the name "world" belongs to page:3: choose another, or delete or rename that page first
    a tag of 0 bytes: give it 1 to 1024 bytes of UTF-8
    a page of 0 bytes: give it 1 byte to 16 MiB
    writing page:3: run 9+4 passes the end of a page of 10 bytes; nothing was written: check offset and length
    writing page:3: whole-page patch of 4 bytes for a page of 10 bytes; nothing was written: check offset and length
    reading page:3: 4 bytes at 9 pass its end at 10: check offset and length
    page:3 at 9 holds no valid bool: read the bytes instead
    page:3 changed under the transaction: begin again from its new bytes
    no Device memory here: create the page with PageLocation::Host or Auto
    "#);
}

#[test]
fn an_error_of_an_epoch_or_a_limit_says_what_to_do_next() {
    let epoch = Epoch::new(7);
    let errors = [
        Error::EpochAhead { asked: epoch.next(), newest: epoch },
        Error::LabelNotFound { label: Label::new(4) },
        Error::HistoryGone { asked: Epoch::new(1), oldest: epoch },
        Error::SnapshotTooOld { epoch },
        Error::NoHistory,
        Error::RecordTooLarge { bytes: 11, limit: 10 },
        Error::IdsUsedUp { limit: 10 },
        Error::EpochsUsedUp { limit: 10 },
    ];
    assert_snapshot!(said(errors), @r"
    e8 lies ahead: ask e7, the newest state, or one before it
    no commit carries label:4: `mmsb log` shows the labels there are
    e1 is gone, the oldest state kept is e7: keep more history in the builder
    the snapshot of e7 is too old: take one more often, or keep more history or pre-images in the builder
    this bus keeps no history: create it with a path, or in memory
    the commit makes a record of 11 bytes, the limit is 10: split it, or raise the limit
    no page id is left, page:10 is the last: keep on with the pages there are, or begin a new bus
    no epoch is left, e10 is the last: begin a new bus
    ");
}

#[test]
fn an_error_of_the_world_says_what_to_do_next() {
    let (epoch, file) = (Epoch::new(7), PathBuf::from("run/seg-1"));
    let refused = || io::Error::other("no");
    let errors = [
        Error::Stopped,
        Error::ReadOnly,
        Error::Poisoned { cause: "syncing".into() },
        Error::OutcomeUnknown { epoch, source: LogError::Poisoned { cause: String::new() } },
        Error::Busy { what: "a page", waited_ms: 10 },
        Error::OutOfMemory { page_bytes: 10, source: refused() },
        Error::NotABus { path: "run".into(), what: "it has no manifest" },
        Error::AlreadyExists { path: "run".into() },
        Error::Locked { path: "run".into(), source: refused() },
        Error::Corrupt { file: file.clone(), offset: 64, number: 7, what: "zeros".into() },
        Error::Truncated { file: file.clone(), offset: 64, number: 7, what: "cut short".into() },
        Error::UnsupportedVersion { file: file.clone(), found: 9, supported: 1 },
        Error::Io { operation: "reading", file, offset: 64, source: refused() },
    ];
    assert_snapshot!(said(errors), @r#"
    the bus is stopped: open it again to write
    the bus is open for reading only: open it with Bus::open to write
    the bus is poisoned (syncing): reopen it, what was durable is recovered
    whether e7 survives is not known: reopen the bus and look for it there
    a page stayed in use for 10 ms: try again
    no memory for a page of 10 bytes: delete pages, or give the process more
    run is not a bus (it has no manifest): check the path, or create one there
    run already exists: open it, or choose another path
    run is open for writing elsewhere: stop that, or open this one for reading only
    run/seg-1 is damaged at offset 64, record 7 (zeros): `mmsb verify` lists all damage
    run/seg-1 ends inside record 7 at offset 64 (cut short): restore the whole file
    run/seg-1 has format version 9, this build reads 1: use a build that reads it
    reading run/seg-1 at offset 64: see the cause, then try again
    "#);
}
