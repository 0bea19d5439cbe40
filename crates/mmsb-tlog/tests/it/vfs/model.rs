//! A file in memory against plain bytes, step by random step.

use std::path::Path;

use mmsb_tlog::vfs::{FaultyVfs, MemoryVfs, OsVfs, Vfs, VfsFile};
use proptest::prelude::*;

use super::check_bytes;

/// One step of the random comparison.
#[derive(Clone, Debug)]
enum Step {
    Write(u64, Vec<u8>),
    Truncate(u64),
    Read(u64, usize),
    SpareCache,
}

fn step() -> impl Strategy<Value = Step> {
    // Chunks of a file in memory are 64 KiB: these offsets and lengths cross several of their borders.
    let offset = prop_oneof![0..200_000u64, (0..4u64, 0..5u64).prop_map(|(chunk, at)| chunk * 65_536 + at)];
    // No byte is like that a sector, or a piece of one, before it.
    let bytes = (any::<u8>(), 0..150_000usize)
        .prop_map(|(byte, count)| (0..count).map(|at| byte ^ (at % 251) as u8).collect());
    prop_oneof![
        (offset.clone(), bytes).prop_map(|(offset, bytes)| Step::Write(offset, bytes)),
        offset.clone().prop_map(Step::Truncate),
        (offset, 0..150_000usize).prop_map(|(offset, bytes)| Step::Read(offset, bytes)),
        Just(Step::SpareCache),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn files_behave_like_a_vector_of_bytes(steps in prop::collection::vec(step(), 1..20)) {
        let root = tempfile::tempdir().unwrap();
        follow_the_model(&*OsVfs.create_new(&root.path().join("f")).unwrap(), &steps);
        follow_the_model(&*MemoryVfs::new().create_new(Path::new("f")).unwrap(), &steps);
        follow_the_model(&*FaultyVfs::new().create_new(Path::new("f")).unwrap(), &steps);
    }
}

fn follow_the_model(file: &dyn VfsFile, steps: &[Step]) {
    let mut model: Vec<u8> = Vec::new();
    for step in steps {
        match step {
            Step::Write(offset, bytes) => {
                file.write_at(*offset, bytes).unwrap();
                write(&mut model, *offset as usize, bytes);
            }
            Step::Truncate(len) => {
                file.truncate(*len).unwrap();
                model.resize(*len as usize, 0);
            }
            Step::Read(offset, bytes) => {
                let start = model.len().min(*offset as usize);
                let end = model.len().min(*offset as usize + bytes).max(start);
                check_bytes(file, *offset, *bytes, &model[start..end]);
            }
            Step::SpareCache => file.spare_cache(),
        }
        assert_eq!(file.len().unwrap(), model.len() as u64);
    }
    check_bytes(file, 0, model.len() + 1, &model);
}

/// What is skipped becomes zeros, but not by writing nothing.
fn write(model: &mut Vec<u8>, start: usize, bytes: &[u8]) {
    if !bytes.is_empty() {
        let end = start + bytes.len();
        model.resize(model.len().max(end), 0);
        model[start..end].copy_from_slice(bytes);
    }
}
