//! What the `mmsb` command is made of; the binary adds arguments, tables and progress bars.
//!
//! Reading order: [`sqlite`], how a recorded SQLite database is read; [`import()`] makes a bus of it;
//! [`export()`] gives the database back as it was after any commit; [`MetricsServer`] tells Prometheus what a bus
//! tells of itself.
//!
//! Invariant: nothing here knows how MMSB stores a page; all goes through the `mmsb` facade.

#![forbid(unsafe_code)]

pub mod sqlite;

mod export;
mod import;
mod serve;

pub use export::{ExportError, Exported, Layout, export};
pub use import::{ImportError, Imported, Importer, import};
pub use serve::{METRICS_PATH, MetricsPage, MetricsServer, ServeError, Stopper};
