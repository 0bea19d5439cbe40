//! What a batch counts, and how it is emptied.

use insta::assert_snapshot;
use mmsb_delta::{BatchStats, DeltaBatch, Patch};
use mmsb_types::Span;

use super::{PAGE, batch, one_of_each};

#[test]
fn an_empty_run_is_left_out() {
    let empty = batch(&[
        (PAGE, Patch::Bytes { offset: 3, bytes: b"" }),
        (PAGE, Patch::Fill { span: Span::new(3, 0), byte: 1 }),
    ]);
    assert!(empty.is_empty());
    assert_eq!(empty.encoded_bytes(), 0);
}

#[test]
fn a_cleared_batch_is_empty_and_keeps_its_memory() {
    let mut batch = one_of_each();
    let before = batch.capacities();
    batch.clear();
    assert_eq!(batch, DeltaBatch::default());
    assert_eq!(batch.capacities(), before);
}

#[test]
fn statistics_count_forms_and_bytes() {
    assert_snapshot!(format!("{:#?}", BatchStats::of(one_of_each().view())), @"
    BatchStats {
        bytes: FormStats {
            count: 2,
            payload_bytes: 10,
            written_bytes: 10,
        },
        fill: FormStats {
            count: 6,
            payload_bytes: 6,
            written_bytes: 1064963,
        },
        page: FormStats {
            count: 2,
            payload_bytes: 8,
            written_bytes: 8,
        },
        wide_count: 6,
        encoded_bytes: 200,
    }
    ");
}
