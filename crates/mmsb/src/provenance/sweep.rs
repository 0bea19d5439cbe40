//! The sweep back over the log: whatever is to be found out next is the newest.
//!
//! Where things are as new, the nearest comes first. So the first way to a change is a shortest one.
//!
//! Invariant: what is put into the queue is no newer than what was taken out of it last.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashSet},
    rc::Rc,
};

use mmsb_types::{Epoch, GraphEvent, PageId, Span};

use super::{
    Provenance, STEPS_MAX, Why, WhyHow, WhyStep,
    reads::Reads,
    spans::{join, take},
    step::what,
};
use crate::{Bus, Error, Event, GraphView, index::Looked};

/// By falling epoch, then by depth, then in turn.
type Turn = (Reverse<u64>, u32, u64);

/// Whose change is wanted: that of all the page, or of each of these bytes.
struct Ask {
    page: PageId,
    left: Option<Vec<Span>>,
}

/// What is to be done.
enum Due {
    /// Look for the last commit up to here.
    Look(Ask),
    /// Read the commit, which touches the page.
    Read(Ask),
    /// Tell of the commit, which has to do with the bytes.
    Tell(PageId, Vec<(WhyHow, Vec<Span>)>, Rc<Event>),
}

/// All that is known so far.
pub(super) struct Sweep<'b> {
    bus: &'b Bus,
    reads: Reads,
    queue: BTreeMap<Turn, Due>,
    turn_count: u64,
    /// Pages of which the last change up to an epoch was asked for, or told.
    asked: HashSet<(PageId, u64)>,
    told: HashSet<(PageId, u64)>,
    steps: Vec<WhyStep>,
    depth_max: u32,
    /// How many commits may still be read for who wrote bytes.
    commits_left: u64,
    /// The graph as of some later state, no registration having changed since its date.
    graph: Option<GraphView>,
}

impl<'b> Sweep<'b> {
    pub(super) fn new(why: &Why<'b>) -> Result<Self, Error> {
        Ok(Self {
            bus: why.bus,
            reads: Reads::new(why.bus)?,
            queue: BTreeMap::new(),
            turn_count: 0,
            asked: HashSet::new(),
            told: HashSet::new(),
            steps: Vec::new(),
            depth_max: why.depth_max,
            commits_left: why.commits_max,
            graph: None,
        })
    }

    /// Finds out where the page, or these bytes of it, come from.
    pub(super) fn answer(
        mut self,
        why: &Why<'b>,
        at: Epoch,
        bytes: Option<Span>,
    ) -> Result<Provenance, Error> {
        let (page, depth_max) = (why.page, why.depth_max);
        let mut left_count = 0;
        let left = bytes.map(|span| vec![span]);
        if bytes.is_none_or(|span| span.len > 0) {
            self.put(at.get(), 0, Due::Look(Ask { page, left }));
        }
        while let Some(((Reverse(epoch), depth, _), due)) = self.queue.pop_first() {
            if self.steps.len() >= STEPS_MAX {
                left_count = self.queue.len() + 1;
                break;
            }
            self.take_turn(epoch, depth, due)?;
        }
        Ok(Provenance { page, at, bytes, depth_max, steps: merged(self.steps), left_count })
    }

    fn put(&mut self, epoch: u64, depth: u32, due: Due) {
        self.turn_count += 1;
        self.queue.insert((Reverse(epoch), depth, self.turn_count), due);
    }

    fn take_turn(&mut self, epoch: u64, depth: u32, due: Due) -> Result<(), Error> {
        match due {
            Due::Look(ask) => self.look(epoch, depth, ask),
            Due::Read(Ask { page, left: None }) => self.read(epoch, depth, page),
            Due::Read(Ask { page, left: Some(left) }) => self.pass(epoch, depth, page, left),
            Due::Tell(page, shares, event) => {
                shares.into_iter().try_for_each(|(how, bytes)| self.tell(page, depth, &event, how, bytes))
            }
        }
    }

    fn look(&mut self, until: u64, depth: u32, ask: Ask) -> Result<(), Error> {
        match self.reads.look(ask.page, until)? {
            Looked::Found(epoch) => self.put(epoch, depth, Due::Read(ask)),
            Looked::Before(until) => self.put(until, depth, Due::Look(ask)),
            Looked::Nowhere => return self.end(depth, ask),
        }
        Ok(())
    }

    /// Reads a commit that touches the page, to tell what it did.
    fn read(&mut self, epoch: u64, depth: u32, page: PageId) -> Result<(), Error> {
        if !self.told.insert((page, epoch)) {
            return Ok(());
        }
        let (queue, reads) = (&self.queue, &mut self.reads);
        let event = reads.event(epoch, |first| {
            let near = queue.iter().take_while(|((Reverse(epoch), ..), _)| *epoch >= first);
            near.filter(|(_, due)| matches!(due, Due::Read(Ask { left: None, .. })))
                .map(|((at, ..), _)| at.0)
                .collect()
        })?;
        match what(&event, page) {
            (Some(how), _) | (None, Some(how)) => self.tell(page, depth, &event, how, Vec::new()),
            (None, None) => self.go_on(epoch, 1, depth, Ask { page, left: None }),
        }
    }

    /// Reads commits to the page that stand together, for who wrote bytes of it.
    fn pass(&mut self, until: u64, depth: u32, page: PageId, mut left: Vec<Span>) -> Result<(), Error> {
        let passed = self.reads.pass(page, until, &left)?;
        for event in passed.events.into_iter().rev() {
            let shares = share(&event, page, &mut left);
            self.put(event.epoch.get(), depth, Due::Tell(page, shares, Rc::new(event)));
        }
        if left.is_empty() {
            return Ok(());
        }
        self.go_on(passed.first, passed.count, depth, Ask { page, left: Some(left) })
    }

    /// Goes on before `epoch`, now that so many commits were read without an answer.
    fn go_on(&mut self, epoch: u64, count: u64, depth: u32, ask: Ask) -> Result<(), Error> {
        self.commits_left = self.commits_left.saturating_sub(count);
        if self.commits_left > 0 {
            self.put(epoch - 1, depth, Due::Look(ask));
        } else {
            let step = WhyStep::end(ask.page, depth, Epoch::new(epoch), WhyHow::Unread);
            self.steps.push(WhyStep { bytes: ask.left.unwrap_or_default(), ..step });
        }
        Ok(())
    }

    /// Tells that no commit in the log touches the page.
    fn end(&mut self, depth: u32, ask: Ask) -> Result<(), Error> {
        let (page, oldest) = (ask.page, self.reads.oldest());
        let is_first = depth == 0 && self.steps.is_empty();
        if is_first && self.bus.journal().pages_at(oldest, &[page])?.iter().all(|(_, state)| state.is_none())
        {
            return Err(Error::PageNotFound { page, epoch: oldest });
        }
        if ask.left.is_some() || self.told.insert((page, 0)) {
            let step = WhyStep::end(page, depth, oldest, WhyHow::Gone);
            self.steps.push(WhyStep { bytes: ask.left.unwrap_or_default(), ..step });
        }
        Ok(())
    }

    /// Tells of a change, and asks for what it was made of.
    fn tell(
        &mut self,
        page: PageId,
        depth: u32,
        event: &Event,
        mut how: WhyHow,
        bytes: Vec<Span>,
    ) -> Result<(), Error> {
        if let WhyHow::Computed { inputs } = &mut how
            && inputs.is_empty()
        {
            *inputs = self.inputs(page, event)?;
        }
        let mut step = WhyStep { bytes, ..WhyStep::of(page, depth, event, how) };
        step.is_cut = depth >= self.depth_max && step.sources().next().is_some();
        if !step.is_cut {
            self.follow(&step);
        }
        self.steps.push(step);
        Ok(())
    }

    fn follow(&mut self, step: &WhyStep) {
        for (page, until) in step.sources() {
            // Taken back were these bytes; computed it was from whatever the inputs were.
            let left = (page == step.page && !step.bytes.is_empty()).then(|| step.bytes.clone());
            if left.is_some() || self.asked.insert((page, until.get())) {
                self.put(until.get(), step.depth + 1, Due::Look(Ask { page, left }));
            }
        }
    }

    /// Returns all inputs of a page that a commit computed because it was stale, or newly derived.
    fn inputs(&mut self, page: PageId, event: &Event) -> Result<Vec<PageId>, Error> {
        let derived = event.graph.iter().rev().find_map(|event| match event {
            GraphEvent::Derived { page: derived, registration } if *derived == page => {
                Some(registration.sources())
            }
            _ => None,
        });
        match derived {
            Some(inputs) => Ok(inputs),
            None => {
                let graph = self.graph_at(event.epoch)?;
                Ok(graph.registration(page).map(|by| by.sources()).unwrap_or_default())
            }
        }
    }

    /// Returns a graph with the registrations as of `epoch`.
    fn graph_at(&mut self, epoch: Epoch) -> Result<GraphView, Error> {
        let later = match self.graph.take() {
            Some(later) => later,
            None => self.bus.graph()?,
        };
        let graph = if later.derived_since() <= epoch { later } else { self.bus.graph_at(epoch)? };
        Ok(self.graph.insert(graph).clone())
    }
}

/// Takes out of `left` what a commit did to it.
fn share(event: &Event, page: PageId, left: &mut Vec<Span>) -> Vec<(WhyHow, Vec<Span>)> {
    let (written, others) = what(event, page);
    let runs = event.runs.iter().filter(|(written, _)| *written == page);
    let taken = runs.flat_map(|&(_, run)| take(left, run)).collect();
    let rest = if others.is_some() { std::mem::take(left) } else { Vec::new() };
    let shares = [(written, join(taken)), (others, rest)];
    shares
        .into_iter()
        .filter(|(_, bytes)| !bytes.is_empty())
        .filter_map(|(how, bytes)| Some((how?, bytes)))
        .collect()
}

/// Puts changes in order, and those in one that are one.
fn merged(mut steps: Vec<WhyStep>) -> Vec<WhyStep> {
    let place = |step: &WhyStep| (step.depth, Reverse(step.epoch), step.page);
    steps.sort_by(|a, b| (place(a), &a.how, &a.bytes).cmp(&(place(b), &b.how, &b.bytes)));
    steps.dedup_by(|next, last| {
        let is_same = (place(next), &next.how) == (place(last), &last.how);
        if is_same {
            last.bytes = join([&last.bytes[..], &next.bytes].concat());
        }
        is_same
    });
    steps
}
