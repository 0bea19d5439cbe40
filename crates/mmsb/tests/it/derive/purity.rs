//! Functions that are not pure are found, by name of the page and the byte.

use std::sync::atomic::{AtomicU64, Ordering};

use mmsb::{Error, Inputs};

use super::sheet::{Sheet, sum};

#[test]
fn an_output_that_is_left_unwritten_is_impure() {
    let sheet = Sheet::new(&["a", "half"]);
    let half = |inputs: &Inputs<'_>, out: &mut [u8]| out[..4].copy_from_slice(&inputs[0][..4]);
    let impure = |result: Result<(), Error>| {
        assert!(matches!(result, Err(Error::Impure { offset: 4, page }) if page == sheet.cell("half")));
    };
    let derived = sheet.derive("half", &["a"]).with(half);
    if cfg!(debug_assertions) {
        impure(derived.map(drop));
        assert_eq!(sheet.bus.graph().unwrap().edge_count(), 0);
    } else {
        derived.unwrap();
        impure(sheet.bus.check_purity());
    }
}

#[test]
fn a_function_that_counts_its_calls_is_impure() {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let sheet = Sheet::new(&["a", "count"]);
    let count = |inputs: &Inputs<'_>, out: &mut [u8]| {
        // Pure until the input says otherwise.
        let calls = if inputs[0][0] == 0 { 0 } else { CALLS.fetch_add(1, Ordering::Relaxed) };
        out.copy_from_slice(&calls.to_le_bytes());
    };
    sheet.derive("count", &["a"]).with(count).unwrap();
    assert!(sheet.bus.check_purity().is_ok());
    if cfg!(debug_assertions) {
        let refused =
            "recomputing count twice gave two results, which differ at byte 0: make the function pure";
        sheet.refuses(refused, |sheet| sheet.bus.put(sheet.cell("a"), 0, &1u64));
    } else {
        sheet.put("a", 1);
        assert!(matches!(sheet.bus.check_purity(), Err(Error::Impure { offset: 0, .. })));
    }
}

#[test]
fn bytes_that_the_function_does_not_make_are_found() {
    let sheet = Sheet::new(&["a", "sum", "rest"]);
    sheet.sum("sum", &["a"]);
    sheet.sum("rest", &["sum"]);
    sheet.put("a", 5);
    let sheet = sheet.reopened();
    let wrong = |inputs: &Inputs<'_>, out: &mut [u8]| {
        sum(inputs, out);
        out[1] = 1;
    };
    sheet.sum("rest", &["sum"]);
    assert_eq!(sheet.bus.verify_recompute(), vec![], "the other is an orphan");
    sheet.derive("sum", &["a"]).named("sum", 1).with(wrong).unwrap();
    let found: Vec<_> =
        sheet.bus.verify_recompute().iter().map(|one| sheet.named(&one.to_string())).collect();
    insta::assert_snapshot!(found.join("\n"), @"mmsb/derived-equals-recompute at sum: byte 1 is 0x00, its function makes 0x01");
}
