//! Functions that are impure, each in its own way; none before it is armed, for a page must be derived first.

use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use anyhow::Result;
use mmsb::{Bus, PageId};

use crate::field::mix;

/// A way to be impure.
pub struct Kind {
    /// What the function does.
    pub what: &'static str,
    /// The rule that it breaks.
    pub rule: &'static str,
    /// Gives a page such a function, armed or not.
    pub replace: fn(&Bus, PageId, PageId, bool) -> Result<()>,
}

static COUNT: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// What this thread has computed.
    static OWN: Cell<u64> = const { Cell::new(0) };
}

pub const KINDS: [Kind; 4] = [
    Kind {
        what: "a count of its calls",
        rule: "purity/equal-bytes",
        replace: |bus, page, input, arm| {
            armed(bus, page, input, arm, |out| out[0] ^= COUNT.fetch_add(1, Relaxed) as u8)
        },
    },
    Kind {
        what: "bytes left unwritten",
        rule: "purity/equal-bytes",
        replace: |bus, page, input, arm| {
            let is_armed = Arc::new(AtomicBool::new(false));
            let armed = Arc::clone(&is_armed);
            bus.derive(page).from([input]).named("unwritten", 1).with(move |inputs, out| {
                let skipped = usize::from(armed.load(Relaxed));
                out[skipped..].copy_from_slice(&inputs[0][skipped..]);
            })?;
            is_armed.store(arm, Relaxed);
            Ok(())
        },
    },
    Kind {
        what: "knowledge of its thread",
        rule: "purity/any-workers",
        replace: |bus, page, input, arm| {
            // The thread that asks for the validation is the one that it knows.
            OWN.set(1);
            armed(bus, page, input, arm, |out| out[0] ^= 1 ^ OWN.get() as u8)
        },
    },
    Kind {
        what: "a look at a page that it did not declare",
        rule: "purity/declared-inputs",
        replace: |bus, page, input, arm| {
            let other = bus.clone();
            armed(bus, page, input, arm, move |out| out[0] ^= other.get::<u8>(page, 0).unwrap_or_default())
        },
    },
];

/// Derives the page by a function that is pure until it is derived.
fn armed(
    bus: &Bus,
    page: PageId,
    input: PageId,
    arm: bool,
    spoil: impl Fn(&mut [u8]) + Send + Sync + 'static,
) -> Result<()> {
    let is_armed = Arc::new(AtomicBool::new(false));
    let armed = Arc::clone(&is_armed);
    bus.derive(page).from([input]).named("impure", 1).with(move |inputs, out| {
        mix(inputs, out);
        if armed.load(Relaxed) {
            spoil(out);
        }
    })?;
    is_armed.store(arm, Relaxed);
    Ok(())
}
