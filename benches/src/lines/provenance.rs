//! Line 10, `provenance`: who wrote these bytes, asked of a history of a million commits.
//!
//! A bus in a file, as built by default: random deltas of 32 bytes for random places of a thousand pages of 1 KiB, two a
//! commit, labelled; now and then a commit changes the source of two chains of computed pages, 16 and 40 long. Asked is
//! who wrote 32 random bytes of random pages, every byte of a page, and where the ends of the chains come from; before a
//! restart, and by a reader that opened the bus a moment ago. One question is one time, and the slowest is judged.
//!
//! The bus was asked once before the history begins, so it makes its indexes ahead, beside the commits; the first question
//! behind them is judged with the others, as a reader's first question is.
//!
//! Every answer is compared with what was noted on the way: the epoch that wrote each byte, the label of that commit,
//! each page of a chain at its depth. A chain longer than what is told must be told as cut.

mod answer;
mod history;

use std::{path::Path, time::Duration};

use anyhow::Result;
use mmsb::Bus;

use self::history::History;
use crate::{
    BarKind::{Goal, Must},
    Context, Line,
    Op::AtMost,
    Outcome, Random, Sample, Unit,
    clock::Stopwatch,
};

inventory::submit! {
    Line {
        name: "provenance",
        number: Some(10),
        question: "how long does it take to say where bytes of a long history come from?",
        faults: &["unnoted-write", "silent-cut", "slow-answer"],
        run,
    }
}

const COMMITS: [u64; 3] = [1_000_000, 100_000, 2000];
/// Questions of a kind in one repeat.
const QUESTIONS: usize = 10;
/// What an answer takes more with the fault `slow-answer`.
const SLOW: Duration = Duration::from_millis(60);

/// A kind of question: which page, which bytes.
#[derive(Clone, Copy)]
enum Kind {
    Bytes,
    Page,
    Chain,
    DeepChain,
}

const KINDS: [(Kind, &str); 4] = [
    (Kind::Bytes, "32 bytes"),
    (Kind::Page, "all bytes of a page"),
    (Kind::Chain, "the end of a chain of 16"),
    (Kind::DeepChain, "the end of a chain of 40, cut"),
];

fn run(context: &mut Context) -> Result<Outcome> {
    let (folder, commits) = (context.scratch()?, context.size().pick(COMMITS));
    let path = folder.path().join("bus");
    context.say(format!("provenance: {commits} commits"));
    let (bus, history) = History::make(context, &path, commits)?;
    let mut outcome = Outcome::default();
    for (kind, name) in KINDS {
        context.say(format!("provenance: {name}"));
        let times = asked(context, &bus, &history, kind)?;
        figure(&mut outcome, name, times)?;
    }
    bus.stop()?;
    figure(&mut outcome, "32 bytes, first after a restart", restarted(context, &path, &history)?)?;
    outcome.note(format!("{commits} commits, {} bytes of pages", history.page_bytes()));
    Ok(outcome)
}

fn figure(outcome: &mut Outcome, name: &str, times: Vec<f64>) -> Result<()> {
    outcome.figure(name, Unit::Milliseconds, Sample::of(times)?);
    outcome.always(Must, AtMost, 50.0).always(Goal, AtMost, 1.0);
    Ok(())
}

/// Asks questions of a kind; returns what each took, in milliseconds.
fn asked(context: &Context, bus: &Bus, history: &History, kind: Kind) -> Result<Vec<f64>> {
    let (mut random, mut times) = (context.random(), Vec::new());
    for _ in 0..context.repeats() * QUESTIONS {
        times.push(ask(context, bus, history, &mut random, kind)?);
    }
    Ok(times)
}

/// Opens the bus again and again; the first question finds nothing of the log in memory.
fn restarted(context: &Context, path: &Path, history: &History) -> Result<Vec<f64>> {
    let mut random = context.random();
    let once = |_| ask(context, &Bus::open_read_only(path)?, history, &mut random, Kind::Bytes);
    (0..context.repeats()).map(once).collect()
}

fn ask(context: &Context, bus: &Bus, history: &History, random: &mut Random, kind: Kind) -> Result<f64> {
    let (page, bytes) = match kind {
        Kind::Bytes => history.random_bytes(random),
        Kind::Page => history.random_page(random),
        Kind::Chain => history.end(0),
        Kind::DeepChain => history.end(1),
    };
    let watch = Stopwatch::start();
    let mut found = bus.provenance(page, bytes.clone())?;
    if context.has_fault("slow-answer") {
        std::thread::sleep(SLOW);
    }
    let took = watch.elapsed().as_secs_f64() * 1e3;
    if context.has_fault("silent-cut") {
        found.steps.iter_mut().for_each(|step| step.is_cut = false);
    }
    match kind {
        Kind::Bytes | Kind::Page => answer::check_bytes(history, page, bytes, &found)?,
        Kind::Chain => answer::check_chain(&history.chains[0], &found, false)?,
        Kind::DeepChain => answer::check_chain(&history.chains[1], &found, true)?,
    }
    Ok(took)
}
