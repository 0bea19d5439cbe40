//! What goes in comes out: streamed, by block, by page.

use mmsb_tlog::{
    CheckpointReader, CheckpointRef, CheckpointWriter, LogDir, LogError, PageForm, checkpoint::verify,
};
use mmsb_types::{Epoch, PageId};
use proptest::{collection::vec, prelude::*};

use super::{CURSOR, Page, bus, file_bytes, names, noise, page, read, specimen, write};

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

/// The form a page of these bytes is stored in, and how many bytes it adds to the file.
#[track_caller]
fn check_form(bytes: &[u8], form: PageForm) -> usize {
    let dir = bus();
    let (empty, listed) = (write(&dir, None, &[page(1, 1, [7])], b"").unwrap().bytes, {
        dir.vfs().remove(&dir.checkpoint_path(CURSOR.number)).unwrap();
        write(&dir, None, &[page(1, 1, bytes)], b"").unwrap()
    });
    let mut reader = CheckpointReader::open(&dir, &listed).unwrap();
    let block = reader.next_block().unwrap().unwrap();
    assert_eq!(block.pages().next().unwrap().form, form, "of {} bytes", bytes.len());
    (listed.bytes - empty) as usize
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
fn repeated_bytes_take_no_room() {
    assert_eq!(check_form(&[0; 4096], PageForm::Fill(0)), 0);
    assert_eq!(check_form(&[0xee; 77], PageForm::Fill(0xee)), 0);
    assert_eq!(check_form(&vec![1; 16 << 20], PageForm::Fill(1)), 0);
    let mut almost = [9; 77];
    almost[76] = 8;
    assert_eq!(check_form(&almost, PageForm::Bytes), 80);
}

#[test]
fn stretches_of_repeated_bytes_shrink_a_page_where_they_are_a_quarter_of_it() {
    let mut half = noise(1024, 1);
    half[512..].fill(0);
    assert_eq!(check_form(&half, PageForm::Runs), 528);
    let mut less = noise(1024, 1);
    less[1024 - 256..].fill(0);
    assert_eq!(check_form(&less, PageForm::Bytes), 1024);
    let two = [[1; 512], [2; 512]].concat();
    assert_eq!(check_form(&two, PageForm::Runs), 16);
    let short = [noise(64, 5), vec![0; 150]].concat();
    assert_eq!(check_form(&short, PageForm::Bytes), 216);
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

#[test]
fn a_page_that_cannot_be_had_is_not_added() {
    let dir = bus();
    let mut writer = CheckpointWriter::create(&dir, CURSOR, None).unwrap();
    let refused: Result<(), LogError> = writer.page_with(PageId::new(1), 9, |to| {
        to.fill(3);
        Err(LogError::HistoryGone { oldest: 1 })
    });
    assert!(matches!(refused, Err(LogError::HistoryGone { oldest: 1 })));
    writer.page(PageId::new(1), Epoch::new(4), b"once more").unwrap();
    let listed = writer.finish(b"").unwrap();
    assert_eq!(read(&dir, &listed).unwrap().0, [page(1, 4, *b"once more")]);
}

#[test]
fn a_checkpoint_that_is_there_is_not_written_over() {
    let dir = bus();
    write(&dir, None, &specimen(), b"").unwrap();
    assert!(matches!(CheckpointWriter::create(&dir, CURSOR, None), Err(LogError::AlreadyExists { .. })));
}

#[test]
fn a_writer_dropped_midway_leaves_nothing() {
    let dir = bus();
    for count in [0, 1, 10, 3000] {
        let mut writer = CheckpointWriter::create(&dir, CURSOR, None).unwrap();
        for id in 1..=count {
            writer.page(PageId::new(id), Epoch::new(1), &noise(1024, id)).unwrap();
        }
        assert_eq!(names(&dir), ["ckpt-1000.new"]);
        drop(writer);
        assert!(names(&dir).is_empty());
    }
}

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    let run = || {
        prop_oneof![
            (any::<u8>(), 1..700usize).prop_map(|(byte, len)| vec![byte; len]),
            (any::<u64>(), 1..300usize).prop_map(|(seed, len)| noise(len, seed)),
        ]
    };
    prop_oneof![
        4 => vec(run(), 1..8).prop_map(|runs| runs.concat()),
        2 => vec(any::<u8>(), 1..130),
        1 => (any::<u64>(), 1..(1usize << 14)).prop_map(|(seed, len)| noise(len, seed)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn any_pages_come_back(
        steps in vec((1..50u64, 0..=1000u64, any_bytes()), 0..40),
        far in any::<bool>(),
        meta in vec(any::<u8>(), 0..100),
    ) {
        let mut id = if far { (1 << 40) - 4000 } else { 0 };
        let pages: Vec<Page> = steps.into_iter().map(|(step, epoch, bytes)| {
            id += step;
            page(id, epoch, bytes)
        }).collect();
        check(&pages, &meta);
    }
}
