//! The host's twins do with pages what is done with byte arrays.

use mmsb_gpu::{CpuOps, PageOps};
use proptest::{
    prelude::*,
    test_runner::{TestError, TestRunner},
};

use crate::{
    cases::{bytes, case},
    model::{Winner, check, check_with},
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn twins_do_what_byte_arrays_do(case in case()) {
        check(&mut CpuOps::new(48 << 10, 1 << 24), &case)?;
    }
}

#[test]
fn a_first_writer_who_wins_is_found() {
    let mut runner =
        TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(120) });
    let found =
        runner.run(&case(), |case| check_with(&mut CpuOps::new(48 << 10, 1 << 24), &case, Winner::First));
    assert!(matches!(found, Err(TestError::Fail(..))), "{found:?}");
}

#[test]
fn a_fingerprint_knows_where_its_bytes_are() {
    let mut ops = CpuOps::new(1 << 20, 1 << 20);
    let (page, turned) = (ops.create(32 << 10).unwrap(), ops.create(32 << 10).unwrap());
    let tile = bytes(1, 16 << 10);
    ops.write(page, &[tile.clone(), vec![0; 16 << 10]].concat()).unwrap();
    ops.write(turned, &[vec![0; 16 << 10], tile].concat()).unwrap();
    let prints = ops.fingerprints(&[page, turned]).unwrap();
    assert_ne!(prints[0], prints[1]);
}
