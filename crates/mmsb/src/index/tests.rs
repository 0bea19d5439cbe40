//! Indexes against the log they are made of, and against everything else that files may hold.

mod ahead;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use mmsb_tlog::{
    Cursor, LogDir, SegmentHead,
    vfs::{Access, MemoryVfs, OsVfs, Vfs},
};
use mmsb_types::{Durability, Lsn, PageId, crc32c};

use super::{
    SegmentIndex, end_before,
    part::{Key, Part},
    segment::NoIndex,
    verify_indexes,
};
use crate::{Bus, CheckpointEvery, kept::Kept};

/// A log of several segments, with everything in it that an index tells of.
struct Log {
    vfs: Arc<MemoryVfs>,
    dir: LogDir,
    bus: Bus,
}

impl Log {
    fn new() -> Self {
        let vfs = Arc::new(MemoryVfs::new());
        let builder = Bus::builder().segment_bytes(64 << 10).checkpoint_every(CheckpointEvery::NEVER);
        let bus = builder.instance_id([7; 16]).create_on(vfs.clone(), Path::new("bus")).unwrap();
        let pages: Vec<_> = (0..400).map(|_| bus.create_page(None, 64).unwrap()).collect();
        for turn in 0..3000u64 {
            let mut tx = bus.begin().durability(Durability::Volatile);
            if turn % 3 == 0 {
                tx = tx.label(turn / 6).tag(if turn % 2 == 0 { "even" } else { "odd" });
            }
            let touched = if turn % 500 == 0 { 400 } else { 1 + turn as usize % 3 };
            for step in 0..touched {
                tx.put(pages[(turn as usize * 7 + step) % 400], 8, &turn).unwrap();
            }
            tx.commit().unwrap();
        }
        // Segments get their names beside the commits; a commit that waits for its sync waits for them, too.
        let mut last = bus.begin().durability(Durability::Synced);
        last.put(pages[0], 8, &0u64).unwrap();
        last.commit().unwrap();
        let dir = bus.journal().dir();
        Self { vfs, dir, bus }
    }

    /// Ends the bus, and opens it again.
    fn reopen(&mut self) {
        self.bus.clone().stop().unwrap();
        let builder = Bus::builder().checkpoint_every(CheckpointEvery::NEVER);
        self.bus = builder.open_on(self.vfs.clone(), Path::new("bus")).unwrap();
    }

    /// Where the log ends that was written.
    fn written(&self) -> Lsn {
        self.bus.journal().log().unwrap().written_end().lsn
    }

    /// Lets the bus make all indexes.
    fn index(&self) {
        self.bus.log_report().unwrap();
    }

    fn heads(&self) -> Vec<SegmentHead> {
        let segments = &self.dir.manifest().segments;
        segments[..segments.len() - 1].to_vec()
    }

    fn file(&self, head: &SegmentHead) -> Vec<u8> {
        self.dir.read_index(head, u64::MAX).unwrap().unwrap()
    }

    fn put(&self, head: &SegmentHead, bytes: &[u8]) {
        self.dir.write_index(head, bytes).unwrap();
    }

    fn load(&self, head: &SegmentHead) -> Result<SegmentIndex, NoIndex> {
        let manifest = self.dir.manifest();
        let next = manifest.segments.iter().find(|next| next.segment == head.segment + 1).unwrap();
        SegmentIndex::load(&self.dir, head, end_before(next))
    }

    /// Puts a changed index of the second segment in its place; returns the rules it breaks.
    fn rules_broken_by(&self, change: impl FnOnce(&mut SegmentIndex)) -> Vec<&'static str> {
        let head = self.heads()[1];
        let whole = self.file(&head);
        let mut index = self.load(&head).unwrap();
        change(&mut index);
        self.put(&head, &index.encode(self.dir.instance(), &head));
        let mut rules: Vec<_> = verify_indexes(&self.dir).iter().map(|violation| violation.rule).collect();
        rules.dedup();
        self.put(&head, &whole);
        rules
    }
}

impl Log {
    /// Tells why a changed index of the second segment is not taken.
    fn refusal(&self, change: impl FnOnce(&mut SegmentIndex)) -> String {
        let head = self.heads()[1];
        let whole = self.file(&head);
        let mut index = self.load(&head).unwrap();
        change(&mut index);
        self.put(&head, &index.encode(self.dir.instance(), &head));
        let refused = self.load(&head);
        self.put(&head, &whole);
        match refused {
            Err(NoIndex::Bad(what)) => what,
            Err(why) => panic!("{why:?}"),
            Ok(_) => panic!("it is taken"),
        }
    }
}

fn first(index: &mut SegmentIndex) -> &mut Part {
    Arc::make_mut(&mut index.parts[0])
}

#[test]
fn what_is_read_is_what_was_written_and_what_the_log_says() {
    let log = Log::new();
    assert!(log.heads().len() > 3);
    log.index();
    let manifest = log.dir.manifest();
    for (head, next) in manifest.segments.iter().zip(&manifest.segments[1..]) {
        let (file, index) = (log.file(head), log.load(head).unwrap());
        let made =
            SegmentIndex::read_log(&Kept::new(log.dir.clone()), head.cursor(), next.first_lsn).unwrap();
        assert_eq!(made.encode(log.dir.instance(), head), file, "idx-{}", head.segment);
        assert_eq!(index.parts, made.parts, "idx-{}", head.segment);
        assert!((file.len() as u64) < (next.first_lsn.get() - head.first_lsn.get()) / 4);
    }
    assert_eq!(verify_indexes(&log.dir), []);
}

#[test]
fn a_segment_without_an_index_violates_nothing() {
    let log = Log::new();
    assert!(matches!(log.load(&log.heads()[0]), Err(NoIndex::Missing)));
    assert_eq!(verify_indexes(&log.dir), []);
}

#[test]
fn every_kind_of_lie_is_told_by_its_rule() {
    let log = Log::new();
    log.index();
    assert_eq!(log.rules_broken_by(|_| {}), [""; 0]);
    assert_eq!(
        log.rules_broken_by(|index| assert!(first(index).pages.insert(9999))),
        ["mmsb/index-readable"]
    );
    assert_eq!(log.rules_broken_by(|index| first(index).words[3] = 1 << 31), ["mmsb/index-pages"]);
    assert_eq!(
        log.rules_broken_by(|index| assert!(first(index).broad[0].1.insert(1 << 20))),
        ["mmsb/index-pages"]
    );
    assert_eq!(log.rules_broken_by(|index| first(index).labels[1].label += 1), ["mmsb/index-labels"]);
    assert_eq!(log.rules_broken_by(|index| first(index).keys[0].0 = Key::Tag(9)), ["mmsb/index-readable"]);
    assert_eq!(
        log.rules_broken_by(|index| assert!(first(index).keys.pop().is_some())),
        ["mmsb/index-sources"]
    );
    assert_eq!(log.rules_broken_by(|index| first(index).tally.run_count += 1), ["mmsb/index-counts"]);
    assert_eq!(
        log.rules_broken_by(|index| assert!(first(index).places.pop().is_some())),
        ["mmsb/index-places"]
    );
    assert_eq!(
        log.rules_broken_by(|index| {
            let mut rest = first(index).clone();
            rest.start = rest.end;
            rest = crate::index::part::Collector::new(rest.end, 0).part();
            index.parts.push(Arc::new(rest));
        }),
        ["mmsb/index-parts"]
    );
}

#[test]
fn a_log_that_cannot_be_read_is_told() {
    let log = Log::new();
    log.index();
    let head = log.heads()[2];
    let file = log.vfs.open(&log.dir.segment_path(&head), Access::ReadWrite).unwrap();
    file.write_at(5000, &[0xff; 64]).unwrap();
    let rules: Vec<_> = verify_indexes(&log.dir).iter().map(|violation| violation.rule).collect();
    assert_eq!(rules, ["mmsb/index-log-readable"]);
}

#[test]
fn an_index_of_another_segment_or_bus_is_not_taken() {
    let log = Log::new();
    log.index();
    let (first, second) = (log.heads()[0], log.heads()[1]);
    let file = log.file(&first);
    log.put(&second, &file);
    assert!(matches!(log.load(&second), Err(NoIndex::Bad(what)) if what.contains("another segment")));
    let mut foreign = file;
    foreign[16] ^= 1;
    reseal(&mut foreign);
    log.put(&first, &foreign);
    assert!(matches!(log.load(&first), Err(NoIndex::Bad(what)) if what.contains("another bus")));
}

#[test]
fn no_flipped_bit_and_no_cut_passes() {
    let log = Log::new();
    log.index();
    let head = log.heads()[1];
    let whole = log.file(&head);
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        log.put(&head, &bytes);
        assert!(matches!(log.load(&head), Err(NoIndex::Bad(_))), "byte {place}");
    }
    for len in (0..whole.len()).step_by(7) {
        log.put(&head, &whole[..len]);
        assert!(matches!(log.load(&head), Err(NoIndex::Bad(_))), "cut to {len}");
    }
}

#[test]
fn a_hostile_index_is_refused_or_only_wrong() {
    let log = Log::new();
    log.index();
    let head = log.heads()[1];
    let whole = log.file(&head);
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut any = |end: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % end as u64) as usize
    };
    let mut refused = 0;
    for _ in 0..4000 {
        let mut bytes = whole.clone();
        let at = any(bytes.len() - 8);
        let word = [0, 1, 0xff, 0x7fff_ffff, 0xffff_ffff, any(1 << 20)][any(6)] as u32;
        bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
        reseal(&mut bytes);
        log.put(&head, &bytes);
        match log.load(&head) {
            // Whatever it says, asking it is safe.
            Ok(index) => index.parts.iter().for_each(|part| {
                let filter = super::Filter::epochs(0..=u64::MAX).page(PageId::new(3)).tag(1);
                assert!(part.select(&filter).len() <= part.commit_count());
                part.each_label().for_each(drop);
            }),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 1000, "{refused} were refused");
}

/// A set of a few bytes that tells of millions of pages, and parts that tell of commits nobody wrote.
#[test]
fn an_index_that_tells_of_more_than_its_segment_holds_is_refused() {
    let log = Log::new();
    log.index();
    let too_much = "a part tells of more than its stretch of log can hold";
    let millions = |index: &mut SegmentIndex| {
        first(index).broad[0].1.insert_range(1..1 << 24);
    };
    assert_eq!(log.refusal(millions), too_much);
    let crowd = |index: &mut SegmentIndex| {
        let mut crowded = first(index).clone();
        crowded.end.lsn = crowded.start.lsn;
        index.parts.insert(0, Arc::new(crowded));
    };
    assert_eq!(log.refusal(crowd), too_much);
    let again = "a part tells of commits that it does not have";
    assert_eq!(log.refusal(|index| first(index).words[1] = index.parts[0].words[0]), again);
}

#[test]
fn an_index_beside_a_segment_that_is_not_all_there_is_not_taken() {
    let log = Log::new();
    log.index();
    let head = log.heads()[1];
    log.vfs.open(&log.dir.segment_path(&head), Access::ReadWrite).unwrap().truncate(4000).unwrap();
    assert!(matches!(log.load(&head), Err(NoIndex::Bad(what)) if what.contains("shorter")));
}

/// The index of the first segment of a bus that is kept, as the first build wrote it that wrote this version.
const GOLDEN: &[u8] = include_bytes!("../../../../testdata/buses/v2/idx-1.v2");
/// As builds wrote it before.
const GOLDEN_V1: &[u8] = include_bytes!("../../../../testdata/buses/v2/idx-1.v1");

/// The bus, the segment, and its end.
fn golden() -> (LogDir, SegmentHead, Cursor) {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../testdata/buses/v2/bus"].iter().collect();
    let dir = LogDir::open(Arc::new(OsVfs), &path).unwrap();
    let segments = dir.manifest().segments.clone();
    (dir, segments[0], end_before(&segments[1]))
}

#[test]
fn the_index_of_a_bus_that_is_kept_is_the_one_beside_it() {
    let (dir, head, end) = golden();
    let made = SegmentIndex::read_log(&Kept::new(dir.clone()), head.cursor(), end.lsn).unwrap();
    assert_eq!(made.encode(dir.instance(), &head), GOLDEN);
    assert_eq!(SegmentIndex::parse(GOLDEN, dir.instance(), &head, end).unwrap().parts, made.parts);
}

#[test]
fn no_bit_and_no_cut_of_it_passes() {
    let (dir, head, end) = golden();
    let is_taken = |file: &[u8]| SegmentIndex::parse(file, dir.instance(), &head, end).is_ok();
    for bit in 0..GOLDEN.len() * 8 {
        let mut bytes = GOLDEN.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(!is_taken(&bytes), "bit {bit}");
    }
    assert!((0..GOLDEN.len()).all(|len| !is_taken(&GOLDEN[..len])));
}

#[test]
fn an_index_of_an_older_version_violates_nothing_and_is_made_again() {
    let mut log = Log::new();
    log.index();
    let (head, new) = (log.heads()[1], log.file(&log.heads()[1]));
    let mut old = new.clone();
    old[8] = 1;
    reseal(&mut old);
    log.put(&head, &old);
    assert!(matches!(log.load(&head), Err(NoIndex::Older)));
    assert_eq!((verify_indexes(&log.dir), SegmentIndex::is_there(&log.dir, &head)), (vec![], false));
    let bus = Bus::builder().read_on(log.vfs.clone(), Path::new("bus")).unwrap();
    bus.log_report().unwrap();
    assert_eq!(log.file(&head), old, "who only reads writes none");
    log.reopen();
    log.index();
    assert_eq!(log.file(&head), new);
}

#[test]
fn the_first_version_is_older_as_long_as_it_is_whole() {
    let no_index = |file: &[u8]| {
        let (dir, head, end) = golden();
        NoIndex::of(file, SegmentIndex::parse(file, dir.instance(), &head, end).unwrap_err())
    };
    assert!(matches!(no_index(GOLDEN_V1), NoIndex::Older));
    for bit in 0..GOLDEN_V1.len() * 8 {
        let mut bytes = GOLDEN_V1.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(matches!(no_index(&bytes), NoIndex::Bad(_)), "bit {bit}");
    }
    for version in [0, 3] {
        let mut bytes = GOLDEN_V1.to_vec();
        bytes[8] = version;
        reseal(&mut bytes);
        assert!(matches!(no_index(&bytes), NoIndex::Bad(_)), "version {version}");
    }
}

fn reseal(file: &mut [u8]) {
    let (covered, checksum) = file.split_at_mut(file.len() - 4);
    checksum.copy_from_slice(&crc32c(covered).to_le_bytes());
}
