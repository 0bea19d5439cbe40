//! Recovery: one state, however many threads bring it back; what it does is told beforehand.

mod plans;
mod threads;
