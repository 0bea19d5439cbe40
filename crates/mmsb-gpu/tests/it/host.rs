//! The host's twins do with pages what is done with byte arrays.

use mmsb_gpu::CpuOps;
use proptest::prelude::*;

use crate::{cases::case, model::check};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn twins_do_what_byte_arrays_do(case in case()) {
        check(&mut CpuOps::new(48 << 10, 1 << 24), &case)?;
    }
}
