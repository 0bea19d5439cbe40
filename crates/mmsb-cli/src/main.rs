//! The `mmsb` command.
fn main() {}
