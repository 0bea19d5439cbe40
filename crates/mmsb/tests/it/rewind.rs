//! Going back: the state of an earlier epoch, byte for byte, by one commit forward.

use std::{path::Path, sync::Arc, thread};

use mmsb::{
    Builder, Bus, Epoch, Error, PageId, RewindSource, Rewound, diff,
    vfs::{MemoryVfs, Vfs},
};
use mmsb_testkit::{Driver, agree, dump};

/// Random transactions and rewinds, the newest `reach` epochs back, checked everywhere and once more after
/// reopening; returns how many rewinds each source served.
#[track_caller]
fn check(seed: u64, builder: &Builder, reach: u64) -> [usize; 2] {
    println!("seed {seed}");
    let vfs: Arc<dyn Vfs> = Arc::new(MemoryVfs::new());
    let (mut driver, mut served) = (Driver::new(seed), [0; 2]);
    let mut bus = builder.clone().create_on(Arc::clone(&vfs), Path::new("bus")).unwrap();
    for _ in 0..2 {
        for step in 0..24 {
            driver.step(&bus);
            if step % 3 == 2 {
                served[driver.rewind(&bus, reach).source as usize] += 1;
                agree::live(&bus, driver.model());
            }
        }
        drop(bus);
        bus = builder.clone().open_on(Arc::clone(&vfs), Path::new("bus")).unwrap();
        agree::live(&bus, driver.model());
    }
    agree::everywhere(&bus, driver.model());
    served
}

#[test]
fn any_rewind_within_the_undo_records_gives_the_state_there_was() {
    for seed in 0..3 {
        // What the bus did before it was reopened is in the log only.
        let [undo, log] = check(seed, &Bus::builder().undo(128, 256 << 20), 12);
        assert!(undo > 10, "{undo} from the records, {log} from the log");
    }
}

#[test]
fn any_rewind_beyond_them_gives_it_too() {
    for seed in 20..23 {
        let [undo, log] = check(seed, &Bus::builder().undo(0, 0), u64::MAX);
        assert!(log > 8, "{undo} from the records, {log} from the log");
    }
}

#[test]
fn records_that_do_not_reach_back_are_never_used() {
    let mut served = [0; 2];
    for seed in 40..43 {
        let [undo, log] = check(seed, &Bus::builder().undo(8, 20_000), 24);
        served = [served[0] + undo, served[1] + log];
    }
    assert!(served[0] > 5 && served[1] > 5, "{served:?}");
}

#[test]
fn a_bus_that_keeps_no_log_rewinds_within_the_undo_records() {
    let (bus, mut driver) = (Bus::builder().undo(64, 256 << 20).volatile().unwrap(), Driver::new(3));
    for _ in 0..40 {
        driver.step(&bus);
        driver.rewind(&bus, 20);
        agree::live(&bus, driver.model());
    }
    assert_eq!(bus.check(), []);
}

#[test]
fn pages_names_and_bytes_come_back() {
    let bus = Bus::in_memory().unwrap();
    let world = bus.create_page("world", 8).unwrap();
    let score = bus.create_page("score", 16).unwrap();
    bus.write(score, 3, b"abc").unwrap();
    let then = bus.put(world, 0, &1_u64).unwrap().epoch;
    let mut tx = bus.begin();
    tx.name_page(world, "score").unwrap();
    tx.name_page(score, "world").unwrap();
    tx.write(score, 4, b"xyz").unwrap();
    tx.commit().unwrap();
    bus.delete_page(score).unwrap();
    let new = bus.create_page("world", 100).unwrap();
    let rewound = bus.rewind(then).unwrap();
    assert_eq!((rewound.source, rewound.page_count), (RewindSource::Undo, 3));
    assert!(diff(&bus, &bus.at(then).unwrap()).unwrap().is_empty());
    assert_eq!((bus.page("world"), bus.page("score")), (Some(world), Some(score)));
    assert!(matches!(bus.page_bytes(new), Err(Error::PageNotFound { .. })));
    assert!(bus.create_page(None, 1).unwrap() > new, "ids are never given out again");
    insta::assert_snapshot!(dump(&bus.at(rewound.epoch).unwrap()).unwrap(), @r#"
    e8
    page:1 "world", 8 bytes of e4: 01 00*7
    page:2 "score", 16 bytes of e8: 00*3 61 62 63 00*10
    "#);
}

#[test]
fn what_was_undone_is_history_that_can_be_rewound_to() {
    const UP: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
    const DOWN: [u8; 8] = [8, 7, 6, 5, 4, 3, 2, 1];
    for builder in [Bus::builder(), Bus::builder().undo(0, 0)] {
        let bus = builder.in_memory().unwrap();
        let page = bus.create_page("page", 8).unwrap();
        let one = bus.write(page, 0, UP).unwrap().epoch;
        let two = bus.write(page, 0, DOWN).unwrap().epoch;
        bus.rewind(one).unwrap();
        bus.rewind(two).unwrap();
        assert_eq!(bus.get::<[u8; 8]>(page, 0).unwrap(), DOWN);
        bus.rewind(Epoch::ZERO).unwrap();
        assert_eq!((bus.pages().count(), bus.page("page")), (0, None));
        bus.rewind(one).unwrap();
        assert_eq!((bus.get::<[u8; 8]>(page, 0).unwrap(), bus.page("page")), (UP, Some(page)));
        let told: Vec<_> = bus.commits().unwrap().map(|commit| commit.unwrap().to_string()).collect();
        insta::allow_duplicates! { insta::assert_snapshot!(told.join("\n"), @r"
        e1: 0 pages, 0 runs, 0 bytes
        e2: 1 pages, 1 runs, 8 bytes
        e3: 1 pages, 1 runs, 8 bytes
        e4 by rewind to e2: 1 pages, 1 runs, 8 bytes
        e5 by rewind to e3: 1 pages, 1 runs, 8 bytes
        e6 by rewind to e0: 0 pages, 0 runs, 0 bytes
        e7 by rewind to e2: 1 pages, 1 runs, 8 bytes
        ") };
        assert_eq!(bus.check(), []);
    }
}

#[test]
fn a_rewind_to_the_newest_epoch_is_a_commit_without_change() {
    let bus = Bus::in_memory().unwrap();
    let page = bus.create_page("page", 8).unwrap();
    let (newest, written) = (bus.epoch(), bus.page_epoch(page).unwrap());
    let rewound = bus.rewind(newest).unwrap();
    assert_eq!((rewound.epoch, rewound.page_count, rewound.byte_count), (newest.next(), 0, 0));
    assert_eq!((bus.epoch(), bus.page_epoch(page).unwrap()), (newest.next(), written));
}

#[test]
fn a_tick_simulated_again_is_the_one_its_label_finds() {
    let bus = Bus::in_memory().unwrap();
    let page = bus.create_page("page", 8).unwrap();
    let tick = |label: u64, value: u64| {
        let mut tx = bus.begin().label(label);
        tx.put(page, 0, &value).unwrap();
        tx.commit().unwrap().epoch
    };
    let one = tick(1, 10);
    tick(2, 20);
    tick(3, 30);
    bus.rewind(one).unwrap();
    tick(2, 21);
    let shown = |label: u64| bus.at_label(label).unwrap().get::<u64>(page, 0).unwrap();
    assert_eq!([shown(1), shown(2), shown(3)], [10, 21, 30]);
}

#[test]
fn what_cannot_be_reached_is_refused_and_changes_nothing() {
    let bus = Bus::builder().undo(4, 1 << 20).volatile().unwrap();
    let page = bus.create_page("page", 8).unwrap();
    (1..=9_u64).for_each(|value| _ = bus.put(page, 0, &value).unwrap());
    let newest = bus.epoch();
    let ahead = bus.rewind(newest.next());
    assert!(matches!(ahead, Err(Error::EpochAhead { newest: told, .. }) if told == newest), "{ahead:?}");
    let gone = bus.rewind(Epoch::new(newest.get() - 5));
    let oldest = Epoch::new(newest.get() - 4);
    assert!(matches!(gone, Err(Error::HistoryGone { oldest: told, .. }) if told == oldest), "{gone:?}");
    assert_eq!((bus.epoch(), bus.get::<u64>(page, 0).unwrap()), (newest, 9));
    bus.rewind(oldest).unwrap();
    assert_eq!(bus.get::<u64>(page, 0).unwrap(), 5);
}

#[test]
fn a_record_that_would_be_too_large_is_refused_and_changes_nothing() {
    for builder in [Bus::builder(), Bus::builder().undo(0, 0)] {
        let bus = builder.record_bytes_max(4096).in_memory().unwrap();
        let pages: Vec<_> = (0..4).map(|_| bus.create_page(None, 1500).unwrap()).collect();
        let noise: Vec<u8> = (0..1500_u32).map(|at| (at * at / 7) as u8).collect();
        pages.iter().for_each(|&page| _ = bus.capture(page, &noise).unwrap());
        let full = bus.epoch();
        pages.iter().for_each(|&page| _ = bus.capture(page, vec![1; 1500]).unwrap());
        let newest = bus.epoch();
        let refused = bus.rewind(full);
        assert!(matches!(refused, Err(Error::RecordTooLarge { limit: 4096, .. })), "{refused:?}");
        assert_eq!(bus.epoch(), newest);
        assert!(bus.with_page(pages[0], |bytes| bytes == [1; 1500]).unwrap());
        bus.rewind(Epoch::new(newest.get() - 2)).unwrap();
        assert!(bus.with_page(pages[3], |bytes| bytes == noise).unwrap());
        assert_eq!(bus.check(), []);
    }
}

#[test]
fn only_a_bus_that_takes_commits_can_be_rewound() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bus");
    let bus = Bus::create(&path).unwrap();
    let epoch = bus.write(bus.create_page(None, 8).unwrap(), 0, b"x").unwrap().epoch;
    let reader = Bus::open_read_only(&path).unwrap();
    assert!(matches!(reader.rewind(epoch), Err(Error::ReadOnly)));
    let other = bus.clone();
    bus.stop().unwrap();
    assert!(matches!(other.rewind(epoch), Err(Error::Stopped)));
}

/// Moves between two pages, so often: their sum is 1000 in every state.
fn move_often(bus: &Bus, pages: [PageId; 2], times: u64) {
    let mut moved = 0;
    while moved < times {
        let mut tx = bus.begin();
        let done = [[0, 1], [1, 0]].into_iter().try_for_each(|[from, to]| {
            let (old, other): (u64, u64) = (tx.get(pages[from], 0)?, tx.get(pages[to], 0)?);
            tx.put(pages[from], 0, &(old - old / 3))?;
            tx.put(pages[to], 0, &(other + old / 3))
        });
        match done.and_then(|()| tx.commit()) {
            Ok(_) => moved += 1,
            Err(Error::Conflict { .. }) => thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
}

/// Threads commit while another rewinds: what a rewind makes is the target, whole.
#[track_caller]
fn commits_lie_before_or_behind(builder: Builder) {
    const TIMES: u64 = 600;
    let bus = builder.in_memory().unwrap();
    let pages = [(); 4].map(|()| bus.create_page(None, 64).unwrap());
    let pairs = [[pages[0], pages[1]], [pages[2], pages[3]]];
    pairs.iter().for_each(|pair| _ = bus.put(pair[0], 0, &1000_u64).unwrap());
    let oldest = bus.epoch();
    let rewound: Vec<Rewound> = thread::scope(|scope| {
        let bus = &bus;
        let threads = pairs.map(|pair| scope.spawn(move || move_often(bus, pair, TIMES)));
        let mut rewound = Vec::new();
        while rewound.len() < 60 && !threads.iter().all(|thread| thread.is_finished()) {
            let back = rewound.len() as u64 * 7 % 60;
            let target = bus.epoch().get().saturating_sub(back).max(oldest.get());
            rewound.push(bus.rewind(Epoch::new(target)).unwrap());
        }
        rewound
    });
    println!("{} rewinds", rewound.len());
    assert_eq!(bus.epoch().get(), oldest.get() + 2 * TIMES + rewound.len() as u64, "epochs are dense");
    for rewound in rewound {
        let [made, then] = [rewound.epoch, rewound.target].map(|epoch| bus.at(epoch).unwrap());
        assert!(diff(&made, &then).unwrap().is_empty(), "{rewound:?}");
        for pair in pairs {
            let sum: u64 = pair.iter().map(|&page| made.get::<u64>(page, 0).unwrap()).sum();
            assert_eq!(sum, 1000, "{rewound:?}");
        }
    }
    assert_eq!(bus.check(), []);
}

#[test]
fn a_commit_of_another_thread_lies_before_a_rewind_or_behind_it() {
    commits_lie_before_or_behind(Bus::builder());
    commits_lie_before_or_behind(Bus::builder().undo(0, 0));
    commits_lie_before_or_behind(Bus::builder().undo(16, 2000));
}
