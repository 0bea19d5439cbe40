//! `mmsb serve` and `mmsb stats --watch`, beside a program that writes.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
};

use mmsb::{Bus, Durability};

use super::{fetch, scrape};
use crate::command::{mmsb, mmsb_ok};

/// Starts serving; returns the process, and where it listens.
fn start(dir: &Path) -> (Child, SocketAddr) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mmsb"));
    command.current_dir(dir).args(["serve", "world.mmsb", "--metrics", "127.0.0.1:0"]).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address =
        line.trim_end().strip_prefix("world.mmsb is at http://").and_then(|at| at.strip_suffix("/metrics"));
    let address = address.unwrap_or_else(|| panic!("{line}")).parse().unwrap();
    (child, address)
}

fn write(bus: &Bus, count: u64) {
    let page = bus.page("world").unwrap();
    for round in 0..count {
        bus.put(page, 0, &round).unwrap();
    }
}

fn world(dir: &Path) -> Bus {
    let bus = Bus::builder().durability(Durability::Written).create(dir.join("world.mmsb")).unwrap();
    bus.create_page("world", 1000).unwrap();
    bus
}

#[test]
fn a_bus_is_served_as_it_grows_until_somebody_interrupts() {
    let dir = tempfile::tempdir().unwrap();
    let bus = world(dir.path());
    let (mut child, address) = start(dir.path());
    for count in [0, 10, 0, 1] {
        write(&bus, count);
        let found = scrape(address);
        assert_eq!(found["mmsb_epoch"], bus.epoch().get() as f64);
        assert_eq!((found["mmsb_pages location=\"host\""], found["mmsb_page_bytes"]), (1.0, 1000.0));
        assert_eq!(found["mmsb_log_bytes"], bus.stats().log.bytes as f64);
        assert!(!found.contains_key("mmsb_commits_total"), "the other program knows");
    }
    bus.stop().unwrap();
    fs::rename(dir.path().join("world.mmsb"), dir.path().join("gone.mmsb")).unwrap();
    let (status, text) = fetch(address, "/metrics");
    assert!(status == 503 && text.contains("world.mmsb"), "{status}: {text}");
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success() && child.wait().unwrap().success());
}

#[test]
fn what_cannot_be_served_is_said() {
    let dir = tempfile::tempdir().unwrap();
    drop(world(dir.path()));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = |args: &[&str]| {
        let ran = mmsb(dir.path(), args);
        assert_eq!((ran.code, ran.text()), (2, ""), "{args:?}");
        ran.stderr.replace(&address, "ADDRESS")
    };
    insta::assert_snapshot!(refused(&["serve", "world.mmsb", "--metrics", &address]), @"mmsb: listening on ADDRESS: Address already in use (os error 98)");
    insta::assert_snapshot!(refused(&["serve", "no.mmsb", "--metrics", &address]), @"mmsb: no.mmsb is not a bus (nothing is there): check the path, or create one there");
    let wrong = refused(&["serve", "world.mmsb", "--metrics", "here:http"]);
    assert!(
        wrong.starts_with("error: invalid value 'here:http' for '--metrics <ADDRESS>': invalid socket"),
        "{wrong}"
    );
}

#[test]
fn watching_tells_a_line_or_an_object_each_time() {
    let dir = tempfile::tempdir().unwrap();
    let bus = world(dir.path());
    write(&bus, 9);
    let lines = mmsb_ok(dir.path(), &["stats", "world.mmsb", "--watch", "--every", "0", "--count", "2"]);
    let lines: Vec<_> = lines.text().lines().collect();
    assert!(lines.len() == 2 && lines[0].starts_with("e10 (0/s), 1 pages of 1,000 bytes, log "), "{lines:?}");
    let json =
        mmsb_ok(dir.path(), &["stats", "world.mmsb", "--watch", "--every=0", "--count=3", "--json"]).json();
    assert_eq!(json.len(), 3);
    assert_eq!((&json[2]["epoch"], &json[2]["commits_per_second"]), (&10.into(), &0.0.into()));
    let wrong = mmsb(dir.path(), &["stats", "world.mmsb", "--count", "2"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("--watch"), "{}", wrong.stderr);
}
