//! How answers look: tables and lines for people, one JSON object a line for programs.

mod files;
mod graph;
mod hex;
mod json;
mod paint;
mod quantity;
mod table;

use std::{
    fmt::Display,
    io::{self, BufWriter, StdoutLock, Write as _},
};

use serde::Serialize;

pub use self::{
    files::{JsonCheckpoint, JsonSegment, JsonTag},
    graph::{JsonDerived, JsonEdge, JsonGraphDiff, JsonGraphEvent},
    hex::{dump, hex},
    json::{JsonChange, JsonPageDiff, JsonPath, JsonSide, JsonSource},
    paint::Paint,
    quantity::{count, percent},
    table::{Table, facts},
};

/// Where answers go: stdout, buffered, every failure told.
#[derive(Debug)]
pub struct Out {
    to: BufWriter<StdoutLock<'static>>,
    /// Colours, where they are wanted.
    pub paint: Paint,
}

impl Out {
    /// Takes stdout.
    pub fn stdout() -> Self {
        Self { to: BufWriter::new(io::stdout().lock()), paint: Paint::for_stdout() }
    }

    /// Prints one line.
    pub fn line(&mut self, line: impl Display) -> io::Result<()> {
        writeln!(self.to, "{line}")
    }

    /// Prints one object as one line.
    pub fn json(&mut self, object: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.to, object)?;
        self.to.write_all(b"\n")
    }

    /// Prints one answer: as an object, or as a text for people.
    pub fn answer<T: Serialize>(
        &mut self,
        is_json: bool,
        answer: &T,
        text: impl FnOnce(&T) -> String,
    ) -> io::Result<()> {
        if is_json { self.json(answer) } else { self.line(text(answer)) }
    }

    /// Prints bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.to.write_all(bytes)
    }

    /// Hands everything over to the kernel.
    pub fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Lets a command that has an answer go on where nobody reads it: its exit code stands.
///
/// # Errors
/// `result`'s, unless the reader of the output is gone.
pub fn unless_gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
