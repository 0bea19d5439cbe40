//! A recorded database, imported with a mirror on: at any commit the device has what the bus has.

use std::path::{Path, PathBuf};

use mmsb::{Gpu, PageFilter};
use mmsb_cli::{
    Importer,
    sqlite::{Database, WalReader, read_ahead},
};

use crate::support::testdata;

/// A device where this build knows one, whatever the environment asks for of others.
fn gpu() -> Gpu {
    if cfg!(feature = "gpu") { Gpu::auto() } else { Gpu::host() }
}

/// Imports, and compares at ten commits drawn from all, and at the end; returns what the mirror says then.
#[track_caller]
fn check(base: &Path, wal: &Path, transaction_count: u64) -> mmsb::MirrorStatus {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let base = Database::open(base).expect("the base reads");
    let wal = WalReader::open(wal, &base).expect("the log's header reads");
    let page_bytes = wal.header().page_bytes();
    let mut importer = Importer::create(&dir.path().join("out.mmsb"), &base, page_bytes).expect("a new bus");
    let mirror = importer.bus().mirror(PageFilter::all()).on(gpu()).start().expect("a mirror");
    let mut seed = 0x5eed_u64;
    println!("seed {seed:#x}");
    let drawn = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % transaction_count
    });
    let drawn: Vec<u64> = drawn.take(10).collect();
    let summary = read_ahead(wal, |transaction| {
        importer.commit(transaction)?;
        if drawn.contains(&transaction.index()) {
            verify(&importer, &mirror);
        }
        Ok::<(), mmsb_cli::ImportError>(())
    });
    assert_eq!(summary.expect("the log imports").transaction_count, transaction_count);
    verify(&importer, &mirror);
    importer.finish().expect("the bus ends");
    mirror.status()
}

#[track_caller]
fn verify(importer: &Importer, mirror: &mmsb::Mirror) {
    mirror.wait(importer.epoch()).expect("the mirror follows");
    let verified = mirror.verify().expect("both sides read");
    assert!(verified.is_equal(), "{verified}");
    let whole = (importer.epoch(), importer.page_count() as usize, 0);
    assert_eq!((verified.epoch, verified.page_count, verified.absent_count), whole);
}

#[test]
fn the_small_trace_is_on_the_device_at_any_commit() {
    let status = check(&testdata("flights-small.db.xz"), &testdata("flights-small.db-wal.xz"), 166);
    assert_eq!((status.commit_count, status.rebuild_count), (166, 0), "{status}");
}

#[test]
fn the_medium_trace_is_on_the_device_at_any_commit() {
    let Some(folder) = std::env::var_os("MMSB_TRACES").map(PathBuf::from) else {
        eprintln!("skipped: MMSB_TRACES names no folder with flights-medium");
        return;
    };
    let plain = folder.join("flights-medium.db-wal");
    let wal = if plain.exists() { plain } else { folder.join("flights-medium.db-wal.xz") };
    let status = check(&folder.join("flights-medium.db"), &wal, 1516);
    assert_eq!((status.commit_count, status.rebuild_count), (1516, 0), "{status}");
}
