//! A store filled alone is the store that commits would have left; what does not fit changes nothing.

use std::time::Duration;

use insta::assert_snapshot;
use mmsb_page::PageStore;
use mmsb_types::Span;
use proptest::{collection::vec, prelude::*};

use crate::{assert_sound, born, epoch, page, read};

#[test]
fn a_restored_store_goes_on_like_any_other() {
    let mut store = PageStore::new();
    let mut restore = store.restore();
    restore.create(page(1), 64, epoch(1)).unwrap();
    restore.create(page(2), 5, epoch(1)).unwrap();
    restore.write(page(2), 1, b"1234", epoch(2)).unwrap();
    restore.fill(page(2), Span::new(2, 2), b'x', epoch(2)).unwrap();
    restore.page_mut(page(1), epoch(3)).unwrap()[63] = 9;
    restore.retire(page(1), epoch(4)).unwrap();
    restore.create(page(1), 33, epoch(5)).unwrap();
    assert_eq!(restore.store().stats().pages, 2);

    assert_eq!(read(&store, page(1)), (epoch(5), vec![0; 33]), "a slot is handed on clean");
    assert_eq!(read(&store, page(2)), (epoch(2), b"\x001xx4".to_vec()));
    assert_sound(&store);
    let committer = store.committers().acquire(Duration::ZERO).unwrap();
    store.try_lock(page(2), &committer).unwrap().unwrap().into_writer().publish(epoch(6));
    assert_eq!(store.epoch(page(2)), Some(epoch(6)));
}

#[test]
fn what_does_not_fit_is_told_and_changes_nothing() {
    let mut store = PageStore::with_page_id_max(page(9));
    let mut restore = store.restore();
    restore.create(page(1), 5, epoch(1)).unwrap();
    restore.write(page(1), 0, b"12345", epoch(1)).unwrap();
    let lines = [
        restore.create(page(1), 1, epoch(2)).unwrap_err().to_string(),
        restore.create(page(10), 1, epoch(2)).unwrap_err().to_string(),
        restore.create(page(2), 0, epoch(2)).unwrap_err().to_string(),
        restore.write(page(2), 0, b"", epoch(2)).unwrap_err().to_string(),
        restore.write(page(1), 3, b"123", epoch(2)).unwrap_err().to_string(),
        restore.write(page(1), u32::MAX, b"1", epoch(2)).unwrap_err().to_string(),
        restore.fill(page(1), Span::new(6, 0), 0, epoch(2)).unwrap_err().to_string(),
        restore.fill(page(1), Span::new(1, u32::MAX), 0, epoch(2)).unwrap_err().to_string(),
        restore.page_mut(page(u64::MAX), epoch(2)).unwrap_err().to_string(),
        restore.retire(page(0), epoch(2)).unwrap_err().to_string(),
    ];
    assert_snapshot!(lines.join("\n"), @r"
    preparing page:1: the id is in use
    preparing page:10: the id is not in 1..=9
    preparing page:2: 0 bytes are not in 1..=16777216
    restoring page:2: no such page
    restoring page:1: 3 bytes from 3 pass its end at 5
    restoring page:1: 1 bytes from 4294967295 pass its end at 5
    restoring page:1: 0 bytes from 6 pass its end at 5
    restoring page:1: 4294967295 bytes from 1 pass its end at 5
    restoring page:18446744073709551615: no such page
    restoring page:0: no such page
    ");
    assert_eq!(read(&store, page(1)), (epoch(1), b"12345".to_vec()));
    assert_eq!(store.stats().pages, 1);
    assert_sound(&store);
}

#[test]
fn pages_that_were_read_and_locked_before_can_be_restored() {
    let mut store = PageStore::new();
    born(&store, page(1), b"before", epoch(1));
    let committer = store.committers().acquire(Duration::ZERO).unwrap();
    // A lock that nobody will ever drop.
    std::mem::forget(store.try_lock(page(1), &committer).unwrap().unwrap());
    drop(committer);
    store.restore().write(page(1), 0, b"after-", epoch(2)).unwrap();
    assert_eq!(read(&store, page(1)), (epoch(2), b"after-".to_vec()));
    store.restore().retire(page(1), epoch(3)).unwrap();
    assert_sound(&store);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 3 } else { 100 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn restored_bytes_are_those_that_writers_leave(
        page_bytes in 1u32..300,
        writes in vec((any::<u32>(), any::<u32>(), any::<u8>(), any::<bool>()), 0..12),
    ) {
        let (mut filled, written) = (PageStore::new(), PageStore::new());
        filled.restore().create(page(1), page_bytes, epoch(1)).unwrap();
        written.prepare(page(1), page_bytes).unwrap().publish(epoch(1));
        let committer = written.committers().acquire(Duration::ZERO).unwrap();
        for ((at, len, byte, is_fill), number) in writes.into_iter().zip(2..) {
            let offset = at % (page_bytes + 1);
            let span = Span::new(offset, len % (page_bytes - offset + 1));
            let bytes: Vec<u8> = (0..span.len as u8).map(|step| byte.wrapping_add(step)).collect();
            let mut writer = written.try_lock(page(1), &committer).unwrap().unwrap().into_writer();
            if is_fill {
                writer.fill(span, byte);
            } else {
                writer.write(span.offset, &bytes);
            }
            writer.publish(epoch(number));
            let mut restore = filled.restore();
            if is_fill {
                restore.fill(page(1), span, byte, epoch(number)).unwrap();
            } else {
                restore.write(page(1), span.offset, &bytes, epoch(number)).unwrap();
            }
        }
        prop_assert_eq!(read(&filled, page(1)), read(&written, page(1)));
        assert_sound(&filled);
    }
}
