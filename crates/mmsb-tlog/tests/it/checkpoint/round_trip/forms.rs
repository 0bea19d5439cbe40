//! Which form a page is stored in, and what it takes.

use mmsb_tlog::{CheckpointReader, PageForm};

use super::super::{CURSOR, bus, noise, page, write};

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
