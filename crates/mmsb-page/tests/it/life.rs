//! One page, from preparation to its next life.

mod refusals;

use mmsb_page::{LockError, PageStore, ReadError, StoreError};
use mmsb_types::Span;

use crate::{assert_sound, born, committer, epoch, page, read};

#[test]
fn a_page_is_born_changed_and_retired() {
    let store = PageStore::new();
    let committer = committer(&store);
    born(&store, page(1), b"hello", epoch(1));
    assert_eq!(read(&store, page(1)), (epoch(1), b"hello".to_vec()));

    let lock = store.try_lock(page(1), &committer).unwrap().unwrap();
    assert_eq!((lock.epoch(), lock.page_bytes(), lock.bytes()), (epoch(1), 5, &b"hello"[..]));
    let mut writer = lock.into_writer();
    writer.write(1, b"ipp");
    writer.fill(Span::new(4, 1), b'y');
    let as_written = writer.bytes() == b"hippy";
    writer.publish(epoch(2));
    assert!(as_written, "a writer reads what it wrote");
    assert_eq!(read(&store, page(1)), (epoch(2), b"hippy".to_vec()));
    assert_sound(&store);

    store.try_lock(page(1), &committer).unwrap().unwrap().into_writer().retire(epoch(3));
    assert_eq!(store.read(page(1), 0, &mut []), Err(ReadError::NotFound { page: page(1) }));
    assert_eq!((store.page_bytes(page(1)), store.epoch(page(1)), store.pages().count()), (None, None, 0));
    assert_sound(&store);
}

#[test]
fn an_id_lives_again_zeroed_and_with_another_length() {
    let store = PageStore::new();
    let committer = committer(&store);
    born(&store, page(7), &[0xff; 40], epoch(1));
    store.lock_wait(page(7), &committer).unwrap().into_writer().retire(epoch(2));
    store.prepare(page(7), 33).unwrap().publish(epoch(3));
    assert_eq!(read(&store, page(7)), (epoch(3), vec![0; 33]));
    assert_eq!(store.stats().slot_bytes, 64);
    assert_sound(&store);
}

#[test]
fn a_page_that_is_not_published_leaves_nothing() {
    let store = PageStore::new();
    let mut new = store.prepare(page(1), 100).unwrap();
    new.fill(Span::new(0, 100), 9);
    assert_eq!(new.bytes(), [9; 100]);
    assert!(matches!(store.prepare(page(1), 100), Err(StoreError::NotFree { .. })));
    assert!(!store.contains(page(1)));
    drop(new);
    assert_eq!((store.stats().pages, store.stats().free_bytes), (0, 128));
    assert_eq!(store.prepare(page(1), 100).unwrap().bytes(), [0; 100]);
    assert_sound(&store);
}

#[test]
fn a_lock_that_is_dropped_leaves_no_trace() {
    let store = PageStore::new();
    let [one, two] = [1, 2].map(|_| committer(&store));
    born(&store, page(1), b"still", epoch(4));
    let lock = store.try_lock(page(1), &one).unwrap().unwrap();
    assert!(store.try_lock(page(1), &two).unwrap().is_none());
    assert_eq!(store.try_lock(page(1), &one).unwrap_err(), LockError::AlreadyHeld { page: page(1) });
    assert_eq!(store.epoch(page(1)), Some(epoch(4)));
    assert_eq!(store.check().len(), 1, "a held page is not at rest");
    drop(lock);
    assert_eq!(store.try_lock(page(1), &two).unwrap().unwrap().epoch(), epoch(4));
    assert_eq!(read(&store, page(1)), (epoch(4), b"still".to_vec()));
    assert_sound(&store);
}

#[test]
fn ids_are_visited_in_order_and_only_while_they_live() {
    let store = PageStore::new();
    let committer = committer(&store);
    for id in [5, 1, 70_000, 3] {
        born(&store, page(id), &[1], epoch(1));
    }
    store.lock_wait(page(3), &committer).unwrap().into_writer().retire(epoch(2));
    assert_eq!(store.pages().map(|page| page.get()).collect::<Vec<_>>(), [1, 5, 70_000]);
    assert_sound(&store);
}
