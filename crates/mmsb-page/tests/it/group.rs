//! The pages of one commit: held together, ended one by one.

use mmsb_page::{Group, GroupBuf, Hold, PageStore};
use mmsb_types::Span;

use crate::{assert_sound, born, committer, epoch, page, read};

/// A store with the pages 1, 2 and 3, of eight bytes each, at e1.
fn three_pages() -> PageStore {
    let store = PageStore::new();
    (1..=3).for_each(|id| born(&store, page(id), b"........", epoch(1)));
    store
}

#[test]
fn a_group_holds_writes_and_publishes_its_pages_in_order() {
    let store = three_pages();
    let committer = committer(&store);
    let mut buffer = GroupBuf::default();
    let mut group = Group::new(&store, &committer, &mut buffer);
    let holds = [3, 1, 3, 2].map(|id| group.try_lock(page(id), 8));
    assert_eq!(holds, [Hold::Locked, Hold::Locked, Hold::Again, Hold::Locked]);
    assert_eq!((group.len(), group.epoch(0), group.page_bytes(1)), (4, epoch(1), 8));
    let mut writer = group.into_writer();
    writer.write(0, 0, b"aa");
    writer.write(2, 4, b"bb");
    writer.fill(1, Span::new(1, 7), b'c');
    let as_written = writer.bytes(2, Span::new(0, 6)) == b"aa..bb";
    writer.publish(3, epoch(2));
    writer.publish_unchanged();
    drop(writer);
    assert!(as_written, "both records of a page see the same bytes");
    assert_eq!(read(&store, page(3)), (epoch(2), b"aa..bb..".to_vec()));
    assert_eq!(read(&store, page(1)), (epoch(2), b".ccccccc".to_vec()));
    assert_eq!(read(&store, page(2)), (epoch(1), b"........".to_vec()));
    assert_sound(&store);
}

#[test]
fn a_page_that_somebody_else_holds_is_busy_and_one_that_is_not_there_gone() {
    let store = three_pages();
    let [one, two] = [1, 2].map(|_| committer(&store));
    let _lock = store.try_lock(page(2), &one).unwrap();
    let mut buffer = GroupBuf::default();
    let mut group = Group::new(&store, &two, &mut buffer);
    assert_eq!(group.try_lock(page(2), 8), Hold::Busy);
    assert_eq!(group.try_lock(page(9), 0), Hold::Gone);
    assert_eq!(group.try_lock(page(u64::MAX), 0), Hold::Gone);
    assert_eq!(group.try_lock(page(1), 9), Hold::Gone, "no page reaches so far there");
    assert_eq!((group.try_lock(page(1), 8), group.len()), (Hold::Locked, 1));
}

#[test]
fn what_is_let_go_is_as_it_was() {
    let store = three_pages();
    let [one, two] = [1, 2].map(|_| committer(&store));
    let mut buffer = GroupBuf::default();
    let mut group = Group::new(&store, &one, &mut buffer);
    [1, 2, 2, 3].iter().for_each(|&id| assert_ne!(group.lock_wait(page(id), 8), Hold::Gone));
    group.truncate(1);
    assert!(store.try_lock(page(2), &two).unwrap().is_some());
    assert!(store.try_lock(page(1), &two).unwrap().is_none());
    drop(group);
    assert_eq!(read(&store, page(1)), (epoch(1), b"........".to_vec()));
    assert!(buffer.capacity_bytes() > 0, "the memory is kept");
    assert_sound(&store);
}

#[test]
fn a_page_of_a_group_can_end() {
    let store = three_pages();
    let committer = committer(&store);
    let mut buffer = GroupBuf::default();
    let mut group = Group::new(&store, &committer, &mut buffer);
    [2, 1].iter().for_each(|&id| assert_eq!(group.lock_wait(page(id), 8), Hold::Locked));
    let mut writer = group.into_writer();
    writer.retire(page(2), epoch(2));
    writer.publish(1, epoch(2));
    drop(writer);
    assert!(!store.contains(page(2)));
    let mut group = Group::new(&store, &committer, &mut buffer);
    assert_eq!(group.try_lock(page(2), 0), Hold::Gone);
    drop(group);
    assert_sound(&store);
}
