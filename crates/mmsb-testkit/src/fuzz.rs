//! Fuzzing: whatever bytes come, what reads them answers, and the answer keeps a few laws.
//!
//! Reading order: [`Target`] (what reads bytes), [`TARGETS`], [`corpus`] (where bytes come from), [`mutate`] (how
//! they change), `forge` (how their checksums are put right, so that changes get past those), `disk` (files from
//! bytes).
//!
//! The first byte of an input mostly says what is put right before the rest is read: see [`Fixes`]. So a fuzzer
//! that knows nothing of checksums reaches what is behind them; and one that leaves it zero tries the checksums.
//!
//! Invariant: a target is a function of its bytes, and allocates no more than they are long and
//! [`MEMORY_BYTES_MAX`] more.

pub mod corpus;
mod disk;
mod forge;
mod mutate;
mod targets;

pub use self::forge::Fixes;
pub use self::mutate::mutate;
pub use self::targets::TARGETS;

/// Memory that reading an input may take beside the input's own length, in bytes.
pub const MEMORY_BYTES_MAX: u64 = 64 << 20;
/// Longer inputs are cut by [`mutate`].
pub const INPUT_BYTES_MAX: usize = 16 << 10;

/// Something that reads bytes of unknown origin.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name; that of its folder in the corpus, too.
    pub name: &'static str,
    /// Its part of all executions, in thousandths.
    pub share: u64,
    /// Reads an input.
    ///
    /// # Errors
    /// A law that does not hold; refusing the bytes is well.
    pub read: fn(&[u8]) -> Result<(), String>,
    /// Makes inputs that are read to their end, by a seed.
    pub examples: fn(u64) -> Vec<Vec<u8>>,
}

/// Lets the target of this name read an input, for a fuzzer that looks for panics.
///
/// # Panics
/// If a law does not hold, or there is no such target.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    let target = target.unwrap_or_else(|| panic!("no target is called {name}"));
    if let Err(what) = (target.read)(bytes) {
        panic!("{name}: {what}");
    }
}
