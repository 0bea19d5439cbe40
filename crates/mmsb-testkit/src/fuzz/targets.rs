//! What reads bytes of unknown origin, and what must hold of the answer.

mod checkpoint;
mod examples;
mod index;
mod log;
mod manifest;
mod metadata;
mod operations;
mod parts;
mod whole;

use super::Target;

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "frame", share: 200, read: parts::frame, examples: examples::records },
    Target { name: "batch", share: 200, read: parts::batch, examples: examples::batches },
    Target { name: "events", share: 100, read: parts::events, examples: examples::events },
    Target { name: "manifest", share: 130, read: manifest::read, examples: examples::manifests },
    Target { name: "checkpoint", share: 110, read: checkpoint::read, examples: examples::checkpoints },
    Target { name: "metadata", share: 60, read: metadata::read, examples: examples::metadata },
    Target { name: "index", share: 40, read: index::read, examples: examples::indexes },
    Target { name: "segment", share: 80, read: log::read, examples: examples::logs },
    Target { name: "bus", share: 30, read: whole::read, examples: examples::buses },
    Target { name: "operations", share: 50, read: operations::read, examples: examples::operations },
];

/// Tells that two things which must be equal are not.
fn must_equal<T: PartialEq + std::fmt::Debug + ?Sized>(what: &str, one: &T, other: &T) -> Result<(), String> {
    if one == other { Ok(()) } else { Err(format!("{what}: {one:?} is not {other:?}")) }
}
