//! SQLite, built in: a table of pages by row, changed in place through blob handles; a write-ahead log, a large cache.

use std::{fs::File, path::Path};

use anyhow::{Result, ensure};
use benches::pages::Change;
use rusqlite::{Connection, MAIN_DB};

use crate::work::{Contender, Image, Mode, Pages, Work};

inventory::submit! { Contender { name: "SQLite", work: Work::Disk(pages) } }

struct Sqlite(Connection);

fn pages(folder: &Path, mode: Mode, _: usize) -> Result<Option<Box<dyn Pages>>> {
    let db = Connection::open(folder.join("sqlite"))?;
    // In this journal mode `normal` syncs at checkpoints only, `full` behind each commit, too.
    let synchronous = if mode == Mode::Synced { "full" } else { "normal" };
    db.execute_batch(&format!(
        "pragma journal_mode = wal; pragma synchronous = {synchronous}; pragma cache_size = -2000000;
         pragma mmap_size = 17179869184;
         create table if not exists pages (page integer primary key, bytes blob not null);"
    ))?;
    Ok(Some(Box::new(Sqlite(db))))
}

impl Pages for Sqlite {
    fn fill(&mut self, first: u64, images: &[Image]) -> Result<()> {
        let tx = self.0.transaction()?;
        for (page, image) in (first..).zip(images) {
            tx.prepare_cached("insert into pages values (?, ?)")?.execute((page as i64, &image[..]))?;
        }
        Ok(tx.commit()?)
    }

    fn commit(&mut self, changes: &[Change]) -> Result<()> {
        let tx = self.0.transaction()?;
        if let Some(first) = changes.first() {
            let mut blob = tx.blob_open(MAIN_DB, c"pages", c"bytes", first.page.get() as i64, false)?;
            for change in changes {
                blob.reopen(change.page.get() as i64)?;
                blob.write_all_at(&change.bytes, change.offset as usize)?;
            }
        }
        Ok(tx.commit()?)
    }

    fn sync(&mut self) -> Result<()> {
        Ok(self.0.query_row("pragma wal_checkpoint(truncate)", (), |_| Ok(()))?)
    }

    fn read(&mut self, page: u64, bytes: &mut Image) -> Result<()> {
        let mut query = self.0.prepare_cached("select bytes from pages where page = ?")?;
        query.query_row([page as i64], |row| {
            bytes.copy_from_slice(row.get_ref(0)?.as_blob()?);
            Ok(())
        })?;
        Ok(())
    }

    fn read_all(&mut self, count: u64, bytes: &mut Image) -> Result<()> {
        let mut query = self.0.prepare_cached("select bytes from pages order by page")?;
        let (mut rows, mut found) = (query.query(())?, 0);
        while let Some(row) = rows.next()? {
            bytes.copy_from_slice(row.get_ref(0)?.as_blob()?);
            found += 1;
        }
        ensure!(found == count, "{found} pages instead of {count}");
        Ok(())
    }

    fn copy<'f>(&mut self, _: &'f Path, to: &'f Path) -> Result<Option<&'f Path>> {
        let path = to.join("sqlite");
        self.0.backup(MAIN_DB, &path, None::<fn(rusqlite::backup::Progress)>)?;
        File::open(path)?.sync_all()?;
        Ok(Some(to))
    }
}
