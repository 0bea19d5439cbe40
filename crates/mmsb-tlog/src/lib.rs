//! The transaction log: every commit as one frame, in one order, verified whenever it is read.
//!
//! What durable means here: a frame is *published* when it is in the ring without a gap before it, *written*
//! when the kernel has it, *durable* when a sync of the file came back without an error. Each batch that is
//! written ends with a [`Mark`] that says how far the log was durable; after a crash the marks tell damage
//! (refused) from a torn tail (cut).
//!
//! Reading order: [`frame`] (bytes of a commit), [`Mark`], [`SegmentHead`], [`Manifest`], [`LogDir`] (files),
//! [`Reader`] (verifies and yields), [`Scan`] (the recovery rule), [`Pass`] (both at once), [`Verification`], [`Log`] (writes);
//! [`checkpoint`] (a state in a file of its own).
//!
//! Invariant: knows no page memory and no graph; replay yields commits, it never applies them. The format is
//! `docs/format.md`'s; all disk access goes through [`vfs`].

#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

pub mod checkpoint;
pub mod vfs;

mod dir;
mod error;
pub mod frame;
mod instance;
mod log;
mod manifest;
mod mark;
mod pass;
mod reader;
mod scan;
mod segment;
mod state;
mod stats;
mod sync;
mod verify;
mod walk;
mod window;

pub use checkpoint::{Block, CheckpointReader, CheckpointWriter, PageForm, StoredPage};
pub use dir::{Leftover, LogDir};
pub use error::{Fault, LogError};
pub use frame::{Frame, FrameBuf, Line, NUMBER_MAX, SectionBuf, SectionKind, Sections};
pub use instance::InstanceId;
pub use log::{Cut, Followed, Log, LogOptions, PackedStart, Reservation, Reservations, Room, SyncEvery};
pub use manifest::{CheckpointRef, FORMAT_VERSION, Manifest, TAG_BYTES_MAX, Tag};
pub use mark::{MARK_BYTES, Mark};
pub use pass::{Pass, Stretch};
pub use reader::{Commit, Cursor, Reader, Record};
pub use scan::{BadRecord, Scan, Tail};
pub use segment::{HeadFault, SEGMENT_HEAD_BYTES, SegmentHead};
pub use state::{STATE_MARK_BYTES, StateMark};
pub use stats::LogStats;
pub use verify::Verification;
