//! The command's tests: what it reads of SQLite's files, and what it does with a bus.

mod ahead;
mod command;
mod compared;
mod damage;
mod database;
mod digests;
mod exports;
mod fixtures;
mod flights;
mod hand_built;
mod imports;
mod kept;
mod leftovers;
mod mirrored;
mod pipes;
mod readers;
mod served;
mod streaming;
mod support;
mod verified;
mod wrong_uses;
