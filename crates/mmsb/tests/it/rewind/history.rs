//! What a rewind brings back, and that it adds to history instead of taking from it.

use mmsb::{Bus, Epoch, Error, RewindSource, diff};
use mmsb_testkit::dump;

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
        assert_eq!(bus.validate(), []);
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
