//! The corpus of `fuzz/`, through its targets, on any toolchain; a few changed inputs of each, too.
//!
//! `MMSB_BLESS=1` adds the examples that this build makes to the corpus.

mod bombs;

use std::{
    alloc::System,
    fs,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use cap::Cap;
use mmsb_testkit::{
    Rng,
    fuzz::{MEMORY_BYTES_MAX, TARGETS, Target, corpus, mutate},
};
use mmsb_types::crc32c;

/// Counts what is allocated, so that an input that makes memory of a length shows.
#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// The longest life of an input.
const HANG: Duration = Duration::from_secs(5);
/// Of the examples.
const SEED: u64 = 0;
const CHANGED_PER_INPUT: u64 = 4;

/// Lets one test run after the other: the allocator counts for all threads.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs it, and holds it to its bounds: `bytes` of input and some memory, and some seconds.
#[track_caller]
fn bounded(what: &str, bytes: usize, run: impl FnOnce()) {
    let (before, peak, start) = (MEMORY.allocated(), MEMORY.max_allocated(), Instant::now());
    run();
    let (new_peak, bound) = (MEMORY.max_allocated(), bytes + MEMORY_BYTES_MAX as usize);
    // The peak is that of the process: what stays below an earlier one is not seen.
    assert!(new_peak <= peak.max(before + bound), "{what}: {} bytes taken", new_peak - before);
    assert!(start.elapsed() < HANG, "{what}: {:?}", start.elapsed());
}

/// The one door: an input is read, the laws hold, and memory and time are within their bounds.
#[track_caller]
fn check(target: &Target, name: &str, input: &[u8]) {
    bounded(name, input.len(), || {
        assert_eq!((target.read)(input), Ok(()), "{} {name}: {input:02x?}", target.name);
    });
}

#[test]
fn every_input_of_the_corpus_and_its_neighbours_keep_the_laws() {
    let _alone = alone();
    for target in TARGETS {
        bless(target);
        let inputs = corpus::read(target).unwrap();
        assert!(!inputs.is_empty(), "{} has no corpus", target.name);
        let others: Vec<Vec<u8>> = inputs.iter().map(|(_, input)| input.clone()).collect();
        for (number, (name, input)) in inputs.iter().enumerate() {
            check(target, name, input);
            let mut dice = Rng::new(number as u64);
            (0..CHANGED_PER_INPUT).for_each(|_| check(target, name, &mutated(input, &others, &mut dice)));
        }
    }
}

fn mutated(input: &[u8], others: &[Vec<u8>], dice: &mut Rng) -> Vec<u8> {
    let mut changed = input.to_vec();
    mutate(&mut changed, others, dice);
    changed
}

/// Writes the examples that are not there.
fn bless(target: &Target) {
    if std::env::var_os("MMSB_BLESS").is_none() {
        return;
    }
    let folder = corpus::folder(target);
    fs::create_dir_all(&folder).unwrap();
    for input in (target.examples)(SEED) {
        // Without the last bytes: a file that ends with its own checksum has the same one as every other.
        let name = crc32c(&input[..input.len().saturating_sub(4)]);
        fs::write(folder.join(format!("{name:08x}")), input).unwrap();
    }
}

#[test]
fn examples_keep_the_laws() {
    let _alone = alone();
    for target in TARGETS {
        for input in (target.examples)(SEED) {
            check(target, "example", &input);
        }
    }
}
