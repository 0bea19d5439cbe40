//! Change as a value: what happened to a page's bytes, without the page.
//!
//! Reading order:
//! 1. [`Patch`]: one run of one page in one of three [`Form`]s.
//! 2. [`Delta`]: a change to one page, a partial map from offsets to bytes; [`diff`] makes one from
//!    two images, [`compose`], [`invert`] and [`apply`] are its algebra.
//! 3. [`DeltaBatch`]: the patches of many pages in columns, laid out as the log stores them;
//!    [`choose_into`] and [`choose_delta_into`] put a change there in its smallest form.
//! 4. [`BatchView`]: the same columns borrowed from bytes that somebody else wrote, checked once.
//! 5. [`validate`] and [`check`]: whether a batch fits the pages that are there.
//!
//! The laws, each a property test in `tests/it/laws.rs`: the empty delta is the identity of
//! [`compose`]; composition is associative, and equal deltas are equal values; applying a
//! composition is applying the one after the other; an inverse undoes byte for byte; a diff applied
//! to the old image gives the new one; equal images differ by nothing.
//!
//! Invariant: knows no page memory and no log; everything here is a function on bytes.

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod error;
mod patch;

mod delta;

mod apply;
mod compose;
mod diff;
mod invert;

mod batch;
mod choose;
mod entry;
mod short;
mod short_write;
mod stats;
mod trim;
mod validate;
mod view;

pub use patch::{Form, Patch};

pub use delta::Delta;

pub use apply::apply;
pub use compose::compose;
pub use diff::{diff, diff_runs};
pub use invert::invert;

pub use batch::DeltaBatch;
pub use choose::{choose_bytes_into, choose_delta_into, choose_into};
pub use entry::{compact_page, compact_patch, compact_payload_bytes, compact_run, compact_span, short_write};
pub use short_write::ShortWrite;
pub use stats::{BatchStats, FormStats};
pub use validate::{check, validate};
pub use view::BatchView;

pub use error::{DecodeError, EntryFault, InvalidDelta, Misfit};
