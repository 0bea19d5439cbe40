//! What changed and what is wanted, and the wave that follows.
//!
//! A wave takes rank by rank, and within one the pages by their ids. Through a graph that has stayed as it is for a
//! while it goes along a [course](course::Course) made before, on which a [bit](turns::Turns) stands for each page that
//! awaits its turn. Else pages line up as they get their turn. Most
//! followers stand one rank above and line up at once; the others wait in the [queue](queue::Queue) until the line
//! ends at their rank. What became of a page in a wave is a
//! [state](states::States) that the next wave no longer believes, so nothing is cleaned up: a wave costs what it
//! touches, however large the graph is, and leaves nothing behind however it ends.

mod course;
mod queue;
mod shared;
mod states;
mod turns;

use std::ops::Range;

use mmsb_types::PageId;

use crate::{Graph, Outcome, Ran, Recompute, Step, Wave};
use course::Course;
use queue::Queue;
use states::States;
use turns::Turns;

/// What the next wave begins with, and memory for going through it.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    touched: Vec<PageId>,
    wanted: Vec<PageId>,
    states: States,
    /// Who had a turn, then who has one at the rank under way, then who waits right above it.
    line: Vec<u32>,
    /// Who waits further up.
    queue: Queue,
    /// Made of a graph that stayed as it is.
    course: Option<Course>,
    /// Who awaits a turn on the course.
    turns: Turns,
    /// The graph's stamp in the last wave, and how much of it waves have gone through since it was another.
    walked: (u64, usize),
}

impl Schedule {
    /// Makes a schedule that waits for nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says that a page's bytes have changed: what is computed from it has its turn in the next wave.
    pub fn touch(&mut self, page: PageId) {
        self.touched.push(page);
    }

    /// Asks for a page itself to be computed in the next wave, whatever its inputs did. A page without an edge has
    /// no inputs and is not computed.
    pub fn want(&mut self, page: PageId) {
        self.wanted.push(page);
    }

    /// Tells whether the next wave has nothing to begin with.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.touched.is_empty() && self.wanted.is_empty()
    }

    /// Forgets what the next wave was to begin with.
    pub fn clear(&mut self) {
        self.touched.clear();
        self.wanted.clear();
    }

    /// Computes what follows from the pages touched and wanted, each page at most once, by rising (rank, id), and
    /// stops where bytes stay the same. The report goes to `wave`, in place of what is there.
    ///
    /// # Errors
    /// The first of `work`; the report is empty then. However the wave ends, by a panic of `work` too, the next
    /// one begins with what is touched and wanted after this one.
    ///
    /// # Cost
    /// O(pages computed, and their edges), and sorting where pages of a rank do not come by rising ids.
    pub fn run<W: Recompute>(
        &mut self,
        graph: &Graph,
        work: &mut W,
        wave: &mut Wave,
    ) -> Result<(), W::Error> {
        self.look_for_course(graph);
        self.begin(graph, wave);
        let result = match &self.course {
            Some(_) => self.go_along(work, wave),
            None => self.go(graph, work, wave),
        };
        if result.is_err() {
            wave.clear();
        }
        self.walked.1 += wave.count() + 1;
        result
    }

    /// Gives up the course of another graph; makes one once waves have gone through as much as there is.
    fn look_for_course(&mut self, graph: &Graph) {
        if self.walked.0 != graph.stamp() {
            (self.course, self.walked) = (None, (graph.stamp(), 0));
        }
        if self.course.is_none() && self.walked.1 > graph.page_count() + graph.edge_count() {
            self.course = Course::new(graph);
        }
    }

    /// Goes along the course.
    fn go_along<W: Recompute>(&mut self, work: &mut W, wave: &mut Wave) -> Result<(), W::Error> {
        let Some(course) = &self.course else { return Ok(()) };
        let mut states = self.states.view();
        let mut turns = self.turns.taking();
        while let Some(position) = turns.next() {
            let (step, followers) = course.at(position);
            let outcome = work.recompute(&step)?;
            wave.add(Ran::new(&step, outcome));
            if outcome == Outcome::Changed {
                states.set_done(step.slot);
                followers.iter().for_each(|&follower| turns.add(follower));
            }
        }
        self.turns.end();
        Ok(())
    }

    /// Returns the inputs of a page of the last wave that had changed, in no order; none if the page was asked for and
    /// none had. The graph has to be the one that the wave went through; after a failed wave it tells nothing.
    pub fn causes<'s>(&'s self, graph: &'s Graph, ran: &Ran) -> impl Iterator<Item = PageId> + use<'s> {
        let inputs = graph.node(ran.slot()).before.running();
        inputs.filter(|&slot| self.states.is_changed(slot)).map(|slot| graph.node(slot).page)
    }

    fn go<W: Recompute>(&mut self, graph: &Graph, work: &mut W, wave: &mut Wave) -> Result<(), W::Error> {
        let mut place = 0;
        while let Some(rank) = self.line_up(graph, place) {
            let end = self.line.len();
            self.turn(graph, place..end, rank, work, wave)?;
            place = end;
        }
        Ok(())
    }

    /// Gives everybody at these places of the line a turn.
    #[inline(always)]
    fn turn<W: Recompute>(
        &mut self,
        graph: &Graph,
        places: Range<usize>,
        rank: u32,
        work: &mut W,
        wave: &mut Wave,
    ) -> Result<(), W::Error> {
        for place in places {
            let step = self.step(graph, place, rank);
            let outcome = work.recompute(&step)?;
            self.record(graph, &step, outcome, wave);
        }
        Ok(())
    }

    #[inline(always)]
    fn step(&self, graph: &Graph, place: usize, rank: u32) -> Step {
        let slot = self.line[place];
        Step { page: graph.node(slot).page, slot, rank }
    }

    /// Notes what became of a page, and lets those wait who are computed from it.
    #[inline(always)]
    fn record(&mut self, graph: &Graph, step: &Step, outcome: Outcome, wave: &mut Wave) {
        wave.add(Ran::new(step, outcome));
        if outcome == Outcome::Changed {
            let mut states = self.states.view();
            states.set_done(step.slot);
            for follower in graph.node(step.slot).after.running() {
                if states.set_queued(follower) {
                    let rank = graph.node(follower).rank;
                    if rank == step.rank + 1 {
                        self.line.push(follower);
                    } else {
                        self.queue.push(rank, follower);
                    }
                }
            }
        }
    }

    fn begin(&mut self, graph: &Graph, wave: &mut Wave) {
        self.states.begin(graph.slot_bound());
        match &self.course {
            Some(course) => self.turns.begin(course.count()),
            None => self.queue.begin(graph.slot_bound()),
        }
        self.line.clear();
        wave.begin(&mut self.touched);
        for slot in wave.touched().iter().filter_map(|&page| graph.slot(page)) {
            self.states.view().set_changed(slot);
            let waiting = graph.node(slot).after.running();
            waiting.for_each(|follower| self.wait(graph, follower));
        }
        while let Some(page) = self.wanted.pop() {
            graph.slot(page).into_iter().for_each(|slot| self.wait(graph, slot));
        }
    }

    fn wait(&mut self, graph: &Graph, slot: u32) {
        if let Some(course) = &self.course {
            return self.turns.start(course.position(slot));
        }
        if self.states.view().set_queued(slot) {
            self.queue.push(graph.node(slot).rank, slot);
        }
    }

    /// Ends the line, from `place` on, with everybody of the lowest rank where somebody waits, by rising page ids;
    /// returns that rank.
    #[inline(always)]
    fn line_up(&mut self, graph: &Graph, place: usize) -> Option<u32> {
        let rank = match self.line.get(place) {
            Some(&slot) => graph.node(slot).rank,
            None => self.queue.lowest()?,
        };
        self.queue.take(rank, &mut self.line);
        if self.line.len() > place + 1 {
            sort(graph, &mut self.line[place..]);
        }
        Some(rank)
    }
}

fn sort(graph: &Graph, slots: &mut [u32]) {
    let key = |slot: &u32| graph.node(*slot).page;
    if !slots.is_sorted_by_key(key) {
        slots.sort_unstable_by_key(key);
    }
}
