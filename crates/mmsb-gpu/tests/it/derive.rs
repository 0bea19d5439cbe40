//! Derived pages computed where they are mirrored: what comes out is what was asked, and no page is touched by it.

use mmsb_delta::{DeltaBatch, Patch};
use mmsb_gpu::{By, Combine, CpuOps, Derivation, GpuError, Insert, PageOps, PageState, Residents};
use mmsb_types::{Epoch, PageId};

pub fn id(number: u64) -> PageId {
    PageId::new(number)
}

/// Brings pages 1.. of these bytes, as of epoch 1.
pub fn brought<O: PageOps>(ops: O, pages: &[Vec<u8>]) -> Residents<O> {
    let mut residents = Residents::new(ops);
    let inserts = pages.iter().zip(1..).map(|(bytes, page)| Insert {
        page: id(page),
        bytes,
        epoch: Epoch::new(1),
        is_pinned: false,
    });
    residents.insert_many(&inserts.collect::<Vec<_>>()).unwrap();
    residents
}

/// Derives one page, over patches that write a byte each, and returns what it becomes.
#[track_caller]
pub fn derived<O: PageOps>(
    residents: &mut Residents<O>,
    derivation: Derivation<'_>,
    overlay: &[(u64, u32, u8)],
) -> Vec<u8> {
    let mut batch = DeltaBatch::default();
    for (page, offset, byte) in overlay {
        batch.push(id(*page), Patch::Bytes { offset: *offset, bytes: &[*byte] });
    }
    let mut page = residents.read_many(&[derivation.output]).unwrap().remove(0).unwrap();
    let known: Vec<PageId> = residents.known().map(|page| page.page).collect();
    let before = residents.read_many(&known).unwrap();
    let deltas = residents.derive(&[derivation], &[batch.view()]).unwrap();
    let after = residents.read_many(&known).unwrap();
    let is_same = |(before, after): (_, &Option<Vec<u8>>)| after.is_none() || before == after;
    assert!(before.iter().zip(&after).all(is_same), "no page changes by it");
    mmsb_delta::apply(&deltas[0], &mut page).unwrap();
    page
}

const SUM: By<'static> = By::Combine(Combine::Axpy, &[1, 10]);

#[test]
fn a_page_is_derived_from_pages_and_from_what_a_transaction_says_of_them() {
    let pages = [vec![1; 400], vec![2; 400], vec![0; 400]];
    let mut residents = brought(CpuOps::new(4096, 4096), &pages);
    let sum = Derivation { by: SUM, inputs: &[id(1), id(2)], output: id(3) };
    assert_eq!(derived(&mut residents, sum, &[]), [21; 400]);
    let with_patch = derived(&mut residents, sum, &[(2, 4, 3), (9, 0, 1)]);
    assert_eq!(with_patch[..8], [21, 21, 21, 21, 31, 21, 21, 21]);
    // What is derived again is empty once it is there.
    let delta = residents.derive(&[sum], &[]).unwrap().remove(0);
    let mut batch = DeltaBatch::default();
    batch.push(id(3), Patch::Page { bytes: &[21; 400] });
    residents.apply(&[(Epoch::new(2), batch.view())]).unwrap();
    assert_eq!(delta.bytes_changed(), 400);
    assert_eq!(residents.derive(&[sum], &[]).unwrap()[0].bytes_changed(), 0);
}

#[test]
fn derivations_that_do_not_fit_together_are_done_one_by_one() {
    // Two pages of 1024 bytes in a slab: a copy of an input and an output.
    let mut pages = vec![vec![3; 1024]; 4];
    pages.extend(vec![vec![0; 1024]; 4]);
    let mut residents = brought(CpuOps::new(2048, 10 * 1024), &pages);
    let inputs: Vec<[PageId; 1]> = (1..=4).map(|page| [id(page)]).collect();
    let derivations: Vec<Derivation<'_>> =
        inputs.iter().map(|inputs| Derivation { by: SUM, inputs, output: id(inputs[0].get() + 4) }).collect();
    let deltas = residents.derive(&derivations, &[]).unwrap();
    assert_eq!(deltas.iter().map(|delta| delta.bytes_changed()).collect::<Vec<_>>(), [1024; 4]);
    let long = Derivation { by: SUM, inputs: &[id(1), id(2)], output: id(5) };
    assert!(matches!(residents.derive(&[long], &[]), Err(GpuError::NeverFits { .. })));
}

#[test]
fn pages_that_are_needed_do_not_go_for_copies_of_them() {
    let mut residents = brought(CpuOps::new(2048, 4096), &vec![vec![1; 1024]; 4]);
    let sum = Derivation { by: SUM, inputs: &[id(1)], output: id(2) };
    // Pages 3 and 4 go, and their slab serves.
    assert!(derived(&mut residents, sum, &[]) == [1; 1024]);
    assert_eq!(
        [1, 2, 3, 4].map(|page| residents.state(id(page)) == PageState::Clean),
        [true, true, false, false]
    );
    let gone = Derivation { by: SUM, inputs: &[id(3)], output: id(2) };
    let refused = residents.derive(&[gone], &[]).unwrap_err();
    assert_eq!(refused.to_string(), "page:3 is not on the device as the host has it");
    residents.pin(id(1), true);
    residents
        .insert(Insert { page: id(3), bytes: &[1; 1024], epoch: Epoch::new(1), is_pinned: true })
        .unwrap();
    assert!(matches!(residents.derive(&[sum], &[]), Err(GpuError::OutOfMemory { .. })));
    assert_eq!(residents.state(id(2)), PageState::Clean);
}

#[test]
fn a_page_that_is_ahead_stays_until_the_host_has_it() {
    let mut residents = brought(CpuOps::new(4096, 4096), &vec![vec![1; 1024]; 2]);
    let tenfold = Derivation { by: By::Combine(Combine::Axpy, &[10]), inputs: &[id(1)], output: id(2) };
    residents.advance(&[tenfold]).unwrap();
    assert_eq!(residents.state(id(2)), PageState::Ahead);
    // Unused for longest, and still not the one to go.
    residents.touch(&[id(1)]);
    let more: Vec<Vec<u8>> = vec![vec![5; 1024]; 3];
    let inserts = more.iter().zip(3..).map(|(bytes, page)| Insert {
        page: id(page),
        bytes,
        epoch: Epoch::new(1),
        is_pinned: false,
    });
    residents.insert_many(&inserts.collect::<Vec<_>>()).unwrap();
    let mut batch = DeltaBatch::default();
    batch.push(id(2), Patch::Page { bytes: &[10; 1024] });
    let applied = residents.apply(&[(Epoch::new(2), batch.view())]).unwrap();
    assert_eq!(applied.left_out.into_iter().collect::<Vec<_>>(), [id(2)]);
    assert!(residents.read_many(&[id(1), id(2)]).unwrap() == [None, Some(vec![10; 1024])]);
    assert!(residents.settle(id(2), Epoch::new(2)));
    assert!(!residents.settle(id(2), Epoch::new(2)));
    assert_eq!(residents.state(id(2)), PageState::Clean);
}

#[test]
fn the_host_runs_no_formulas_and_says_so() {
    let refused =
        CpuOps::new(4096, 4096).compile("fn compute(index: u32) -> u32 { return 0u; }").unwrap_err();
    assert_eq!(refused.to_string(), "device `host` lacks what it takes to run WGSL");
}
