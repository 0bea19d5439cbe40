//! Commits of several threads under one derived page: it is right at every epoch.

use std::thread;

use mmsb::{Bus, Epoch, PageId};

use super::sheet::{Sheet, sum};

/// Checks at every epoch since `first` that each page is the sum of its inputs.
#[track_caller]
fn check_all(bus: &Bus, first: Epoch, sums: &[(PageId, Vec<PageId>)]) {
    for number in first.get()..=bus.epoch().get() {
        let past = bus.at(Epoch::new(number)).unwrap();
        for (page, inputs) in sums {
            let values = inputs.iter().map(|&input| past.get::<u64>(input, 0).unwrap());
            assert_eq!(past.get::<u64>(*page, 0).unwrap(), values.sum::<u64>(), "{page} at e{number}");
        }
    }
    assert_eq!((bus.verify_recompute(), bus.check()), (vec![], vec![]));
}

#[test]
fn two_threads_that_change_the_inputs_of_one_page() {
    let sheet = Sheet::new(&["a", "b", "sum", "free"]);
    sheet.sum("sum", &["a", "b"]);
    let (first, bus) = (sheet.bus.epoch(), &sheet.bus);
    thread::scope(|scope| {
        for cell in ["a", "b"] {
            let (page, free) = (sheet.cell(cell), sheet.cell("free"));
            scope.spawn(move || {
                for value in 1..=60u64 {
                    match value % 3 {
                        0 => bus.put(page, 0, &value).map(drop),
                        1 => bus.capture(page, value.to_le_bytes()).map(drop),
                        _ => bus.put(free, 0, &value).map(drop),
                    }
                    .unwrap();
                }
            });
        }
        let (a, b, sum) = (sheet.cell("a"), sheet.cell("b"), sheet.cell("sum"));
        scope.spawn(move || {
            for _ in 0..200 {
                let (mut x, mut y, mut z) = ([0; 8], [0; 8], [0; 8]);
                bus.read_many(&mut [(a, 0, &mut x), (sum, 0, &mut z), (b, 0, &mut y)]).unwrap();
                let [x, y, z] = [x, y, z].map(u64::from_le_bytes);
                assert_eq!(x + y, z, "no reader sees one without the other");
            }
        });
    });
    let inputs = vec![sheet.cell("a"), sheet.cell("b")];
    check_all(bus, first, &[(sheet.cell("sum"), inputs)]);
}

#[test]
fn rewinds_beside_waves_wait_for_each_other_and_leave_sums_right() {
    let sheet = Sheet::new(&["a", "b", "sum", "twice"]);
    sheet.sum("sum", &["a", "b"]);
    sheet.sum("twice", &["sum", "sum"]);
    let (first, bus) = (sheet.put("a", 1), &sheet.bus);
    thread::scope(|scope| {
        for page in [sheet.cell("a"), sheet.cell("b")] {
            scope.spawn(move || {
                (1..=40u64).try_for_each(|value| bus.put(page, 0, &value).map(|_| ())).unwrap()
            });
        }
        // Some go back by the undo records, some farther, by the log.
        scope.spawn(move || {
            for round in 0..20 {
                let target = if round % 2 == 0 { first } else { bus.epoch() };
                bus.rewind(target).unwrap();
            }
        });
    });
    let [a, b, sum, twice] = ["a", "b", "sum", "twice"].map(|cell| sheet.cell(cell));
    check_all(bus, first, &[(sum, vec![a, b]), (twice, vec![sum, sum])]);
}

#[test]
fn deriving_beside_commits_leaves_nothing_behind() {
    for round in 0..20u64 {
        let sheet = Sheet::new(&["a", "b", "sum"]);
        let (a, b, page) = (sheet.cell("a"), sheet.cell("b"), sheet.cell("sum"));
        let bus = &sheet.bus;
        let derived = thread::scope(|scope| {
            for input in [a, b] {
                scope.spawn(move || {
                    for value in 1..=20 {
                        bus.put(input, 0, &(value + round)).unwrap();
                    }
                });
            }
            scope.spawn(move || bus.derive(page).from([a, b]).with(sum).unwrap().epoch).join().unwrap()
        });
        check_all(bus, derived, &[(page, vec![a, b])]);
    }
}
