//! The disks: one set of laws that each of them passes, then what each has of its own.

mod laws;

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use mmsb_tlog::vfs::{Access, Kind, LOCK_NAME, MemoryVfs, Metadata, NullVfs, OsVfs, Vfs, VfsFile};

use self::laws::{KEEPING_LAWS, NULL_LAWS, laws};

#[test]
fn the_systems_disk_keeps_the_laws() {
    let root = tempfile::tempdir().unwrap();
    laws(&OsVfs, root.path(), &[NULL_LAWS, KEEPING_LAWS]);
}

#[test]
fn a_disk_in_memory_keeps_the_laws() {
    laws(&MemoryVfs::new(), Path::new("/"), &[NULL_LAWS, KEEPING_LAWS]);
}

#[test]
fn a_null_disk_keeps_the_laws_it_can() {
    laws(&NullVfs::default(), Path::new("/"), &[NULL_LAWS]);
}

#[test]
fn the_system_refuses_a_lock_that_another_handle_holds() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join(LOCK_NAME), "4711\n").unwrap();
    let holder = fs::File::open(root.path().join(LOCK_NAME)).unwrap();
    holder.try_lock().unwrap();
    let refusal = OsVfs.lock(root.path()).unwrap_err();
    assert_eq!(refusal.kind(), ErrorKind::WouldBlock);
    assert!(
        refusal.to_string().ends_with("is locked by another holder, by its own word process 4711"),
        "{refusal}"
    );
    drop(holder);
    drop(OsVfs.lock(root.path()).unwrap());
}

#[test]
fn a_held_lock_refuses_every_other_handle() {
    let root = tempfile::tempdir().unwrap();
    let lock = OsVfs.lock(root.path()).unwrap();
    let path = root.path().join(LOCK_NAME);
    let other = fs::File::open(&path).unwrap();
    assert!(matches!(other.try_lock(), Err(fs::TryLockError::WouldBlock)));
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n", std::process::id()));
    drop(lock);
    other.try_lock().unwrap();
}

#[test]
fn a_directory_is_one_by_whatever_path_it_is_locked() {
    let root = tempfile::tempdir().unwrap();
    let (bus, link) = (root.path().join("bus"), root.path().join("link"));
    OsVfs.create_dir(&bus).unwrap();
    symlink(&bus, &link).unwrap();
    let lock = OsVfs.lock(&link).unwrap();
    // The text names the first path without links, which only the registry knows.
    let refusal = OsVfs.lock(&bus).unwrap_err().to_string();
    let first = bus.canonicalize().unwrap();
    assert!(refusal.ends_with(&format!("this process, which opened it as {}", first.display())), "{refusal}");
    drop(lock);
}

#[test]
fn what_the_systems_disk_creates_is_its_owners_alone() {
    let root = tempfile::tempdir().unwrap();
    OsVfs.create_dir(&root.path().join("d")).unwrap();
    OsVfs.create_new(&root.path().join("f")).unwrap();
    drop(OsVfs.lock(root.path()).unwrap());
    let mode = |name: &str| fs::metadata(root.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("d"), mode("f"), mode(LOCK_NAME)), (0o700, 0o600, 0o600));
}

#[test]
fn the_systems_disk_follows_no_link_to_a_file() {
    let root = tempfile::tempdir().unwrap();
    let (target, link, dangling) =
        (root.path().join("f"), root.path().join("link"), root.path().join("dangling"));
    filled(&OsVfs, &target, b"private");
    symlink(&target, &link).unwrap();
    symlink(root.path().join("gone"), &dangling).unwrap();
    for access in [Access::ReadOnly, Access::ReadWrite] {
        check_kind(OsVfs.open(&link, access), ErrorKind::InvalidInput);
    }
    check_kind(OsVfs.create_new(&dangling), ErrorKind::AlreadyExists);
    assert!(!root.path().join("gone").exists());
    assert_eq!(OsVfs.metadata(&link).unwrap(), Metadata { kind: Kind::Other, bytes: 0 });
    assert!(OsVfs.exists(&dangling).unwrap());
    OsVfs.create_dir(&root.path().join("bus")).unwrap();
    symlink(&target, root.path().join("bus").join(LOCK_NAME)).unwrap();
    check_kind(OsVfs.lock(&root.path().join("bus")), ErrorKind::InvalidInput);
    assert_eq!(fs::read(&target).unwrap(), b"private");
}

#[test]
fn the_systems_disk_opens_regular_files_alone() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("seg-1");
    let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    check_kind(OsVfs.open(&path, Access::ReadOnly), ErrorKind::InvalidInput);
    check_kind(OsVfs.sync_dir(&path), ErrorKind::NotADirectory);
}

#[test]
fn a_refused_lock_leaves_the_directory_free() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join(LOCK_NAME)).unwrap();
    check_kind(OsVfs.lock(root.path()), ErrorKind::IsADirectory);
    fs::remove_dir(root.path().join(LOCK_NAME)).unwrap();
    drop(OsVfs.lock(root.path()).unwrap());
}

#[test]
fn clones_of_a_disk_in_memory_are_one_disk() {
    let (disk, root) = (MemoryVfs::new(), Path::new("/"));
    filled(&disk, Path::new("/f"), b"shared");
    let clone = disk.clone();
    drop(disk);
    check_bytes(&*clone.open(Path::new("f"), Access::ReadOnly).unwrap(), 0, 20, b"shared");
    assert!(MemoryVfs::new().list(root).unwrap().is_empty(), "another disk has its own names");
}

#[test]
fn a_disk_in_memory_keeps_its_root_and_knows_no_parent_of_it() {
    let disk = MemoryVfs::new();
    let (root, name) = (Path::new("/"), Path::new("d"));
    disk.create_dir(name).unwrap();
    check_kind(disk.create_new(Path::new("/d/../f")), ErrorKind::InvalidInput);
    check_kind(disk.create_dir(root), ErrorKind::AlreadyExists);
    check_kind(disk.rename(root, name), ErrorKind::InvalidInput);
    check_kind(disk.rename(name, root), ErrorKind::DirectoryNotEmpty);
    check_kind(disk.remove_dir(root), ErrorKind::DirectoryNotEmpty);
    disk.remove_dir(name).unwrap();
    check_kind(disk.remove_dir(root), ErrorKind::InvalidInput);
    assert_eq!(disk.metadata(root).unwrap().kind, Kind::Directory);
}

#[test]
fn memory_refuses_what_was_discarded_and_keeps_the_rest() {
    let disk = MemoryVfs::new();
    let bytes: Vec<u8> = (0..300_000u32).map(|index| (index % 251) as u8).collect();
    let file = filled(&disk, Path::new("/f"), &bytes);
    file.discard_before(200_000);
    file.discard_before(100);
    for offset in [0, 150_000, 199_999] {
        check_kind(file.read_at(offset, &mut [0; 4]), ErrorKind::Unsupported);
    }
    check_bytes(&*file, 200_000, 200_000, &bytes[200_000..]);
    file.write_at(0, b"dropped").unwrap();
    check_kind(file.read_at(0, &mut [0; 4]), ErrorKind::Unsupported);
    check_kind(
        disk.open(Path::new("/f"), Access::ReadOnly).unwrap().read_at(0, &mut [0]),
        ErrorKind::Unsupported,
    );
    file.truncate(100_000).unwrap();
    file.write_at(100_002, b"new").unwrap();
    check_bytes(&*file, 100_000, 20, b"\0\0new");
    check_kind(file.read_at(99_999, &mut [0]), ErrorKind::Unsupported);
}

#[test]
fn memory_gives_back_what_is_discarded_cut_or_removed() {
    let (disk, chunk) = (MemoryVfs::new(), 65_536);
    let file = filled(&disk, Path::new("/f"), &vec![1; 10 * chunk]);
    let held = || disk.held_bytes() / chunk as u64;
    assert_eq!(held(), 10);
    file.discard_before(4 * chunk as u64 - 1);
    assert_eq!(held(), 7, "a chunk stays while one byte of it may be read");
    file.discard_before(4 * chunk as u64);
    assert_eq!(held(), 6);
    file.write_at(0, &vec![2; 5 * chunk]).unwrap();
    assert_eq!(held(), 6, "writing before the kept bytes takes no memory");
    file.truncate(8 * chunk as u64).unwrap();
    assert_eq!(held(), 4);
    file.write_at(1 << 40, b"far").unwrap();
    assert_eq!(held(), 5, "a gap takes no memory");
    disk.remove(Path::new("/f")).unwrap();
    assert_eq!(held(), 0);
}

#[test]
fn a_null_disk_counts_what_it_drops_and_reads_nothing_back() {
    let disk = NullVfs::default();
    let file = disk.clone().create_new(Path::new("/f")).unwrap();
    file.write_at(0, b"abc").unwrap();
    file.write_at(3, b"defgh").unwrap();
    file.sync_data().unwrap();
    file.sync_all().unwrap();
    assert_eq!((disk.write_count(), disk.written_bytes(), disk.sync_count()), (2, 8, 2));
    let refusal = file.read_at(0, &mut [0; 4]).unwrap_err();
    assert_eq!(refusal.kind(), ErrorKind::Unsupported);
    insta::assert_snapshot!(refusal, @"a null disk keeps no bytes, so what was written cannot be read");
    check_kind(disk.open(Path::new("/f"), Access::ReadOnly), ErrorKind::NotFound);
    let reopened = disk.open(Path::new("/f"), Access::ReadWrite).unwrap();
    assert!(reopened.is_empty().unwrap(), "a writer gets an empty file");
    reopened.write_at(4096, b"frame").unwrap();
    assert_eq!((reopened.len().unwrap(), disk.written_bytes()), (4101, 13));
}

/// One step of the random comparison.
#[derive(Clone, Debug)]
enum Step {
    Write(u64, Vec<u8>),
    Truncate(u64),
    Read(u64, usize),
}

fn step() -> impl Strategy<Value = Step> {
    // Chunks of a file in memory are 64 KiB: these offsets and lengths cross several of their borders.
    let offset = prop_oneof![0..200_000u64, (0..4u64, 0..5u64).prop_map(|(chunk, at)| chunk * 65_536 + at)];
    let bytes = (any::<u8>(), 0..150_000usize).prop_map(|(byte, count)| vec![byte; count]);
    prop_oneof![
        (offset.clone(), bytes).prop_map(|(offset, bytes)| Step::Write(offset, bytes)),
        offset.clone().prop_map(Step::Truncate),
        (offset, 0..150_000usize).prop_map(|(offset, bytes)| Step::Read(offset, bytes)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn files_behave_like_a_vector_of_bytes(steps in prop::collection::vec(step(), 1..20)) {
        let root = tempfile::tempdir().unwrap();
        follow_the_model(&*OsVfs.create_new(&root.path().join("f")).unwrap(), &steps);
        follow_the_model(&*MemoryVfs::new().create_new(Path::new("f")).unwrap(), &steps);
    }
}

fn follow_the_model(file: &dyn VfsFile, steps: &[Step]) {
    let mut model: Vec<u8> = Vec::new();
    for step in steps {
        match step {
            Step::Write(offset, bytes) => {
                file.write_at(*offset, bytes).unwrap();
                let (start, end) = (*offset as usize, *offset as usize + bytes.len());
                if !bytes.is_empty() {
                    model.resize(model.len().max(end), 0);
                    model[start..end].copy_from_slice(bytes);
                }
            }
            Step::Truncate(len) => {
                file.truncate(*len).unwrap();
                model.resize(*len as usize, 0);
            }
            Step::Read(offset, bytes) => {
                let start = model.len().min(*offset as usize);
                let end = model.len().min(*offset as usize + bytes).max(start);
                check_bytes(file, *offset, *bytes, &model[start..end]);
            }
        }
        assert_eq!(file.len().unwrap(), model.len() as u64);
    }
    check_bytes(file, 0, model.len() + 1, &model);
}

/// Creates a file that holds `bytes`.
#[track_caller]
fn filled(vfs: &dyn Vfs, path: &Path, bytes: &[u8]) -> Arc<dyn VfsFile> {
    let file = vfs.create_new(path).unwrap();
    file.write_at(0, bytes).unwrap();
    file
}

/// Reads up to `bytes` at `offset` and expects exactly `expect`.
#[track_caller]
fn check_bytes(file: &dyn VfsFile, offset: u64, bytes: usize, expect: &[u8]) {
    let mut buffer = vec![0xa5; bytes];
    let filled = file.read_at(offset, &mut buffer).unwrap();
    assert_eq!(filled, expect.len(), "bytes read at {offset}");
    let differing = (0..filled).find(|index| buffer[*index] != expect[*index]);
    assert_eq!(differing, None, "index of the first differing byte read at {offset}");
    assert!(buffer[filled..].iter().all(|byte| *byte == 0xa5), "the rest of the buffer is left alone");
}

/// Expects an error of one kind.
#[track_caller]
fn check_kind<T>(result: std::io::Result<T>, expect: ErrorKind) {
    assert_eq!(result.err().map(|error| error.kind()), Some(expect));
}
