//! What a random transaction does: one change or read at a time, to the draft as to the bus.

use mmsb::{Error, Transaction};

use super::Driver;
use crate::draft::Draft;

/// Lengths with the edges of words, lines, the single frame, compact entries and boxed frames in between.
const PAGE_BYTES: [usize; 9] = [1, 7, 8, 40, 64, 65, 1000, 4096, 5000];
/// Long enough for boxed frames; beyond what a compact entry's offset reaches.
const LONG_PAGE_BYTES: [usize; 2] = [70_000, (1 << 20) + 4200];
const PAGES_MAX: usize = 12;

impl Driver {
    pub(super) fn act(&mut self, tx: &mut Transaction<'_>, draft: &mut Draft) -> Result<(), Error> {
        let count = draft.state.pages.len();
        match self.rng.below(15) {
            0 | 1 if count < PAGES_MAX => self.create(tx, draft),
            _ if count == 0 => Ok(()),
            2 => self.delete(tx, draft),
            3 => self.rename(tx, draft),
            4 => self.swap_names(tx, draft),
            5 | 6 => self.capture(tx, draft),
            7 => self.read(tx, draft),
            12 | 13 => self.link(tx, draft),
            14 => self.unlink(tx, draft),
            _ => self.write(tx, draft),
        }
    }

    fn create(&mut self, tx: &mut Transaction<'_>, draft: &mut Draft) -> Result<(), Error> {
        let long = self.rng.once_in(24) && self.has_long_pages;
        let page_bytes = if long { self.rng.pick(&LONG_PAGE_BYTES) } else { self.rng.pick(&PAGE_BYTES) };
        let name = self.name();
        draft.create(tx.create_page(name, page_bytes)?, name, page_bytes);
        Ok(())
    }

    fn delete(&mut self, tx: &mut Transaction<'_>, draft: &mut Draft) -> Result<(), Error> {
        let page = self.page(draft);
        draft.delete(page);
        tx.delete_page(page)
    }

    fn rename(&mut self, tx: &mut Transaction<'_>, draft: &mut Draft) -> Result<(), Error> {
        let (page, name) = (self.page(draft), self.name());
        draft.name(page, name);
        tx.name_page(page, name)
    }

    fn swap_names(&mut self, tx: &mut Transaction<'_>, draft: &mut Draft) -> Result<(), Error> {
        let [one, other] = [(); 2].map(|()| self.page(draft));
        let [one_name, other_name] = [one, other].map(|page| draft.state.pages[&page].name.clone());
        draft.name(one, other_name.as_deref());
        draft.name(other, one_name.as_deref());
        tx.name_page(one, other_name.as_deref())?;
        tx.name_page(other, one_name.as_deref())
    }

    fn write(&mut self, tx: &mut Transaction<'_>, draft: &mut Draft) -> Result<(), Error> {
        let page = self.page(draft);
        let (offset, len) = self.span(draft, page);
        let bytes = self.rng.bytes(len);
        draft.write(page, offset, &bytes);
        tx.put(page, offset as u32, bytes.as_slice())
    }

    fn capture(&mut self, tx: &mut Transaction<'_>, draft: &mut Draft) -> Result<(), Error> {
        let page = self.page(draft);
        let mut image = draft.state.pages[&page].bytes.to_vec();
        for _ in 0..self.rng.below(4) {
            let (offset, len) = self.span(draft, page);
            image[offset..][..len].copy_from_slice(&self.rng.bytes(len));
        }
        draft.capture(page, &image);
        tx.capture(page, image)
    }

    fn read(&mut self, tx: &mut Transaction<'_>, draft: &Draft) -> Result<(), Error> {
        let page = self.page(draft);
        let (offset, len) = self.span(draft, page);
        let mut buffer = vec![0xa5; len];
        tx.read(page, offset as u32, &mut buffer)?;
        assert_eq!(buffer, draft.state.pages[&page].bytes[offset..][..len], "own writes of {page}");
        Ok(())
    }
}
