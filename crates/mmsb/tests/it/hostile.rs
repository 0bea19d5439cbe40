//! Logs that are whole, record by record, and tell what cannot be: refused with the record named, never a panic.

use std::{path::Path, sync::Arc};

use mmsb::{
    Bus, Error, InstanceId, Lsn, PageEvent, PageId, PageLocation, Span,
    vfs::{Access, MemoryVfs, Vfs},
};
use mmsb_delta::{DeltaBatch, Patch};
use mmsb_tlog::{FrameBuf, Log, LogDir, LogOptions, Manifest, Scan, SectionBuf, SectionKind, SegmentHead};

fn created(page: u64, name: Option<&str>) -> PageEvent {
    let (page, name) = (PageId::new(page), name.map(str::to_owned));
    PageEvent::Created { page, page_bytes: 8, location: PageLocation::Host, name }
}

fn named(page: u64, name: &str) -> PageEvent {
    PageEvent::Named { page: PageId::new(page), name: Some(name.to_owned()) }
}

fn deleted(page: u64) -> PageEvent {
    PageEvent::Deleted { page: PageId::new(page) }
}

/// A commit as it is written into a log.
#[derive(Default)]
struct Forged {
    events: Vec<PageEvent>,
    source: Vec<u8>,
    label: Vec<u8>,
    batch: DeltaBatch,
}

impl Forged {
    fn events(events: &[PageEvent]) -> Self {
        Self { events: events.to_vec(), ..Self::default() }
    }

    fn patch(page: u64, offset: u32, bytes: &[u8]) -> Self {
        Self::of(page, Patch::Bytes { offset, bytes })
    }

    fn of(page: u64, patch: Patch<'_>) -> Self {
        let mut forged = Self::default();
        forged.batch.push(PageId::new(page), patch);
        forged
    }

    fn frame(&self) -> FrameBuf {
        let (mut sections, mut events) = (SectionBuf::default(), Vec::new());
        self.events.iter().for_each(|event| event.encode(&mut events));
        let kinds = [SectionKind::PAGE_EVENTS, SectionKind::SOURCE, SectionKind::LABEL];
        for (kind, content) in kinds.into_iter().zip([&events, &self.source, &self.label]) {
            if !content.is_empty() {
                sections.push(kind, content);
            }
        }
        let mut frame = FrameBuf::default();
        frame.encode(&sections, self.batch.view(), u32::MAX).unwrap();
        frame
    }
}

/// Writes the commits into a log, and returns what opening it says, by however many threads.
fn open(commits: &[Forged]) -> Result<Bus, Error> {
    let (vfs, path) = (Arc::new(MemoryVfs::new()), Path::new("bus"));
    let dir = LogDir::create(vfs.clone(), path, InstanceId([1; 16])).unwrap();
    let log = Log::open(&dir, dir.lock().unwrap(), &Scan::empty(&dir), LogOptions::default()).unwrap();
    for commit in commits {
        let mut frame = commit.frame();
        let room = log.room(frame.len()).unwrap();
        let reservation = log.reserve(room, frame.len());
        log.publish(reservation, &mut frame);
    }
    log.close().unwrap();
    drop(log);
    let told = |opened: &Result<Bus, Error>| opened.as_ref().map(Bus::epoch).map_err(ToString::to_string);
    let by = [1, 2, 8].map(|count| told(&Bus::builder().recovery_threads(count).read_on(vfs.clone(), path)));
    let opened = Bus::builder().open_on(vfs, path);
    assert_eq!(by, [(); 3].map(|()| told(&opened)), "by 1, 2, 8 threads");
    opened
}

#[track_caller]
fn refused(commits: &[Forged], what: &str) {
    match open(commits) {
        Err(Error::Corrupt { number, what: told, .. }) => {
            assert_eq!((number, told.as_str()), (commits.len() as u64, what));
        }
        other => panic!("{other:?}"),
    }
}

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
    let fits = [
        Forged::of(1, Patch::Page { bytes: &[7; 8] }),
        Forged::of(1, Patch::Fill { span: Span::new(4, 4), byte: 9 }),
    ];
    let bus = open(&std::iter::once(page()).chain(fits).collect::<Vec<_>>()).unwrap();
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

/// Resident memory of this process, in bytes; 0 where nobody tells.
fn resident_bytes() -> u64 {
    let told = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    told.split(' ').nth(1).and_then(|pages| pages.parse().ok()).map_or(0, |pages: u64| pages * 4096)
}

#[test]
fn pages_that_a_log_creates_and_never_writes_take_no_memory() {
    let event = |page| PageEvent::Created {
        page: PageId::new(page),
        page_bytes: 16 << 20,
        location: PageLocation::Host,
        name: None,
    };
    let events: Vec<_> = (1..=64).map(event).collect();
    let before = resident_bytes();
    let bus = open(&[Forged::events(&events), Forged::patch(2, 16_000_000, b"x")]).unwrap();
    let past = bus.at(bus.epoch()).unwrap();
    let taken = resident_bytes().saturating_sub(before);
    assert!(taken < 512 << 20, "{taken} bytes for 2 GiB of zeros that nobody wrote");
    assert_eq!(past.bytes(PageId::new(64)).unwrap().len(), 16 << 20);
    assert_eq!(past.bytes(PageId::new(2)).unwrap()[16_000_000], b'x');
    assert_eq!(bus.get::<u8>(PageId::new(2), 16_000_000).unwrap(), b'x');
}
