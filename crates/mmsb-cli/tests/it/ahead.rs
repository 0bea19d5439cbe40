//! Reading ahead on a second thread gives the same as reading.

use mmsb_cli::sqlite::{Database, SqliteError, WalReader, WalSummary, read_ahead};

use crate::{hand_built::four_transactions, support::input};

#[derive(Debug, thiserror::Error)]
enum Stop {
    #[error("enough")]
    Enough,
    #[error(transparent)]
    Reading(#[from] SqliteError),
}

/// Reads ahead and stops after `count` transactions; returns how many were visited, and how it ended.
fn visit(wal: &[u8], count: usize) -> (usize, Result<WalSummary, Stop>) {
    let base = Database::read(input("base.db", &[])).expect("an empty base reads");
    let reader = WalReader::read(input("base.db-wal", wal), &base).expect("the header reads");
    let mut visited = 0;
    let end = read_ahead(reader, |transaction| {
        assert_eq!(transaction.index(), visited as u64);
        visited += 1;
        if visited == count { Err(Stop::Enough) } else { Ok(()) }
    });
    (visited, end)
}

#[test]
fn every_transaction_is_visited_in_order() {
    let (visited, end) = visit(&four_transactions(false), usize::MAX);
    let summary = end.expect("the log is sound");
    assert_eq!((visited, summary.transaction_count, summary.image_count), (4, 4, 10));
}

#[test]
fn an_error_comes_behind_the_transactions_in_front_of_it() {
    let mut wal = four_transactions(false);
    // A byte of the sixth frame, which is the third transaction.
    wal[3000] ^= 1;
    let (visited, end) = visit(&wal, usize::MAX);
    assert_eq!(visited, 2);
    assert!(matches!(end, Err(Stop::Reading(SqliteError::FrameChecksum { .. }))), "{end:?}");
}

#[test]
fn a_visitor_that_fails_stops_the_reading() {
    let (visited, end) = visit(&four_transactions(false), 2);
    assert_eq!(visited, 2);
    assert!(matches!(end, Err(Stop::Enough)));
}
