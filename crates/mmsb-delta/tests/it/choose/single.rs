//! One stretch of change: nothing, a run, a fill, a cut out of a run, the whole page.

use super::{PAGE, check, check_run, chosen, dump, noise};

#[test]
fn equal_pages_need_no_patch() {
    check(100, &[], "");
}

#[test]
fn each_run_is_a_patch() {
    check(100, &[(3, b"abc"), (40, b"d")], "bytes 3+3, bytes 40+1");
}

#[test]
fn two_equal_bytes_are_a_fill_and_one_is_not() {
    check(100, &[(3, b"a")], "bytes 3+1");
    check(100, &[(3, b"aa")], "fill 3+2 97");
}

#[test]
fn a_page_of_one_byte_is_said_in_one_byte() {
    check(100, &[(0, &[7; 100])], "page 100 of 7");
    check(1, &[(0, b"a")], "page 1 of 97");
}

#[test]
fn clearing_a_page_is_said_in_one_byte() {
    let batch = chosen(PAGE, &noise(4096), &[0; 4096]);
    assert_eq!((dump(&batch).as_str(), batch.encoded_bytes()), ("page 4096 of 0", 9));
}

#[test]
fn a_page_changed_all_over_is_stored_whole() {
    check(300, &[(0, &noise(300))], "page 300");
    // Two runs with eight bytes between them cost as much as the page: the page wins the tie.
    check(100, &[(0, &noise(46)), (54, &noise(46))], "page 100");
    check(100, &[(0, &noise(45)), (54, &noise(46))], "bytes 0+45, bytes 54+46");
}

#[test]
fn a_stretch_at_the_edge_is_cut_out_from_ten_bytes_on() {
    check_run(&[&[0; 9], &noise(5)], "bytes 0+14");
    check_run(&[&[0; 10], &noise(5)], "fill 0+10 0, bytes 10+5");
    check_run(&[&noise(5), &[0; 9]], "bytes 0+14");
    check_run(&[&noise(5), &[0; 10]], "bytes 0+5, fill 5+10 0");
    // The shortest runs that hold one, and those that hold none.
    check_run(&[&[0; 10], b"a"], "fill 0+10 0, bytes 10+1");
    check_run(&[b"a", &[0; 10]], "bytes 0+1, fill 1+10 0");
    check_run(&[&[0; 9], b"a"], "bytes 0+10");
    check_run(&[&[0; 8], b"a"], "bytes 0+9");
    check_run(&[&[0; 9]], "fill 0+9 0");
    check_run(&[b"aba"], "bytes 0+3");
}

#[test]
fn a_stretch_inside_is_cut_out_from_eighteen_bytes_on() {
    check_run(&[&noise(5), &[0; 17], &noise(5)], "bytes 0+27");
    check_run(&[&noise(5), &[0; 18], &noise(5)], "bytes 0+5, fill 5+18 0, bytes 23+5");
}
