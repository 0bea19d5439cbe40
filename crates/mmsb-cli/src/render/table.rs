//! Tables without frames: columns that line up, numbers to the right.

use std::fmt;

use comfy_table::{CellAlignment, presets};

/// A table that is printed when it is whole.
#[derive(Debug)]
pub struct Table {
    table: comfy_table::Table,
}

impl Table {
    /// Starts a table; a column whose head begins with `#` is one of numbers.
    pub fn new(heads: &[&str]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(heads.iter().map(|head| head.trim_start_matches('#')));
        for (index, _) in heads.iter().enumerate().filter(|(_, head)| head.starts_with('#')) {
            if let Some(column) = table.column_mut(index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        Self { table }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.table.add_row(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_lines(f, &self.table)
    }
}

/// Returns a table of names and what belongs to them.
pub fn facts<const N: usize>(facts: [(&str, String); N]) -> String {
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let lines = facts.map(|(name, value)| format!("{name:width$}  {value}"));
    lines.join("\n")
}

/// Without the blanks the library pads both ends of a line with.
fn write_lines(f: &mut fmt::Formatter<'_>, table: &comfy_table::Table) -> fmt::Result {
    for (index, line) in table.lines().enumerate() {
        let line = line.strip_prefix(' ').unwrap_or(&line).trim_end();
        write!(f, "{}{line}", if index == 0 { "" } else { "\n" })?;
    }
    Ok(())
}
