//! What SQLite lawfully leaves in its files: shrinking, stale frames, transactions that never ended.

use mmsb_cli::sqlite::WalSummary;

use crate::{
    fixtures::{Recorder, fill},
    support::read,
};

/// The bytes of a frame of a [`Recorder`]'s log.
const FRAME_BYTES: usize = 24 + 512;

/// Reads what was recorded, expects every commit as SQLite had it, and returns the summary.
#[track_caller]
fn check(base: &[u8], wal: &[u8], expected: &[Vec<u8>]) -> WalSummary {
    let outcome = read(base, wal);
    assert_eq!(outcome.error, None);
    assert_eq!(outcome.images.len(), expected.len(), "commits: {:?}", outcome.summary);
    for (index, (image, expected)) in outcome.images.iter().zip(expected).enumerate() {
        assert!(image == expected, "commit {index} is not what SQLite has");
    }
    let WalSummary { image_count, stale_frame_count, uncommitted_frame_count, torn_byte_count, .. } =
        outcome.summary;
    let frame_count = image_count + stale_frame_count + uncommitted_frame_count;
    assert_eq!(32 + frame_count as usize * FRAME_BYTES + torn_byte_count as usize, wal.len());
    outcome.summary
}

#[test]
fn a_database_that_shrinks_is_cut() {
    let mut recorder = Recorder::new();
    let base = recorder.base();
    recorder.commit("DELETE FROM t WHERE id % 10 != 0;");
    recorder.commit("VACUUM;");
    recorder.commit(&fill(100));
    let [deleted, vacuumed, filled] = [0, 1, 2].map(|index: usize| recorder.expected[index].len());
    assert!(vacuumed < deleted && vacuumed < filled, "{deleted} {vacuumed} {filled}");
    let summary = check(&base, &recorder.wal(), &recorder.expected);
    assert_eq!((summary.stale_frame_count, summary.uncommitted_frame_count), (0, 0));
}

#[test]
fn frames_of_an_older_log_are_left_out() {
    let mut recorder = Recorder::new();
    recorder.run(&fill(300));
    recorder.run("DELETE FROM t WHERE id % 2 = 0;");
    recorder.run("PRAGMA wal_checkpoint(RESTART);");
    let base = recorder.base();
    recorder.commit("UPDATE t SET text = 'changed' WHERE id = 7;");
    recorder.commit("UPDATE t SET text = 'changed again' WHERE id = 7;");
    let summary = check(&base, &recorder.wal(), &recorder.expected);
    assert!(summary.stale_frame_count > 20, "{summary:?}");
    assert_eq!(summary.uncommitted_frame_count, 0);
}

#[test]
fn a_transaction_that_has_not_ended_is_left_out() {
    let mut recorder = Recorder::new();
    let base = recorder.base();
    recorder.commit(&fill(10));
    recorder.run("PRAGMA cache_size = 4; BEGIN;");
    recorder.run(&fill(400));
    let summary = check(&base, &recorder.wal(), &recorder.expected);
    assert!(summary.uncommitted_frame_count > 20, "{summary:?}");
    assert_eq!(summary.stale_frame_count, 0);
}

#[test]
fn frames_of_a_transaction_rolled_back_are_no_damage() {
    let mut recorder = Recorder::new();
    let base = recorder.base();
    recorder.commit(&fill(10));
    recorder.run("PRAGMA cache_size = 4; BEGIN;");
    recorder.run(&fill(400));
    recorder.run("ROLLBACK;");
    recorder.commit("UPDATE t SET text = 'changed' WHERE id = 7;");
    let summary = check(&base, &recorder.wal(), &recorder.expected);
    assert!(summary.uncommitted_frame_count > 20, "{summary:?}");
}

#[test]
fn a_database_that_begins_empty_takes_its_pages_from_the_log() {
    let mut recorder = Recorder::new();
    // Every page of the base is written anew, so that the log alone makes a database.
    recorder.commit("VACUUM;");
    check(&[], &recorder.wal(), &recorder.expected);
}
