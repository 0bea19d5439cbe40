//! Indexes that a bus makes by itself.

use mmsb::{CheckpointEvery, vfs::Vfs};

use super::{super::Disk, commit_until};

#[test]
fn closed_segments_get_their_indexes_once_somebody_has_asked() {
    let disk = Disk::new();
    let every = CheckpointEvery { log_bytes: Some(64 << 20), ..CheckpointEvery::NEVER };
    let bus = Disk::builder().checkpoint_every(every).create_on(disk.vfs.clone(), Disk::path()).unwrap();
    let has_index = |segment| disk.vfs.exists(&Disk::path().join(format!("idx-{segment}"))).unwrap();
    let segment_count = || bus.stats().log.segment_count;
    commit_until(&bus, || segment_count() > 10);
    assert!(!(1..10).any(has_index), "nobody has asked");
    bus.query().newest_first().events().unwrap().next().unwrap().unwrap();
    commit_until(&bus, || (1..=20).all(has_index));
    assert_eq!(bus.stats().checkpoints.made_count, 0);
    bus.stop().unwrap();
    assert_eq!(disk.open().check(), []);
}
