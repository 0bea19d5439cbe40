//! The one error a user meets: what was asked, where it failed, and what to do next.

mod log;

use std::{
    io,
    path::{Path, PathBuf},
};

use mmsb_delta::Misfit;
use mmsb_graph::GraphError;
use mmsb_tlog::{LogError, TAG_BYTES_MAX};
use mmsb_types::{
    Edge, Epoch, Label, PageId, PageLocation,
    limits::{INPUT_COUNT_MAX, TEXT_BYTES_MAX},
};

use crate::{Committed, MirrorError};

/// Everything that can go wrong with a bus. Each message ends with what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No such page lives at the state asked.
    #[error("{page} does not exist at {epoch}: list the pages there, or ask another epoch")]
    PageNotFound {
        /// The page asked for.
        page: PageId,
        /// The state asked.
        epoch: Epoch,
    },
    /// A live page has the name already.
    #[error("the name {name:?} belongs to {page}: choose another, or delete or rename that page first")]
    NameTaken {
        /// The name asked for.
        name: String,
        /// Who has it.
        page: PageId,
    },
    /// A name, tag or code site is empty or too long.
    #[error("{what} of {bytes} bytes: give it 1 to {TEXT_BYTES_MAX} bytes of UTF-8")]
    Text {
        /// Which text.
        what: &'static str,
        /// Its length.
        bytes: usize,
    },
    /// No page can have this length.
    #[error("a page of {page_bytes} bytes: give it 1 byte to 16 MiB")]
    PageLength {
        /// The length asked for, in bytes.
        page_bytes: u64,
    },
    /// A change does not fit its page.
    #[error("writing {page}: {misfit}; nothing was written: check offset and length")]
    InvalidDelta {
        /// The page meant.
        page: PageId,
        /// How the change does not fit.
        misfit: Misfit,
    },
    /// A read does not fit its page.
    #[error("reading {page}: {len} bytes at {offset} pass its end at {page_bytes}: check offset and length")]
    OutOfBounds {
        /// The page meant.
        page: PageId,
        /// First byte asked for.
        offset: u32,
        /// How many bytes were asked for.
        len: usize,
        /// The page's length, in bytes.
        page_bytes: u32,
    },
    /// Bytes of a page are not a value of the type asked for.
    #[error("{page} at {offset} holds no valid {type_name}: read the bytes instead")]
    InvalidValue {
        /// The page meant.
        page: PageId,
        /// First byte of the value.
        offset: u32,
        /// The type asked for.
        type_name: &'static str,
    },
    /// Another commit changed a page this one depends on; nothing was written.
    #[error("{page} changed under the transaction: begin again from its new bytes")]
    Conflict {
        /// The first such page.
        page: PageId,
    },
    /// The edge would close a cycle; nothing was changed.
    #[error("{}: take one of its other edges away first", cycle(.pages))]
    Cycle {
        /// The cycle's pages along its edges, from the refused edge's source on; the way back to the first is left
        /// out.
        pages: Vec<PageId>,
    },
    /// There is no such edge; nothing was changed.
    #[error("there is no edge {edge}: Bus::graph lists those there are")]
    NoSuchEdge {
        /// The edge asked for.
        edge: Edge,
    },
    /// The page is derived: its bytes and its data edges follow from its inputs and its registration.
    #[error("{page} is derived: change its inputs or its registration instead")]
    DerivedPage {
        /// The page meant.
        page: PageId,
    },
    /// The page is not derived.
    #[error("{page} is not derived: Bus::graph lists the pages that are")]
    NotDerived {
        /// The page meant.
        page: PageId,
    },
    /// Another page is derived from the page, and stays; nothing was changed.
    #[error("{dependent} is derived from {page}: delete it in the same transaction, or end its registration")]
    HasDependents {
        /// The page that was to be deleted.
        page: PageId,
        /// The first of the pages derived from it.
        dependent: PageId,
    },
    /// A change of the graph does not fit it; nothing was changed.
    #[error("{what}: look at Bus::graph and ask for something else")]
    GraphMisfit {
        /// What does not fit.
        what: String,
    },
    /// The page cannot live there in this build.
    #[error("no {location:?} memory here: create the page with PageLocation::Host or Auto")]
    UnsupportedLocation {
        /// The location asked for.
        location: PageLocation,
    },
    /// The epoch lies ahead.
    #[error("{asked} lies ahead: ask {newest}, the newest state, or one before it")]
    EpochAhead {
        /// The epoch asked for.
        asked: Epoch,
        /// The newest there is.
        newest: Epoch,
    },
    /// No commit carries the label.
    #[error("no commit carries {label}: `mmsb log` shows the labels there are")]
    LabelNotFound {
        /// The label asked for.
        label: Label,
    },
    /// The log no longer reaches back that far, or was never kept.
    #[error("{asked} is gone, the oldest state kept is {oldest}: keep more history in the builder")]
    HistoryGone {
        /// The epoch asked for.
        asked: Epoch,
        /// The oldest state that can still be shown.
        oldest: Epoch,
    },
    /// Commits needed the memory that kept an old snapshot's bytes, and the log does not reach back to it.
    #[error(
        "the snapshot of {epoch} is too old: take one more often, or keep more history or pre-images in the builder"
    )]
    SnapshotTooOld {
        /// The snapshot's epoch.
        epoch: Epoch,
    },
    /// The bus keeps no log that could be read.
    #[error("this bus keeps no history: create it with a path, or in memory")]
    NoHistory,
    /// The bus has no directory: there is nothing to keep its states in.
    #[error("this bus lives in memory: create it with a path to make checkpoints and tags")]
    NoDirectory,
    /// A tag has the name already.
    #[error("the tag {name:?} names {epoch}: choose another name, or take that tag away first")]
    TagTaken {
        /// The name asked for.
        name: String,
        /// The state that has it.
        epoch: Epoch,
    },
    /// No tag has the name.
    #[error("no tag is named {name:?}: Bus::tags lists those there are")]
    TagNotFound {
        /// The name asked for.
        name: String,
    },
    /// No tag can have a name of this length.
    #[error("a tag's name of {bytes} bytes: give it 1 to {TAG_BYTES_MAX} bytes of UTF-8")]
    TagName {
        /// Its length.
        bytes: usize,
    },
    /// The commit would make too large a record; nothing was written.
    #[error("the commit makes a record of {bytes} bytes, the limit is {limit}: split it, or raise the limit")]
    RecordTooLarge {
        /// How large it would be.
        bytes: u64,
        /// The limit in force.
        limit: u64,
    },
    /// A function that computes a page asked a bus for something.
    #[error("a bus was used inside a recompute: declare as inputs what the function needs")]
    Reentrant,
    /// A function that computes a page panicked; nothing was written.
    #[error("recomputing {page} panicked ({message}): nothing was written; mend the function")]
    RecomputePanicked {
        /// The page that was being computed.
        page: PageId,
        /// What the panic said.
        message: String,
    },
    /// A function that computes a page failed; nothing was written.
    #[error("recomputing {page} failed, nothing was written: see the cause")]
    RecomputeFailed {
        /// The page that was being computed.
        page: PageId,
        /// What the function said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A function does not make as many bytes as its page has; nothing was written.
    #[error("{page} has {page_bytes} bytes, its function makes {got}: give the page that length")]
    WrongLength {
        /// The page that was being computed.
        page: PageId,
        /// The page's length, in bytes.
        page_bytes: usize,
        /// How many bytes the function makes.
        got: usize,
    },
    /// A function made two outputs of the same inputs; nothing was written.
    #[error(
        "recomputing {page} twice gave two results, which differ at byte {offset}: make the function pure"
    )]
    Impure {
        /// The page that was being computed.
        page: PageId,
        /// The first byte that differs, or that the function leaves unwritten.
        offset: usize,
    },
    /// A derived page has no inputs, or too many.
    #[error("{page} derived from {count} inputs: give it 1 to {INPUT_COUNT_MAX}")]
    InputCount {
        /// The page meant.
        page: PageId,
        /// How many were named.
        count: usize,
    },
    /// The function that computes the page is not known to this process.
    #[error("{page} is computed by a function that was not given to this bus: derive it again")]
    NoFunction {
        /// The page meant.
        page: PageId,
    },
    /// Every page id was given out; ids are never given to another page.
    #[error(
        "no page id is left, page:{limit} is the last: keep on with the pages there are, or begin a new bus"
    )]
    IdsUsedUp {
        /// The largest id there is.
        limit: u64,
    },
    /// Every epoch was used.
    #[error("no epoch is left, e{limit} is the last: begin a new bus")]
    EpochsUsedUp {
        /// The largest there is.
        limit: u64,
    },
    /// The bus was stopped.
    #[error("the bus is stopped: open it again to write")]
    Stopped,
    /// The bus was opened for reading.
    #[error("the bus is open for reading only: open it with Bus::open to write")]
    ReadOnly,
    /// A write or sync failed before; the bus takes nothing more.
    #[error("the bus is poisoned ({cause}): reopen it, what was durable is recovered")]
    Poisoned {
        /// What failed.
        cause: String,
    },
    /// The commit is in the log's order, but whether it will survive is not known.
    #[error("whether {epoch} survives is not known: reopen the bus and look for it there")]
    OutcomeUnknown {
        /// The epoch the commit made.
        epoch: Epoch,
        /// What failed after the point of no return.
        source: LogError,
    },
    /// Something of which there is only so much stayed in use for too long.
    #[error("{what} stayed in use for {waited_ms} ms: try again")]
    Busy {
        /// What was waited for.
        what: &'static str,
        /// For how long.
        waited_ms: u64,
    },
    /// The operating system gives no more memory; nothing was changed.
    #[error("no memory for a page of {page_bytes} bytes: delete pages, or give the process more")]
    OutOfMemory {
        /// The page's length, in bytes.
        page_bytes: u32,
        /// What the operating system said.
        source: io::Error,
    },
    /// There is no bus at the path.
    #[error("{path} is not a bus ({what}): check the path, or create one there")]
    NotABus {
        /// The path as given.
        path: PathBuf,
        /// What is missing or wrong.
        what: &'static str,
    },
    /// Something is at the path already; it was not touched.
    #[error("{path} already exists: open it, or choose another path")]
    AlreadyExists {
        /// The path as given.
        path: PathBuf,
    },
    /// Somebody else has the bus open for writing.
    #[error("{path} is open for writing elsewhere: stop that, or open this one for reading only")]
    Locked {
        /// The path as given.
        path: PathBuf,
        /// What the lock said.
        source: io::Error,
    },
    /// Stored bytes are damaged; nothing was changed.
    #[error("{file} is damaged at offset {offset}, record {number} ({what}): `mmsb verify` lists all damage")]
    Corrupt {
        /// The damaged file.
        file: PathBuf,
        /// First byte of the damaged record.
        offset: u64,
        /// Number of the damaged record; 0 for the head of a file.
        number: u64,
        /// What is wrong.
        what: String,
    },
    /// A stored file ends too early; nothing was changed.
    #[error("{file} ends inside record {number} at offset {offset} ({what}): restore the whole file")]
    Truncated {
        /// The file.
        file: PathBuf,
        /// First byte of the record that is cut.
        offset: u64,
        /// Its number; 0 for the head of a file.
        number: u64,
        /// What is missing.
        what: String,
    },
    /// The file was written by another version of the format.
    #[error("{file} has format version {found}, this build reads {supported}: use a build that reads it")]
    UnsupportedVersion {
        /// The file.
        file: PathBuf,
        /// The version it carries.
        found: u16,
        /// The version this build reads.
        supported: u16,
    },
    /// A mirror, or a device, refused; the bus goes on without it.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    /// The operating system refused.
    #[error("{operation} {file} at offset {offset}: see the cause, then try again")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On which file.
        file: PathBuf,
        /// At which byte.
        offset: u64,
        /// Why not.
        source: io::Error,
    },
}

/// Why [`Bus::commit_many`](crate::Bus::commit_many) did not commit all of its transactions.
#[derive(Debug, thiserror::Error)]
#[error("transaction {index}: {source}; the {index} before it are committed, it and those behind it are not")]
pub struct ManyError {
    /// What the transactions before it came to.
    pub committed: Vec<Committed>,
    /// Which one failed, from 0.
    pub index: usize,
    /// Why.
    pub source: Error,
}

impl Error {
    /// Tells whether bytes that are stored are the matter, not what was asked: others may say the same.
    pub(crate) fn is_of_storage(&self) -> bool {
        matches!(
            self,
            Self::Corrupt { .. } | Self::Truncated { .. } | Self::UnsupportedVersion { .. } | Self::Io { .. }
        )
    }

    /// Returns the stored file that is the matter, if one is.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Corrupt { file, .. }
            | Self::Truncated { file, .. }
            | Self::UnsupportedVersion { file, .. }
            | Self::Io { file, .. } => Some(file),
            _ => None,
        }
    }
}

fn cycle(pages: &[PageId]) -> String {
    GraphError::Cycle { pages: pages.to_vec() }.to_string()
}
