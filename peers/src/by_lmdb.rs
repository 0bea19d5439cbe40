//! LMDB by the crate `heed`: a writable map, integer keys; buffered commits leave syncing for later.

#![expect(unsafe_code, reason = "opening a map of a file is unsafe in heed: others might change the file")]

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use benches::pages::{CHANGED_PAGE_BYTES, Change};
use heed::{
    CompactionOption, Database, DatabaseFlags, Env, EnvFlags, EnvOpenOptions, PutFlags, WithTls,
    byteorder::NativeEndian,
    types::{Bytes, U64},
};

use crate::work::{Contender, Image, Mode, Pages, Records, Work, changes_of, lay, record};

inventory::submit! { Contender { name: "LMDB", work: Work::Disk(pages) } }
inventory::submit! { Contender { name: "LMDB", work: Work::Log(log) } }

/// Bytes of the map: of a log; of pages, in all and for each. With a writable map the file is as long, and mostly holes.
const LOG_BYTES: usize = 1 << 30;
const PAGES_BYTES: usize = 32 << 20;
const PAGE_BYTES: usize = 8 << 10;

struct Lmdb {
    env: Env<WithTls>,
    db: Database<U64<NativeEndian>, Bytes>,
    /// Of a log, the number of the last record.
    last: u64,
    buffer: Vec<u8>,
}

fn pages(folder: &Path, mode: Mode, count: usize) -> Result<Option<Box<dyn Pages>>> {
    Ok(Some(Box::new(open(folder, mode, PAGES_BYTES + count * PAGE_BYTES)?)))
}

fn log(folder: &Path, mode: Mode) -> Result<Box<dyn Records>> {
    Ok(Box::new(open(folder, mode, LOG_BYTES)?))
}

#[expect(deprecated, reason = "the flag is what LMDB's own manual names for such keys")]
fn open(folder: &Path, mode: Mode, map_bytes: usize) -> Result<Lmdb> {
    let path = folder.join("lmdb");
    fs::create_dir_all(&path)?;
    let flags = match mode {
        Mode::Buffered => EnvFlags::WRITE_MAP | EnvFlags::NO_SYNC | EnvFlags::MAP_ASYNC,
        Mode::Synced => EnvFlags::WRITE_MAP,
    };
    let mut options = EnvOpenOptions::new();
    options.map_size(map_bytes);
    // SAFETY: the flags give up the order of writes to the disk only; a crash of the machine is no part of a run.
    unsafe { options.flags(flags) };
    // SAFETY: the folder is this run's own, and opened once at a time.
    let env = unsafe { options.open(&path)? };
    let mut tx = env.write_txn()?;
    let db = env.database_options().types().flags(DatabaseFlags::INTEGER_KEY).create(&mut tx)?;
    tx.commit()?;
    Ok(Lmdb { env, db, last: 0, buffer: Vec::new() })
}

impl Pages for Lmdb {
    fn fill(&mut self, first: u64, images: &[Image]) -> Result<()> {
        let mut tx = self.env.write_txn()?;
        for (page, image) in (first..).zip(images) {
            self.db.put_with_flags(&mut tx, PutFlags::APPEND, &page, image)?;
        }
        Ok(tx.commit()?)
    }

    fn commit(&mut self, changes: &[Change]) -> Result<()> {
        let mut tx = self.env.write_txn()?;
        for change in changes {
            let mut page = [0; CHANGED_PAGE_BYTES];
            page.copy_from_slice(self.db.get(&tx, &change.page.get())?.context("a page")?);
            lay(change, &mut page);
            self.db.put(&mut tx, &change.page.get(), &page)?;
        }
        Ok(tx.commit()?)
    }

    fn sync(&mut self) -> Result<()> {
        Ok(self.env.force_sync()?)
    }

    fn read(&mut self, page: u64, bytes: &mut Image) -> Result<()> {
        let tx = self.env.read_txn()?;
        bytes.copy_from_slice(self.db.get(&tx, &page)?.context("a page")?);
        Ok(())
    }

    fn read_all(&mut self, count: u64, bytes: &mut Image) -> Result<()> {
        let tx = self.env.read_txn()?;
        ensure!(self.db.len(&tx)? == count, "pages are missing");
        self.db.iter(&tx)?.try_for_each(|row| Ok(bytes.copy_from_slice(row?.1)))
    }

    fn copy<'f>(&mut self, _: &'f Path, to: &'f Path) -> Result<Option<&'f Path>> {
        let path = to.join("lmdb");
        fs::create_dir(&path)?;
        self.env.copy_to_path(path.join("data.mdb"), CompactionOption::Disabled)?.sync_all()?;
        Ok(Some(to))
    }
}

impl Records for Lmdb {
    fn append(&mut self, changes: &[Change]) -> Result<()> {
        record(changes, &mut self.buffer);
        self.last += 1;
        let mut tx = self.env.write_txn()?;
        self.db.put_with_flags(&mut tx, PutFlags::APPEND, &self.last, &self.buffer)?;
        Ok(tx.commit()?)
    }

    fn read_back(&mut self, visit: &mut dyn FnMut(Change) -> Result<()>) -> Result<()> {
        let tx = self.env.read_txn()?;
        self.db.iter(&tx)?.try_for_each(|row| changes_of(row?.1).try_for_each(&mut *visit))
    }
}
