//! fjall: a keyspace of pages by number, changes in batches; random bytes are not compressed.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use benches::pages::{CHANGED_PAGE_BYTES, Change};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use crate::work::{Contender, Image, Mode, Pages, Work, lay};

inventory::submit! { Contender { name: "fjall", work: Work::Disk(pages) } }

const CACHE_BYTES: u64 = 2 << 30;

struct Fjall {
    db: Database,
    pages: Keyspace,
    mode: Mode,
}

fn pages(folder: &Path, mode: Mode, _: usize) -> Result<Option<Box<dyn Pages>>> {
    let db = Database::builder(folder.join("fjall")).cache_size(CACHE_BYTES).open()?;
    let pages = db.keyspace("pages", KeyspaceCreateOptions::default)?;
    Ok(Some(Box::new(Fjall { db, pages, mode })))
}

impl Pages for Fjall {
    fn fill(&mut self, first: u64, images: &[Image]) -> Result<()> {
        let mut batch = self.db.batch();
        (first..)
            .zip(images)
            .for_each(|(page, image)| batch.insert(&self.pages, page.to_be_bytes(), &image[..]));
        Ok(batch.commit()?)
    }

    fn commit(&mut self, changes: &[Change]) -> Result<()> {
        // A batch does not show what it holds: a page that comes twice is gathered here.
        let mut gathered = std::collections::HashMap::with_capacity(changes.len());
        for change in changes {
            let page = match gathered.entry(change.page.get()) {
                std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::hash_map::Entry::Vacant(new) => {
                    let mut page = [0; CHANGED_PAGE_BYTES];
                    page.copy_from_slice(
                        &self.pages.get(change.page.get().to_be_bytes())?.context("a page")?,
                    );
                    new.insert(page)
                }
            };
            lay(change, &mut page[..]);
        }
        let mut batch = self.db.batch();
        gathered.iter().for_each(|(page, bytes)| batch.insert(&self.pages, page.to_be_bytes(), &bytes[..]));
        batch.commit()?;
        if self.mode == Mode::Synced { self.sync() } else { Ok(()) }
    }

    fn sync(&mut self) -> Result<()> {
        Ok(self.db.persist(PersistMode::SyncData)?)
    }

    fn read(&mut self, page: u64, bytes: &mut Image) -> Result<()> {
        bytes.copy_from_slice(&self.pages.get(page.to_be_bytes())?.context("a page")?);
        Ok(())
    }

    fn read_all(&mut self, count: u64, bytes: &mut Image) -> Result<()> {
        let mut found = 0;
        for row in self.pages.iter() {
            bytes.copy_from_slice(&row.value()?);
            found += 1;
        }
        ensure!(found == count, "{found} pages instead of {count}");
        Ok(())
    }
}
