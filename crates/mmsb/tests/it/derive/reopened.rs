//! A bus that is opened again: what is derived can be read, and goes on once its function is given.

use mmsb::{Bus, DerivedHow, Error};

use super::sheet::{Sheet, sum};

fn reopened() -> Sheet {
    let sheet = Sheet::new(&["a", "b", "sum", "end"]);
    sheet.sum("sum", &["a", "b"]);
    sheet.sum("end", &["sum"]);
    sheet.put("a", 5);
    sheet.reopened()
}

#[test]
fn orphans_are_told_and_can_be_read() {
    let sheet = reopened();
    assert_eq!(sheet.bus.orphans(), [sheet.cell("sum"), sheet.cell("end")]);
    assert_eq!((sheet.get("sum"), sheet.get("end")), (5, 5));
    assert!(matches!(sheet.bus.refresh(sheet.cell("sum")), Ok(report) if report.ran().count() == 0));
    assert!(matches!(sheet.bus.put(sheet.cell("sum"), 0, &1u64), Err(Error::DerivedPage { .. })));
    assert_eq!((sheet.bus.verify_recompute(), sheet.bus.validate()), (vec![], vec![]));
}

#[test]
fn the_same_function_is_attached_without_a_commit() {
    let sheet = reopened();
    let before = sheet.bus.epoch();
    for (cell, from) in [("sum", &["a", "b"][..]), ("end", &["sum"][..])] {
        let derived = sheet.derive(cell, from).named("sum", 1).with(sum).unwrap();
        assert_eq!((derived.how, derived.epoch), (DerivedHow::Attached, before));
    }
    assert_eq!((sheet.bus.epoch(), sheet.bus.orphans()), (before, vec![]));
    sheet.put("b", 4);
    assert_eq!(sheet.get("end"), 9);
}

#[test]
fn a_change_under_an_orphan_leaves_it_stale_until_its_function_comes() {
    let sheet = reopened();
    sheet.sum("end", &["sum"]);
    sheet.put("a", 6);
    insta::assert_snapshot!(sheet.wave(), @r"
    e8: from a
      not reached: end
      stale: sum
    ");
    assert!(matches!(sheet.bus.refresh(sheet.cell("sum")), Err(Error::NoFunction { .. })));
    assert_eq!((sheet.get("sum"), sheet.get("end")), (5, 5));
    let derived = sheet.derive("sum", &["a", "b"]).named("sum", 1).with(sum).unwrap();
    assert_eq!((derived.how, derived.epoch), (DerivedHow::Refreshed, sheet.bus.epoch()));
    assert_eq!((sheet.get("sum"), sheet.get("end"), sheet.bus.orphans()), (6, 6, vec![]));
    assert_eq!((sheet.bus.verify_recompute(), sheet.bus.validate()), (vec![], vec![]));
}

#[test]
fn another_version_and_other_inputs_compute_anew() {
    let sheet = reopened();
    sheet.sum("end", &["sum"]);
    let product = |inputs: &mmsb::Inputs<'_>, out: &mut [u8]| {
        let product = inputs.value::<u64>(0, 0) * inputs.value::<u64>(1, 0);
        out.copy_from_slice(&product.to_le_bytes());
    };
    let derived = sheet.derive("sum", &["a", "a"]).named("sum", 1).with(product).unwrap();
    assert_eq!((derived.how, sheet.get("sum"), sheet.get("end")), (DerivedHow::Changed, 25, 25));
    let derived = sheet.derive("sum", &["a", "a"]).named("sum", 2).with(sum).unwrap();
    assert_eq!((derived.how, sheet.get("sum"), sheet.get("end")), (DerivedHow::Changed, 10, 10));
    insta::assert_snapshot!(sheet.wave(), @r"
    e9: from no page
      sum changed, as asked
      end changed, by sum
    ");
    sheet.put("b", 7);
    assert_eq!(sheet.get("sum"), 10, "an input no more");
    assert_eq!(sheet.bus.validate(), vec![]);
}

#[test]
fn a_bus_that_is_read_can_be_verified() {
    let sheet = reopened();
    sheet.bus.clone().stop().unwrap();
    let bus = Bus::builder().read_on(sheet.vfs.clone(), std::path::Path::new("/bus")).unwrap();
    let inputs = [sheet.cell("a"), sheet.cell("b")];
    bus.derive(sheet.cell("sum")).from(inputs).named("sum", 1).with(sum).unwrap();
    assert_eq!(bus.verify_recompute(), vec![]);
    let refused = bus.derive(sheet.cell("sum")).from(inputs).named("sum", 2).with(sum);
    assert!(matches!(refused, Err(Error::ReadOnly)), "{refused:?}");
}

#[test]
fn the_log_says_why_a_page_was_computed() {
    let sheet = reopened();
    let commits: Vec<_> = sheet.bus.commits().unwrap().map(Result::unwrap).collect();
    let computed = |commit: &mmsb::CommitInfo| {
        let lines = commit.computed.iter().map(|cause| format!("{} by {:?}", cause.page, cause.inputs));
        format!("{}: {}", commit.epoch, lines.collect::<Vec<_>>().join("; "))
    };
    let told: Vec<_> = commits.iter().skip(6).map(computed).collect();
    insta::assert_snapshot!(sheet.named(&told.join("\n")), @"e7: sum by [a]; end by [sum]");
}
