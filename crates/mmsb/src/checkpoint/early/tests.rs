//! What was taken early is found when its turn comes, in memory or in the file, whatever the order of taking.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use mmsb_tlog::vfs::{MemoryVfs, Vfs};
use mmsb_types::{Epoch, PageId};

use super::{BUFFER_BYTES, Early, spill::Spill};

const PAGE_BYTES: usize = 1000;
const PATH: &str = "early";

/// Pages of one byte repeated, taken as their turn comes: before each page up to `last`, those that `taken` names.
#[track_caller]
fn check(last: u64, taken: impl Fn(u64) -> Vec<u64>) -> u64 {
    let vfs: Arc<dyn Vfs> = Arc::new(MemoryVfs::new());
    let mut early = Early::with(Spill::new(&vfs, PathBuf::from(PATH)));
    let (mut there, mut file_bytes) = (BTreeMap::new(), 0);
    for id in 1..=last {
        for page in taken(id) {
            early.add(
                PageId::new(page),
                Epoch::new(page * 3),
                &vec![page as u8; PAGE_BYTES - page as usize % 7],
            );
            there.insert(page, ());
        }
        early.spill().unwrap();
        let memory_bytes = early.buffer.len();
        assert!(memory_bytes < BUFFER_BYTES, "{memory_bytes} bytes in memory");
        file_bytes = early.spill.end();
        if id % 5 == 4 {
            // Nobody asks for this one.
            there.remove(&id);
            continue;
        }
        let place = early.find(PageId::new(id)).unwrap();
        assert_eq!(place.is_some(), there.remove(&id).is_some(), "page {id}");
        let Some(place) = place else { continue };
        assert_eq!((place.page, place.changed), (PageId::new(id), Epoch::new(id * 3)));
        let mut bytes = vec![0; place.page_bytes as usize];
        early.read(place, &mut bytes).unwrap();
        assert_eq!(bytes, vec![id as u8; PAGE_BYTES - id as usize % 7]);
    }
    assert_eq!(vfs.exists(PATH.as_ref()).unwrap(), file_bytes > 0);
    drop(early);
    assert!(!vfs.exists(PATH.as_ref()).unwrap(), "the file is gone");
    file_bytes
}

#[test]
fn a_few_pages_stay_in_memory() {
    let bytes = check(100, |id| if id == 3 { vec![90, 3, 17] } else { vec![] });
    assert_eq!(bytes, 0);
}

#[test]
fn many_pages_come_back_from_the_runs_of_the_file() {
    // Scattered over all pages ahead, each taken once.
    let bytes = check(10_007, |id| match id {
        1..=1000 => {
            (0..10).map(|step| (id * 10 + step) * 7919 % 10_007).filter(|&page| page > 1000).collect()
        }
        _ => vec![],
    });
    assert!(bytes > 6 << 20, "{bytes} bytes in the file");
}

#[test]
fn pages_that_nobody_asks_for_keep_none_from_being_found() {
    let bytes = check(6000, |id| match id {
        1 => (2000..5000).rev().collect(),
        3000 => (3000..6000).filter(|page| page % 2 == 0 && *page >= 5000).collect(),
        _ => vec![],
    });
    assert!(bytes > 2 << 20, "{bytes} bytes in the file");
}
