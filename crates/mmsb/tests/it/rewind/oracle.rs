//! Random rewinds give the state there was, from undo records as from the log.

use std::{path::Path, sync::Arc};

use mmsb::{
    Builder, Bus,
    vfs::{MemoryVfs, Vfs},
};
use mmsb_testkit::{Driver, agree};

/// Random transactions and rewinds, the newest `reach` epochs back, checked everywhere and once more after
/// reopening; returns how many rewinds each source served.
#[track_caller]
pub(super) fn check(seed: u64, builder: &Builder, reach: u64) -> [usize; 2] {
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
    assert_eq!(bus.validate(), []);
}
