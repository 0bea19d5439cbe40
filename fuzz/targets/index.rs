//! `cargo fuzz run index`: see `mmsb_testkit::fuzz`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mmsb_testkit::fuzz::run("index", bytes));
