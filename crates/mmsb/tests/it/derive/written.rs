//! Commits that only write: what follows joins their columns, and comes out as it does by any other way.

use mmsb::{Bus, Error, PageId, WhyHow};

use super::sheet::Sheet;

/// What the last wave did, and the bytes and reasons that its commit logged.
fn logged(sheet: &Sheet) -> Result<String, Error> {
    let event = sheet.bus.query().epochs(sheet.bus.epoch()..).events()?.next().expect("a commit")?;
    let runs: Vec<_> = event.runs.iter().map(|(page, span)| format!("{page} {span}")).collect();
    let reasons: Vec<_> = event.computed.iter().map(ToString::to_string).collect();
    Ok(sheet.named(&format!(
        "{}\nlogged {} because of [{}]",
        sheet.wave(),
        runs.join(", "),
        reasons.join(", ")
    )))
}

#[test]
fn writes_that_meet_start_what_they_come_to() -> Result<(), Error> {
    let sheet = Sheet::new(&["a", "b", "sum"]);
    sheet.sum("sum", &["a"]);
    let mut tx = sheet.bus.begin();
    for (cell, value) in [("a", 7u64), ("b", 3), ("a", 9), ("a", 0x1_0000)] {
        tx.put(sheet.cell(cell), 0, &value)?;
    }
    tx.commit()?;
    insta::assert_snapshot!(logged(&sheet)?, @"
    e5: from a
      sum changed, by a
    logged b 0+8, a 0+8, sum 2+1 because of [sum computed for a]
    ");
    assert_eq!(sheet.get("sum"), 0x1_0000);
    Ok(())
}

#[test]
fn a_write_that_is_taken_back_in_its_commit_starts_nothing() -> Result<(), Error> {
    let sheet = Sheet::new(&["a", "b", "left", "right"]);
    sheet.sum("left", &["a"]);
    sheet.sum("right", &["b"]);
    sheet.put("a", 5);
    let mut tx = sheet.bus.begin();
    [("a", 6u64), ("b", 2), ("a", 5)]
        .iter()
        .try_for_each(|(cell, value)| tx.put(sheet.cell(cell), 0, value))?;
    tx.commit()?;
    insta::assert_snapshot!(logged(&sheet)?, @"
    e8: from b
      right changed, by b
    logged b 0+8, a 0+8, right 0+1 because of [right computed for b]
    ");
    Ok(())
}

#[test]
fn writes_that_meet_everywhere_carry_what_follows_and_why() -> Result<(), Error> {
    let sheet = Sheet::new(&["a", "sum"]);
    sheet.sum("sum", &["a"]);
    let mut tx = sheet.bus.begin();
    (1..200u64).try_for_each(|value| tx.put(sheet.cell("a"), 0, &value))?;
    tx.commit()?;
    insta::assert_snapshot!(logged(&sheet)?, @"
    e4: from a
      sum changed, by a
    logged a 0+8, sum 0+1 because of [sum computed for a]
    ");
    assert_eq!(sheet.bus.check(), vec![]);
    Ok(())
}

#[test]
fn a_derived_page_is_refused_among_other_writes() {
    let sheet = Sheet::new(&["a", "b", "sum"]);
    sheet.sum("sum", &["a"]);
    sheet.refuses("sum is derived: change its inputs or its registration instead", |sheet| {
        let mut tx = sheet.bus.begin();
        ["b", "a", "sum"].iter().try_for_each(|cell| tx.put(sheet.cell(cell), 0, &1u64))?;
        tx.commit()
    });
}

/// Beyond a mebibyte a run does not fit the columns.
#[test]
fn what_the_columns_cannot_hold_is_captured() -> Result<(), Error> {
    const PAGE_BYTES: usize = (1 << 20) + 64;
    let bus = Bus::in_memory()?;
    let [source, long] = [64, PAGE_BYTES].map(|bytes| bus.create_page(None, bytes));
    let (source, long) = (source?, long?);
    bus.derive(long).from([source]).named("far", 1).with(|inputs, out| {
        out.fill(0);
        out[PAGE_BYTES - 64..].copy_from_slice(inputs.get(0).unwrap_or_default());
    })?;
    let epoch = bus.write(source, 8, [1, 2, 3])?.epoch;
    assert_eq!(bus.with_page(long, |bytes| bytes[PAGE_BYTES - 56..][..3].to_vec())?, [1, 2, 3]);
    assert!(bus.with_page(long, |bytes| bytes[..PAGE_BYTES - 64].iter().all(|&byte| byte == 0))?);
    let found = bus.why(long).run()?;
    assert_eq!((found.steps[0].epoch, &found.steps[0].how), (epoch, &computed(source)));
    Ok(())
}

fn computed(input: PageId) -> WhyHow {
    WhyHow::Computed { inputs: vec![input] }
}
