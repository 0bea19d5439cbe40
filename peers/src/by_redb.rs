//! redb: a table of pages by number, changed in place where it can be. Buffered commits have no durability at all until
//! one that has comes behind them: they stay in the process, which is less than the others give.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use benches::pages::{CHANGED_PAGE_BYTES, Change};
use redb::{Database, Durability, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};

use crate::work::{Contender, Image, Mode, Pages, Work, lay};

inventory::submit! { Contender { name: "redb", work: Work::Disk(pages) } }

const TABLE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("pages");
const CACHE_BYTES: usize = 2 << 30;

struct Redb {
    db: Database,
    mode: Mode,
}

fn pages(folder: &Path, mode: Mode, _: usize) -> Result<Option<Box<dyn Pages>>> {
    let db = Database::builder().set_cache_size(CACHE_BYTES).create(folder.join("redb"))?;
    Ok(Some(Box::new(Redb { db, mode })))
}

impl Redb {
    fn change(
        &self,
        durability: Durability,
        change: impl FnOnce(&mut redb::Table<'_, u64, &[u8]>) -> Result<()>,
    ) -> Result<()> {
        let mut tx = self.db.begin_write()?;
        tx.set_durability(durability)?;
        change(&mut tx.open_table(TABLE)?)?;
        Ok(tx.commit()?)
    }
}

impl Pages for Redb {
    fn fill(&mut self, first: u64, images: &[Image]) -> Result<()> {
        self.change(Durability::None, |table| {
            for (page, image) in (first..).zip(images) {
                table.insert(page, &image[..])?;
            }
            Ok(())
        })
    }

    fn commit(&mut self, changes: &[Change]) -> Result<()> {
        let durability = if self.mode == Mode::Synced { Durability::Immediate } else { Durability::None };
        self.change(durability, |table| {
            for change in changes {
                let mut page = [0; CHANGED_PAGE_BYTES];
                page.copy_from_slice(table.get(change.page.get())?.context("a page")?.value());
                lay(change, &mut page);
                table.insert(change.page.get(), &page[..])?;
            }
            Ok(())
        })
    }

    fn sync(&mut self) -> Result<()> {
        self.change(Durability::Immediate, |_| Ok(()))
    }

    fn read(&mut self, page: u64, bytes: &mut Image) -> Result<()> {
        let table = self.db.begin_read()?.open_table(TABLE)?;
        bytes.copy_from_slice(table.get(page)?.context("a page")?.value());
        Ok(())
    }

    fn read_all(&mut self, count: u64, bytes: &mut Image) -> Result<()> {
        let table = self.db.begin_read()?.open_table(TABLE)?;
        ensure!(table.len()? == count, "pages are missing");
        table.iter()?.try_for_each(|row| Ok(bytes.copy_from_slice(row?.1.value())))
    }
}
