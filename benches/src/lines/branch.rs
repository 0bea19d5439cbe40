//! Line `branch`: a thousand what-ifs of one state, and what each costs.
//!
//! In a process of its own, on a volatile bus of 10,000 random pages of 1 KiB. A thousand branches are made from
//! one live snapshot, and each changes ten pages by 32 bytes in one commit. A creation is timed by itself. Memory
//! is what the process's anonymous RSS grows by while the branches are made and changed, in eight groups, without
//! the bytes of the changed pages and of the frames: what is left is what a branch itself costs.
//!
//! Then the bus goes on, and every branch is compared with the snapshot: the differences must be the ten changes,
//! no more and no less, byte by byte.

use std::{collections::BTreeMap, time::Instant};

use anyhow::{Result, bail, ensure};
use mmsb::{Branch, Bus, PageDiff, PageDifference, Snapshot, diff};
use mmsb_types::PageId;

use crate::{
    BarKind::Must,
    Context, Line,
    Op::AtMost,
    Outcome, Random, Sample, Unit,
    child::{self, Child},
    pages::{CHANGED_PAGE_BYTES, Change},
    rss::Rss,
    world::{World, commit},
};

inventory::submit! {
    Line {
        name: "branch",
        number: None,
        question: "what do a thousand branches of one state cost?",
        faults: &[],
        run: |context| child::measure(context, "branch"),
    }
}

inventory::submit! {
    Child { name: "branch", run }
}

const PAGES: usize = 10_000;
const GROUPS: usize = 8;
const GROUP_BRANCHES: usize = 125;
const CHANGES: usize = 10;
/// Changes of the bus after the branches; few enough that the snapshot stays young.
const LATER_CHANGES: usize = 1000;

/// What one branch changes, page by page.
type Plan = BTreeMap<PageId, Change>;

fn run(context: &mut Context) -> Result<Outcome> {
    let mut world = World::new(Bus::builder().volatile()?, PAGES, context.random())?;
    let mut random = context.random();
    let plans: Vec<Plan> = (0..GROUPS * GROUP_BRANCHES).map(|_| plan(&mut random)).collect();
    let snapshot = world.bus.snapshot();
    // The first one brings the code and the allocator's first memory in.
    drop(what_if(&snapshot, &plans[0], &mut Vec::new())?);
    let mut made = Made::with_capacity(plans.len());
    plans.chunks(GROUP_BRANCHES).try_for_each(|group| made.add_group(&snapshot, group))?;
    world.renew(LATER_CHANGES);
    commit(&world.bus, &world.changes)?;
    ensure!(!snapshot.is_aged(), "the snapshot aged");
    let mut pairs = made.branches.iter().zip(&plans);
    pairs.try_for_each(|(branch, plan)| verify(branch, plan, &snapshot, &world))?;
    made.outcome()
}

/// The branches, and what they took.
struct Made {
    branches: Vec<Branch>,
    /// Each one's creation, in microseconds.
    creations: Vec<f64>,
    /// What a branch of each group takes beside its pages and frames, in bytes.
    sizes: Vec<f64>,
}

impl Made {
    /// Takes the memory for its own lists now: it is not to be counted among the branches'.
    fn with_capacity(count: usize) -> Self {
        let (branches, creations) = (Vec::with_capacity(count), Vec::with_capacity(count));
        Self { branches, creations, sizes: Vec::with_capacity(GROUPS) }
    }

    fn add_group(&mut self, snapshot: &Snapshot, plans: &[Plan]) -> Result<()> {
        let before = Rss::now()?.anon;
        for plan in plans {
            self.branches.push(what_if(snapshot, plan, &mut self.creations)?);
        }
        let group = &self.branches[self.branches.len() - plans.len()..];
        let needed: usize = group.iter().map(needed_bytes).sum();
        let more = Rss::now()?.anon as f64 - before as f64 - needed as f64;
        // Memory that the allocator had left from before may hold a group: then it cost nothing more.
        self.sizes.push((more / plans.len() as f64).max(1.0));
        Ok(())
    }

    fn outcome(self) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        outcome.figure("creation", Unit::Microseconds, Sample::of(self.creations)?).bar(Must, AtMost, 10.0);
        outcome.figure("memory beside pages, frames", Unit::Bytes, Sample::of(self.sizes)?);
        outcome.bar(Must, AtMost, 1024.0);
        let frames: usize = self.branches.iter().map(Branch::frame_bytes).sum();
        let count = self.branches.len();
        outcome.note(format!("{count} branches; a branch's frames: {} bytes", frames / count));
        Ok(outcome)
    }
}

fn plan(random: &mut Random) -> Plan {
    let mut plan = Plan::new();
    while plan.len() < CHANGES {
        let change = Change::random(random, PAGES);
        plan.insert(change.page, change);
    }
    plan
}

/// Makes a branch, tells what that took in microseconds, and changes ten of its pages.
fn what_if(snapshot: &Snapshot, plan: &Plan, creations: &mut Vec<f64>) -> Result<Branch> {
    let start = Instant::now();
    let branch = snapshot.branch()?;
    creations.push(start.elapsed().as_secs_f64() * 1e6);
    let mut tx = branch.begin();
    for change in plan.values() {
        tx.write(change.page, change.offset, change.bytes)?;
    }
    tx.commit()?;
    Ok(branch)
}

/// Bytes that a branch cannot do without: its pages and its frames.
fn needed_bytes(branch: &Branch) -> usize {
    branch.changed_page_count() * CHANGED_PAGE_BYTES + branch.frame_bytes()
}

fn verify(branch: &Branch, plan: &Plan, snapshot: &Snapshot, world: &World) -> Result<()> {
    let diff = diff(snapshot, branch)?;
    let (found, changed) = (diff.pages.iter().map(|page| page.page), plan.keys().copied());
    ensure!(found.eq(changed), "{} pages differ, not those that were changed", diff.pages.len());
    diff.pages.iter().zip(plan.values()).try_for_each(|(page, change)| {
        // The bus went on, and the model stayed: it is the state the branch began as.
        verify_page(page, world.shadow.page(page.page), change)
    })
}

/// Lays what differs over the old page: that must be what the change makes of it.
fn verify_page(page: &PageDiff, old: &[u8], change: &Change) -> Result<()> {
    let PageDifference::Bytes { runs, .. } = &page.what else {
        bail!("{} differs in something else: {:?}", page.page, page.what);
    };
    let (mut found, mut expected) = (old.to_vec(), old.to_vec());
    expected[change.offset as usize..][..change.bytes.len()].copy_from_slice(&change.bytes);
    for run in runs {
        let place = &mut found[run.offset as usize..][..run.new.len()];
        ensure!(place == run.old, "{} was something else at {}", page.page, run.offset);
        place.copy_from_slice(&run.new);
    }
    ensure!(found == expected, "{} differs by something else than its change", page.page);
    Ok(())
}
