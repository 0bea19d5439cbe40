//! A page's pre-images in a list, newest first, headed by the page's `ver` word.
//!
//! Who holds the page pushes; who holds the pins' book takes out what no pin needs; readers walk along
//! without any lock. A push replaces the head it linked to, by compare-and-swap. It cannot mistake a
//! reused place for the old one: only the page's holder puts records of that page anywhere.
//!
//! Invariant: along a chain `until` falls, and never exceeds the newer record's `seq`.

use super::{chunks::Chunks, record::Record};
use crate::sync::{AtomicU32, Fault, Ordering, order};

/// A walk that ran into something that is no record: reclaimed meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Torn;

impl Chunks {
    /// Puts a record at the head. The caller holds the page.
    pub(super) fn push(&self, head: &AtomicU32, record: u32) {
        let mut next = head.load(Ordering::Relaxed);
        loop {
            self.set_chain_next(record, next, Ordering::Relaxed);
            // Release: who finds the record finds it whole, and so those behind it: whoever pushed them
            // held the page before.
            let release = order(Fault::ChainOrder, Ordering::Release);
            match head.compare_exchange_weak(next, record, release, Ordering::Relaxed) {
                Ok(_) => break,
                Err(newer) => next = newer,
            }
        }
    }

    /// Finds the record whose interval holds `at`.
    pub(crate) fn find(&self, head: &AtomicU32, at: u64) -> Result<Option<Record>, Torn> {
        let mut link = head.load(Ordering::Acquire);
        let mut newer_seq = u64::MAX;
        while link != 0 {
            let record = self.record(link).filter(|record| record.until <= newer_seq).ok_or(Torn)?;
            if at >= record.seq {
                return Ok((at < record.until).then_some(record));
            }
            // Falls at every step, so the walk ends even among garbage.
            newer_seq = record.seq;
            link = record.next;
        }
        Ok(None)
    }

    /// Takes every record out that `is_dead`. The caller holds the book.
    pub(super) fn prune(&self, head: &AtomicU32, is_dead: impl Fn(&Record) -> bool) {
        // A push between the look at the head and its exchange: once more, behind the new head.
        while !self.try_prune(head, &is_dead) {}
    }

    fn try_prune(&self, head: &AtomicU32, is_dead: &impl Fn(&Record) -> bool) -> bool {
        let mut link = head.load(Ordering::Acquire);
        let mut newer = None;
        while let Some(record) = self.record(link) {
            if is_dead(&record) {
                // Release: a reader that arrives behind it sees those records whole.
                match newer {
                    Some(newer) => self.set_chain_next(newer, record.next, Ordering::Release),
                    None => {
                        let swap =
                            head.compare_exchange(link, record.next, Ordering::Release, Ordering::Relaxed);
                        if swap.is_err() {
                            return false;
                        }
                    }
                }
                self.set_unlinked(link);
            } else {
                newer = Some(link);
            }
            link = record.next;
        }
        true
    }
}
