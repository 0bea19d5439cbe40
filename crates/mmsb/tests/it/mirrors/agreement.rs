//! After any history, the mirror is the bus.

use mmsb::{Bus, Gpu, PageFilter};
use mmsb_testkit::{Driver, Rng};

use super::{check, gpus};

/// Random transactions, some rewound; the mirror begins in their midst.
#[track_caller]
fn follow(seed: u64, gpu: Gpu, budget_bytes: u64, steps: usize) {
    println!("seed {seed} on {gpu:?}");
    let (bus, mut driver) = (Bus::in_memory().unwrap(), Driver::with_short_pages(seed));
    (0..10).for_each(|_| driver.step(&bus));
    let builder = bus.mirror(PageFilter::all()).on(gpu).slab_bytes(1 << 20);
    let mirror = builder.budget_bytes(budget_bytes).start().unwrap();
    let mut rng = Rng::new(seed);
    for step in 0..steps {
        driver.step(&bus);
        if rng.once_in(8) {
            driver.rewind(&bus, 12);
        }
        if step % 10 == 9 {
            check(&bus, &mirror);
        }
    }
    assert_eq!(mirror.status().rebuild_count, 0);
}

#[test]
fn any_history_is_followed() {
    for seed in 0..6 {
        gpus().into_iter().for_each(|gpu| follow(seed, gpu, 64 << 20, 60));
    }
}

#[test]
fn pages_that_had_to_go_come_back_as_they_are() {
    // One slab: the driver's pages do not all fit.
    for seed in 10..14 {
        gpus().into_iter().for_each(|gpu| follow(seed, gpu, 1 << 20, 60));
    }
}

#[test]
fn threads_that_commit_side_by_side_are_followed_in_their_order() {
    for gpu in gpus() {
        let bus = Bus::in_memory().unwrap();
        let pages: Vec<_> = (0..4).map(|_| bus.create_page(None, 4096).unwrap()).collect();
        let mirror = bus.mirror(PageFilter::all()).on(gpu).slab_bytes(1 << 20).start().unwrap();
        std::thread::scope(|scope| {
            for thread in 0..3u64 {
                let (bus, pages) = (&bus, &pages);
                scope.spawn(move || {
                    let mut rng = Rng::new(thread);
                    for _ in 0..300 {
                        let mut tx = bus.begin();
                        for _ in 0..3 {
                            let page = pages[rng.below(4)];
                            tx.write(page, rng.below(4000) as u32, rng.any().to_le_bytes()).unwrap();
                        }
                        tx.commit().unwrap();
                    }
                });
            }
            (0..5).for_each(|_| assert!(mirror.verify().unwrap().is_equal()));
        });
        check(&bus, &mirror);
    }
}

#[test]
fn derived_pages_come_along_with_what_they_are_derived_from() {
    for gpu in gpus() {
        let bus = Bus::in_memory().unwrap();
        let parts = [bus.create_page("a", 64).unwrap(), bus.create_page("b", 64).unwrap()];
        let sum = bus.create_page("sum", 64).unwrap();
        bus.derive(sum).from(parts).add::<u32>().unwrap();
        let mirror = bus.mirror(PageFilter::all()).on(gpu).slab_bytes(1 << 20).start().unwrap();
        for round in 1..20u32 {
            bus.put(parts[round as usize % 2], round % 16 * 4, &round).unwrap();
            check(&bus, &mirror);
        }
        bus.rewind(mmsb::Epoch::new(8)).unwrap();
        check(&bus, &mirror);
    }
}

#[test]
fn a_log_that_gave_up_what_was_not_read_is_no_loss() {
    let bus = Bus::builder().history_bytes(16 << 10).in_memory().unwrap();
    let pages: Vec<_> = (0..8).map(|_| bus.create_page(None, 2048).unwrap()).collect();
    let mirror = bus.mirror(PageFilter::all()).on(Gpu::host()).start().unwrap();
    for round in 0..400u64 {
        bus.capture(pages[round as usize % 8], [round as u8; 2048]).unwrap();
    }
    check(&bus, &mirror);
}
