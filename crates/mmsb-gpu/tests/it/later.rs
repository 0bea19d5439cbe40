//! Answers that are asked for now and waited for later are as of when they were asked for.

use mmsb_gpu::{CpuOps, Later, PageHandle, PageOps};
use proptest::prelude::*;

use crate::cases::bytes;

/// More than there are buffers for answers.
const WAITING_MAX: usize = 12;

/// What is done. Pages and answers are named by any number; it is taken modulo how many there are.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    Write { page: usize, seed: u64 },
    Ask { first: usize, count: usize },
    Wait(usize),
    GiveUp(usize),
}

/// An answer on its way, and what it has to be.
struct Asked {
    pages: Later<Vec<u8>>,
    prints: Later<mmsb_gpu::Fingerprint>,
    expect: Vec<Vec<u8>>,
}

pub fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => (0..6_usize, any::<u64>()).prop_map(|(page, seed)| Act::Write { page, seed }),
        4 => (0..6_usize, 0..7_usize).prop_map(|(first, count)| Act::Ask { first, count }),
        2 => any::<usize>().prop_map(Act::Wait),
        1 => any::<usize>().prop_map(Act::GiveUp),
    ];
    prop::collection::vec(act, 1..60)
}

/// Holds every answer against the bytes that its pages had when it was asked for.
pub fn check(ops: &mut dyn PageOps, acts: &[Act]) -> Result<(), TestCaseError> {
    let mut model: Vec<Vec<u8>> = [1, 60, 4096, 4099, 20_000, 4096].map(|len| vec![0; len]).to_vec();
    let pages: Vec<PageHandle> = model.iter().map(|page| ops.create(page.len() as u32).unwrap()).collect();
    let mut waiting: Vec<Asked> = Vec::new();
    for act in acts {
        match *act {
            Act::Write { page, seed } => {
                model[page] = bytes(seed, model[page].len());
                ops.write(pages[page], &model[page]).unwrap();
            }
            Act::Ask { first, count } if waiting.len() < WAITING_MAX => {
                let places: Vec<usize> = (first..first + count).map(|page| page % 6).collect();
                waiting.push(ask(ops, &pages, &model, &places));
            }
            Act::Wait(which) if !waiting.is_empty() => {
                holds(ops, waiting.swap_remove(which % waiting.len()))?;
            }
            Act::GiveUp(which) if !waiting.is_empty() => drop(waiting.swap_remove(which % waiting.len())),
            _ => {}
        }
    }
    waiting.into_iter().try_for_each(|asked| holds(ops, asked))?;
    pages.into_iter().for_each(|page| ops.free(page).unwrap());
    Ok(())
}

fn ask(ops: &mut dyn PageOps, pages: &[PageHandle], model: &[Vec<u8>], places: &[usize]) -> Asked {
    let handles: Vec<PageHandle> = places.iter().map(|place| pages[*place]).collect();
    let prints = ops.fingerprints_later(&handles).unwrap();
    let pages = ops.read_later(&handles).unwrap();
    Asked { pages, prints, expect: places.iter().map(|place| model[*place].clone()).collect() }
}

fn holds(ops: &mut dyn PageOps, asked: Asked) -> Result<(), TestCaseError> {
    let got = asked.pages.wait(ops).unwrap();
    prop_assert!(got == asked.expect, "pages are as of another time");
    let mut twins = CpuOps::new(1 << 20, 1 << 20);
    let handles: Vec<PageHandle> = got.iter().map(|page| twins.create(page.len() as u32).unwrap()).collect();
    handles.iter().zip(&got).for_each(|(handle, page)| twins.write(*handle, page).unwrap());
    prop_assert_eq!(asked.prints.wait(ops).unwrap(), twins.fingerprints(&handles).unwrap());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_host_answers_as_of_when_it_was_asked(acts in acts()) {
        check(&mut CpuOps::new(48 << 10, 1 << 24), &acts)?;
    }
}

/// Asks whoever that is, and waits for it with the host.
#[cfg(feature = "device")]
#[track_caller]
pub fn refused_by_the_host(ops: &mut dyn PageOps) {
    let page = ops.create(64).unwrap();
    let later = ops.read_later(&[page]).unwrap();
    assert!(matches!(later.wait(&mut CpuOps::new(4096, 4096)), Err(mmsb_gpu::GpuError::NotAsked)));
}
