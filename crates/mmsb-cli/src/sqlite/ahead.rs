//! Reading and checking on one thread while transactions are used on another.
//!
//! Batches go round: the reading thread fills empty ones, the calling thread empties full ones, so
//! the memory held is a few batches however long the log is.

use std::{
    panic::resume_unwind,
    sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    thread,
};

use super::{Batch, SqliteError, Transaction, WalReader, WalSummary};

/// Batches in flight: one being filled, one being emptied, one waiting.
const BATCHES: usize = 3;

/// Calls `visit` on every transaction, in order, while a second thread reads and checks the next.
///
/// # Errors
/// The first error of `visit`; else the reader's, after every transaction in front of it was visited.
pub fn read_ahead<E: From<SqliteError>>(
    reader: WalReader,
    mut visit: impl FnMut(&Transaction<'_>) -> Result<(), E>,
) -> Result<WalSummary, E> {
    thread::scope(|scope| {
        let (full_sender, full) = sync_channel(BATCHES);
        let (empty, empty_receiver) = channel();
        (0..BATCHES).for_each(|_| drop(empty.send(Batch::default())));
        let reading = scope.spawn(move || fill_batches(reader, &empty_receiver, &full_sender));
        visit_batches(full, &empty, &mut visit)?;
        let summary = reading.join().unwrap_or_else(|panic| resume_unwind(panic))?;
        Ok(summary)
    })
}

/// Takes the receiver by value: when `visit` fails, its end is what stops the reading thread.
fn visit_batches<E>(
    full: Receiver<Batch>,
    empty: &Sender<Batch>,
    visit: &mut impl FnMut(&Transaction<'_>) -> Result<(), E>,
) -> Result<(), E> {
    for batch in full {
        batch.transactions().try_for_each(|transaction| visit(&transaction))?;
        // The reading thread may be done and gone: then nobody needs the empty batch.
        let _ = empty.send(batch);
    }
    Ok(())
}

fn fill_batches(
    mut reader: WalReader,
    empty: &Receiver<Batch>,
    full: &SyncSender<Batch>,
) -> Result<WalSummary, SqliteError> {
    while let Ok(mut batch) = empty.recv() {
        if !reader.read_batch(&mut batch)? || full.send(batch).is_err() {
            break;
        }
    }
    Ok(reader.summary())
}
