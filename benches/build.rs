//! Tells the runner which compiler and which profile built it: a figure means little without them.

use std::{env, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let compiler = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(compiler).arg("--version").output().ok();
    let version = version.and_then(|output| String::from_utf8(output.stdout).ok());
    println!("cargo::rustc-env=MMSB_BENCH_RUSTC={}", version.as_deref().unwrap_or("unknown").trim());
    println!("cargo::rustc-env=MMSB_BENCH_PROFILE={}", env::var("PROFILE").unwrap_or_default());
}
