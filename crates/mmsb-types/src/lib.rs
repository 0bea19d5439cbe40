//! The vocabulary of MMSB: the words every other crate speaks, and nothing that acts.
//!
//! Reading order: what is numbered ([`PageId`], [`Epoch`], [`Label`], [`Lsn`]), what is measured
//! ([`Span`], [`limits`]), what is chosen ([`PageLocation`], [`Durability`], [`Edge`]), what is
//! told ([`Source`], [`PageEvent`], [`GraphEvent`], [`EventKind`]), and how damage shows ([`crc32c`], [`Violation`]).
//!
//! Invariant: depends on no other MMSB crate, and with `default-features = false` on `alloc` only.

#![no_std]
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod checksum;
mod durability;
mod edge;
#[cfg(feature = "std")]
pub mod env;
mod epoch;
mod event;
mod graph_event;
mod id_hasher;
pub mod limits;
mod location;
mod lsn;
mod page_id;
#[doc(hidden)]
pub mod plant;
mod source;
mod span;
#[cfg(shuttle)]
#[doc(hidden)]
pub mod turns;
mod violation;

pub use checksum::{crc32c, crc32c_append, crc32c_words};
pub use durability::Durability;
pub use edge::{Edge, EdgeKind, Registration};
pub use epoch::{Epoch, Label};
pub use event::{EventError, EventKind, PageEvent};
pub use graph_event::GraphEvent;
pub use id_hasher::{IdHash, IdHasher};
pub use location::PageLocation;
pub use lsn::Lsn;
pub use page_id::PageId;
pub use source::Source;
pub use span::Span;
pub use violation::{Place, Violation};

#[cfg(not(target_endian = "little"))]
compile_error!("MMSB stores and maps little-endian bytes: big-endian hosts are not supported");
