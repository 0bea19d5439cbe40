//! Which files' bytes go later than their names.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
};

use super::{LARGE_BYTES, LastHandle};

#[test]
fn one_large_file_at_a_time_is_closed_aside() {
    static IS_BUSY: AtomicBool = AtomicBool::new(false);
    let dir = tempfile::tempdir().unwrap();
    let is_aside = |name: &str| LastHandle::of(&dir.path().join(name), &IS_BUSY);
    fs::write(dir.path().join("small"), vec![0; LARGE_BYTES as usize - 1]).unwrap();
    fs::write(dir.path().join("large"), vec![0; LARGE_BYTES as usize]).unwrap();
    // No disk has room for so many.
    fs::File::create(dir.path().join("huge")).unwrap().set_len(1 << 43).unwrap();
    fs::create_dir(dir.path().join("folder")).unwrap();
    let now = ["small", "huge", "folder", "missing"].map(|name| is_aside(name).is_none());
    assert_eq!((now, IS_BUSY.load(Ordering::Relaxed)), ([true; 4], false));
    let first = is_aside("large");
    assert!(first.is_some() && is_aside("large").is_none());
    drop(first);
    assert!(is_aside("large").is_some());
}
