//! Line `import`: the main job, an SQLite database's recording becoming a bus.
//!
//! Reading the write-ahead log and checking its frame checksums alone is the limit, measured before each
//! import on the same file. The import's clock runs from the first byte read to the log synced and closed.
//! The large recording is measured where `MMSB_TRACES` names its folder; the shipped one always gives the
//! log's size. Every import is verified, and its last state compared with the recorded SHA-256.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use mmsb_cli::{
    export, import,
    sqlite::{Batch, Database, Image, Input, WalReader, parse_digests},
};

use crate::{
    BarKind::{Goal, Must},
    Context, Line,
    Op::{AtLeast, AtMost},
    Outcome, Sample, Unit,
};

inventory::submit! {
    Line { name: "import", number: None, question: "how fast does a real database's log become a bus?", faults: &[], run }
}

/// One recording, unpacked.
struct Trace {
    base: Database,
    wal: PathBuf,
    wal_bytes: u64,
    /// SHA-256 after the last commit.
    last_sha256: [u8; 32],
}

/// What one repeat took, in seconds.
struct Times {
    limit: f64,
    import: f64,
}

fn run(context: &mut Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata");
    measure(context, &mut outcome, &shipped, "flights-small", 0.13, None)?;
    match env::var_os("MMSB_TRACES").map(PathBuf::from) {
        Some(folder) if !context.quick() => {
            measure(context, &mut outcome, &folder, "flights-medium", 0.17, Some(0.4))?;
        }
        Some(_) => drop(outcome.note("flights-medium is measured in full runs only")),
        None => drop(outcome.note("MMSB_TRACES names no folder: flights-medium was not measured")),
    }
    Ok(outcome)
}

fn measure(
    context: &Context,
    outcome: &mut Outcome,
    folder: &Path,
    name: &str,
    share_max: f64,
    speed_min: Option<f64>,
) -> Result<()> {
    let scratch = context.scratch()?;
    let trace = Trace::open(folder, name, scratch.path())?;
    let mut shares = Vec::new();
    let times: Vec<Times> = (0..=context.repeats())
        .map(|_| trace.repeat(&scratch.path().join("bus"), &mut shares))
        .collect::<Result<_>>()?;
    report(outcome, name, trace.wal_bytes, &times)?;
    if let Some(min) = speed_min {
        outcome.bar(Must, AtLeast, min).bar(Goal, AtLeast, 0.6);
    }
    let title = format!("{name}, log / WAL");
    outcome.figure(title, Unit::Share, Sample::of(shares)?).bar(Must, AtMost, share_max);
    Ok(())
}

/// Adds the figures of speed, the one that is judged last.
fn report(outcome: &mut Outcome, name: &str, wal_bytes: u64, times: &[Times]) -> Result<()> {
    // The first repeat warmed the page cache.
    let values = |of: &dyn Fn(&Times) -> f64| Sample::of(times.iter().skip(1).map(of).collect());
    let gigabytes = wal_bytes as f64 / 1e9;
    let title = |what: &str| format!("{name}, {what}");
    outcome.figure(
        title("read and check alone"),
        Unit::GigabytesPerSecond,
        values(&|t| gigabytes / t.limit)?,
    );
    outcome.figure(title("import"), Unit::GigabytesPerSecond, values(&|t| gigabytes / t.import)?);
    outcome.figure(title("import / alone"), Unit::Times, values(&|t| t.limit / t.import)?);
    Ok(())
}

impl Trace {
    fn open(folder: &Path, name: &str, scratch: &Path) -> Result<Self> {
        let file = |ending: &str| folder.join(format!("{name}{ending}"));
        let base = [".db", ".db.xz"].map(file).into_iter().find(|path| path.exists());
        let base = Database::open(&base.with_context(|| format!("no {name}.db in {}", folder.display()))?)?;
        let wal = scratch.join("wal");
        let wal_bytes = unpack(&file(".db-wal.xz"), &wal)?;
        let digests = parse_digests(&fs::read_to_string(file(".sha256"))?)?;
        let last_sha256 = digests.last().context("the recording has no commits")?.sha256;
        Ok(Self { base, wal, wal_bytes, last_sha256 })
    }

    fn repeat(&self, out: &Path, shares: &mut Vec<f64>) -> Result<Times> {
        let start = Instant::now();
        let (mut reader, mut batch) = (WalReader::open(&self.wal, &self.base)?, Batch::default());
        while reader.read_batch(&mut batch)? {}
        let limit = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let imported = import(&self.base, WalReader::open(&self.wal, &self.base)?, out, |_| ())?;
        let import = start.elapsed().as_secs_f64();
        ensure!(imported.summary == reader.summary(), "the import and the reader alone disagree");
        self.verify(out)?;
        shares.push(imported.log_bytes as f64 / self.wal_bytes as f64);
        fs::remove_dir_all(out)?;
        Ok(Times { limit, import })
    }

    fn verify(&self, out: &Path) -> Result<()> {
        let bus = mmsb::Bus::open_read_only(out)?;
        let file = out.with_extension("db");
        export(&bus.at(bus.epoch())?, &file)?;
        let database = Database::open(&file)?;
        let page_bytes = database.page_bytes().context("the last state has no pages")?;
        let digest = Image::new(database, page_bytes).sha256();
        fs::remove_file(&file)?;
        ensure!(digest == self.last_sha256, "the last state is not the recorded one");
        Ok(())
    }
}

/// Unpacks an xz file and returns its length.
fn unpack(packed: &Path, to: &Path) -> Result<u64> {
    let mut input = Input::open(packed)?;
    let bytes = input.read_all()?;
    fs::write(to, &bytes).with_context(|| format!("writing {}", to.display()))?;
    Ok(bytes.len() as u64)
}
