//! Limits: every kind can be measured here, once a run, in the unit it promises.

use benches::{Context, LimitKind, Size};
use indicatif::ProgressBar;

#[test]
fn every_limit_is_measured_once_in_its_unit() {
    let folder = tempfile::tempdir().unwrap();
    let mut context = Context::new(Size::Quick, folder.path().join("deep/er"), ProgressBar::hidden());
    let kinds = [
        LimitKind::ReadDram,
        LimitKind::CopyDram,
        LimitKind::CopyCached { bytes: 72 },
        LimitKind::CopyCached { bytes: 100_000 },
        LimitKind::Checksum { bytes: 10_240 },
        LimitKind::Scatter { pages: 1000 },
        LimitKind::FileWrite,
        LimitKind::FileSync,
    ];
    for kind in kinds {
        let first = context.limit(kind).unwrap();
        assert_eq!(first.unit, kind.unit());
        assert_eq!(context.limit(kind).unwrap(), first, "{kind} is kept");
    }
    assert_eq!(context.limits().count(), kinds.len());
    let left = std::fs::read_dir(folder.path().join("deep/er")).unwrap().count();
    assert_eq!(left, 0, "scratch folders are gone");
}
