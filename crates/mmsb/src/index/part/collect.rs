//! Making a part of records, one after the other.
//!
//! Invariant: the same records make the same parts, however often one looks in between.

use std::collections::BTreeMap;

use mmsb_tlog::{Cursor, Frame, Mark, Record};
use mmsb_types::{PageEvent, limits::PAGE_ID_MAX};
use roaring::RoaringTreemap;

use super::{BROAD_PAGES, Key, LabelRun, Part, Place, Tally};
use crate::{
    index::posting::{self, NUMBERS_MAX},
    info,
    texts::SourceNumbers,
};

/// Bytes of log between two places, at least: of them, what is read for one commit depends, and the index's length.
const PLACE_BYTES: u64 = 4 << 10;
/// A part ends with the record that makes it so long; a record is at most 256 MiB longer.
const PART_BYTES: u64 = 8 << 20;

/// A commit's number in the part takes so many bits, the id of a page all others.
const NUMBER_BITS: u32 = u16::BITS;
const _: () = assert!(PAGE_ID_MAX <= u64::MAX >> NUMBER_BITS);

/// A part that is being made.
#[derive(Debug)]
pub(crate) struct Collector {
    start: Cursor,
    end: Cursor,
    tally: Tally,
    places: Vec<Place>,
    /// Page and commit in one word, in the order of the log behind what was sorted before.
    touches: Vec<u64>,
    broad: Vec<(u16, RoaringTreemap)>,
    labels: Vec<LabelRun>,
    keys: BTreeMap<Key, Vec<u16>>,
    /// The pages of the commit being read.
    touched: Vec<u64>,
}

impl Collector {
    /// Starts at `start`; marks told `synced_through` to be durable before it.
    pub(crate) fn new(start: Cursor, synced_through: u64) -> Self {
        Self {
            start,
            end: start,
            tally: Tally { synced_through, ..Tally::default() },
            places: Vec::new(),
            touches: Vec::new(),
            broad: Vec::new(),
            labels: Vec::new(),
            keys: BTreeMap::new(),
            touched: Vec::new(),
        }
    }

    /// Starts the part behind this one.
    pub(crate) fn next(&self) -> Self {
        Self::new(self.end, self.tally.synced_through)
    }

    /// Returns the place behind the last record.
    pub(crate) fn end(&self) -> Cursor {
        self.end
    }

    /// Tells whether the part is as long as parts get.
    pub(crate) fn is_full(&self) -> bool {
        self.end.number - self.start.number == u64::from(NUMBERS_MAX)
            || self.end.lsn.get() - self.start.lsn.get() >= PART_BYTES
    }

    /// Adds the next record, which is whole once [`Collector::advance`] tells the place behind it.
    ///
    /// # Errors
    /// What of it cannot be read, as a text; the record is then not part of anything.
    pub(crate) fn add(&mut self, record: &Record<'_>) -> Result<(), String> {
        self.note_place();
        match record {
            Record::Frame(frame) => self.add_frame(frame)?,
            Record::Mark(mark) => self.add_mark(mark),
            Record::State(_) => self.tally.state_count += 1,
        }
        Ok(())
    }

    /// Tells the place behind the record that was added last.
    pub(crate) fn advance(&mut self, end: Cursor) {
        self.end = end;
    }

    /// Returns the part so far.
    pub(crate) fn part(&mut self) -> Part {
        // Sorted already but for what came since the last time, which a stable sort takes for one run.
        self.touches.sort();
        let (mut words, mut postings, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
        let of_pages = || self.touches.chunk_by(|a, b| a >> NUMBER_BITS == b >> NUMBER_BITS);
        for touches in of_pages() {
            numbers.clear();
            numbers.extend(touches.iter().map(|&touch| touch as u16));
            words.push(posting::push(&mut postings, &numbers));
        }
        let ids = of_pages().map(|touches| touches[0] >> NUMBER_BITS);
        let pages = RoaringTreemap::from_sorted_iter(ids).expect("touches were sorted");
        let key = |(&key, numbers): (&Key, &Vec<u16>)| (key, posting::push(&mut postings, numbers));
        let keys = self.keys.iter().map(key).collect();
        Part {
            start: self.start,
            end: self.end,
            tally: self.tally,
            places: self.places.clone(),
            pages: shortened(pages),
            words,
            postings,
            broad: self.broad.clone(),
            labels: self.labels.clone(),
            keys,
        }
    }

    fn note_place(&mut self) {
        let offset = self.end.lsn.get() - self.start.lsn.get();
        let last = self.places.last().map_or(0, |place| u64::from(place.offset));
        if offset - last >= PLACE_BYTES {
            let number = (self.end.number - self.start.number) as u32;
            // A part is shorter than 8 MiB and one record.
            self.places.push(Place { offset: offset as u32, number, chain: self.end.chain });
        }
    }

    fn add_frame(&mut self, frame: &Frame<'_>) -> Result<(), String> {
        let number = (self.end.number - self.start.number) as u16;
        let events = info::events(frame.sections)?;
        let label = info::label(frame.sections)?;
        let SourceNumbers { tag, site } = info::source_numbers(frame.sections)?;
        self.count(frame, &events);
        self.touch(number, frame, &events);
        label.into_iter().for_each(|label| self.label(number, label.get()));
        let keys =
            [(tag > 0, Key::Tag(tag)), (site > 0, Key::Site(site)), (!events.is_empty(), Key::Catalogue)];
        for (_, key) in keys.into_iter().filter(|&(has, _)| has) {
            self.keys.entry(key).or_default().push(number);
        }
        Ok(())
    }

    fn count(&mut self, frame: &Frame<'_>, events: &[PageEvent]) {
        let number = |of: fn(&PageEvent) -> bool| events.iter().filter(|event| of(event)).count() as u64;
        let tally = &mut self.tally;
        tally.created_count += number(|event| matches!(event, PageEvent::Created { .. }));
        tally.deleted_count += number(|event| matches!(event, PageEvent::Deleted { .. }));
        tally.run_count += frame.batch.len() as u64;
        tally.payload_bytes += frame.batch.payload_bytes() as u64;
        tally.frame_bytes += frame.bytes as u64;
        tally.frame_bytes_max = tally.frame_bytes_max.max(frame.bytes as u64);
    }

    /// Sets `touched` to the pages of a commit, each once, in order.
    fn collect_touched(&mut self, frame: &Frame<'_>, events: &[PageEvent]) {
        self.touched.clear();
        self.touched.extend(frame.batch.iter().map(|(page, _)| page.get()));
        self.touched.extend(events.iter().map(|event| event.page().get()));
        // Runs of a page mostly follow each other.
        self.touched.dedup();
        if self.touched.len() > 1 {
            self.touched.sort_unstable();
            self.touched.dedup();
        }
    }

    fn touch(&mut self, number: u16, frame: &Frame<'_>, events: &[PageEvent]) {
        self.collect_touched(frame, events);
        if self.touched.len() > BROAD_PAGES {
            let pages = RoaringTreemap::from_sorted_iter(self.touched.iter().copied());
            self.broad.push((number, shortened(pages.expect("ids were sorted"))));
        } else {
            self.touches.extend(self.touched.iter().map(|&page| page << NUMBER_BITS | u64::from(number)));
        }
    }

    fn label(&mut self, number: u16, label: u64) {
        self.tally.label_count += 1;
        if let Some(run) = self.labels.last_mut()
            && u32::from(run.number) + u32::from(run.more) + 1 == u32::from(number)
            && run.label.checked_add(u64::from(run.more) + 1) == Some(label)
        {
            run.more += 1;
            return;
        }
        self.labels.push(LabelRun { label, number, more: 0 });
    }

    fn add_mark(&mut self, mark: &Mark) {
        self.tally.mark_count += 1;
        if mark.synced_through > self.tally.synced_through {
            self.tally.synced_through = mark.synced_through;
            self.tally.sync_count += 1;
        }
    }
}

/// Returns the same set in as few bytes as it can have.
fn shortened(pages: RoaringTreemap) -> RoaringTreemap {
    RoaringTreemap::from_bitmaps(pages.bitmaps().map(|(high, low)| {
        let mut low = low.clone();
        low.optimize();
        (high, low)
    }))
}
