//! What a durability promises, and what a failed write or sync leaves: nothing more is written.

mod group;
mod killed;
mod marks;
mod poison;

use std::path::Path;

use mmsb_tlog::{Log, LogDir, LogError};

use crate::{
    common::{create, open},
    faulty::Faulty,
};

fn faulty_log() -> (Faulty, LogDir, Log) {
    let disk = Faulty::default();
    let dir = create(disk.clone(), Path::new("/bus"));
    let log = open(&dir);
    disk.plan().actions.clear();
    (disk, dir, log)
}

#[test]
fn one_writer_at_a_time() {
    let (_, dir, log) = faulty_log();
    assert!(matches!(dir.lock(), Err(LogError::Locked { .. })));
    drop(log);
    dir.lock().unwrap();
}
