//! Checkpoints of a bus: so far, the form of their metadata.

pub(crate) mod meta;
