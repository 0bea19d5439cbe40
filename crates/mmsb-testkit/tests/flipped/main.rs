//! Does a replay notice that memory was not what the log says? A byte is stored wrong in one commit of a bus that
//! keeps the hashes of its states.
//!
//! One test: a planted fault is everybody's.

use mmsb::{Bus, CheckpointEvery, Durability, Epoch, Place, ReplayDifference, Violation, verify_replay};
use mmsb_types::plant::{Fault, plant};

#[test]
fn a_byte_that_memory_got_wrong_is_named_with_its_epoch_and_its_page() {
    [1, 2, 5].into_iter().for_each(check);
}

/// Hashes every so many commits.
#[track_caller]
fn check(every: u64) {
    const FLIPPED: u64 = 13;
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("run.mmsb");
    let builder = Bus::builder().state_hash_every(every).durability(Durability::Volatile);
    let bus = builder.checkpoint_every(CheckpointEvery::NEVER).create(&path).unwrap();
    let pages = [(); 4].map(|()| bus.create_page(None, 64).unwrap());
    for epoch in 5..=30 {
        plant((epoch == FLIPPED).then_some(Fault::StoreFlipped));
        bus.put(pages[epoch as usize % 4], 8, &epoch).unwrap();
        plant(None);
        if epoch == FLIPPED {
            let told = Violation::new("mmsb/replay-equals-live", Place::Page(pages[epoch as usize % 4]), "");
            let found = bus.check();
            assert!(
                matches!(&found[..], [one] if (one.rule, one.place) == (told.rule, told.place)),
                "{found:?}"
            );
        }
        assert_eq!(bus.epoch(), Epoch::new(epoch));
        if epoch == 16 {
            bus.checkpoint().unwrap();
        }
    }
    bus.stop().unwrap();
    let found = verify_replay(&path, |_| {}).unwrap();
    // The first state that was hashed and holds the byte; the checkpoint behind it tells the page.
    let first = FLIPPED.next_multiple_of(every);
    assert_eq!(found.equal, Epoch::new((FLIPPED - 1) / every * every), "{found:?}");
    let Some(ReplayDifference { epoch, page, .. }) = found.difference else {
        panic!("nobody notices: {found:?}")
    };
    assert_eq!((epoch, page), (Epoch::new(first), Some((pages[FLIPPED as usize % 4], Epoch::new(16)))));
}
