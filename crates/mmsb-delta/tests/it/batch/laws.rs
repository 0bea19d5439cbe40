//! Laws: what is pushed comes back; any bytes are an error or a batch.

use mmsb_delta::{BatchView, Patch};
use mmsb_types::{
    PageId, Span,
    limits::{COMPACT_ID_MAX, PAGE_BYTES_MAX, PAGE_ID_MAX},
};
use proptest::{collection::vec, prelude::*};

use super::{batch, damage::check_error_or_batch, encoded};

#[derive(Clone, Debug)]
enum Made {
    Bytes(u32, Vec<u8>),
    Fill(Span, u8),
    Page(Vec<u8>),
    PageFill(u32, u8),
}

impl Made {
    fn patch(&self) -> Patch<'_> {
        match self {
            Self::Bytes(offset, bytes) => Patch::Bytes { offset: *offset, bytes },
            Self::Fill(span, byte) => Patch::Fill { span: *span, byte: *byte },
            Self::Page(bytes) => Patch::Page { bytes },
            Self::PageFill(page_bytes, byte) => Patch::PageFill { page_bytes: *page_bytes, byte: *byte },
        }
    }
}

fn patches() -> impl Strategy<Value = Vec<(u64, Made)>> {
    let offset = || prop_oneof![0..5000u32, 0..PAGE_BYTES_MAX - 6000];
    let bytes = || prop_oneof![vec(any::<u8>(), 1..50), vec(any::<u8>(), 4090..4100)];
    let made = prop_oneof![
        (offset(), bytes()).prop_map(|(offset, bytes)| Made::Bytes(offset, bytes)),
        (offset(), 1..6000u32, any::<u8>()).prop_map(|(at, len, byte)| Made::Fill(Span::new(at, len), byte)),
        bytes().prop_map(Made::Page),
        (1..=PAGE_BYTES_MAX, any::<u8>()).prop_map(|(len, byte)| Made::PageFill(len, byte)),
    ];
    let id = prop_oneof![1..100u64, COMPACT_ID_MAX - 2..COMPACT_ID_MAX + 2, 1..=PAGE_ID_MAX];
    vec((id, made), 0..20)
}

proptest! {
    #[test]
    fn what_is_written_is_read(made in patches()) {
        let patches: Vec<_> = made.iter().map(|(id, made)| (PageId::new(*id), made.patch())).collect();
        let batch = batch(&patches);
        let bytes = encoded(&batch);
        let counts = (batch.compact_count() as u32, batch.wide_count() as u32, batch.payload_bytes() as u32);
        let view = BatchView::parse(&bytes, counts.0, counts.1, counts.2).expect("the library's own batch");
        prop_assert_eq!(view, batch.view());
        let mut read: Vec<_> = view.iter().map(|patch| format!("{patch:?}")).collect();
        let mut written: Vec<_> = patches.iter().map(|patch| format!("{patch:?}")).collect();
        read.sort();
        written.sort();
        prop_assert_eq!(read, written);
    }

    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..300), compact in 0..6u32, wide in 0..4u32) {
        let payload = (bytes.len() as u32).saturating_sub(compact * 8 + wide * 24);
        let _ = check_error_or_batch(&bytes, compact, wide, payload);
    }

    #[test]
    fn random_damage_never_panics(made in patches(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let patches: Vec<_> = made.iter().map(|(id, made)| (PageId::new(*id), made.patch())).collect();
        let batch = batch(&patches);
        let mut bytes = encoded(&batch);
        prop_assume!(!bytes.is_empty());
        *at.get_mut(&mut bytes) = byte;
        let counts = (batch.compact_count() as u32, batch.wide_count() as u32, batch.payload_bytes() as u32);
        let _ = check_error_or_batch(&bytes, counts.0, counts.1, counts.2);
    }
}
