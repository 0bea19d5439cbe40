//! MMSB, the Memory-Mapped State Bus: a program's live state as versioned byte pages, changed only by
//! byte-level deltas, every delta in one transaction log; so any state the program ever had can be shown,
//! compared, replayed, rewound to, branched from.
//!
//! ```
//! # fn main() -> Result<(), mmsb::Error> {
//! # let dir = tempfile::tempdir().unwrap();
//! # let path = dir.path().join("run.mmsb");
//! let bus = mmsb::Bus::create(&path)?;                   // default durability: Written
//! let world = bus.create_page("world", 4096)?;           // unnamed: create_page(None, 4096)
//! for tick in 0..600u64 {
//!     let mut tx = bus.begin().label(tick);              // one tick = one epoch
//!     tx.put(world, 0, &tick)?;                          // or tx.capture(world, &bytes)?
//!     tx.commit()?;
//! }
//! let then = bus.at_label(300)?;                         // the past, read-only
//! assert_eq!(then.get::<u64>(world, 0)?, 300);
//! let fork = bus.branch(then.epoch())?;                  // a writable what-if
//! fork.write(world, 0, &[0xff])?;
//! println!("{}", mmsb::diff(&bus.at_label(301)?, &fork)?);
//! bus.rewind(then.epoch())?;                             // forward: history is kept
//! for change in bus.history(world)?.take(3) {            // newest first
//!     println!("{}", change?);
//! }
//! bus.stop()?;
//! # Ok(())
//! # }
//! ```
//!
//! Reading order: [`Bus`] (opening, reading), [`Transaction`] (changing), [`Snapshot`], [`Past`]
//! and [`View`] (one state that stays),
//! [`diff`] and [`compare_runs`] (what differs, who wrote it), [`History`], [`Commits`], [`Query`],
//! [`Subscription`] and [`Event`] (reading along), [`Mirror`] (pages on a device), [`verify()`], [`Error`].
//!
//! Invariant: composition only. Pages know no deltas, deltas no log, the log no pages; here they meet.

#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod bus;
mod txn;

mod commit;

mod branch;
mod checkpoint;
mod commits;
mod derive;
mod diff;
mod events;
mod files;
mod gpu;
mod history;
mod info;
mod mirror;
mod past;
mod provenance;
mod query;
mod recovery;
mod report;
mod rewind;
mod snapshot;
mod tick;
mod verify;
mod verify_replay;
mod view;
mod wave;

mod alive;
mod catalogue;
mod clock;
mod counters;
mod error;
mod graph;
mod index;
mod interner;
mod journal;
mod kept;
mod lineage;
mod memory;
mod replay;
mod scrub;
mod site;
mod state;
mod state_hash;
mod sync;
mod texts;
mod trie;
mod typed;
mod undo;

pub mod stats;
pub mod testing;
pub mod validate;

pub use bus::{Builder, Bus, start};
pub use txn::{Committed, Transaction};

pub use branch::{Branch, BranchView};
pub use checkpoint::{CheckpointEvery, CheckpointProgress, Checkpointed, Compacted, Retention, Tag};
pub use commits::Commits;
pub use derive::{Derivation, DerivationOn, Derived, DerivedHow, Inputs, Integer, TwinDiffers};
pub use diff::{
    Align, ByteRun, Diff, Divergence, GraphDifference, PageDiff, PageDifference, RunDiff, Side, compare_runs,
    diff,
};
pub use events::{Event, EventFilter, Events, GraphEvents, News, Subscription};
pub use files::{CheckpointInfo, SegmentInfo};
pub use gpu::Gpu;
#[doc(hidden)]
pub use gpu::Switch;
pub use graph::GraphView;
pub use history::{Change, ChangeKind, History};
pub use index::verify_indexes;
pub use info::{CommitInfo, PageInfo};
#[cfg(feature = "gpu")]
pub use mirror::Lent;
pub use mirror::{
    Frozen, Mirror, MirrorBuilder, MirrorDiff, MirrorDifference, MirrorError, MirrorPage, MirrorStatus,
    MirrorVerified, PageFilter,
};
pub use past::Past;
pub use provenance::{Provenance, Why, WhyHow, WhyStep};
pub use query::{Found, Query};
pub use recovery::{LogRange, OpenProgress, OpenStage, PassedOver, PlannedCut, RecoveryPlan};
pub use report::{LogCounts, LogReport, SegmentReport};
pub use rewind::{RewindSource, Rewound};
pub use scrub::{Scrub, Scrubbed, Scrubber};
pub use snapshot::Snapshot;
pub use tick::{TickReport, TickTimes, Ticks};
pub use verify::{BadCheckpoint, Verified, verify};
#[doc(hidden)]
pub use verify_replay::verify_replay_of;
pub use verify_replay::{Mismatch, ReplayDifference, ReplayProgress, ReplayVerified, verify_replay};
pub use view::{ToView, View};
pub use wave::{Cause, Propagation, Recomputed, WaveReport};

pub use clock::{Clock, FixedClock, SystemClock};
pub use error::{Error, ManyError};
#[doc(inline)]
pub use memory::MemoryStats;
pub use state_hash::{StateHash, state_hash};
#[doc(inline)]
pub use stats::Stats;
pub use typed::{Readable, Value};

pub use mmsb_delta::{Delta, Misfit};
pub use mmsb_gpu::{Combine, GpuError, PageState};
#[cfg(feature = "gpu")]
pub use mmsb_gpu::{GpuOps, Loss, wgpu};
pub use mmsb_tlog::{BadRecord, Fault, InstanceId, Leftover, LogError, SyncEvery, Tail, Verification, vfs};
pub use mmsb_types::{
    Durability, Edge, EdgeKind, Epoch, GraphEvent, Label, Lsn, PageEvent, PageId, PageLocation, Place,
    Registration, Source, Span, Violation,
};

/// The README's example, compiled with the documentation's tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
