//! `mmsb tag`: names for states that stay.

use std::path::PathBuf;

use mmsb::Bus;

use super::{Outcome, open_to_change};
use crate::{
    args::When,
    render::{JsonTag, Out, Table},
};

/// Names a state, so that it stays whatever else is given up; lists names, or takes one away.
///
/// To name a state or take a name away, the bus must not be open for writing elsewhere.
#[derive(Debug, clap::Args)]
#[command(after_long_help = JSON)]
pub struct Args {
    /// The bus.
    bus: PathBuf,
    /// The name to give.
    #[arg(required_unless_present_any = ["list", "delete"], conflicts_with_all = ["list", "delete"])]
    name: Option<String>,
    /// The state to name.
    #[arg(long, value_name = "EPOCH", default_value = "newest", conflicts_with_all = ["list", "delete"])]
    at: When,
    /// Lists the names there are.
    #[arg(long, conflicts_with = "delete")]
    list: bool,
    /// Takes this name away.
    #[arg(long, value_name = "NAME")]
    delete: Option<String>,
    /// Prints one JSON object a name.
    #[arg(long)]
    json: bool,
}

const JSON: &str = "JSON keys: name, epoch.";

/// Runs the command.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Outcome> {
    let tags: Vec<JsonTag> = args.change()?.into_iter().map(Into::into).collect();
    if args.json {
        tags.iter().try_for_each(|tag| out.json(tag))?;
    } else if args.list {
        let mut table = Table::new(&["name", "#epoch"]);
        tags.iter().for_each(|tag| table.row([tag.name.clone(), format!("e{}", tag.epoch)]));
        out.line(table)?;
    } else {
        tags.iter().try_for_each(|tag| out.line(format_args!("{} is e{}", tag.name, tag.epoch)))?;
    }
    Ok(Outcome::Same)
}

impl Args {
    /// Does what is asked; returns what there is to tell.
    fn change(&self) -> Result<Vec<mmsb::Tag>, mmsb::Error> {
        if self.list {
            return Ok(Bus::open_read_only(&self.bus)?.tags());
        }
        let bus = open_to_change(&self.bus)?;
        if let Some(name) = &self.delete {
            bus.untag(name)?;
        }
        let tags = self.name.as_deref().map(|name| self.give(&bus, name)).transpose()?;
        bus.stop()?;
        Ok(tags.unwrap_or_default())
    }

    /// Gives the state its name; returns the tag of it.
    fn give(&self, bus: &Bus, name: &str) -> Result<Vec<mmsb::Tag>, mmsb::Error> {
        bus.tag(name, self.at.epoch(bus)?)?;
        Ok(bus.tags().into_iter().filter(|tag| tag.name == name).collect())
    }
}
