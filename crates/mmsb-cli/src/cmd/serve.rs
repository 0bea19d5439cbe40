//! `mmsb serve`: the figures of a bus for who fetches them again and again.

use std::{net::SocketAddr, path::PathBuf, thread};

use anyhow::Context as _;
use mmsb_cli::{METRICS_PATH, MetricsPage, MetricsServer, Stopper};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};

use super::{Outcome, watched::Watched};
use crate::render::{Out, unless_gone};

/// Serves what a bus holds as a page of metrics for Prometheus, until Ctrl-C.
///
/// It reads the bus beside the program that writes it: pages, graph, log and checkpoints are served; what only
/// that program knows (times of commits, snapshots, memory) it can tell by itself, with the library's feature
/// `metrics`. The bus is read when somebody asks and a file has changed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The bus.
    bus: PathBuf,
    /// Where to listen, as 127.0.0.1:9184; with port 0 on a free one, which is told.
    #[arg(long, value_name = "ADDRESS")]
    metrics: SocketAddr,
}

/// Runs the command.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Outcome> {
    let mut watched = Watched::open(&args.bus)?;
    let (name, page) = (args.bus.display().to_string(), MetricsPage::default());
    let server = MetricsServer::bind(args.metrics)?;
    stop_on_signals(server.stopper())?;
    out.line(format_args!("{name} is at http://{}{METRICS_PATH}", server.address()))?;
    unless_gone(out.flush())?;
    server.run(|| {
        let stats = watched.look().map_err(anyhow::Error::from)?.stats();
        anyhow::Ok(page.render(|| stats.record_held(&name)))
    })?;
    Ok(Outcome::Same)
}

fn stop_on_signals(stopper: Stopper) -> anyhow::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM]).context("asking for signals")?;
    thread::spawn(move || {
        if signals.forever().next().is_some() {
            stopper.stop();
        }
    });
    Ok(())
}
