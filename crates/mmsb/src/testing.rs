//! Helpers for the tests of programs that keep their state in a bus.

use crate::Bus;

/// Asserts that replaying the bus's log gives its live state, byte for byte.
///
/// Call it while nobody commits.
///
/// # Panics
/// If any page, name or byte differs; the message lists all violations.
#[track_caller]
pub fn assert_replays(bus: &Bus) {
    let violations = bus.check();
    assert!(violations.is_empty(), "replay does not give the live state: {violations:#?}");
}
