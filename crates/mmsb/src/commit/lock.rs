//! Locking all pages of a commit without deadlock and without sorting.
//!
//! Nobody waits for a page while it holds others, but the one who has the bulk ticket. A small commit tries
//! for a while, lets go of everything, and starts again; it asks for the ticket only after it lost many
//! rounds. A large one has too much to lose: where it meets a page that is held, it takes the ticket if that
//! is free, and waits without letting go of anything; if not, it lets go and queues for the ticket. Where
//! large commits do not meet, none of them touches the ticket.

use std::sync::{PoisonError, TryLockError};

use mmsb_page::{Group, Hold};
use mmsb_types::PageId;

use crate::{
    Error,
    sync::{Mutex, MutexGuard, hint, thread},
};

const SMALL_PAGES_MAX: usize = 32;
const SPINS_MAX: u32 = 100;
/// How long a large commit hopes before it lets go of everything: that and locking all again takes longer.
const MOMENT_SPINS: u32 = 32;
const ROUNDS_MAX: u32 = 16;
/// Looks at the ticket before a thread lets the system wake it: the holder is about as fast.
const TICKET_LOOKS_MAX: u32 = 400;
/// Looks without giving the processor to others.
const TICKET_SPINS_MAX: u32 = 200;

/// Takes every page of `runs`, each with the end it must reach; notes in `again` which came before.
///
/// # Errors
/// [`Error::Conflict`]: a page lived when the transaction first used it, and does no more.
pub(super) fn lock_all(
    ticket: &Mutex<()>,
    group: &mut Group<'_>,
    runs: impl ExactSizeIterator<Item = (PageId, u32)> + Clone,
    again: &mut Vec<u32>,
) -> Result<(), Error> {
    group.reserve(runs.len());
    let taken = if runs.len() <= SMALL_PAGES_MAX {
        lock_small(group, &runs, again)?
    } else {
        lock_large(ticket, group, runs.clone(), again)?
    };
    if taken {
        return Ok(());
    }
    start_again(group, again);
    let _ticket = take_ticket(ticket);
    take_all(group, runs, again, |group, page, end| group.lock_wait(page, end)).map(drop)
}

/// Tries, a bounded number of times; `false` if somebody else always held some page.
#[inline]
fn lock_small(
    group: &mut Group<'_>,
    runs: &(impl Iterator<Item = (PageId, u32)> + Clone),
    again: &mut Vec<u32>,
) -> Result<bool, Error> {
    for round in 0..ROUNDS_MAX {
        if take_all(group, runs.clone(), again, try_for_a_while)? {
            return Ok(true);
        }
        start_again(group, again);
        back_off(round);
    }
    Ok(false)
}

/// Goes on as far as it can; `false` if it would have to wait and somebody else may.
#[inline]
fn lock_large(
    ticket: &Mutex<()>,
    group: &mut Group<'_>,
    runs: impl Iterator<Item = (PageId, u32)> + Clone,
    again: &mut Vec<u32>,
) -> Result<bool, Error> {
    let mut held = None;
    take_all(group, runs, again, |group, page, end| {
        for _ in 0..MOMENT_SPINS {
            held = held.take().or_else(|| try_ticket(ticket));
            if held.is_some() {
                return group.lock_wait(page, end);
            }
            // Who has the ticket does not have it long, and may not wait for any page of this commit.
            hint::spin_loop();
            match group.try_lock(page, end) {
                Hold::Busy => {}
                hold => return hold,
            }
        }
        Hold::Busy
    })
}

/// Takes the pages one after the other, and asks `wait` for those that are busy; `false` if it has not got one.
#[inline]
fn take_all(
    group: &mut Group<'_>,
    mut runs: impl Iterator<Item = (PageId, u32)> + Clone,
    again: &mut Vec<u32>,
    mut wait: impl FnMut(&mut Group<'_>, PageId, u32) -> Hold,
) -> Result<bool, Error> {
    while let Some((page, end, hold)) = group.try_lock_each(&mut runs, again) {
        let hold = if hold == Hold::Busy { wait(group, page, end) } else { hold };
        match hold {
            Hold::Locked => {}
            Hold::Again => again.push(group.len() as u32 - 1),
            Hold::Busy => return Ok(false),
            Hold::Gone => return Err(Error::Conflict { page }),
        }
    }
    Ok(true)
}

#[cold]
fn try_for_a_while(group: &mut Group<'_>, page: PageId, end: u32) -> Hold {
    for _ in 0..SPINS_MAX {
        hint::spin_loop();
        let hold = group.try_lock(page, end);
        if hold != Hold::Busy {
            return hold;
        }
    }
    Hold::Busy
}

fn start_again(group: &mut Group<'_>, again: &mut Vec<u32>) {
    group.truncate(0);
    again.clear();
}

fn try_ticket(ticket: &Mutex<()>) -> Option<MutexGuard<'_, ()>> {
    match ticket.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// The ticket is held for as long as pages are being locked: waking up would take longer than most waits.
fn take_ticket(ticket: &Mutex<()>) -> MutexGuard<'_, ()> {
    for look in 0..TICKET_LOOKS_MAX {
        if let Some(guard) = try_ticket(ticket) {
            return guard;
        }
        if look < TICKET_SPINS_MAX {
            hint::spin_loop();
        } else {
            thread::yield_now();
        }
    }
    ticket.lock().unwrap_or_else(PoisonError::into_inner)
}

fn back_off(round: u32) {
    for _ in 0..1 << round.min(6) {
        hint::spin_loop();
    }
    thread::yield_now();
}
