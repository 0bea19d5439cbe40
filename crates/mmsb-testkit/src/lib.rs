//! Head to be written with the crate.
