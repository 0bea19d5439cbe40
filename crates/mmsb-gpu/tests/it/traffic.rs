//! What is made, sent and fetched: nothing is made in steady state, and what is sent follows what changed.

use std::cell::RefCell;

use mmsb_delta::{DeltaBatch, Patch};
use mmsb_gpu::{Combine, GpuOps, Insert, Job, PageOps, Program, Residents, Step};
use mmsb_types::{Epoch, PageId};
use proptest::test_runner::{Config as ProptestConfig, TestRunner};

use crate::{cases::bytes, device::open, later};

/// Brings so many pages of 4096 bytes.
fn residents(page_count: u64) -> Option<Residents<GpuOps>> {
    let mut residents = Residents::new(open(1 << 20)?);
    let insert =
        |page| Insert { page: PageId::new(page), bytes: &[3; 4096], epoch: Epoch::ZERO, is_pinned: false };
    residents.insert_many(&(1..=page_count).map(insert).collect::<Vec<_>>()).unwrap();
    Some(residents)
}

/// A commit of patches of eight bytes all over the pages.
fn batch(epoch: u64, page_count: u64, patch_count: u64) -> DeltaBatch {
    let mut batch = DeltaBatch::default();
    for patch in 0..patch_count {
        let lot = (epoch * 1009 + patch).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let (page, offset) = (PageId::new(1 + lot % page_count), (lot / page_count % 512 * 8) as u32);
        batch.push(page, Patch::Bytes { offset, bytes: &(lot ^ epoch).to_le_bytes() });
    }
    batch
}

fn apply(residents: &mut Residents<GpuOps>, epoch: u64, page_count: u64, patch_count: u64) {
    let batch = batch(epoch, page_count, patch_count);
    residents.apply(&[(Epoch::new(epoch), batch.view())]).unwrap();
}

#[test]
fn no_buffer_is_made_in_steady_state() {
    let Some(mut residents) = residents(256) else { return };
    let pages: Vec<PageId> = (1..=64).map(PageId::new).collect();
    let round = |epoch, residents: &mut Residents<GpuOps>| {
        apply(residents, epoch, 256, 1000);
        if epoch % 10 == 0 {
            residents.fingerprints(&pages).unwrap();
            residents.read_many(&pages).unwrap();
        }
    };
    // The ring has four slots, each of which grows once.
    (1..=10).for_each(|epoch| round(epoch, &mut residents));
    let made = residents.ops().engine().buffers_made();
    (11..=500).for_each(|epoch| round(epoch, &mut residents));
    assert_eq!(residents.ops().engine().buffers_made(), made);
    assert_eq!(residents.wait().unwrap(), Epoch::new(500));
}

#[test]
fn what_is_sent_follows_what_changed_and_not_how_much_is_there() {
    let mut sent = [8, 1024].map(|page_count| {
        let mut residents = residents(page_count)?;
        let before = residents.ops().engine().sent_bytes();
        apply(&mut residents, 1, page_count, 100);
        Some(residents.ops().engine().sent_bytes() - before)
    });
    let Some((few, many)) = sent[0].take().zip(sent[1].take()) else { return };
    assert!(few <= 24 * 100, "{few} bytes for 100 deltas of 8 bytes");
    assert!(many <= 24 * 100, "{many} bytes for 100 deltas of 8 bytes");
}

#[test]
fn one_submission_does_a_commit() {
    let Some(mut residents) = residents(64) else { return };
    let before = residents.ops().submitted();
    apply(&mut residents, 1, 64, 5000);
    assert_eq!(residents.ops().submitted(), before + 1);
    assert_eq!(residents.wait().unwrap(), Epoch::new(1));
    assert_eq!(residents.ops_mut().completed().unwrap(), before + 1);
}

#[test]
fn answers_on_their_way_are_as_of_when_they_were_asked_for() {
    let Some(ops) = open(48 << 10) else { return };
    let ops = RefCell::new(ops);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(100));
    runner.run(&later::acts(), |acts| later::check(&mut *ops.borrow_mut(), &acts)).unwrap();
    later::refused_by_the_host(&mut *ops.borrow_mut());
}

#[test]
fn answers_that_nobody_fetches_keep_no_buffers() {
    let Some(mut ops) = open(1 << 20) else { return };
    let page = ops.create(4096).unwrap();
    let before = ops.engine().buffers_made();
    let first = ops.read_later(&[page]).unwrap();
    let submitted = ops.submitted();
    let others = (1..50u8).map(|byte| {
        ops.write(page, &[byte; 4096]).unwrap();
        ops.read_later(&[page]).unwrap()
    });
    let others: Vec<_> = others.collect();
    assert_eq!(ops.submitted(), submitted + 2 * 49, "nothing was waited for in between");
    assert!(ops.engine().buffers_made() <= before + 4, "what comes back shares few buffers");
    assert_eq!(first.wait(&mut ops).unwrap(), [[0; 4096]]);
    drop(others);
    (0..50).for_each(|_| assert_eq!(ops.read(page).unwrap(), [49; 4096]));
    assert!(ops.engine().buffers_made() <= before + 4, "what was given up is used again");
}

#[test]
fn a_slot_that_was_written_and_never_sent_is_not_written_again() {
    let Some(ops) = open(1 << 20) else { return };
    let (mut device, program) = (ops.into_engine(), Program { words: vec![7; 4], ..Program::default() });
    (0..10).for_each(|_| device.abandon(&program).unwrap());
}

/// Every submission takes long, so that none of the four slots is done when it comes to be written again.
#[test]
fn a_slot_that_is_on_its_way_is_waited_for() {
    let Some(_) = open(1 << 20) else { return };
    let mut ops = GpuOps::open(8 << 20, 8 << 20).unwrap();
    let [sum, one] = [ops.create(4 << 20).unwrap(), ops.create(4 << 20).unwrap()];
    ops.write(one, &[1, 0, 0, 0].repeat(1 << 20)).unwrap();
    let job = [Job { output: sum, inputs: &[(one, 1)], keep: true }];
    for _ in 0..12 {
        ops.run(&vec![Step::Propagate(Combine::Add, &job); 20]).unwrap();
    }
    assert_eq!(ops.read(sum).unwrap()[..4], 240_u32.to_le_bytes());
}

#[test]
fn what_is_longer_than_a_slot_of_the_ring_goes_in_parts() {
    let Some(_) = open(1 << 20) else { return };
    let mut ops = GpuOps::open(40 << 20, 40 << 20).unwrap();
    let bytes = bytes(7, (36 << 20) + 5);
    let page = ops.create(bytes.len() as u32).unwrap();
    ops.write(page, &bytes).unwrap();
    assert!(ops.read(page).unwrap() == bytes);
}
