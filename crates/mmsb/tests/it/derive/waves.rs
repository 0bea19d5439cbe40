//! What runs after a change, and what does not.

use mmsb::{Bus, Error};

use super::sheet::Sheet;

#[test]
fn a_commit_carries_what_follows_from_it() {
    let sheet = Sheet::new(&["a", "b", "sum"]);
    sheet.sum("sum", &["a", "b"]);
    let first = sheet.put("a", 40);
    let second = sheet.put("b", 2);
    assert_eq!((sheet.get_at("sum", first), sheet.get_at("sum", second)), (40, 42));
    assert_eq!((sheet.get("sum"), second), (42, first.next()), "no epoch but those of the commits");
    insta::assert_snapshot!(sheet.wave(), @r"
    e6: from b
      sum changed, by b
    ");
    assert_eq!(sheet.bus.check(), vec![]);
}

#[test]
fn a_chain_runs_in_order_up_to_the_first_cell_that_stays_the_same() {
    let sheet = Sheet::new(&["a", "b", "c", "d", "e"]);
    sheet.sum("b", &["a"]);
    sheet.parity("c", &["b"]);
    sheet.sum("d", &["c"]);
    sheet.sum("e", &["d"]);
    sheet.put("a", 3);
    insta::assert_snapshot!(sheet.wave(), @r"
    e10: from a
      b changed, by a
      c changed, by b
      d changed, by c
      e changed, by d
    ");
    sheet.put("a", 5);
    insta::assert_snapshot!(sheet.wave(), @r"
    e11: from a
      b changed, by a
      c the same, by b
      not reached: d
    ");
}

#[test]
fn a_diamond_computes_each_cell_once() {
    let sheet = Sheet::new(&["a", "left", "right", "join"]);
    sheet.sum("left", &["a"]);
    sheet.sum("right", &["a", "a"]);
    sheet.sum("join", &["right", "left"]);
    sheet.put("a", 7);
    assert_eq!(sheet.get("join"), 21);
    insta::assert_snapshot!(sheet.wave(), @r"
    e8: from a
      left changed, by a
      right changed, by a
      join changed, by left, right
    ");
}

#[test]
fn several_changed_inputs_make_one_wave() {
    let sheet = Sheet::new(&["a", "b", "c", "sum", "odd"]);
    sheet.sum("sum", &["a", "b", "c"]);
    sheet.parity("odd", &["sum"]);
    let mut tx = sheet.bus.begin();
    tx.put(sheet.cell("c"), 0, &4u64).unwrap();
    tx.capture(sheet.cell("a"), 2u64.to_le_bytes()).unwrap();
    let (committed, report) = tx.commit_with_report().unwrap();
    insta::assert_snapshot!(sheet.named(&report.to_string()), @r"
    e8: from a, c
      sum changed, by a, c
      odd the same, by sum
    ");
    assert_eq!(report.epoch(), committed.epoch);
}

#[test]
fn what_is_written_and_stays_as_it_was_runs_nothing() {
    let sheet = Sheet::new(&["a", "b"]);
    sheet.sum("b", &["a"]);
    sheet.put("a", 9);
    let epoch = sheet.put("a", 9);
    assert_eq!(sheet.bus.epoch(), epoch);
    insta::assert_snapshot!(sheet.wave(), @"e5: from no page");
    sheet.bus.capture(sheet.cell("a"), 9u64.to_le_bytes()).unwrap();
    insta::assert_snapshot!(sheet.wave(), @"e6: from no page");
}

#[test]
fn every_way_to_commit_carries_what_follows() {
    let sheet = Sheet::new(&["a", "b", "sum"]);
    sheet.sum("sum", &["a", "b"]);
    let (a, b) = (sheet.cell("a"), sheet.cell("b"));
    let one = |value: u64| {
        let mut tx = sheet.bus.begin();
        tx.put(a, 0, &value).unwrap();
        tx
    };
    let two = |value: u64| {
        let mut tx = one(value);
        tx.put(b, 0, &value).unwrap();
        tx
    };
    let many = (1..40).map(|value| if value % 3 == 0 { two(value) } else { one(value) });
    let committed = sheet.bus.commit_many(many).unwrap();
    for (value, committed) in (1..40).zip(committed) {
        assert_eq!(sheet.get_at("sum", committed.epoch), value + value / 3 * 3, "at {value}");
    }
    let labelled = two(50).label(7u64).tag("who").commit().unwrap();
    assert_eq!(sheet.get_at("sum", labelled.epoch), 100);
    sheet.bus.write(a, 0, [60]).unwrap();
    assert_eq!(sheet.get("sum"), 110);
    assert_eq!(sheet.bus.check(), vec![]);
}

#[test]
fn a_page_is_derived_from_pages_that_are() {
    let sheet = Sheet::new(&["a", "b", "c"]);
    sheet.put("a", 5);
    sheet.sum("c", &["b", "b"]);
    sheet.sum("b", &["a"]);
    assert_eq!(sheet.get("c"), 10, "what hangs on the new one is computed with it");
    insta::assert_snapshot!(sheet.wave(), @r"
    e6: from no page
      b changed, as asked
      c changed, by b
    ");
}

#[test]
fn a_rewind_brings_derived_bytes_back_and_runs_nothing() -> Result<(), Error> {
    let sheet = Sheet::new(&["a", "sum"]);
    sheet.sum("sum", &["a"]);
    let then = sheet.put("a", 5);
    sheet.put("a", 6);
    sheet.derive("sum", &["a"]).named("never", 1).with(|_, out| out.fill(0))?;
    sheet.bus.rewind(then)?;
    assert_eq!(sheet.get("sum"), 5);
    sheet.put("a", 8);
    assert_eq!(sheet.get("sum"), 8, "the function of then is the page's again");
    assert_eq!(sheet.bus.check(), vec![]);
    Ok(())
}

#[test]
fn a_page_that_is_underived_is_written_by_hand_again() -> Result<(), Error> {
    let sheet = Sheet::new(&["a", "sum"]);
    sheet.sum("sum", &["a"]);
    sheet.put("a", 5);
    sheet.bus.underive(sheet.cell("sum"))?;
    sheet.put("a", 6);
    assert_eq!(sheet.get("sum"), 5);
    sheet.put("sum", 1);
    assert_eq!(sheet.get("sum"), 1);
    Ok(())
}

#[test]
fn snapshots_and_joint_reads_see_one_state() -> Result<(), Error> {
    let sheet = Sheet::new(&["a", "sum"]);
    sheet.sum("sum", &["a"]);
    sheet.put("a", 1);
    let snapshot = sheet.bus.snapshot();
    sheet.put("a", 2);
    assert_eq!(snapshot.get::<u64>(sheet.cell("sum"), 0)?, 1);
    let bus = Bus::in_memory()?;
    assert!(bus.last_wave().is_none());
    Ok(())
}
