//! Threads against each other: sums stay exact, captures stay whole, readers beside writers see commits only.

mod additions;
mod captures;
mod catalogue;
mod readers;
