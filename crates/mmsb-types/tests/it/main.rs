//! The vocabulary's tests.

mod events;
mod graph_events;
mod words;
