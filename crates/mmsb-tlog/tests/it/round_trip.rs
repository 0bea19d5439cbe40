//! What goes in comes out: over every disk that keeps bytes, and over the one that does not.

mod disks;
mod marks;
mod reading;
mod rooms;

use mmsb_delta::Patch;
use mmsb_tlog::SectionKind;

use crate::common::{Content, plain, single};

fn contents() -> Vec<Content> {
    vec![
        single("one"),
        plain(3, "two"),
        Content::default(),
        Content::default().patch(1, Patch::PageFill { page_bytes: 4096, byte: 7 }),
        Content::default().patch(1 << 35, Patch::Bytes { offset: 3 << 20, bytes: &[9; 5000] }),
        Content::default().patch(2, Patch::Page { bytes: &[1; 100_000] }),
        Content::default().section(SectionKind::SCHEMA, &[4; 70_000]),
    ]
}
