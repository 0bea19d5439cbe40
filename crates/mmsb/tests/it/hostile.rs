//! Logs that are whole, record by record, and tell what cannot be: refused with the record named, never a panic.

pub(crate) mod forge;
mod memory;

use std::{path::Path, sync::Arc};

use mmsb::{
    Bus, Error, InstanceId, Lsn, PageId, Span,
    vfs::{Access, MemoryVfs, Vfs},
};
use mmsb_delta::Patch;
use mmsb_tlog::{LogDir, Manifest, SegmentHead};

use self::forge::{Forged, created, deleted, named, open, refused};

#[test]
fn a_commit_that_does_not_fit_the_state_before_it_is_named() {
    let page = || Forged::events(&[created(1, Some("a"))]);
    refused(&[page(), page()], "page:1 is created while it lives");
    refused(&[page(), Forged::events(&[deleted(2)])], "page:2 does not exist");
    refused(&[page(), Forged::events(&[named(2, "b")])], "page:2 does not exist");
    refused(&[page(), Forged::events(&[created(2, Some("a"))])], "page:2 gets the name of page:1");
    refused(&[page(), Forged::patch(2, 0, b"x")], "page:2 does not exist");
    refused(&[page(), Forged::patch(1, 7, b"xy")], "page:1: run 7+2 passes the end of a page of 8 bytes");
}

#[test]
fn patches_of_every_form_are_held_against_the_page() {
    let page = || Forged::events(&[created(1, None)]);
    let fill = Patch::Fill { span: Span::new(4, 5), byte: 7 };
    refused(&[page(), Forged::of(1, fill)], "page:1: run 4+5 passes the end of a page of 8 bytes");
    let whole = Patch::Page { bytes: &[7; 9] };
    refused(&[page(), Forged::of(1, whole)], "page:1: whole-page patch of 9 bytes for a page of 8 bytes");
    let short = Patch::PageFill { page_bytes: 7, byte: 7 };
    refused(&[page(), Forged::of(1, short)], "page:1: whole-page patch of 7 bytes for a page of 8 bytes");
    refused(&[page(), Forged::of(2, whole)], "page:2 does not exist");
    let image = Forged::of(1, Patch::Page { bytes: &[7; 8] });
    let half = Forged::of(1, Patch::Fill { span: Span::new(4, 4), byte: 9 });
    let bus = open(&[page(), image, half]).unwrap();
    assert_eq!(bus.get::<[u8; 8]>(PageId::new(1), 0).unwrap(), [7, 7, 7, 7, 9, 9, 9, 9]);
    assert_eq!(bus.check(), []);
}

#[test]
fn two_pages_that_get_one_name_in_one_commit_are_told() {
    let both = Forged::events(&[created(1, Some("a")), created(2, Some("a"))]);
    refused(&[both], "page:2 gets the name of page:1");
}

#[test]
fn sections_that_say_nothing_sensible_are_named() {
    let source = |source: &[u8]| Forged { source: source.to_vec(), ..Forged::default() };
    refused(&[source(&[1; 3])], "a source is cut short");
    refused(&[source(&[1, 0, 0, 0, 0, 0, 0, 0])], "a source names an unknown text");
    refused(&[Forged { label: vec![1; 7], ..Forged::default() }], "section 7 is not a number");
}

#[test]
fn ids_beyond_what_the_page_table_holds_are_refused_and_the_last_one_is_not() {
    let last = (1 << 30) - 1;
    refused(
        &[Forged::events(&[created(last + 1, None)])],
        "page:1073741824 is beyond page:1073741823, the last this build holds",
    );
    refused(
        &[Forged::events(&[created((1 << 40) - 1, None)])],
        "page:1099511627775 is beyond page:1073741823, the last this build holds",
    );
    let bus = open(&[Forged::events(&[created(last, Some("last"))])]).unwrap();
    assert_eq!(bus.page("last"), Some(PageId::new(last)));
    bus.write(PageId::new(last), 0, b"x").unwrap();
    assert!(matches!(bus.create_page(None, 1), Err(Error::IdsUsedUp { .. })));
    assert_eq!(bus.check(), []);
}

#[test]
fn a_life_after_death_of_the_same_id_is_its_own() {
    let mut again = Forged::events(&[deleted(1), created(1, Some("a"))]);
    again.batch.push(PageId::new(1), Patch::Bytes { offset: 2, bytes: b"zz" });
    let bus = open(&[Forged::events(&[created(1, Some("a"))]), Forged::patch(1, 0, b"old"), again]).unwrap();
    assert_eq!(bus.get::<[u8; 8]>(PageId::new(1), 0).unwrap(), *b"\0\0zz\0\0\0\0");
    let told: Vec<_> =
        bus.history(PageId::new(1)).unwrap().map(|change| change.unwrap().to_string()).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    e3 page:1 created with 8 bytes named "a"
      2+2: 0000 -> 7a7a
    e2 page:1 written
      0+3: 000000 -> 6f6c64
    e1 page:1 created with 8 bytes named "a"
    "#);
    assert_eq!(bus.check(), []);
}

#[test]
fn a_log_that_begins_late_has_no_state_to_begin_with() {
    let (vfs, path, instance) = (Arc::new(MemoryVfs::new()), Path::new("bus"), InstanceId([1; 16]));
    LogDir::create(vfs.clone(), path, instance).unwrap();
    let no_state = "the log begins late, and no checkpoint tells the state before it";
    let no_checkpoint = "the log begins late, and no checkpoint lies in it";
    for (head, name, expect) in [
        (SegmentHead { first_number: (1 << 56) - 1, ..SegmentHead::FIRST }, "seg-1", no_state),
        (SegmentHead { chain: 1, ..SegmentHead::FIRST }, "MANIFEST-1", no_checkpoint),
        (SegmentHead { first_lsn: Lsn::new(64), ..SegmentHead::FIRST }, "MANIFEST-1", no_checkpoint),
    ] {
        let manifest = Manifest { segments: vec![head], ..Manifest::first(instance) };
        let files =
            [(manifest.file_name(), manifest.encode()), (head.file_name(), head.encode(instance).to_vec())];
        for (file, bytes) in files {
            vfs.open(&path.join(file), Access::ReadWrite).unwrap().write_at(0, &bytes).unwrap();
        }
        for refused in [Bus::builder().open_on(vfs.clone(), path), Bus::builder().read_on(vfs.clone(), path)]
        {
            match refused {
                Err(Error::Corrupt { file, offset: 0, number: 0, what }) => {
                    assert!(file.ends_with(name));
                    assert_eq!(what, expect);
                }
                other => panic!("{head:?}: {other:?}"),
            }
        }
    }
}
