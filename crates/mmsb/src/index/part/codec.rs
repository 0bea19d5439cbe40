//! A part as bytes; `docs/format.md` gives every one.
//!
//! Invariant: no length that the bytes tell is used before it was compared with what is there; what is read is
//! a part that some log could have.

use mmsb_types::limits::PAGE_ID_MAX;
use roaring::RoaringTreemap;

use super::{BROAD_PAGES, Key, LabelRun, Part, Place, Tally};
use crate::index::{
    bytes::{Bytes, Put as _, Unfit},
    posting,
};

const KEY_TAG: u32 = 1;
const KEY_SITE: u32 = 2;
const KEY_CATALOGUE: u32 = 3;

impl Part {
    /// Appends the part's bytes.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.put_cursor(self.start);
        out.put_cursor(self.end);
        self.tally.encode(out);
        out.put_count(self.places.len());
        for place in &self.places {
            out.put_u32s([place.offset, place.number, place.chain]);
        }
        put_pages(out, &self.pages);
        out.put_count(self.words.len());
        out.put_u32s(self.words.iter().copied());
        out.put_count(self.broad.len());
        for (number, pages) in &self.broad {
            out.put_u32s([u32::from(*number)]);
            put_pages(out, pages);
        }
        out.put_count(self.labels.len());
        for run in &self.labels {
            out.put_u64s([run.label]);
            out.put_u32s([u32::from(run.number) | u32::from(run.more) << 16]);
        }
        out.put_count(self.keys.len());
        for &(key, word) in &self.keys {
            let (kind, number) = match key {
                Key::Tag(number) => (KEY_TAG, number),
                Key::Site(number) => (KEY_SITE, number),
                Key::Catalogue => (KEY_CATALOGUE, 0),
            };
            out.put_u32s([kind, number, word]);
        }
        out.put_count(self.postings.len());
        out.extend(&self.postings);
    }

    /// Takes a part off the front of the bytes.
    ///
    /// # Errors
    /// In what the bytes are none.
    pub(in crate::index) fn parse(bytes: &mut Bytes<'_>) -> Result<Self, Unfit> {
        let (start, end) = (bytes.take_cursor()?, bytes.take_cursor()?);
        let tally = Tally::parse(bytes)?;
        let places = bytes.take_list(12, |row| {
            let [offset, number, chain] = row.take_u32s()?;
            Ok(Place { offset, number, chain })
        })?;
        let pages = take_pages(bytes)?;
        let words = bytes.take_list(4, |row| row.take_u32s().map(|[word]| word))?;
        let broad = bytes.take_list(BROAD_BYTES_MIN, |row| {
            let [number] = row.take_u32s()?;
            Ok((u16::try_from(number).map_err(|_| "a commit's number is out of range")?, take_pages(row)?))
        })?;
        let labels = bytes.take_list(12, |row| {
            let ([label], [numbers]) = (row.take_u64s()?, row.take_u32s()?);
            Ok(LabelRun { label, number: numbers as u16, more: (numbers >> 16) as u16 })
        })?;
        let keys = bytes.take_list(12, take_key)?;
        let count = bytes.take_count()?;
        let postings = bytes.take_vec(count)?;
        let part = Self { start, end, tally, places, pages, words, postings, broad, labels, keys };
        part.check().map(|()| part)
    }

    fn check(&self) -> Result<(), Unfit> {
        let is_stretch = self.start.lsn <= self.end.lsn && self.start.number <= self.end.number;
        if !is_stretch || self.commit_count() > u64::from(posting::NUMBERS_MAX) {
            return Err("a part's ends are out of order");
        }
        self.check_room()?;
        self.check_places()?;
        if self.words.len() as u64 != self.pages.len() {
            return Err("a part has not one word for each page");
        }
        if !self.broad.is_sorted_by(|(a, _), (b, _)| a < b)
            || self.broad.iter().any(|(_, pages)| pages.len() <= BROAD_PAGES as u64)
        {
            return Err("a part's broad commits are out of order, or not broad");
        }
        self.check_labels()?;
        if !self.keys.is_sorted_by(|(a, _), (b, _)| a < b) {
            return Err("a part's keys are out of order");
        }
        self.check_numbers()
    }

    /// Checks that the stretch has room for what the part tells of it: a few bytes of sets may tell of billions.
    fn check_room(&self) -> Result<(), Unfit> {
        let touched = self.broad.iter().map(|(_, pages)| u128::from(pages.len())).sum::<u128>();
        let least = u128::from(self.commit_count()) * FRAME_BYTES_MIN + touched * ENTRY_BYTES_MIN;
        if least <= u128::from(self.end.lsn.get() - self.start.lsn.get()) {
            Ok(())
        } else {
            Err("a part tells of more than its stretch of log can hold")
        }
    }

    fn check_places(&self) -> Result<(), Unfit> {
        let bytes = self.end.lsn.get() - self.start.lsn.get();
        let is_inside = |place: &Place| {
            place.offset > 0
                && u64::from(place.offset) < bytes
                && u64::from(place.number) <= self.commit_count()
        };
        let follow = |a: &Place, b: &Place| a.offset < b.offset && a.number <= b.number;
        if self.places.is_sorted_by(follow) && self.places.iter().all(is_inside) {
            Ok(())
        } else {
            Err("a part's places are out of order")
        }
    }

    fn check_labels(&self) -> Result<(), Unfit> {
        let follow =
            |a: &LabelRun, b: &LabelRun| u32::from(a.number) + u32::from(a.more) < u32::from(b.number);
        let fits = |run: &LabelRun| run.label.checked_add(u64::from(run.more)).is_some();
        if self.labels.is_sorted_by(follow) && self.labels.iter().all(fits) {
            Ok(())
        } else {
            Err("a part's labels are out of order")
        }
    }

    /// Checks that no number is beyond the part's commits.
    fn check_numbers(&self) -> Result<(), Unfit> {
        let most = self.commit_count();
        let label = self.labels.last().map_or(0, |run| u64::from(run.number) + u64::from(run.more) + 1);
        let broad = self.broad.last().map_or(0, |&(number, _)| u64::from(number) + 1);
        if self.has_sets_below(most) && label <= most && broad <= most {
            Ok(())
        } else {
            Err("a part tells of commits that it does not have")
        }
    }

    /// Tells whether every word is one of a set below `most`, and the sets follow each other: so each is read once.
    fn has_sets_below(&self, most: u64) -> bool {
        let mut behind = 0;
        let mut is_set = |word| {
            let Some(set) = posting::extent(&self.postings, word) else { return false };
            let place = set.place.unwrap_or(behind..behind);
            let follows = place.start >= behind;
            behind = place.end;
            follows && u64::from(set.max) < most
        };
        let keys = self.keys.iter().map(|&(_, word)| word);
        self.words.iter().copied().chain(keys).all(&mut is_set)
    }
}

/// Least bytes of a commit in the log, and of a page that it touches.
const FRAME_BYTES_MIN: u128 = 32;
const ENTRY_BYTES_MIN: u128 = 8;
/// Least bytes of a broad commit: its number, the length of a set and an empty one.
const BROAD_BYTES_MIN: usize = 4 + 4 + 8;

impl Tally {
    fn encode(&self, out: &mut Vec<u8>) {
        out.put_u32s([self.mark_count, self.state_count, self.sync_count, self.label_count]);
        out.put_u64s([
            self.created_count,
            self.deleted_count,
            self.run_count,
            self.payload_bytes,
            self.frame_bytes,
            self.frame_bytes_max,
            self.synced_through,
        ]);
    }

    fn parse(bytes: &mut Bytes<'_>) -> Result<Self, Unfit> {
        let [mark_count, state_count, sync_count, label_count] = bytes.take_u32s()?;
        let [
            created_count,
            deleted_count,
            run_count,
            payload_bytes,
            frame_bytes,
            frame_bytes_max,
            synced_through,
        ] = bytes.take_u64s()?;
        Ok(Self {
            mark_count,
            state_count,
            sync_count,
            label_count,
            created_count,
            deleted_count,
            run_count,
            payload_bytes,
            frame_bytes,
            frame_bytes_max,
            synced_through,
        })
    }
}

fn put_pages(out: &mut Vec<u8>, pages: &RoaringTreemap) {
    out.put_count(pages.serialized_size());
    pages.serialize_into(out).expect("memory takes all that is written");
}

fn take_pages(bytes: &mut Bytes<'_>) -> Result<RoaringTreemap, Unfit> {
    const INVALID: Unfit = "a set of pages is invalid";
    let count = bytes.take_count()?;
    let mut set = bytes.take(count)?;
    let pages = RoaringTreemap::deserialize_from(&mut set).ok().filter(|_| set.is_empty()).ok_or(INVALID)?;
    let is_possible = pages.min().unwrap_or(1) > 0 && pages.max().unwrap_or(1) <= PAGE_ID_MAX;
    is_possible.then_some(pages).ok_or(INVALID)
}

fn take_key(row: &mut Bytes<'_>) -> Result<(Key, u32), Unfit> {
    let [kind, number, word] = row.take_u32s()?;
    match (kind, number) {
        (KEY_TAG, 1..) => Ok((Key::Tag(number), word)),
        (KEY_SITE, 1..) => Ok((Key::Site(number), word)),
        (KEY_CATALOGUE, 0) => Ok((Key::Catalogue, word)),
        _ => Err("a key is unknown"),
    }
}
