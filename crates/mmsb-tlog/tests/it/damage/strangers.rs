//! Logs of another bus, and logs within a payload.

use mmsb_tlog::{Scan, Verification};

use super::{frames_of, judged, swaps::nine};
use crate::common::{
    INSTANCE, Layout, OTHER, flipped, log_of, page, places, set_segment_bytes, single, specimen,
};

#[test]
fn frames_of_another_bus_are_not_read_as_this_ones() {
    let (mut bytes, mut alien) = (nine(), Layout::new(OTHER));
    frames_of(9).iter().enumerate().for_each(|(index, _)| {
        alien.frame(&single(&format!("alien {index}")));
        if index % 3 == 2 {
            alien.mark(0, false);
        }
    });
    let places = places(&bytes);
    let tail = places[8].offset..bytes.len();
    bytes[tail.clone()].copy_from_slice(&alien.bytes[tail]);
    insta::assert_snapshot!(judged(&log_of(&bytes)), @r"
    bad 7 at 576: a mark of another place or bus
    ends behind 6 at 576
    ");
    let middle = places[4].offset..places[8].offset;
    let mut bytes = nine();
    bytes[middle.clone()].copy_from_slice(&alien.bytes[middle]);
    insta::assert_snapshot!(judged(&log_of(&bytes)), @r"
    bad 4 at 320: a mark of another place or bus, was durable
    refused for 4 at 320
    ");
}

#[test]
fn a_log_inside_a_payload_is_payload() {
    let inner = specimen(true);
    let mut layout = Layout::new(INSTANCE);
    layout.frame(&page(&inner)).frame(&single("second")).frame(&page(&inner)).mark(0, false);
    let (bytes, places) = (layout.bytes.clone(), places(&layout.bytes));
    let dir = log_of(&bytes);
    assert_eq!(Verification::run(&dir).unwrap().bad, []);
    for place in &places {
        for bit in 0..64 * 8 {
            set_segment_bytes(&dir, &flipped(&bytes, place.offset * 8 + bit));
            let bad = Verification::run(&dir).unwrap().bad;
            // The inner marks say that all was durable; they stand elsewhere and count for nothing.
            let named: Vec<_> =
                bad.iter().map(|bad| (bad.offset as usize, bad.number, bad.covered)).collect();
            assert_eq!(named, [(place.offset, place.number, false)], "bit {bit} of {place:?}: {bad:?}");
            assert_eq!(
                Scan::run(&dir).unwrap().end.lsn.get() as usize,
                place.offset,
                "bit {bit} of {place:?}"
            );
        }
    }
}
