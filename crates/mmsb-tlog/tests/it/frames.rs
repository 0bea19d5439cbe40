//! Laws of frames: what is encoded comes back; what is not a frame is told so, whatever it is.

use proptest::prelude::*;

use mmsb_delta::{DeltaBatch, Patch};
use mmsb_tlog::{
    CheckpointRef, InstanceId, Manifest, Mark, SectionBuf, SectionKind, SegmentHead, Tag,
    frame::{parse_frame, record_head},
};
use mmsb_types::{Lsn, PageId, Span};

use crate::common::{Content, INSTANCE, page, plain, single};

/// A patch that owns its bytes.
#[derive(Clone, Debug)]
enum Owned {
    Bytes(u32, Vec<u8>),
    Fill(u32, u32, u8),
    Page(Vec<u8>),
    PageFill(u32, u8),
}

impl Owned {
    fn patch(&self) -> Patch<'_> {
        match self {
            Self::Bytes(offset, bytes) => Patch::Bytes { offset: *offset, bytes },
            Self::Fill(offset, len, byte) => Patch::Fill { span: Span::new(*offset, *len), byte: *byte },
            Self::Page(bytes) => Patch::Page { bytes },
            Self::PageFill(page_bytes, byte) => Patch::PageFill { page_bytes: *page_bytes, byte: *byte },
        }
    }
}

fn some_patch() -> impl Strategy<Value = Owned> {
    let bytes = prop_oneof![4 => proptest::collection::vec(any::<u8>(), 1..60),
        1 => proptest::collection::vec(any::<u8>(), 4090..4200)];
    let offset = prop_oneof![0..5000u32, (1u32 << 20) - 3..(1 << 20) + 3];
    prop_oneof![
        (offset.clone(), bytes.clone()).prop_map(|(offset, bytes)| Owned::Bytes(offset, bytes)),
        (offset, 1..9000u32, any::<u8>()).prop_map(|(offset, len, byte)| Owned::Fill(offset, len, byte)),
        bytes.prop_map(Owned::Page),
        (1..=16u32 << 20, any::<u8>()).prop_map(|(len, byte)| Owned::PageFill(len, byte)),
    ]
}

fn some_page() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 1..100u64, 1 => (1u64 << 30) - 2..(1 << 30) + 2, 1 => 1..=1u64 << 39]
}

fn some_sections() -> impl Strategy<Value = Vec<(u16, Vec<u8>)>> {
    let content = proptest::collection::vec(any::<u8>(), 0..40);
    proptest::collection::btree_map(2..300u16, content, 0..4).prop_map(|map| map.into_iter().collect())
}

fn some_patches() -> impl Strategy<Value = Vec<(u64, Owned)>> {
    proptest::collection::vec((some_page(), some_patch()), 0..12)
}

fn content(sections: &[(u16, Vec<u8>)], patches: &[(u64, Owned)]) -> Content {
    let mut content = Content::default();
    sections.iter().for_each(|(kind, bytes)| content.sections.push(SectionKind(*kind), bytes));
    patches.iter().for_each(|(page, patch)| content.batch.push(PageId::new(*page), patch.patch()));
    content
}

proptest! {
    #[test]
    fn an_encoded_frame_comes_back(
        sections in some_sections(),
        patches in some_patches(),
        number in 1..1u64 << 56,
    ) {
        let content = content(&sections, &patches);
        let mut frame = content.encode();
        frame.seal(number);
        prop_assert!(frame.len() <= content.bound());
        prop_assert_eq!(frame.len() % 8, 0);
        let parsed = parse_frame(frame.bytes()).unwrap();
        prop_assert_eq!((parsed.number, parsed.bytes), (number, frame.len()));
        prop_assert_eq!(parsed.batch, content.batch.view());
        let own = |kind: &SectionKind| *kind != SectionKind::WIDE_COUNT;
        let found: Vec<_> = parsed.sections.iter().filter(|(kind, _)| own(kind))
            .map(|(kind, bytes)| (kind.0, bytes.to_vec())).collect();
        prop_assert_eq!(found, sections);
    }

    #[test]
    fn a_changed_byte_of_a_frame_shows(patches in some_patches(), at in any::<prop::sample::Index>(), xor in 1..=255u8) {
        let mut frame = content(&[], &patches).encode();
        frame.seal(5);
        let mut bytes = frame.bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= xor;
        prop_assert!(parse_frame(&bytes).is_err(), "byte {}", at);
    }

    #[test]
    fn random_bytes_are_refused_and_not_believed(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(head) = record_head(&bytes) {
            prop_assert!(head.bytes() >= 32 && head.bytes() % 8 == 0);
        }
        prop_assert!(parse_frame(&bytes).is_err());
        prop_assert!(Mark::parse(&bytes, INSTANCE, Lsn::ZERO).is_err());
        prop_assert!(SegmentHead::parse(&bytes).is_err());
        prop_assert!(Manifest::parse(&bytes).is_err());
    }

    #[test]
    fn marks_come_back_only_where_they_stand(
        (number, synced_through) in (0..1u64 << 56).prop_flat_map(|number| (Just(number), 0..=number)),
        lsn in any::<u64>(), chain in any::<u32>(), closing in any::<bool>(), other in any::<[u8; 16]>(),
    ) {
        let mark = Mark { lsn: Lsn::new(lsn), number, synced_through, chain, closing };
        let line = mark.encode(INSTANCE);
        prop_assert_eq!(Mark::parse(&line, INSTANCE, mark.lsn), Ok(mark));
        prop_assert!(Mark::parse(&line, INSTANCE, Lsn::new(lsn.wrapping_add(8))).is_err());
        prop_assert!(Mark::parse(&line, InstanceId(other), mark.lsn).is_err());
    }

    #[test]
    fn a_segments_head_and_a_manifest_come_back(
        segment in 1u64.., first_number in 1..1u64 << 56, lsn in 0..=1u64 << 62, chain in any::<u32>(),
        generation in any::<u64>(),
    ) {
        let head = SegmentHead { segment, first_number, first_lsn: Lsn::new(lsn), chain };
        prop_assert_eq!(SegmentHead::parse(&head.encode(INSTANCE)), Ok((head, INSTANCE)));
        let checkpoints = vec![CheckpointRef { cursor: head.cursor(), parent: None, bytes: lsn, hash: [7; 32] }];
        let tags = vec![Tag { name: "a name".to_owned(), number: first_number - 1 }];
        let segments = vec![head];
        let manifest = Manifest { generation, instance: INSTANCE, segments, checkpoints, tags };
        prop_assert_eq!(Manifest::parse(&manifest.encode()), Ok(manifest.clone()));
        prop_assert_eq!(Manifest::generation_of(&manifest.file_name()), Some(generation));
    }
}

#[test]
fn one_short_run_alone_takes_a_line() {
    let bytes = |len: usize| Content::default().patch(1, Patch::Bytes { offset: 0, bytes: &vec![1; len] });
    assert_eq!(bytes(40).encode().len(), 64);
    assert_eq!(bytes(41).encode().len(), 32 + 8 + 48);
    assert_eq!(Content::default().encode().len(), 32);
    assert_eq!(single("x").section(SectionKind::LABEL, &[0; 8]).encode().len(), 32 + 16 + 8 + 8);
    assert_eq!(page(&[0; 30]).encode().len(), 64);
    assert_eq!(plain(1, "abc").bound() % 8, 0);
}

#[test]
fn an_empty_batch_and_no_section_is_a_frame_too() {
    let (sections, batch) = (SectionBuf::default(), DeltaBatch::default());
    let mut frame = mmsb_tlog::FrameBuf::with_capacity(64);
    frame.encode(&sections, batch.view(), 1 << 20).unwrap();
    frame.seal(1);
    let parsed = parse_frame(frame.bytes()).unwrap();
    assert!(parsed.batch.is_empty() && parsed.sections.iter().next().is_none());
}

#[test]
#[should_panic(expected = "the log itself counts wide entries")]
fn the_logs_own_section_cannot_be_pushed() {
    SectionBuf::default().push(SectionKind::WIDE_COUNT, &[1, 0, 0, 0]);
}

#[test]
#[should_panic(expected = "section kinds must rise")]
fn sections_are_pushed_in_order() {
    let mut sections = SectionBuf::default();
    sections.push(SectionKind::LABEL, &[0; 8]);
    sections.push(SectionKind::SOURCE, &[0; 8]);
}

#[test]
fn names_that_only_look_like_manifests_are_none() {
    for name in
        ["MANIFEST-", "MANIFEST-01", "MANIFEST-+1", "MANIFEST-1x", "MANIFEST--1", "manifest-1", "seg-1"]
    {
        assert_eq!(Manifest::generation_of(name), None, "{name}");
    }
}
