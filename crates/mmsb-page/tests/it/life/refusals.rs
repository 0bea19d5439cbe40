//! What is refused, and what is allowed where one might think it is not.

use insta::assert_snapshot;
use mmsb_page::PageStore;

use crate::{assert_sound, born, committer, epoch, page, read};

#[test]
fn every_refusal_says_what_and_why() {
    let store = PageStore::with_page_id_max(page(1000));
    let committer = committer(&store);
    born(&store, page(1), b"12345", epoch(1));
    let refused = |id, page_bytes| store.prepare(page(id), page_bytes).unwrap_err().to_string();
    let lines = [
        refused(2, 0),
        refused(2, u32::MAX),
        refused(0, 1),
        refused(1001, 1),
        refused(u64::MAX, 1),
        refused(1, 1),
        store.try_lock(page(2), &committer).unwrap_err().to_string(),
        store.lock_wait(page(u64::MAX), &committer).unwrap_err().to_string(),
        store.read(page(0), 0, &mut [0]).unwrap_err().to_string(),
        store.read(page(1), 3, &mut [0; 3]).unwrap_err().to_string(),
        store.read(page(1), u32::MAX, &mut [0; 9]).unwrap_err().to_string(),
    ];
    assert_snapshot!(lines.join("\n"), @r"
    preparing page:2: 0 bytes are not in 1..=16777216
    preparing page:2: 4294967295 bytes are not in 1..=16777216
    preparing page:0: the id is not in 1..=1000
    preparing page:1001: the id is not in 1..=1000
    preparing page:18446744073709551615: the id is not in 1..=1000
    preparing page:1: the id is in use
    locking page:2: no such page
    locking page:18446744073709551615: no such page
    reading page:0: no such page
    reading page:1: 3 bytes from 3 pass its end at 5
    reading page:1: 9 bytes from 4294967295 pass its end at 5
    ");
    assert_sound(&store);
}

#[test]
fn asking_for_memory_ahead_takes_any_page_and_any_range() {
    let store = PageStore::new();
    let committer = committer(&store);
    born(&store, page(1), &[1; 100], epoch(1));
    born(&store, page(2), &[2; 16], epoch(1));
    store.lock_wait(page(2), &committer).unwrap().into_writer().retire(epoch(2));
    let _new = store.prepare(page(3), 10).unwrap();
    for id in [0, 1, 2, 3, 4, 5000, 1 << 29, u64::MAX] {
        store.prefetch(page(id));
        for (offset, len) in [(0, 0), (0, 100), (63, 2), (99, 1), (u32::MAX, 1), (1, usize::MAX)] {
            store.prefetch_bytes(page(id), offset, len);
        }
    }
    assert_eq!(read(&store, page(1)), (epoch(1), vec![1; 100]));
}
