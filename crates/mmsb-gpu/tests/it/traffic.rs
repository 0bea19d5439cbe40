//! What is made and sent: nothing is made in steady state, and what is sent follows what changed.

use mmsb_delta::{DeltaBatch, Patch};
use mmsb_gpu::{GpuOps, Insert, PageOps, Residents};
use mmsb_types::{Epoch, PageId};

use crate::{cases::bytes, device::open};

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
fn what_is_longer_than_a_slot_of_the_ring_goes_in_parts() {
    let Some(_) = open(1 << 20) else { return };
    let mut ops = GpuOps::open(40 << 20, 40 << 20).unwrap();
    let bytes = bytes(7, (36 << 20) + 5);
    let page = ops.create(bytes.len() as u32).unwrap();
    ops.write(page, &bytes).unwrap();
    assert!(ops.read(page).unwrap() == bytes);
}
