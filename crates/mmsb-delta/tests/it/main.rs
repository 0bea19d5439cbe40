//! The algebra's and the encoding's tests.

mod batch;
mod choose;
mod delta;
mod diff;
mod laws;
mod make;
mod validate;
mod writes;
