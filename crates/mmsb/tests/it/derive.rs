//! Derived pages: right at every epoch, computed no more often than needed, refused whole where a function errs.

mod device;
mod errs;
mod helpers;
mod modes;
mod purity;
mod random;
mod reopened;
pub mod sheet;
mod threads;
mod waves;
mod workers;
mod written;
