//! The command's tests: what it reads of SQLite's files.

mod ahead;
mod damage;
mod database;
mod digests;
mod fixtures;
mod flights;
mod hand_built;
mod leftovers;
mod streaming;
mod support;
