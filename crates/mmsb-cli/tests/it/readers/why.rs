//! `mmsb why` and `mmsb log --events`, on a bus with a derived page.

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
fn why_tells_of_bytes_and_where_it_was_cut() {
    insta::assert_snapshot!(told(&["why", "a.mmsb", "b", "--range", ".."]), @"page:2 0+8 written at e5 label:7 by physics");
    insta::assert_snapshot!(told(&["why", "a.mmsb", "sum", "--range", "0..3"]), @"
    page:3 0+1 computed from page:2 at e5 label:7 by physics
    page:3 1+3 created at e3
      page:2 written at e5 label:7 by physics
    ");
    insta::assert_snapshot!(told(&["why", "a.mmsb", "sum", "--range", "0", "--depth", "0"]), @"
    page:3 0+1 computed from page:2 at e5 label:7 by physics, and so on
    truncated at depth 0
    ");
    insta::assert_snapshot!(told(&["why", "a.mmsb", "sum", "--range", "0", "--depth", "0", "--json"]), @r#"
    {"page":3,"runs":[{"offset":0,"length":1}],"depth":0,"epoch":5,"label":7,"tag":"physics","site":null,"how":"computed","inputs":[2],"cut":true}
    {"truncated_at":0,"left_count":0}
    "#);
}

#[test]
fn why_in_json_is_an_object_a_step() {
    insta::assert_snapshot!(told(&["why", "a.mmsb", "sum", "--json"]), @r#"
    {"page":3,"depth":0,"epoch":5,"label":7,"tag":"physics","site":null,"how":"computed","inputs":[2],"cut":false}
    {"page":2,"depth":1,"epoch":5,"label":7,"tag":"physics","site":null,"how":"written","cut":false}
    "#);
}

#[test]
fn events_are_told_thing_by_thing() {
    insta::assert_snapshot!(told(&["log", "a.mmsb", "--events", "--from", "3"]), @r#"
    e3; page:3 created with 8 bytes named "sum"
    e4; page:3 derived by "sum" version 1 from page:1, page:2
    e5 label:7 by physics; page:3 computed for page:2; page:2 0+8; page:3 0+1
    "#);
    insta::assert_snapshot!(told(&["log", "a.mmsb", "--events", "--page", "sum", "--limit", "1"]), @"e5 label:7 by physics; page:3 computed for page:2; page:2 0+8; page:3 0+1");
}

#[test]
fn events_are_told_to_programs() {
    insta::assert_snapshot!(told(&["log", "a.mmsb", "--events", "--json", "--from", "3"]), @r#"
    {"epoch":3,"label":null,"timestamp_nanos":null,"tag":null,"site":null,"rewinds_to":null,"events":[{"kind":"created","page":3,"page_bytes":8,"name":"sum"}],"graph":[],"computed":[],"runs":[]}
    {"epoch":4,"label":null,"timestamp_nanos":null,"tag":null,"site":null,"rewinds_to":null,"events":[],"graph":[{"kind":"derived","page":3,"function":"sum","version":1,"inputs":[1,2]}],"computed":[],"runs":[]}
    {"epoch":5,"label":7,"timestamp_nanos":null,"tag":"physics","site":null,"rewinds_to":null,"events":[],"graph":[],"computed":[{"page":3,"inputs":[2]}],"runs":[{"page":2,"offset":0,"length":8},{"page":3,"offset":0,"length":1}]}
    "#);
}
