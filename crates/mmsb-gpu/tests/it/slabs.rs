//! Handles, slots and slabs: what is refused, and by which name.

use mmsb_gpu::{Coalescer, Combine, CpuOps, GpuError, Job, PageOps, Step};

fn ops() -> CpuOps {
    CpuOps::new(4096, 8192)
}

#[track_caller]
fn refused<T>(result: Result<T, GpuError>, expect: &str) {
    match result {
        Ok(_) => panic!("done, and should be: {expect}"),
        Err(error) => assert_eq!(error.to_string(), expect),
    }
}

#[test]
fn a_page_longer_than_a_slab_never_fits() {
    refused(ops().create(4097), "a page of 4097 bytes never fits a slab of 4096 bytes");
}

#[test]
fn pages_beyond_the_budget_are_refused_until_one_is_freed() {
    let mut ops = ops();
    let first = ops.create(4096).unwrap();
    ops.create(4096).unwrap();
    refused(ops.create(256), "out of memory: 256 bytes more, of at most 8192");
    ops.free(first).unwrap();
    ops.create(4000).unwrap();
}

#[test]
fn a_slot_begins_zero_for_whoever_gets_it_next() {
    let mut ops = ops();
    let first = ops.create(1000).unwrap();
    ops.write(first, &[0xff; 1000]).unwrap();
    ops.free(first).unwrap();
    let next = ops.create(970).unwrap();
    assert_eq!(ops.slabs().place(next).unwrap().first_word, 0);
    assert_eq!(ops.read(next).unwrap(), [0; 970]);
    // The zeros behind a page are seen by growing it: the sum of lanes there would show.
    ops.free(next).unwrap();
    let longer = ops.create(1024).unwrap();
    assert_eq!(ops.read(longer).unwrap(), [0; 1024]);
}

#[test]
fn a_freed_page_is_stale_for_every_call() {
    let mut ops = ops();
    let (page, other) = (ops.create(64).unwrap(), ops.create(64).unwrap());
    ops.free(page).unwrap();
    refused(ops.free(page), "slot:0.0 was freed");
    refused(ops.write(page, &[0; 64]), "slot:0.0 was freed");
    refused(ops.compare(other, page), "slot:0.0 was freed");
    refused(ops.blake3(&[page]), "slot:0.0 was freed");
    assert_eq!(format!("{:?}", ops.create(64).unwrap()), "slot:0.1");
    refused(ops.read(page), "slot:0.0 was freed");
}

#[test]
fn bytes_of_another_length_are_refused() {
    let mut ops = ops();
    let (page, other) = (ops.create(5).unwrap(), ops.create(6).unwrap());
    refused(ops.write(page, &[0; 6]), "6 bytes for slot:0.0 of 5 bytes");
    refused(
        ops.run(&[Step::Merge { page, mask: &[255, 0], bytes: &[0; 5] }]),
        "16 bytes for slot:0.0 of 5 bytes",
    );
    refused(ops.run(&[Step::Copy(&[(page, other)])]), "6 bytes for slot:0.0 of 5 bytes");
    refused(ops.diff(page, other), "5 bytes for slot:1.0 of 6 bytes");
}

#[test]
fn integers_are_whole_and_outputs_are_apart() {
    let mut ops = ops();
    let (page, other) = (ops.create(6).unwrap(), ops.create(6).unwrap());
    let job = Job { output: page, inputs: &[(other, 1)], keep: false };
    refused(
        ops.run(&[Step::Propagate(Combine::Add, &[job])]),
        "slot:0.0 of 6 bytes does not hold whole integers",
    );
    let overlap = "slot:0.0 is written twice or read where it is written, in one step";
    refused(ops.run(&[Step::Propagate(Combine::Add, &[job, job])]), overlap);
    let own = Job { output: page, inputs: &[(page, 1)], keep: false };
    refused(ops.run(&[Step::Propagate(Combine::Add, &[own])]), overlap);
    refused(ops.run(&[Step::Copy(&[(page, other), (page, other)])]), overlap);
}

#[test]
fn a_plan_serves_its_own_layout_only() {
    let (mut ops, mut others) = (ops(), ops());
    let page = ops.create(64).unwrap();
    let mut coalescer = Coalescer::default();
    let plan = coalescer.plan(ops.slabs(), &[], |_| Some(page)).unwrap();
    assert!(matches!(others.apply(plan), Err(GpuError::Outdated { .. })));
    ops.apply(plan).unwrap();
    ops.free(page).unwrap();
    assert!(matches!(ops.apply(plan), Err(GpuError::Outdated { .. })));
}
