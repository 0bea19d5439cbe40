//! The page lock: readers beside a writer, writers after each other.

use super::{Epoch, Fault, PageId, commit, explore, read, spawn, store};

const PAGE: PageId = PageId::FIRST;

#[test]
fn a_reader_sees_all_of_a_commit_or_nothing() {
    let faults = [Fault::ReaderRecheck, Fault::ReaderFence, Fault::WriterFence, Fault::PublishOrder];
    explore("page lock vs reader", &faults, || {
        let store = store(1);
        let writer = spawn(&store, |store| commit(store, PAGE, 2));
        let reader = spawn(&store, |store| read(store, PAGE));
        writer.join().unwrap();
        let (one, other, epoch) = reader.join().unwrap();
        let expected = if epoch == Epoch::new(1) { 0 } else { epoch.get() };
        assert_eq!((one, other), (expected, expected), "read at {epoch}");
    });
}
