//! What one would write by hand: a lock for each page, or a map of pages with locks of its own. Neither has a log,
//! commits that are seen whole, or a past.

use anyhow::{Context as _, Result};
use benches::pages::{CHANGED_PAGE_BYTES, Change};
use dashmap::DashMap;
use parking_lot::Mutex;

use crate::work::{Contender, Image, Pages, Work, lay};

inventory::submit! { Contender { name: "a mutex a page", work: Work::Memory(locked) } }
inventory::submit! { Contender { name: "dashmap", work: Work::Memory(mapped) } }

struct Locked(Vec<Mutex<Image>>);

struct Mapped(DashMap<u64, Box<Image>>);

fn locked(pages: usize) -> Result<Box<dyn Pages>> {
    let mut all = Vec::new();
    all.resize_with(pages, || Mutex::new([1; CHANGED_PAGE_BYTES]));
    Ok(Box::new(Locked(all)))
}

fn mapped(pages: usize) -> Result<Box<dyn Pages>> {
    Ok(Box::new(Mapped(DashMap::with_capacity(pages))))
}

impl Pages for Locked {
    fn fill(&mut self, first: u64, images: &[Image]) -> Result<()> {
        let pages = self.0.iter().skip(first as usize - 1);
        pages.zip(images).for_each(|(page, image)| *page.lock() = *image);
        Ok(())
    }

    fn commit(&mut self, changes: &[Change]) -> Result<()> {
        for change in changes {
            lay(change, &mut self.0[change.page.get() as usize - 1].lock()[..]);
        }
        Ok(())
    }

    fn read(&mut self, page: u64, bytes: &mut Image) -> Result<()> {
        *bytes = *self.0[page as usize - 1].lock();
        Ok(())
    }
}

impl Pages for Mapped {
    fn fill(&mut self, first: u64, images: &[Image]) -> Result<()> {
        (first..).zip(images).for_each(|(page, image)| drop(self.0.insert(page, Box::new(*image))));
        Ok(())
    }

    fn commit(&mut self, changes: &[Change]) -> Result<()> {
        for change in changes {
            lay(change, &mut self.0.get_mut(&change.page.get()).context("a page")?[..]);
        }
        Ok(())
    }

    fn read(&mut self, page: u64, bytes: &mut Image) -> Result<()> {
        *bytes = **self.0.get(&page).context("a page")?;
        Ok(())
    }
}
