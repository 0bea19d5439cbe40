//! Locking all pages of a commit without deadlock and without sorting.
//!
//! A small commit tries each page and lets go of all if one is held for long, so it never waits while it
//! holds. A large one, or one that lost many rounds, takes the bulk ticket first and then waits for each
//! page: only one such commit waits at a time, and those it waits for do not wait for it.

use std::sync::PoisonError;

use mmsb_page::{Committer, LockError, PageLock};

use crate::{Error, Transaction, txn::TxPage};

const SMALL_PAGES_MAX: usize = 32;
const SPINS_MAX: u32 = 100;
const ROUNDS_MAX: u32 = 16;

/// Locks the pages of `tx` that lived before it, in its order.
pub(super) fn lock_all<'a>(
    tx: &Transaction<'a>,
    committer: &'a Committer<'_>,
) -> Result<Vec<PageLock<'a>>, Error> {
    let count = tx.pages.iter().filter(|page| page.needs_lock()).count();
    let mut locks = Vec::with_capacity(count);
    if count <= SMALL_PAGES_MAX {
        for round in 0..ROUNDS_MAX {
            if try_all(tx, committer, &mut locks)? {
                return Ok(locks);
            }
            locks.clear();
            back_off(round);
        }
    }
    let _ticket = tx.bus.bulk_ticket().lock().unwrap_or_else(PoisonError::into_inner);
    for page in tx.pages.iter().filter(|page| page.needs_lock()) {
        locks.push(tx.bus.store().lock_wait(page.page, committer).map_err(conflict)?);
    }
    Ok(locks)
}

fn try_all<'a>(
    tx: &Transaction<'a>,
    committer: &'a Committer<'_>,
    locks: &mut Vec<PageLock<'a>>,
) -> Result<bool, Error> {
    for page in tx.pages.iter().filter(|page| page.needs_lock()) {
        match try_one(tx, page, committer)? {
            Some(lock) => locks.push(lock),
            None => return Ok(false),
        }
    }
    Ok(true)
}

fn try_one<'a>(
    tx: &Transaction<'a>,
    page: &TxPage,
    committer: &'a Committer<'_>,
) -> Result<Option<PageLock<'a>>, Error> {
    for _ in 0..SPINS_MAX {
        if let Some(lock) = tx.bus.store().try_lock(page.page, committer).map_err(conflict)? {
            return Ok(Some(lock));
        }
        std::hint::spin_loop();
    }
    Ok(None)
}

/// The page lived when the transaction first used it: someone deleted it since.
fn conflict(error: LockError) -> Error {
    match error {
        LockError::NotFound { page } | LockError::AlreadyHeld { page } => Error::Conflict { page },
        _ => Error::Busy { what: "a page lock", waited_ms: 0 },
    }
}

fn back_off(round: u32) {
    for _ in 0..1 << round.min(6) {
        std::hint::spin_loop();
    }
    std::thread::yield_now();
}
