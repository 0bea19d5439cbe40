//! What the bench runner is built with: the device only for who asks for its line.

use std::ffi::OsString;

use insta::assert_snapshot;
use xtask::bench::arguments;

/// What cargo is told behind the package and its binary.
fn check(args: &[&str]) -> String {
    let args: Vec<OsString> = args.iter().map(OsString::from).collect();
    let told: Vec<_> = arguments(&args).iter().map(|word| word.to_string_lossy().into_owned()).collect();
    told[7..].join(" ")
}

#[test]
fn the_device_is_built_along_for_its_line_alone() {
    assert_snapshot!(check(&["--only", "gpu", "--smoke"]), @"--features gpu -- --only gpu --smoke");
    assert_snapshot!(check(&["--only=engine,gpu"]), @"--features gpu -- --only=engine,gpu");
    assert_snapshot!(check(&["--only", "graph", "--json", "gpu"]), @"-- --only graph --json gpu");
    assert_snapshot!(check(&["--smoke"]), @"-- --smoke");
}
