//! `mmsb-torture`: runs the lanes, prints the table, and says by its exit status whether all is well.

mod memory;

use std::{process::ExitCode, time::Instant};

use clap::Parser;
use mmsb_testkit::torture::{LANES, Lane, Memory, Scale, lanes, report};

use self::memory::Counting;

#[global_allocator]
static MEMORY: Counting = Counting::new();

/// A bus on disks that lose, tear, refuse and damage.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask torture", bin_name = "cargo xtask torture")]
struct Options {
    /// Only the lanes that are run before every change.
    #[arg(long, conflicts_with = "nightly")]
    quick: bool,
    /// Many more cases, with a new seed unless one is given.
    #[arg(long)]
    nightly: bool,
    /// Only the hunts for planted faults.
    #[arg(long, conflicts_with = "nightly")]
    twins: bool,
    /// Only this lane; may be given several times.
    #[arg(long, value_name = "NAME", value_parser = LANES.iter().map(|lane| lane.name).collect::<Vec<_>>())]
    lane: Vec<String>,
    /// Where all randomness comes from; `MMSB_SEED` does the same.
    #[arg(long)]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let memory =
        Memory { now: || MEMORY.now(), peak: || MEMORY.peak(), refuse: |number| MEMORY.refuse(number) };
    if let Some(code) = lanes::child(memory) {
        return code;
    }
    let options = Options::parse();
    let start = Instant::now();
    let scale = match (options.nightly, options.twins) {
        (true, _) => Scale::Nightly,
        (_, true) => Scale::Twins,
        _ => Scale::Ci,
    };
    let seed = options.seed.or_else(seed_of_environment).unwrap_or_else(|| default_seed(scale));
    println!("seed {seed}: MMSB_SEED={seed} repeats this run");
    let is_chosen = |lane: &&Lane| match &*options.lane {
        [] => lane.is_quick || !options.quick,
        names => names.iter().any(|name| name == lane.name),
    };
    let rows: Vec<_> = LANES.iter().filter(is_chosen).map(|lane| lane.run(scale, seed, memory)).collect();
    print!("{}", report::table(&rows));
    let (seconds, peak) = (start.elapsed().as_secs_f64(), MEMORY.peak() >> 20);
    println!("torture: {} lanes in {seconds:.1} s, {peak} MiB of memory at most", rows.len());
    if rows.iter().all(report::Row::is_well) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn seed_of_environment() -> Option<u64> {
    std::env::var("MMSB_SEED").ok()?.parse().ok()
}

/// The same before every change; another one every night.
fn default_seed(scale: Scale) -> u64 {
    let since = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
    if scale == Scale::Nightly { since } else { 1 }
}
