//! `mmsb why`, on a bus with a derived page.

use mmsb::Bus;

use crate::command::mmsb_ok;

#[track_caller]
fn told(args: &[&str]) -> String {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let bus = Bus::create(dir.path().join("a.mmsb")).expect("the bus begins");
    let [a, b] = ["a", "b"].map(|name| bus.create_page(name, 8).expect("a page"));
    let sum = bus.create_page("sum", 8).expect("a page");
    bus.derive(sum).from([a, b]).named("sum", 1).add::<u64>().expect("it is derived");
    let mut tx = bus.begin().label(7).tag("physics");
    tx.put(b, 0, &5u64).expect("it fits");
    tx.commit().expect("it commits");
    bus.stop().expect("it stops");
    mmsb_ok(dir.path(), args).text().to_owned()
}

#[test]
fn why_goes_back_to_what_was_written() {
    insta::assert_snapshot!(told(&["why", "a.mmsb", "sum"]), @"
    page:3 computed from page:2 at e5 label:7 by physics
      page:2 written at e5 label:7 by physics
    ");
    insta::assert_snapshot!(told(&["why", "a.mmsb", "b", "--at", "4"]), @"page:2 created at e2");
}

#[test]
fn why_in_json_is_an_object_a_step() {
    insta::assert_snapshot!(told(&["why", "a.mmsb", "sum", "--json"]), @r#"
    {"page":3,"depth":0,"epoch":5,"label":7,"tag":"physics","site":null,"how":"computed","inputs":[2]}
    {"page":2,"depth":1,"epoch":5,"label":7,"tag":"physics","site":null,"how":"written"}
    "#);
}
