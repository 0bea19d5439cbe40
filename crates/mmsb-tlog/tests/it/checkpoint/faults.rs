//! Whatever fails while a checkpoint is written, and whenever the power goes: a file with its name is whole.

use std::{path::Path, sync::Arc};

use mmsb_tlog::{
    CheckpointRef, CheckpointWriter, LogDir, LogError,
    vfs::{
        Access, FaultyVfs, Metadata, Vfs, VfsFile, VfsLock,
        faulty::{Crash, Damage, Failure, FailureKind},
    },
};
use mmsb_types::{Epoch, PageId};

use super::{CURSOR, Page, names, noise, page, read, specimen, write_short};
use crate::common::create;

const BUS: &str = "/bus";

fn on(vfs: &FaultyVfs) -> LogDir {
    LogDir::open(Arc::new(vfs.clone()), Path::new(BUS)).unwrap()
}

/// What a whole checkpoint of these pages is like.
fn whole(pages: &[Page]) -> CheckpointRef {
    write_short(&create(FaultyVfs::new(), Path::new(BUS)), None, pages, b"meta").unwrap()
}

/// More blocks than there are buffers, and enough for two threads to read back.
fn pages() -> Vec<Page> {
    (1..=20).map(|id| page(id, id, noise(700, id))).collect()
}

/// A file with the checkpoint's name is the checkpoint.
#[track_caller]
fn check_whole_or_none(vfs: &FaultyVfs, listed: &CheckpointRef, pages: &[Page], when: &str) -> bool {
    let dir = on(vfs);
    let is_there = names(&dir).contains(&"ckpt-1000".to_owned());
    if is_there {
        let (found, meta) = read(&dir, listed).unwrap_or_else(|error| panic!("{when}: {error}"));
        assert!(found == pages && meta == b"meta", "{when}: it is another one");
    }
    is_there
}

#[test]
fn an_error_at_every_call_leaves_a_whole_file_or_none() {
    let pages = pages();
    let listed = whole(&pages);
    let disk = FaultyVfs::new();
    create(disk.clone(), Path::new(BUS));
    let clean = disk.copy();
    let dir = on(&clean);
    clean.list_calls();
    write_short(&dir, None, &pages, b"meta").unwrap();
    let mut failed = 0;
    for (call, at) in clean.take_calls().iter().zip(1..) {
        let kinds = FailureKind::ALL.into_iter().filter(|kind| kind.applies_to(call.kind));
        for (kind, sticky) in kinds.flat_map(|kind| [(kind, false), (kind, true)]) {
            let vfs = disk.copy();
            let dir = on(&vfs);
            vfs.fail(Failure { at: vfs.call_count() + at, kind, sticky });
            let written = write_short(&dir, None, &pages, b"meta");
            vfs.mend();
            failed += u32::from(written.is_err());
            let when = format!("{kind:?} at {call}, sticky: {sticky}, {written:?}");
            let is_there = check_whole_or_none(&vfs, &listed, &pages, &when);
            assert!(is_there || written.is_err(), "{when}");
            if !sticky {
                let names = names(&dir);
                assert_eq!((written.is_ok(), names.len()), (is_there, is_there.into()), "{when}: {names:?}");
            }
        }
    }
    assert!(failed > 100, "{failed} failures");
}

#[test]
fn a_power_cut_at_any_moment_leaves_a_whole_file_or_none() {
    let (pages, disk) = (specimen(), FaultyVfs::new());
    let (listed, dir) = (whole(&pages), create(disk.clone(), Path::new(BUS)));
    disk.record();
    assert_eq!(write_short(&dir, None, &pages, b"meta").unwrap(), listed);
    let mut kept = 0;
    for moment in disk.take_moments() {
        let what = moment.call().to_string();
        for crash in [Crash::Lose, Crash::Keep].into_iter().chain((0..40).map(Crash::Seeded)) {
            let left = moment.crash(&moment.decide(crash));
            kept += u32::from(check_whole_or_none(&left, &listed, &pages, &what));
        }
    }
    assert!(kept > 0, "the file had its name before a power cut, now and then");
    assert!(check_whole_or_none(&disk.crash(Crash::Lose), &listed, &pages, "when all was done"));
}

#[test]
fn a_failed_write_is_told_once_and_the_writer_takes_nothing_more() {
    let vfs = FaultyVfs::new();
    let dir = create(vfs.clone(), Path::new(BUS));
    let mut writer = CheckpointWriter::create(&dir, CURSOR, None).unwrap();
    vfs.fail(Failure { at: vfs.call_count() + 1, kind: FailureKind::NoSpace, sticky: true });
    let mut outcomes = Vec::new();
    for Page { id, epoch, bytes } in (1..40_000).map(|id| page(id, 1, noise(2048, id))) {
        let outcome = writer.page(PageId::new(id), Epoch::new(epoch), &bytes);
        outcomes.extend(outcome.err());
        if outcomes.len() == 3 {
            break;
        }
    }
    assert!(matches!(
        &outcomes[..],
        [LogError::Io { .. }, LogError::Poisoned { .. }, LogError::Poisoned { .. }]
    ));
    assert!(matches!(writer.finish(b""), Err(LogError::Poisoned { .. })));
    vfs.mend();
    assert!(names(&dir).is_empty());
}

/// The sync that fails comes while blocks are still written; the one at the end would succeed.
#[test]
fn a_sync_that_fails_on_the_way_is_not_made_up_for() {
    let vfs = FaultyVfs::new();
    let dir = create(vfs.clone(), Path::new(BUS));
    let mut writer = CheckpointWriter::create(&dir, CURSOR, None).unwrap();
    vfs.fail(Failure { at: vfs.call_count() + 1, kind: FailureKind::Sync, sticky: false });
    let bytes: Vec<u8> = (0..16 << 20).map(|index| (index % 251) as u8).collect();
    let add = |id| writer.page(PageId::new(id), Epoch::new(1), &bytes);
    let added = (1..=6).try_for_each(add);
    let error = added.and_then(|()| writer.finish(b"")).unwrap_err();
    assert!(matches!(error, LogError::Io { operation: "syncing", .. }), "{error:?}");
    assert_eq!(vfs.failure_count(), 1);
    assert!(names(&dir).is_empty());
}

/// A disk that spoils a file when it is synced, once.
#[derive(Debug)]
struct Spoiler {
    disk: FaultyVfs,
    damage: Damage<'static>,
}

#[derive(Debug)]
struct SpoiledFile {
    file: Arc<dyn VfsFile>,
    disk: FaultyVfs,
    path: std::path::PathBuf,
    damage: Damage<'static>,
}

#[track_caller]
fn check_read_back(damage: Damage<'static>) {
    let disk = FaultyVfs::new();
    create(disk.clone(), Path::new(BUS));
    let dir = LogDir::open(Arc::new(Spoiler { disk, damage }), Path::new(BUS)).unwrap();
    let error = write_short(&dir, None, &pages(), b"meta").unwrap_err();
    assert!(matches!(error, LogError::DamagedCheckpoint { .. }), "{damage:?}: {error:?}");
    assert!(names(&dir).is_empty());
}

#[test]
fn what_the_disk_spoils_is_found_before_the_file_gets_its_name() {
    for bit in [3, 72 * 8, 30_000, 60_000, 110_000] {
        check_read_back(Damage::Flip { bit });
    }
    check_read_back(Damage::Zero { sector: 0 });
    check_read_back(Damage::Zero { sector: 20 });
    check_read_back(Damage::Misdirected { source: 9, target: 12 });
    check_read_back(Damage::Cut { len: 9_000 });
    let sectors = whole(&pages()).bytes / 512;
    check_read_back(Damage::Zero { sector: sectors });
    check_read_back(Damage::Zero { sector: sectors - 1 });
}

impl Vfs for Spoiler {
    fn open(&self, path: &Path, access: Access) -> std::io::Result<Arc<dyn VfsFile>> {
        self.disk.open(path, access)
    }

    fn create_new(&self, path: &Path) -> std::io::Result<Arc<dyn VfsFile>> {
        let (file, disk, damage) = (self.disk.create_new(path)?, self.disk.clone(), self.damage);
        Ok(Arc::new(SpoiledFile { file, disk, path: path.to_owned(), damage }))
    }

    fn create_dir(&self, path: &Path) -> std::io::Result<()> {
        self.disk.create_dir(path)
    }

    fn rename(&self, source: &Path, target: &Path) -> std::io::Result<()> {
        self.disk.rename(source, target)
    }

    fn remove(&self, path: &Path) -> std::io::Result<()> {
        self.disk.remove(path)
    }

    fn remove_dir(&self, path: &Path) -> std::io::Result<()> {
        self.disk.remove_dir(path)
    }

    fn list(&self, dir: &Path) -> std::io::Result<Vec<String>> {
        self.disk.list(dir)
    }

    fn sync_dir(&self, dir: &Path) -> std::io::Result<()> {
        self.disk.sync_dir(dir)
    }

    fn metadata(&self, path: &Path) -> std::io::Result<Metadata> {
        self.disk.metadata(path)
    }

    fn lock(&self, dir: &Path) -> std::io::Result<Box<dyn VfsLock>> {
        self.disk.lock(dir)
    }
}

impl VfsFile for SpoiledFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.file.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> std::io::Result<()> {
        self.file.write_at(offset, bytes)
    }

    fn truncate(&self, len: u64) -> std::io::Result<()> {
        self.file.truncate(len)
    }

    fn sync_data(&self) -> std::io::Result<()> {
        self.file.sync_data()
    }

    fn sync_all(&self) -> std::io::Result<()> {
        self.file.sync_all()?;
        self.disk.damage(&self.path, self.damage)
    }

    fn len(&self) -> std::io::Result<u64> {
        self.file.len()
    }

    fn discard_before(&self, offset: u64) {
        self.file.discard_before(offset);
    }
}
