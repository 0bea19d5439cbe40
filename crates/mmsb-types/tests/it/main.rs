//! The vocabulary's tests.

mod events;
mod words;
