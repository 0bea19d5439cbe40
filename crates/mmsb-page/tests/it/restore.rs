//! A store filled alone is the store that commits would have left; what does not fit changes nothing.

use std::thread;

use insta::assert_snapshot;
use mmsb_page::{Content, PageStore, Restore, RestoreError, Run};
use mmsb_types::{PageId, Span};
use proptest::{collection::vec, prelude::*};

use crate::{assert_sound, born, committer, epoch, page, read};

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
    assert!(restore.contains(page(2)) && !restore.contains(page(3)));

    assert_eq!(store.stats().pages, 2);
    assert_eq!(read(&store, page(1)), (epoch(5), vec![0; 33]), "a slot is handed on clean");
    assert_eq!(read(&store, page(2)), (epoch(2), b"\x001xx4".to_vec()));
    assert_sound(&store);
    let committer = committer(&store);
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
    let committer = committer(&store);
    // A lock that nobody will ever drop.
    std::mem::forget(store.try_lock(page(1), &committer).unwrap().unwrap());
    drop(committer);
    store.restore().write(page(1), 0, b"after-", epoch(2)).unwrap();
    assert_eq!(read(&store, page(1)), (epoch(2), b"after-".to_vec()));
    store.restore().retire(page(1), epoch(3)).unwrap();
    assert_sound(&store);
}

fn run(at: u64, offset: u32, content: Content<'_>) -> Run<'_> {
    Run { page: page(at), offset, content, is_whole: false, epoch: epoch(2) }
}

/// Writes so many runs of one byte, one of them bad, and checks that this one is told.
#[track_caller]
fn told(count: usize, bad_at: usize, bad: Run<'_>, error: RestoreError) {
    let mut store = PageStore::new();
    let mut restore = store.restore();
    restore.create(page(1), 8, epoch(1)).unwrap();
    restore.create(page(2), 8, epoch(1)).unwrap();
    let runs = (0..count).map(|at| match at.cmp(&bad_at) {
        std::cmp::Ordering::Less => run(1, 0, Content::Bytes(b"a")),
        std::cmp::Ordering::Equal => bad,
        std::cmp::Ordering::Greater => run(2, 0, Content::Bytes(b"z")),
    });
    assert_eq!(restore.write_all(runs), Err((bad_at, error)));
    assert_eq!(read(&store, page(2)), (epoch(1), vec![0; 8]), "nothing behind a bad run is written");
    assert_sound(&store);
}

#[test]
fn the_first_run_that_does_not_fit_is_told_wherever_it_is() {
    let bytes = Content::Bytes(b"1234");
    let out = |offset, len| RestoreError::OutOfBounds { page: page(2), offset, len, page_bytes: 8 };
    for count in [1, 13, 14, 15, 28, 29, 33, 100] {
        for bad_at in [0, count / 2, count - 1] {
            told(count, bad_at, run(9, 0, bytes), RestoreError::NotFound { page: page(9) });
            told(count, bad_at, run(2, 5, bytes), out(5, 4));
            told(count, bad_at, run(2, 1, Content::Fill(8, 7)), out(1, 8));
            told(count, bad_at, Run { is_whole: true, ..run(2, 0, bytes) }, out(0, 4));
        }
    }
}

fn write_one(restore: &mut Restore<'_>, run: &Run<'_>) {
    let written = match run.content {
        Content::Bytes(bytes) => restore.write(run.page, run.offset, bytes, run.epoch),
        Content::Fill(len, byte) => restore.fill(run.page, Span::new(run.offset, len), byte, run.epoch),
    };
    written.unwrap();
}

/// Writes the runs from so many threads, each those of its part.
fn write_in_parts(store: &mut PageStore, count: usize, runs: &[Run<'_>]) {
    let mut restore = store.restore();
    let parts = restore.split(count);
    thread::scope(|scope| {
        for mut part in parts {
            scope.spawn(move || {
                let own: Vec<_> = runs.iter().copied().filter(|run| part.owns(run.page)).collect();
                part.write_all(own.into_iter()).unwrap();
            });
        }
    });
}

/// The index of the one part that owns the page.
#[track_caller]
fn owner(parts: &[Restore<'_>], page: PageId) -> usize {
    let mut owners = (0..parts.len()).filter(|&index| parts[index].owns(page));
    let owner = owners.next().expect("every page is somebody's");
    assert_eq!(owners.next(), None, "{page} of {} parts", parts.len());
    owner
}

#[test]
fn a_page_is_one_parts_and_parts_are_of_like_size() {
    let mut store = PageStore::new();
    let mut restore = store.restore();
    for (count, step) in [(1, 1), (2, 1), (3, 1), (7, 64), (8, 4096), (16, 3)] {
        let parts = restore.split(count);
        let mut pages = vec![0; count];
        (1..=4000).for_each(|id| pages[owner(&parts, page(id * step))] += 1);
        let share = 4000 / count;
        assert!(pages.iter().all(|&pages| pages > share * 8 / 10 && pages < share * 12 / 10), "{pages:?}");
    }
}

#[test]
fn pages_are_born_written_and_ended_by_all_parts_at_once() {
    const PAGES: u64 = if cfg!(miri) { 40 } else { 5000 };
    let mut store = PageStore::new();
    let mut restore = store.restore();
    let parts = restore.split(4);
    thread::scope(|scope| {
        for mut part in parts {
            scope.spawn(move || {
                let own = |id: &u64| part.owns(page(*id));
                for id in (1..=PAGES).filter(own).collect::<Vec<_>>() {
                    let fill = |bytes: &mut [u8]| bytes.fill(id as u8);
                    part.births().birth(page(id), 100 + id as u32 % 3, epoch(1), fill).unwrap();
                    if id % 3 == 0 {
                        part.retire(page(id), epoch(2)).unwrap();
                    }
                    if id % 6 == 0 {
                        part.create(page(id), 64, epoch(3)).unwrap();
                    }
                }
            });
        }
    });
    for id in 1..=PAGES {
        let expected = match id % 6 {
            0 => Some((epoch(3), vec![0; 64])),
            3 => None,
            _ => Some((epoch(1), vec![id as u8; 100 + id as usize % 3])),
        };
        assert_eq!(store.contains(page(id)).then(|| read(&store, page(id))), expected, "page {id}");
    }
    assert_sound(&store);
}

#[test]
#[should_panic(expected = "page:1 is another part's")]
fn a_part_does_not_touch_a_page_of_another_one() {
    let mut store = PageStore::new();
    let mut restore = store.restore();
    restore.create(page(1), 64, epoch(1)).unwrap();
    let mut parts = restore.split(2);
    let other = parts.iter_mut().find(|part| !part.owns(page(1))).unwrap();
    let _ = other.write(page(1), 0, b"x", epoch(2));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 3 } else { 100 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn many_runs_at_once_are_those_written_one_by_one(
        runs in vec((1u64..6, any::<u32>(), 0u32..70, any::<u8>(), any::<bool>()), 0..100),
        count in 1usize..9,
    ) {
        let [mut many, mut one, mut parts] = [(); 3].map(|()| PageStore::new());
        for store in [&mut many, &mut one, &mut parts] {
            (1..6).for_each(|at| store.restore().create(page(at), 70, epoch(1)).unwrap());
        }
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(400).collect();
        let runs: Vec<Run<'_>> = runs
            .into_iter()
            .zip(2..)
            .map(|((at, offset, len, byte, is_fill), number)| {
                let bytes = &bytes[usize::from(byte)..][..len as usize];
                let content = if is_fill { Content::Fill(len, byte) } else { Content::Bytes(bytes) };
                Run { epoch: epoch(number), ..run(at, offset % (71 - len), content) }
            })
            .collect();
        many.restore().write_all(runs.iter().copied()).unwrap();
        let mut restore = one.restore();
        runs.iter().for_each(|run| write_one(&mut restore, run));
        write_in_parts(&mut parts, count, &runs);
        for at in 1..6 {
            prop_assert_eq!(read(&many, page(at)), read(&one, page(at)));
            prop_assert_eq!(read(&parts, page(at)), read(&one, page(at)));
        }
        assert_sound(&many);
        assert_sound(&parts);
    }

    #[test]
    fn restored_bytes_are_those_that_writers_leave(
        page_bytes in 1u32..300,
        writes in vec((any::<u32>(), any::<u32>(), any::<u8>(), any::<bool>()), 0..12),
    ) {
        let (mut filled, written) = (PageStore::new(), PageStore::new());
        filled.restore().create(page(1), page_bytes, epoch(1)).unwrap();
        written.prepare(page(1), page_bytes).unwrap().publish(epoch(1));
        let committer = committer(&written);
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

#[test]
fn what_is_born_together_is_counted() {
    let mut store = PageStore::new();
    let restore = store.restore();
    let mut births = restore.births();
    (1..=3).for_each(|id| births.birth(page(id), 100, epoch(1), |bytes| bytes.fill(7)).unwrap());
    assert!(births.birth(page(3), 100, epoch(1), |_| {}).is_err(), "it lives");
    drop(births);
    let stats = store.stats();
    assert_eq!((stats.pages, stats.page_bytes), (3, 300));
    assert_sound(&store);
}
