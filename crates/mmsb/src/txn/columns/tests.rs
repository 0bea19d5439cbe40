//! The columns that a thread keeps.

use mmsb_types::PageId;

use super::{POOL, POOL_BYTES_MAX, PooledColumns};

fn columns_with(bytes: usize) -> PooledColumns {
    let mut columns = PooledColumns::new();
    (0..bytes / 32).for_each(|_| assert!(columns.writes.push_write(PageId::FIRST, 0, &[7; 32])));
    columns
}

#[test]
fn columns_are_used_again_and_hold_nothing_of_their_last_use() {
    let mut used = columns_with(100);
    (used.label, used.tag) = (Some(7.into()), Some("tag".into()));
    drop(used);
    let columns = PooledColumns::new();
    assert!(columns.writes.is_empty() && columns.writes.capacities()[0] > 0);
    assert_eq!((columns.label, &columns.tag, columns.rewinds_to), (None, &None, None));
}

#[test]
fn a_thread_keeps_no_more_than_its_share() {
    let columns: Vec<_> = (0..100).map(|_| columns_with(POOL_BYTES_MAX / 2)).collect();
    drop(columns);
    let (bytes, count) = POOL.with_borrow(|pool| (pool.bytes, pool.columns.len()));
    assert!(bytes <= POOL_BYTES_MAX && (1..20).contains(&count), "{count} of {bytes} bytes");
}
