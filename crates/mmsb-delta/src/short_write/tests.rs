//! A short write against a batch of the same write.

use mmsb_types::PageId;

use super::ShortWrite;
use crate::DeltaBatch;

#[test]
fn a_short_write_is_what_a_batch_holds_of_it() {
    for bytes in
        [&b"a"[..], b"ab", b"aaaa", b"a vector of 32 bytes, some of it", &[7; 40], &[1, 2].repeat(20)]
    {
        let (mut batch, mut copy) = (DeltaBatch::default(), DeltaBatch::default());
        assert!(batch.push_write(PageId::new(9), 77, bytes));
        let short = ShortWrite::new(PageId::new(9), 77, bytes).unwrap();
        assert_eq!(short.view(), batch.view(), "{bytes:?}");
        assert_eq!(batch.view().only_compact(), Some((short.page(), short.patch())), "{bytes:?}");
        copy.push_compact(short.view());
        assert_eq!(copy, batch, "{bytes:?}");
    }
    for (page, offset, len) in [(9, 77, 0), (9, 77, 41), (9, 1 << 20, 8), (1 << 30, 77, 8)] {
        assert!(ShortWrite::new(PageId::new(page), offset, &vec![5; len]).is_none());
    }
}
