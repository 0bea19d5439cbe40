//! At the limits: owner numbers used up, ids far apart, memory refused, a writer dropped half way.

use std::{
    collections::BTreeSet,
    process::{Command, ExitStatus},
    sync::atomic::{AtomicBool, Ordering},
    thread::{scope, yield_now},
    time::{Duration, Instant},
};

use mmsb_page::{Group, GroupBuf, Hold, Need, PageStore, StoreError};
use mmsb_types::limits::{COMMITTERS_MAX, COMPACT_ID_MAX, PAGE_ID_MAX};

use crate::{assert_sound, born, committer, epoch, page, read};

#[test]
fn owner_numbers_run_out_and_come_back() {
    let store = PageStore::new();
    let pool = store.committers();
    let mut lent: Vec<_> = (0..COMMITTERS_MAX).map(|_| pool.acquire(Duration::ZERO).unwrap()).collect();
    let numbers: BTreeSet<u8> = lent.iter().map(mmsb_page::Committer::number).collect();
    assert!(numbers.into_iter().eq(1..=254), "every number once");

    let start = Instant::now();
    assert!(pool.acquire(Duration::from_millis(20)).is_none());
    let waited = start.elapsed();
    assert!(waited >= Duration::from_millis(20) && waited < Duration::from_secs(20), "waited {waited:?}");

    let number = lent.swap_remove(100).number();
    assert_eq!(pool.acquire(Duration::ZERO).unwrap().number(), number);
}

#[test]
fn a_waiter_gets_the_number_that_is_given_back() {
    let store = PageStore::new();
    let lent: Vec<_> = (0..COMMITTERS_MAX).map(|_| committer(&store)).collect();
    let (store, looked) = (&store, &AtomicBool::new(false));
    scope(|scope| {
        let waiter = scope.spawn(move || {
            let none = store.committers().acquire(Duration::ZERO).is_none();
            looked.store(true, Ordering::Relaxed);
            none && store.committers().acquire(Duration::from_secs(60)).is_some()
        });
        while !looked.load(Ordering::Relaxed) {
            yield_now();
        }
        drop(lent);
        assert!(waiter.join().unwrap());
    });
}

#[test]
fn who_holds_all_numbers_commits_alone() {
    let store = PageStore::new();
    let pool = store.committers();
    born(&store, page(1), b"one", epoch(1));
    let all = pool.all(Duration::ZERO).unwrap();
    assert!(pool.acquire(Duration::from_millis(1)).is_none());
    assert!(pool.all(Duration::from_millis(1)).is_none());
    let mut writer = store.try_lock(page(1), all.committer()).unwrap().unwrap().into_writer();
    writer.write(0, b"all");
    writer.publish(epoch(2));
    assert_eq!(read(&store, page(1)), (epoch(2), b"all".to_vec()));
    drop(all);
    assert_every_number_is_free(&store);
}

#[test]
fn who_cannot_get_all_numbers_gives_back_those_he_got() {
    let store = PageStore::new();
    let lent: Vec<_> = (0..9).map(|_| committer(&store)).collect();
    let kept: Vec<u8> = lent.iter().map(mmsb_page::Committer::number).collect();
    assert!(store.committers().all(Duration::from_millis(1)).is_none());
    let others: Vec<_> = (9..COMMITTERS_MAX).map(|_| committer(&store)).collect();
    assert!(others.iter().all(|other| !kept.contains(&other.number())));
    assert!(store.committers().acquire(Duration::ZERO).is_none());
    drop((lent, others));
    assert_every_number_is_free(&store);
}

#[track_caller]
fn assert_every_number_is_free(store: &PageStore) {
    let lent: Vec<_> = std::iter::from_fn(|| store.committers().acquire(Duration::ZERO)).collect();
    let numbers: BTreeSet<u8> = lent.iter().map(mmsb_page::Committer::number).collect();
    assert_eq!((lent.len(), numbers.len()), (COMMITTERS_MAX, COMMITTERS_MAX));
}

#[test]
#[cfg_attr(miri, ignore = "reserves gigabytes of address space")]
fn ids_far_apart_cost_little_and_are_all_found() {
    let store = PageStore::new();
    let ids: Vec<u64> = (0..30).map(|bit| 1 << bit).chain([COMPACT_ID_MAX]).collect();
    ids.iter().for_each(|&id| born(&store, page(id), &id.to_le_bytes(), epoch(1)));
    let start = Instant::now();
    assert_eq!(store.pages().map(|page| page.get()).collect::<Vec<_>>(), ids);
    assert!(start.elapsed() < Duration::from_secs(5), "gaps are passed over: {:?}", start.elapsed());
    assert_eq!(read(&store, page(COMPACT_ID_MAX)).1, COMPACT_ID_MAX.to_le_bytes());
    assert_sound(&store);
}

#[test]
fn an_absurd_id_is_an_error_and_reserves_nothing() {
    let store = PageStore::with_page_id_max(page(u64::MAX));
    for id in [0, PAGE_ID_MAX + 1, u64::MAX - 1, u64::MAX] {
        assert!(matches!(store.prepare(page(id), 1), Err(StoreError::IdOutOfRange { .. })), "{id}");
        assert!(!store.contains(page(id)));
    }
    assert_eq!(store.stats().mapped_bytes, 0);
}

/// Runs one of the ignored tests below in a process of its own, under a shell's limits.
fn run_alone(test: &str, limits: &str) -> (ExitStatus, String) {
    let program = std::env::current_exe().unwrap();
    let line = format!("{limits} exec \"$0\" --exact {test} --ignored --test-threads=1");
    let output = Command::new("sh").args(["-c", &line]).arg(program).output().unwrap();
    (output.status, String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
#[cfg_attr(miri, ignore = "starts a process")]
#[cfg_attr(sanitized, ignore = "a sanitizer needs terabytes of address space")]
fn memory_that_is_refused_is_an_error_and_frees_the_id() {
    let (status, output) = run_alone("limits::alone_without_memory", "ulimit -v 300000 &&");
    assert!(status.success() && output.contains("1 passed"), "{status}: {output}");
}

#[test]
#[ignore = "run alone by the test above"]
fn alone_without_memory() {
    let store = PageStore::new();
    let error = (1..=64).find_map(|id| match store.prepare(page(id), 16 << 20) {
        Ok(new) => {
            new.publish(epoch(1));
            None
        }
        Err(error) => Some((id, error)),
    });
    let (id, error) = error.expect("a gigabyte does not fit");
    assert!(matches!(error, StoreError::OutOfMemory { .. }), "{error}");
    assert!(std::error::Error::source(&error).is_some());
    // What is left serves smaller pages, this id among them.
    born(&store, page(id), b"small", epoch(1));
    assert_sound(&store);
}

#[test]
#[cfg_attr(miri, ignore = "starts a process")]
#[cfg_attr(sanitized, ignore = "a sanitizer needs terabytes of address space")]
fn a_commit_that_the_system_has_no_room_for_goes_on_without() {
    let (status, output) = run_alone("limits::alone_without_room", "ulimit -v 200000 &&");
    assert!(status.success() && output.contains("1 passed"), "{status}: {output}");
}

#[test]
#[ignore = "run alone by the test above"]
fn alone_without_room() {
    let store = PageStore::new();
    let (committer, most) = (committer(&store), store.preimage_stats().cap_bytes);
    assert!(
        store.stash(&committer, Need::of(1, 128 << 20)),
        "what it replaces is lost to snapshots, that is all"
    );
    let stats = store.preimage_stats();
    assert!(stats.cap_bytes > most && stats.cap_bytes < 128 << 20, "{stats:?}");
    assert!(store.stash(&committer, Need::of(1, 64)));
    assert_sound(&store);
}

#[test]
#[cfg_attr(miri, ignore = "starts a process")]
fn a_writer_dropped_half_way_aborts_the_process() {
    let (status, output) = run_alone("limits::alone_half_way", "ulimit -c 0;");
    assert_eq!(status.code(), None, "ended by a signal: {output}");
}

#[test]
#[ignore = "run alone by the test above"]
fn alone_half_way() {
    let store = PageStore::new();
    let committer = committer(&store);
    born(&store, page(1), b"whole", epoch(1));
    let mut writer = store.try_lock(page(1), &committer).unwrap().unwrap().into_writer();
    writer.write(3, b"past the end");
}

#[test]
#[cfg_attr(miri, ignore = "starts a process")]
fn a_group_dropped_before_its_last_page_ended_aborts_the_process() {
    let (status, output) = run_alone("limits::alone_unended", "ulimit -c 0;");
    assert_eq!(status.code(), None, "ended by a signal: {output}");
}

#[test]
#[ignore = "run alone by the test above"]
fn alone_unended() {
    let store = PageStore::new();
    let committer = committer(&store);
    (1..=2).for_each(|id| born(&store, page(id), b"whole", epoch(1)));
    let mut buffer = GroupBuf::default();
    let mut group = Group::new(&store, &committer, &mut buffer);
    (1..=2).for_each(|id| assert_eq!(group.try_lock(page(id), 5), Hold::Locked));
    group.into_writer().publish(1, epoch(2));
}

#[test]
fn a_thread_is_lent_the_number_that_it_is_likely_to_be() {
    for _ in 0..260 {
        let thread = std::thread::spawn(|| {
            let store = PageStore::new();
            let likely = store.committers().likely();
            (likely, store.committers().acquire(Duration::ZERO).unwrap().number())
        });
        let (likely, lent) = thread.join().unwrap();
        // One thread's in 256 would be a reader's, which is never lent.
        assert!((1..=254).contains(&likely), "{likely} is nobody's to be lent");
        assert!(likely == lent || likely == 254, "{likely}, but {lent}");
    }
}
