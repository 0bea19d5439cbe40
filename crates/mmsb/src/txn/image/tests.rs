//! Images, and the buffers that a thread keeps of them.

use super::{Buffer, Image, POOL, POOL_BYTES_MAX};

#[test]
fn a_buffer_is_used_again_and_holds_only_the_new_bytes() {
    drop(Image::copy_of(&[1; 100]));
    let buffer = Buffer::copy_of(&[2; 10]);
    assert_eq!(buffer.0, [2; 10]);
    assert!(buffer.0.capacity() >= 100);
}

#[test]
fn a_thread_keeps_no_more_than_its_share() {
    drop((0..8).map(|_| Image::copy_of(&vec![0; POOL_BYTES_MAX / 4])).collect::<Vec<_>>());
    assert!(POOL.with_borrow(|pool| pool.bytes <= POOL_BYTES_MAX && pool.buffers.len() <= 4));
}

#[test]
fn changing_a_borrowed_image_leaves_the_callers_bytes_alone() {
    let callers = [3; 4];
    let mut image = Image::Borrowed(&callers);
    image.to_mut()[1] = 9;
    assert_eq!((&image[..], callers), (&[3, 9, 3, 3][..], [3; 4]));
}
