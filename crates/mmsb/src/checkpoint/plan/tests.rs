//! What a manifest leaves, and what the next checkpoint builds on.

use std::collections::BTreeSet;

use mmsb_tlog::{CheckpointRef, Cursor, InstanceId, Manifest, SegmentHead, Tag};
use mmsb_types::Lsn;

use super::{left, parent};

/// A log of ten segments, ten commits of 100 bytes in each.
fn manifest(checkpoints: &[(u64, Option<u64>)], tags: &[u64]) -> Manifest {
    let cursor = |lsn, number| Cursor { lsn: Lsn::new(lsn), number, chain: 0 };
    let head = |index: u64| SegmentHead::behind(index + 1, cursor(index * 1000, index * 10));
    let checkpoint = |&(epoch, parent): &(u64, Option<u64>)| CheckpointRef {
        cursor: cursor(epoch * 100 + 64, epoch),
        parent,
        bytes: 0,
        hash: [0; 32],
    };
    Manifest {
        segments: (0..10).map(head).collect(),
        checkpoints: checkpoints.iter().map(checkpoint).collect(),
        tags: tags.iter().map(|&number| Tag { name: number.to_string(), number }).collect(),
        ..Manifest::first(InstanceId([0; 16]))
    }
}

/// Two chains of two.
const TWO_CHAINS: [(u64, Option<u64>); 4] = [(12, None), (25, Some(12)), (48, None), (71, Some(48))];

/// Compares what is left, as checkpoints and the first segment, if all states from `wanted` on are to stay.
#[track_caller]
fn check(manifest: &Manifest, broken: &[u64], wanted: u64, held: &[u64], expect: &str) {
    let left = left(manifest, &broken.iter().copied().collect(), wanted, held);
    let checkpoints: Vec<_> = left.checkpoints.iter().map(|left| left.epoch().to_string()).collect();
    let told = format!("{} from segment {}", checkpoints.join(" "), left.segments[0].segment);
    assert_eq!(told, expect);
    assert_eq!(left.segments.last(), manifest.segments.last(), "the log's end stays");
}

#[test]
fn two_chains_and_the_log_from_the_older_one_on_stay() {
    check(&manifest(&TWO_CHAINS, &[]), &[], 90, &[], "12 25 48 71 from segment 3");
    check(&manifest(&TWO_CHAINS, &[]), &[], 25, &[], "12 25 48 71 from segment 3");
    let older = [(3, None), (8, Some(3)), (12, None), (25, Some(12)), (48, None)];
    check(&manifest(&older, &[]), &[], 90, &[], "12 25 48 from segment 3");
}

#[test]
fn what_is_wanted_stays_from_the_checkpoint_before_it_on() {
    check(&manifest(&TWO_CHAINS, &[]), &[], 24, &[], "12 25 48 71 from segment 2");
    check(&manifest(&TWO_CHAINS, &[]), &[], 11, &[], "12 25 48 71 from segment 1");
    check(&manifest(&TWO_CHAINS, &[]), &[], 0, &[], "12 25 48 71 from segment 1");
}

#[test]
fn one_chain_alone_gives_up_nothing() {
    check(&manifest(&TWO_CHAINS[..2], &[]), &[], 90, &[], "12 25 from segment 1");
    check(&manifest(&[], &[]), &[], 90, &[], " from segment 1");
}

#[test]
fn what_somebody_holds_stays_with_the_log_behind_it() {
    check(&manifest(&TWO_CHAINS, &[]), &[], 90, &[12], "12 25 48 71 from segment 2");
    check(&manifest(&TWO_CHAINS, &[]), &[], 90, &[0], "12 25 48 71 from segment 1");
    check(&manifest(&TWO_CHAINS, &[]), &[], 90, &[48], "12 25 48 71 from segment 3");
}

#[test]
fn a_tag_keeps_its_checkpoint_and_those_it_builds_on_but_no_log() {
    let more = [(3, None), (5, Some(3)), (8, Some(5)), (25, None), (48, None)];
    check(&manifest(&more, &[5]), &[], 90, &[], "3 5 25 48 from segment 3");
    // Held by a pass over what is reached by the tag alone: the log did not lead on from there before.
    let mut late = manifest(&more, &[5]);
    late.segments.drain(..2);
    check(&late, &[], 90, &[5], "3 5 25 48 from segment 3");
}

#[test]
fn a_broken_checkpoint_is_no_chain_and_goes() {
    check(&manifest(&TWO_CHAINS, &[]), &[71], 90, &[], "12 25 48 from segment 3");
    check(&manifest(&TWO_CHAINS, &[]), &[48], 90, &[], "12 25 48 71 from segment 1");
    check(&manifest(&TWO_CHAINS, &[]), &[25], 90, &[], "12 48 71 from segment 2");
}

#[test]
fn a_chain_of_nine_is_not_continued_nor_a_broken_one() {
    let chain: Vec<_> = (1..=9u64).map(|epoch| (epoch, (epoch > 1).then(|| epoch - 1))).collect();
    let parent = |count: usize, broken: &[u64]| {
        parent(&manifest(&chain[..count], &[]), &broken.iter().copied().collect::<BTreeSet<_>>())
    };
    assert_eq!(
        [parent(0, &[]), parent(1, &[]), parent(8, &[]), parent(9, &[])],
        [None, Some(1), Some(8), None]
    );
    assert_eq!([parent(5, &[5]), parent(5, &[3]), parent(5, &[1])], [Some(4), Some(2), None]);
}
