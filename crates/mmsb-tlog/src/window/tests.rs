//! Windows over files of made-up bytes.

use std::{path::Path, sync::Arc};

use super::{LENT_MAX, READ_BYTES, Window};
use crate::vfs::{MemoryVfs, Vfs};

#[test]
fn a_hostile_length_takes_no_more_memory_than_the_file_has_bytes() {
    let file = MemoryVfs::new().create_new(Path::new("/file")).unwrap();
    let bytes: Vec<u8> = (0..3 * READ_BYTES + 77).map(|index| (index % 251) as u8).collect();
    file.write_at(0, &bytes).unwrap();
    let mut window = Window::new(Arc::clone(&file), bytes.len() as u64);
    let (chunk, len) = (READ_BYTES as u64, bytes.len() as u64);
    for (offset, want) in [(0, 32), (5, usize::MAX), (chunk - 3, 8), (9, 64), (len, 8)] {
        let end = bytes.len().min((offset as usize).saturating_add(want));
        assert!(window.look(offset, want).unwrap() == &bytes[offset as usize..end]);
        assert!(window.chunk.bytes.capacity() <= bytes.len() + READ_BYTES);
    }
    assert!(window.look(u64::MAX, usize::MAX).unwrap().is_empty());
    file.truncate(100).unwrap();
    window.forget();
    assert_eq!(window.look(90, 32).unwrap(), &bytes[90..100], "a file cut meanwhile just ends earlier");
}

#[test]
fn a_chunk_that_is_held_stays_as_it_is_and_its_memory_comes_back() {
    let file = MemoryVfs::new().create_new(Path::new("/file")).unwrap();
    let count = 2 * LENT_MAX + 3;
    (0..count).for_each(|at| file.write_at((at * READ_BYTES) as u64, &[at as u8; READ_BYTES]).unwrap());
    let mut window = Window::new(Arc::clone(&file), (count * READ_BYTES) as u64);
    let held: Vec<_> = (0..count)
        .map(|at| {
            window.look((at * READ_BYTES) as u64, READ_BYTES).unwrap();
            window.chunk().clone()
        })
        .collect();
    for (at, chunk) in held.iter().enumerate() {
        assert!(chunk.bytes.len() == READ_BYTES && chunk.bytes.iter().all(|&byte| byte == at as u8));
    }
    drop(held);
    let mut memory = |at: usize| {
        window.look((at * READ_BYTES) as u64, 1).unwrap();
        window.chunk().bytes.as_ptr()
    };
    let first = memory(0);
    assert!((1..count).all(|at| memory(at) == first), "nobody holds it");
    assert!(window.lent.len() <= LENT_MAX);
}
