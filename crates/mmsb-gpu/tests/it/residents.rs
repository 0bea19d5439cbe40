//! Pages of a bus on a device: what is there, as of when, and who goes when room is short.

use std::fmt::Write as _;

use mmsb_delta::{DeltaBatch, Patch};
use mmsb_gpu::{CpuOps, GpuError, Insert, PageOps, PageState, Residents};
use mmsb_types::{Epoch, PageId};

/// A table with room for four pages of 1024 bytes in slabs of two.
fn residents() -> Residents<CpuOps> {
    Residents::new(CpuOps::new(2048, 4096))
}

fn id(number: u64) -> PageId {
    PageId::new(number)
}

fn insert<O: PageOps>(residents: &mut Residents<O>, page: u64, epoch: u64, byte: u8) -> Result<(), GpuError> {
    let (bytes, epoch) = ([byte; 1024], Epoch::new(epoch));
    residents.insert(Insert { page: id(page), bytes: &bytes, epoch, is_pinned: false })
}

/// Applies commits that each write one byte at the start of pages.
fn apply<O: PageOps>(residents: &mut Residents<O>, commits: &[(u64, &[u64], u8)]) -> String {
    let batches: Vec<DeltaBatch> = commits.iter().map(|(_, pages, byte)| batch(pages, *byte)).collect();
    let epochs = commits.iter().map(|commit| Epoch::new(commit.0));
    let commits: Vec<_> = epochs.zip(batches.iter().map(DeltaBatch::view)).collect();
    let applied = residents.apply(&commits).unwrap();
    format!("{} words, left out {:?}", applied.word_ops, applied.left_out)
}

fn batch(pages: &[u64], byte: u8) -> DeltaBatch {
    let mut batch = DeltaBatch::default();
    pages.iter().for_each(|page| batch.push(id(*page), Patch::Bytes { offset: 0, bytes: &[byte] }));
    batch
}

/// Shows each page known: its state, and its first two bytes.
#[track_caller]
fn check<O: PageOps>(residents: &mut Residents<O>, expect: &str) {
    let known: Vec<_> = residents.known().collect();
    let pages: Vec<PageId> = known.iter().map(|known| known.page).collect();
    let bytes = residents.read_many(&pages).unwrap();
    let mut shown = String::new();
    for (known, bytes) in known.iter().zip(bytes) {
        let bytes = bytes.map(|bytes| format!(" {}{}", bytes[0], bytes[1])).unwrap_or_default();
        write!(shown, "{}:{:?}{bytes} ", known.page.get(), known.state).unwrap();
    }
    assert_eq!(shown.trim_end(), expect);
}

#[test]
fn commits_reach_pages_that_are_there_and_tell_of_those_that_went() {
    let mut residents = residents();
    insert(&mut residents, 1, 5, 1).unwrap();
    insert(&mut residents, 2, 5, 2).unwrap();
    residents.evict(id(2)).unwrap();
    assert_eq!(apply(&mut residents, &[(6, &[1, 2, 3], 7)]), "1 words, left out {page:2}");
    check(&mut residents, "1:Clean 71 2:Absent");
}

#[test]
fn a_page_is_not_given_commits_that_its_bytes_have_already() {
    let mut residents = residents();
    insert(&mut residents, 1, 4, 1).unwrap();
    insert(&mut residents, 2, 6, 2).unwrap();
    // Page 2 is ahead of the stream: of these commits it lacks the last one only.
    let commits: [(u64, &[u64], u8); 3] = [(5, &[1, 2], 5), (6, &[2], 6), (7, &[1], 7)];
    assert_eq!(apply(&mut residents, &commits), "2 words, left out {}");
    check(&mut residents, "1:Clean 71 2:Clean 22");
    assert_eq!(apply(&mut residents, &[(7, &[2], 9), (8, &[2], 8)]), "1 words, left out {}");
    check(&mut residents, "1:Clean 71 2:Clean 82");
}

#[test]
fn bytes_older_than_the_stream_are_behind_until_newer_ones_come() {
    let mut residents = residents();
    insert(&mut residents, 1, 1, 1).unwrap();
    apply(&mut residents, &[(2, &[1], 2)]);
    insert(&mut residents, 2, 1, 3).unwrap();
    assert_eq!(apply(&mut residents, &[(3, &[2], 4)]), "0 words, left out {page:2}");
    check(&mut residents, "1:Clean 21 2:Behind 33");
    insert(&mut residents, 2, 3, 5).unwrap();
    check(&mut residents, "1:Clean 21 2:Clean 55");
}

#[test]
fn a_patch_that_does_not_fit_holds_up_its_own_page_only() {
    let mut residents = residents();
    insert(&mut residents, 1, 1, 1).unwrap();
    insert(&mut residents, 2, 1, 2).unwrap();
    let mut batch = batch(&[1, 2], 9);
    batch.push(id(1), Patch::Bytes { offset: 1024, bytes: &[1] });
    let applied = residents.apply(&[(Epoch::new(2), batch.view())]).unwrap();
    assert_eq!(applied.left_out.into_iter().collect::<Vec<_>>(), [id(1)]);
    check(&mut residents, "1:Behind 11 2:Clean 92");
    let epochs = residents.epochs(id(1)).unwrap();
    assert_eq!((epochs.host, epochs.submitted), (Epoch::new(2), Epoch::new(1)));
}

#[test]
fn where_room_is_short_the_page_unused_for_longest_goes() {
    let mut residents = residents();
    (1..=4).for_each(|page| insert(&mut residents, page, 1, page as u8).unwrap());
    assert_eq!(residents.touch(&[id(1)]), []);
    residents.pin(id(2), true);
    insert(&mut residents, 5, 1, 5).unwrap();
    insert(&mut residents, 6, 1, 6).unwrap();
    check(&mut residents, "1:Clean 11 2:Clean 22 3:Absent 4:Absent 5:Clean 55 6:Clean 66");
    assert_eq!(residents.touch(&[id(3), id(6), id(9)]), [id(3), id(9)]);
}

#[test]
fn pinned_pages_stay_and_the_next_one_is_told_so() {
    let mut residents = residents();
    (1..=4).for_each(|page| insert(&mut residents, page, 1, page as u8).unwrap());
    (1..=4).for_each(|page| assert!(residents.pin(id(page), true)));
    assert!(matches!(insert(&mut residents, 5, 1, 5), Err(GpuError::OutOfMemory { .. })));
    let long = Insert { page: id(6), bytes: &[0; 4000], epoch: Epoch::new(1), is_pinned: false };
    assert!(matches!(residents.insert(long), Err(GpuError::NeverFits { .. })));
    check(&mut residents, "1:Clean 11 2:Clean 22 3:Clean 33 4:Clean 44 5:Absent 6:Absent");
}

#[test]
fn more_pages_than_there_is_room_for_leave_the_last_ones_there() {
    let mut residents = residents();
    let bytes: Vec<[u8; 1024]> = (1..=11).map(|byte| [byte; 1024]).collect();
    let pages = bytes.iter().zip(1..).map(|(bytes, page)| Insert {
        page: id(page % 10),
        bytes,
        epoch: Epoch::new(1),
        is_pinned: false,
    });
    residents.insert_many(&pages.collect::<Vec<_>>()).unwrap();
    let there: Vec<u64> =
        residents.known().filter(|page| page.state == PageState::Clean).map(|page| page.page.get()).collect();
    assert_eq!(there, [0, 1, 8, 9]);
    assert_eq!(residents.read_many(&[id(1)]).unwrap()[0].as_deref(), Some(&[11; 1024][..]));
}

#[test]
fn a_page_that_comes_twice_is_there_once() {
    let mut residents = residents();
    let [older, newer] = [[1; 1024], [2; 1024]];
    let first = Insert { page: id(1), bytes: &older, epoch: Epoch::new(1), is_pinned: true };
    residents.insert_many(&[first, Insert { bytes: &newer, ..first }]).unwrap();
    check(&mut residents, "1:Clean 22");
    (2..=4).for_each(|page| insert(&mut residents, page, 1, page as u8).unwrap());
    check(&mut residents, "1:Clean 22 2:Clean 22 3:Clean 33 4:Clean 44");
}

#[test]
fn pages_that_come_together_come_in_one_submission() {
    let mut residents = Residents::new(CpuOps::new(1 << 20, 1 << 20));
    let pages = (1..=100).map(|page| Insert {
        page: id(page),
        bytes: &[7; 1024],
        epoch: Epoch::new(1),
        is_pinned: false,
    });
    residents.insert_many(&pages.collect::<Vec<_>>()).unwrap();
    assert_eq!(residents.ops().submitted(), 1);
    let pages: Vec<PageId> = (1..=100).map(id).collect();
    residents.fingerprints(&pages).unwrap();
    assert_eq!(residents.ops().submitted(), 2);
}

#[test]
fn a_table_knows_what_to_bring_back_when_it_gets_another_device() {
    let mut residents = residents();
    insert(&mut residents, 1, 1, 1).unwrap();
    insert(&mut residents, 2, 1, 2).unwrap();
    residents.pin(id(2), true);
    residents.reset(CpuOps::new(2048, 4096));
    let known: Vec<_> = residents.known().map(|page| (page.page, page.is_pinned, page.state)).collect();
    assert_eq!(known, [(id(1), false, PageState::Absent), (id(2), true, PageState::Absent)]);
    insert(&mut residents, 2, 3, 3).unwrap();
    check(&mut residents, "1:Absent 2:Clean 33");
}

#[test]
fn missed_commits_leave_every_page_behind() {
    let mut residents = residents();
    insert(&mut residents, 1, 1, 1).unwrap();
    insert(&mut residents, 2, 9, 2).unwrap();
    residents.skip_to(Epoch::new(8));
    check(&mut residents, "1:Behind 11 2:Clean 22");
    assert_eq!(residents.wait().unwrap(), Epoch::ZERO);
}
