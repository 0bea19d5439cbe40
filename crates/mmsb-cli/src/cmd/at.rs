//! `mmsb at`: the past, page by page.

use std::{
    io::{IsTerminal as _, stdout},
    path::PathBuf,
};

use mmsb::{Bus, PageId, PageInfo, Past};
use serde::Serialize;

use super::Outcome;
use crate::{
    args::{PageRef, When},
    render::{Out, Table, count, dump, hex},
};

/// Shows a state of the past: its pages, or the bytes of one of them.
#[derive(Debug, clap::Args)]
#[command(after_long_help = JSON)]
pub struct Args {
    /// The bus.
    bus: PathBuf,
    /// Which state.
    epoch: When,
    /// Which page; without it, all pages are listed. Its bytes are printed as they are, or as a hex dump
    /// on a terminal.
    page: Option<PageRef>,
    /// Prints a hex dump, terminal or not.
    #[arg(long, requires = "page")]
    hex: bool,
    /// Prints one JSON object a page.
    #[arg(long, conflicts_with = "hex")]
    json: bool,
}

const JSON: &str = "\
JSON keys: epoch and label (of the state), page, name, page_bytes, changed_at (the epoch that changed the page \
last); with PAGE also bytes, in hexadecimal.";

#[derive(Serialize)]
struct JsonPage<'a> {
    epoch: u64,
    label: Option<u64>,
    page: u64,
    name: Option<&'a str>,
    page_bytes: u32,
    changed_at: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Outcome> {
    let past = args.epoch.past(&Bus::open_read_only(&args.bus)?)?;
    match &args.page {
        Some(page) => show(args, &past, page.find_in(&past)?, out)?,
        None if args.json => past.pages().try_for_each(|info| out.json(&json(&past, &info, None)))?,
        None => out.line(table(&past))?,
    }
    Ok(Outcome::Same)
}

fn show(args: &Args, past: &Past, page: PageId, out: &mut Out) -> anyhow::Result<()> {
    let bytes = past.bytes(page)?;
    if args.json {
        let mut infos = past.pages().filter(|info| info.page == page);
        infos.try_for_each(|info| out.json(&json(past, &info, Some(hex(bytes)))))?;
    } else if args.hex || stdout().is_terminal() {
        out.line(dump(bytes))?;
    } else {
        out.bytes(bytes)?;
    }
    Ok(())
}

fn table(past: &Past) -> Table {
    let mut table = Table::new(&["#page", "name", "#bytes", "#changed at"]);
    for info in past.pages() {
        let name = info.name.as_deref().unwrap_or_default().to_owned();
        let bytes = count(info.page_bytes.into());
        table.row([info.page.get().to_string(), name, bytes, info.epoch.to_string()]);
    }
    table
}

fn json<'a>(past: &Past, info: &'a PageInfo, bytes: Option<String>) -> JsonPage<'a> {
    JsonPage {
        epoch: past.epoch().get(),
        label: past.label().map(|label| label.get()),
        page: info.page.get(),
        name: info.name.as_deref(),
        page_bytes: info.page_bytes,
        changed_at: info.epoch.get(),
        bytes,
    }
}
