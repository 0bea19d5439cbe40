//! What goes in comes out: streamed, by block, by page.

mod forms;
mod laws;
mod writer;

use mmsb_tlog::{CheckpointReader, CheckpointRef, LogDir, checkpoint::verify};
use mmsb_types::{Epoch, PageId};

use super::{Page, bus, file_bytes, names, noise, page, read, specimen, write};

/// Writes pages and metadata, and compares them with what every way of reading gives.
#[track_caller]
fn check(pages: &[Page], meta: &[u8]) -> CheckpointRef {
    let dir = bus();
    let listed = write(&dir, None, pages, meta).unwrap();
    let (found, found_meta) = read(&dir, &listed).unwrap();
    assert_eq!(found.len(), pages.len());
    assert!(found == pages, "pages differ");
    assert!(found_meta == meta, "metadata differs");
    check_finds(&dir, &listed, pages);
    assert_eq!(verify(&dir, &listed).unwrap(), []);
    assert_eq!(names(&dir), ["ckpt-1000"]);
    listed
}

/// Every page is found, and none where there is none.
#[track_caller]
fn check_finds(dir: &LogDir, listed: &CheckpointRef, pages: &[Page]) {
    let reader = CheckpointReader::open(dir, listed).unwrap();
    let find = |id| reader.find(PageId::new(id)).unwrap();
    for Page { id, epoch, bytes } in pages.iter().step_by(pages.len() / 64 + 1) {
        assert!(find(*id) == Some((Epoch::new(*epoch), bytes.clone())), "page:{id}");
        if pages.binary_search_by_key(&(id + 1), |page| page.id).is_err() {
            assert_eq!(find(id + 1), None);
        }
    }
    assert_eq!(find(0), None);
    assert_eq!(find(u64::MAX), None);
}

#[test]
fn a_checkpoint_of_every_form_comes_back() {
    check(&specimen(), b"meta");
}

#[test]
fn an_empty_checkpoint_is_one() {
    let listed = check(&[], b"");
    assert_eq!(listed.bytes, 72 + 136);
}

#[test]
fn pages_of_the_shortest_and_the_longest_length_come_back() {
    let longest = 16 << 20;
    check(&[page(1, 1, [1]), page(2, 2, noise(longest, 3)), page(3, 3, vec![5; longest])], b"x");
    let mut sparse = vec![0; longest];
    sparse[longest - 1] = 1;
    check(&[page(9, 9, sparse)], &noise(100_001, 4));
}

#[test]
fn many_blocks_come_back_and_the_ends_of_blocks_do_not_show() {
    let pages: Vec<Page> = (1..=5000).map(|id| page(id * 3, id % 1000, noise(1000, id))).collect();
    let listed = check(&pages, b"meta");
    assert!(listed.bytes < 5000 * (1000 + 24) + 5 * 200 + 300, "{} bytes", listed.bytes);
}

#[test]
fn an_increment_tells_what_it_builds_on() {
    let dir = bus();
    let listed = write(&dir, Some(999), &specimen(), b"").unwrap();
    assert_eq!(listed.parent, Some(999));
    assert_eq!(read(&dir, &listed).unwrap().0, specimen());
    let other = CheckpointRef { parent: None, ..listed };
    assert!(read(&dir, &other).is_err());
}

#[test]
fn the_same_pages_make_the_same_file() {
    let (one, two) = (bus(), bus());
    let pages: Vec<Page> = (1..3000).map(|id| page(id, 1, noise(id as usize, id))).collect();
    let listed = [&one, &two].map(|dir| write(dir, None, &pages, b"m").unwrap());
    assert_eq!(listed[0], listed[1]);
    assert!(file_bytes(&one, &listed[0]) == file_bytes(&two, &listed[1]));
}

#[test]
fn blocks_are_read_in_any_order_and_side_by_side() {
    let dir = bus();
    let pages: Vec<Page> = (1..=3000).map(|id| page(id, 1, noise(1024, id))).collect();
    let listed = write(&dir, None, &pages, b"").unwrap();
    let reader = CheckpointReader::open(&dir, &listed).unwrap();
    let count_from = |first: usize| -> usize {
        let numbers = (0..reader.block_count()).rev().skip(first).step_by(2);
        numbers.map(|number| reader.read_block(number, vec![1; 9]).unwrap().page_count()).sum()
    };
    let count = std::thread::scope(|scope| {
        let other = scope.spawn(|| count_from(1));
        count_from(0) + other.join().unwrap()
    });
    assert_eq!(count, 3000);
}
