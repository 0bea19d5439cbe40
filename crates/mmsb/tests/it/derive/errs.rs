//! Functions and callers that do wrong: a typed error, and nothing changes.

use std::sync::Arc;

use mmsb::{Bus, Error};

use super::sheet::{Sheet, sum};

/// What a recompute tries with a bus, a snapshot, a page.
type Deed = fn(&Bus, &mmsb::Snapshot, mmsb::PageId) -> Result<(), Error>;

fn sheet() -> Sheet {
    let sheet = Sheet::new(&["a", "b", "sum"]);
    sheet.put("a", 1);
    sheet
}

#[test]
fn a_derived_page_is_not_written_by_hand() {
    let sheet = sheet();
    let mut begun = sheet.bus.begin();
    begun.put(sheet.cell("sum"), 0, &1u64).unwrap();
    sheet.sum("sum", &["a"]);
    let refused = "sum is derived: change its inputs or its registration instead";
    let page = sheet.cell("sum");
    sheet.refuses(refused, |_| begun.commit());
    sheet.refuses(refused, |sheet| sheet.bus.put(page, 0, &1u64));
    sheet.refuses(refused, |sheet| sheet.bus.write(page, 0, [1; 8]));
    sheet.refuses(refused, |sheet| sheet.bus.capture(page, [0; 8]));
    let one = |sheet: &Sheet| {
        let mut tx = sheet.bus.begin();
        tx.put(sheet.cell("a"), 0, &1u64)?;
        tx.put(page, 0, &1u64)?;
        tx.commit()
    };
    sheet.refuses(refused, one);
}

#[test]
fn a_panic_refuses_the_commit() {
    let sheet = sheet();
    let fragile = |inputs: &mmsb::Inputs<'_>, out: &mut [u8]| {
        assert!(inputs[0][0] < 9, "nine is too much");
        sum(inputs, out);
    };
    sheet.derive("sum", &["a"]).with(fragile).unwrap();
    sheet.sum("b", &["sum"]);
    let refused = "recomputing sum panicked (nine is too much): nothing was written; mend the function";
    sheet.refuses(refused, |sheet| sheet.bus.put(sheet.cell("a"), 0, &9u64));
    sheet.put("a", 3);
    assert_eq!((sheet.get("sum"), sheet.get("b")), (3, 3), "the bus goes on");
    let again = "recomputing b panicked (at birth): nothing was written; mend the function";
    sheet.refuses(again, |sheet| sheet.derive("b", &["a"]).with(|_, _| panic!("at {}", "birth")));
    assert_eq!(sheet.put("a", 4), sheet.bus.epoch());
    assert_eq!(sheet.get("b"), 4, "the function it had is the page's still");
}

#[test]
fn a_function_says_that_it_fails() {
    let sheet = sheet();
    let parse = |inputs: &mmsb::Inputs<'_>, out: &mut [u8]| {
        out.fill(0);
        if inputs[0][0] == 7 { Err("seven") } else { Ok(()) }
    };
    sheet.derive("sum", &["a"]).with_fallible(parse).unwrap();
    let refused = "recomputing sum failed, nothing was written: see the cause";
    sheet.refuses(refused, |sheet| sheet.bus.put(sheet.cell("a"), 0, &7u64));
    let error = sheet.bus.put(sheet.cell("a"), 0, &7u64).unwrap_err();
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "seven");
}

#[test]
fn a_wrong_length_refuses_the_commit() {
    let sheet = sheet();
    let grows = |inputs: &mmsb::Inputs<'_>| vec![0; 8 + usize::from(inputs[0][0] / 9)];
    sheet.derive("sum", &["a"]).returning(grows).unwrap();
    let refused = "sum has 8 bytes, its function makes 9: give the page that length";
    sheet.refuses(refused, |sheet| sheet.bus.put(sheet.cell("a"), 0, &9u64));
}

#[test]
fn a_cycle_is_refused_and_named() {
    let sheet = sheet();
    sheet.sum("b", &["a"]);
    sheet.sum("sum", &["b"]);
    let derive =
        |cell: &'static str, from: &'static str| move |sheet: &Sheet| sheet.derive(cell, &[from]).with(sum);
    let Err(Error::Cycle { pages }) = derive("a", "sum")(&sheet) else { panic!("no cycle") };
    assert_eq!(pages, [sheet.cell("sum"), sheet.cell("a"), sheet.cell("b")]);
    let Err(Error::Cycle { pages }) = derive("b", "b")(&sheet) else { panic!("no cycle") };
    assert_eq!(pages, [sheet.cell("b")]);
    sheet.put("a", 12);
    assert_eq!(sheet.get("sum"), 12);
    assert_eq!(sheet.bus.verify_recompute(), vec![]);
}

#[test]
fn a_bus_inside_a_recompute_answers_nothing() {
    let sheet = sheet();
    let (bus, a, b) = (Bus::in_memory().unwrap(), sheet.cell("a"), sheet.cell("b"));
    let other = bus.create_page("other", 8).unwrap();
    let snapshot = bus.snapshot();
    let refused = "recomputing b failed, nothing was written: see the cause";
    let deeds: [Deed; 20] = [
        |bus, _, page| bus.put(page, 0, &1u64).map(drop),
        |bus, _, _| bus.begin().commit().map(drop),
        |bus, _, _| bus.commit_many([bus.begin()]).map(drop).map_err(|error| error.source),
        |bus, _, page| bus.get::<u64>(page, 0).map(drop),
        |bus, _, page| bus.with_page(page, |_| ()),
        |bus, _, page| bus.read_many(&mut [(page, 0, &mut [0; 8])]).map(drop),
        |bus, _, _| bus.rewind(mmsb::Epoch::ZERO).map(drop),
        |_, snapshot, page| snapshot.read(page, 0, &mut [0; 8]).map(drop),
        |bus, _, page| bus.derive(page).from([page]).add::<u64>().map(drop),
        |bus, _, _| bus.at(bus.epoch()).map(drop),
        |_, snapshot, _| snapshot.graph().map(drop),
        |bus, _, page| bus.history(page).map(drop),
        |bus, _, _| bus.commits().map(drop),
        |bus, _, _| bus.query().run().map(drop),
        |bus, _, _| bus.events(..).map(drop),
        |bus, _, page| bus.why(page).run().map(drop),
        |bus, _, _| bus.graph_at(bus.epoch()).map(drop),
        |bus, _, _| bus.checkpoint().map(drop),
        |bus, _, _| bus.compact().map(drop),
        |bus, _, _| bus.clone().stop(),
    ];
    for deed in deeds {
        let (bus, snapshot) = (bus.clone(), snapshot.clone());
        let work = move |_: &mmsb::Inputs<'_>, _: &mut [u8]| deed(&bus, &snapshot, other);
        sheet.refuses(refused, |sheet| {
            let refused = sheet.bus.derive(b).from([a]).named("in", 1).with_fallible(work).unwrap_err();
            let cause = std::error::Error::source(&refused).expect("the deed's error").to_string();
            assert!(cause.contains("recompute"), "{cause}");
            Err::<(), _>(refused)
        });
    }
    let past = bus.at(bus.epoch()).unwrap();
    let work = move |_: &mmsb::Inputs<'_>, _: &mut [u8]| past.bytes(other).map(drop);
    sheet.refuses(refused, |sheet| sheet.bus.derive(b).from([a]).with_fallible(work));
    let own = sheet.bus.clone();
    let work =
        move |_: &mmsb::Inputs<'_>, out: &mut [u8]| out.copy_from_slice(&own.get::<[u8; 8]>(a, 0).unwrap());
    let Err(Error::RecomputePanicked { message, .. }) = sheet.derive("sum", &["a"]).with(work) else {
        panic!("a live page was read")
    };
    assert!(message.contains("Reentrant"), "{message}");
    bus.put(other, 0, &1u64).unwrap();
    sheet.put("a", 2);
}

#[test]
fn a_refused_function_is_let_go() {
    let (sheet, token) = (sheet(), Arc::new(()));
    let held = Arc::clone(&token);
    let work = move |_: &mmsb::Inputs<'_>, _: &mut [u8]| assert_eq!(Arc::strong_count(&held), 0);
    let Err(Error::RecomputePanicked { .. }) = sheet.derive("sum", &["a"]).with(work) else {
        panic!("it was not refused")
    };
    assert_eq!(Arc::strong_count(&token), 1);
}

#[test]
fn what_cannot_be_derived_is_said() {
    let sheet = sheet();
    let counted = "sum derived from 0 inputs: give it 1 to 65535";
    sheet.refuses(counted, |sheet| sheet.derive("sum", &[]).with(sum));
    let gone = sheet.bus.create_page(None, 8).unwrap();
    sheet.bus.delete_page(gone).unwrap();
    let Err(Error::PageNotFound { page, .. }) = sheet.derive("sum", &["a"]).from([gone]).with(sum) else {
        panic!("a dead input")
    };
    assert_eq!(page, gone);
    assert!(matches!(
        sheet.bus.derive(gone).from([sheet.cell("a")]).with(sum),
        Err(Error::PageNotFound { .. })
    ));
    sheet.refuses("sum is not derived: Bus::graph lists the pages that are", |sheet| {
        sheet.bus.underive(sheet.cell("sum"))
    });
    let long = "n".repeat(1025);
    let refused = "a function's name of 1025 bytes: give it 1 to 1024 bytes of UTF-8";
    sheet.refuses(refused, |sheet| sheet.derive("sum", &["a"]).named(long, 1).with(sum));
}

#[test]
fn a_record_counts_what_was_computed() {
    let sheet = Sheet::built(Bus::builder().record_bytes_max(2000), &["a"]);
    let a = sheet.cell("a");
    let long = sheet.bus.create_page("long", 4000).unwrap();
    let noisy = |inputs: &mmsb::Inputs<'_>, out: &mut [u8]| {
        let seed = inputs.value::<u64>(0, 0);
        (0..).zip(out).for_each(|(at, byte)| *byte = (seed.wrapping_mul(at * at + 1) >> 3) as u8);
    };
    sheet.bus.derive(long).from([a]).with(noisy).unwrap();
    let tall = |error: &Error| matches!(error, Error::RecordTooLarge { bytes: 4000.., limit: 2000 });
    let error = sheet.bus.put(a, 0, &0x1234_5678_9abc_u64).unwrap_err();
    assert!(tall(&error), "{error}");
    assert_eq!((sheet.get("a"), sheet.bus.verify_recompute(), sheet.bus.check()), (0, vec![], vec![]));
}
