//! When pages are computed: in the commit, later, in batches; and pages that nobody computes.

use mmsb::{Bus, Durability, EdgeKind, Error, Propagation};

use super::sheet::Sheet;

fn deferring(propagation: Propagation) -> Sheet {
    let sheet = Sheet::built(Bus::builder().propagation(propagation), &["a", "b", "sum", "odd", "end"]);
    sheet.sum("sum", &["a", "b"]);
    sheet.parity("odd", &["sum"]);
    sheet.sum("end", &["odd"]);
    sheet
}

#[test]
fn a_deferred_page_is_stale_until_it_is_propagated() -> Result<(), Error> {
    let sheet = deferring(Propagation::Deferred);
    let first = sheet.put("a", 3);
    insta::assert_snapshot!(sheet.wave(), @r"
    e9: from a
      not reached: odd
      stale: sum
    ");
    assert_eq!((sheet.get("sum"), sheet.bus.verify_recompute()), (0, vec![]));
    let (mut bytes, sum) = ([0; 8], sheet.cell("sum"));
    assert_eq!(sheet.bus.read_flagged(sum, 0, &mut bytes)?, (first, true));
    let second = sheet.put("b", 2);
    assert_eq!(sheet.bus.at(second)?.graph().stale().collect::<Vec<_>>(), [sum]);
    let report = sheet.bus.propagate()?;
    insta::assert_snapshot!(sheet.named(&report.to_string()), @r"
    e11: from no page
      sum changed, as asked
      odd changed, by sum
      end changed, by odd
    ");
    assert_eq!(sheet.bus.read_flagged(sum, 0, &mut bytes)?, (report.epoch(), false));
    assert_eq!(bytes, 5u64.to_le_bytes());
    let again = sheet.bus.propagate()?;
    assert_eq!(
        (again.epoch(), again.ran().count()),
        (report.epoch(), 0),
        "nothing waits, nothing is committed"
    );
    assert_eq!(sheet.bus.validate(), vec![]);
    Ok(())
}

#[test]
fn a_batch_propagates_by_itself_once_enough_wait() {
    let sheet = deferring(Propagation::Batch(2));
    sheet.bus.create_page("c", 8).unwrap();
    sheet.bus.create_page("twice", 8).unwrap();
    sheet.sum("twice", &["c", "c"]);
    sheet.put("a", 3);
    assert_eq!(sheet.get("sum"), 0);
    let epoch = sheet.put("c", 4);
    assert_eq!((sheet.get("sum"), sheet.get("twice"), sheet.get("end")), (3, 8, 1));
    assert_eq!(sheet.bus.epoch(), epoch.next());
    assert_eq!(sheet.bus.graph().unwrap().stale().count(), 0);
}

#[test]
fn what_waits_outlives_the_bus() {
    let sheet = deferring(Propagation::Deferred);
    sheet.put("a", 3);
    let sheet = sheet.reopened_as(Bus::builder().propagation(Propagation::Deferred));
    assert_eq!(sheet.bus.propagate().unwrap().epoch(), sheet.bus.epoch(), "its function is not here");
    sheet.parity("odd", &["sum"]);
    sheet.sum("end", &["odd"]);
    sheet.sum("sum", &["a", "b"]);
    assert_eq!((sheet.get("sum"), sheet.get("odd")), (3, 0), "what follows waits");
    sheet.bus.propagate().unwrap();
    assert_eq!(sheet.get("end"), 1);
    assert_eq!((sheet.bus.verify_recompute(), sheet.bus.validate()), (vec![], vec![]));
}

#[test]
fn a_rewind_brings_flags_back() {
    let sheet = deferring(Propagation::Deferred);
    let stale = sheet.put("a", 3);
    sheet.bus.propagate().unwrap();
    sheet.bus.rewind(stale).unwrap();
    assert_eq!((sheet.get("sum"), sheet.bus.graph().unwrap().stale().count()), (0, 1));
    sheet.bus.propagate().unwrap();
    assert_eq!(sheet.get("end"), 1);
}

#[test]
fn a_control_edge_warns_and_computes_nothing() -> Result<(), Error> {
    let sheet = Sheet::new(&["rules", "world", "sum"]);
    let (rules, world, sum) = (sheet.cell("rules"), sheet.cell("world"), sheet.cell("sum"));
    sheet.sum("sum", &["world"]);
    sheet.bus.link(rules, world, EdgeKind::Control)?;
    sheet.bus.link(rules, sum, EdgeKind::Control)?;
    sheet.put("rules", 1);
    insta::assert_snapshot!(sheet.wave(), @r"
    e7: from rules
      stale: world, sum
    ");
    let quiet = sheet.put("rules", 2);
    assert_eq!(sheet.bus.commits()?.last().unwrap()?.epoch, quiet);
    insta::assert_snapshot!(sheet.named(&sheet.bus.refresh(world)?.to_string()), @"e9: from no page");
    sheet.put("world", 5);
    insta::assert_snapshot!(sheet.wave(), @r"
    e10: from world
      sum changed, by world
    ");
    assert_eq!(sheet.bus.graph()?.stale().count(), 0, "computed, so not stale");
    sheet.put("rules", 3);
    insta::assert_snapshot!(sheet.named(&sheet.bus.refresh(sum)?.to_string()), @r"
    e12: from no page
      sum the same, as asked
    ");
    let epoch = sheet.bus.epoch();
    sheet.bus.refresh(sum)?;
    assert_eq!(sheet.bus.epoch(), epoch);
    assert_eq!(sheet.bus.validate(), vec![]);
    Ok(())
}

#[test]
fn a_branch_computes_nothing_and_says_what_it_left_behind() -> Result<(), Error> {
    let sheet = Sheet::new(&["a", "sum"]);
    sheet.sum("sum", &["a"]);
    let base = sheet.put("a", 1);
    let branch = sheet.bus.branch(base)?;
    branch.put(sheet.cell("a"), 0, &7u64)?;
    assert_eq!(branch.get::<u64>(sheet.cell("sum"), 0)?, 1);
    assert!(branch.graph()?.is_stale(sheet.cell("sum")));
    let refused = branch.put(sheet.cell("sum"), 0, &7u64).unwrap_err();
    assert!(matches!(refused, Error::DerivedPage { .. }), "{refused}");
    assert_eq!(sheet.bus.begin().durability(Durability::Volatile).commit()?.epoch, base.next());
    Ok(())
}
