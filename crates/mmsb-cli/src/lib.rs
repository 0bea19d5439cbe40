//! What the `mmsb` command is made of; the binary only calls it.
//!
//! Reading order: [`sqlite`], how a recorded SQLite database is read.
//!
//! Invariant: nothing here knows how MMSB stores a page; all goes through the `mmsb` facade.

#![forbid(unsafe_code)]

pub mod sqlite;
