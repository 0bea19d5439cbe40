//! Same commits, same frames: two runs that do the same write the same bytes.

use std::{path::Path, sync::Arc};

use mmsb::{
    Bus, Error, FixedClock, PageId,
    vfs::{Access, MemoryVfs, Vfs},
};
use mmsb_testkit::Driver;

/// Runs `act` on a new bus that is as reproducible as can be, stops it, and returns its log's bytes.
fn log_of(act: impl FnOnce(&Bus)) -> Vec<u8> {
    let vfs: Arc<dyn Vfs> = Arc::new(MemoryVfs::new());
    let builder = Bus::builder().sites(true).clock(FixedClock(7)).instance_id([3; 16]);
    let bus = builder.create_on(Arc::clone(&vfs), Path::new("bus")).unwrap();
    act(&bus);
    bus.stop().unwrap();
    let names = vfs.list(Path::new("bus")).unwrap();
    let segment = names.iter().find(|name| name.starts_with("seg-")).unwrap();
    let file = vfs.open(&Path::new("bus").join(segment), Access::ReadOnly).unwrap();
    let mut bytes = vec![0; file.len().unwrap() as usize];
    assert_eq!(file.read_at(0, &mut bytes).unwrap(), bytes.len());
    bytes
}

#[test]
fn equal_runs_write_equal_files() {
    let run = || {
        log_of(|bus| {
            let mut driver = Driver::new(42);
            (0..60).for_each(|_| driver.step(bus));
        })
    };
    let (one, other) = (run(), run());
    assert!(one == other, "{} and {} bytes", one.len(), other.len());
}

fn try_in_vain(bus: &Bus, page: PageId) {
    let mut tx = bus.begin().tag("refused");
    tx.expect_epoch(page, mmsb::Epoch::new(77)).unwrap();
    assert!(matches!(tx.commit(), Err(Error::Conflict { .. })));
    let mut tx = bus.begin().tag("dropped");
    tx.write(page, 0, b"x").unwrap();
    drop(tx);
}

#[test]
fn what_was_refused_or_dropped_leaves_no_trace_in_the_frames() {
    let run = |with_refusals: bool| {
        log_of(|bus| {
            let page = bus.create_page("page", 64).unwrap();
            if with_refusals {
                try_in_vain(bus, page);
            }
            let mut tx = bus.begin().tag("kept").label(1);
            tx.write(page, 3, b"abc").unwrap();
            tx.commit().unwrap();
        })
    };
    assert!(run(true) == run(false));
}
