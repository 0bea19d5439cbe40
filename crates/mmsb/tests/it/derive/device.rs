//! Pages that a device computes are those that the host would compute.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use mmsb::{Bus, Combine, Error, Gpu, PageId, Switch, testing};
use mmsb_testkit::Rng;

/// Whoever can compute here: the host always, a device where this build knows one and there is one.
fn gpus() -> Vec<Gpu> {
    let mut gpus = vec![Gpu::host()];
    if cfg!(feature = "gpu") {
        gpus.push(Gpu::auto());
    }
    gpus
}

fn pages<const N: usize>(bus: &Bus, page_bytes: usize) -> [PageId; N] {
    std::array::from_fn(|_| bus.create_page(None, page_bytes).unwrap())
}

/// Says for the same inputs what the host's own helper does, and compares.
#[track_caller]
fn check(gpu: &Gpu, combine: Combine, seed: u64) {
    println!("seed {seed}: {combine:?} on {gpu:?}");
    let (bus, mut rng) = (Bus::in_memory().unwrap(), Rng::new(seed));
    let inputs: [_; 3] = pages(&bus, 20_000);
    let [here, there, behind] = pages(&bus, 20_000);
    let host = bus.derive(here).from(inputs);
    match combine {
        Combine::Xor => host.xor(),
        Combine::Add => host.add::<u32>(),
        Combine::Min => host.min::<u32>(),
        _ => host.max::<u32>(),
    }
    .unwrap();
    bus.derive(there).from(inputs).on(gpu).combine(combine).unwrap();
    bus.derive(behind).from([there, inputs[0]]).on(gpu).combine(combine).unwrap();
    for _ in 0..30 {
        let mut tx = bus.begin();
        for _ in 0..rng.below(4) {
            let (page, offset) = (inputs[rng.below(3)], rng.below(19_900) as u32);
            let len = rng.below(100);
            tx.write(page, offset, rng.bytes(len)).unwrap();
        }
        if !rng.once_in(5) {
            tx.commit().unwrap();
        }
        let [one, other] = [here, there].map(|page| bus.with_page(page, <[u8]>::to_vec).unwrap());
        assert!(one == other);
    }
    assert_eq!(bus.verify_recompute(), []);
    testing::assert_replays(&bus);
}

#[test]
fn a_device_combines_integers_as_the_host_does() {
    for gpu in gpus() {
        let combines = [Combine::Xor, Combine::Add, Combine::Min, Combine::Max];
        (1..).zip(combines).for_each(|(seed, combine)| check(&gpu, combine, seed));
    }
}

#[test]
fn inputs_count_by_their_factors_and_a_page_may_come_twice() {
    for gpu in gpus() {
        let bus = Bus::in_memory().unwrap();
        let [a, b, sum] = pages(&bus, 8);
        bus.derive(sum).from([a, b, a]).on(&gpu).axpy([3, u32::MAX]).unwrap();
        bus.put(a, 4, &10u32).unwrap();
        bus.put(b, 4, &4u32).unwrap();
        assert_eq!(bus.get::<u32>(sum, 4).unwrap(), 36, "3 * 10 - 4 + 10");
        let named = bus.graph().unwrap().registration(sum).unwrap().name.clone();
        assert_eq!(named, "mmsb/gpu/axpy[3, 4294967295]");
    }
}

#[test]
fn a_device_that_is_lost_is_opened_anew_or_the_host_computes() {
    for gpu in gpus() {
        let (bus, switch) = (Bus::in_memory().unwrap(), Switch::default());
        let [a, b, sum] = pages(&bus, 64);
        bus.derive(sum).from([a, b]).on(&gpu.failing(&switch)).combine(Combine::Add).unwrap();
        bus.put(a, 0, &1u32).unwrap();
        switch.lose();
        bus.put(b, 0, &2u32).unwrap();
        assert_eq!(bus.get::<u32>(sum, 0).unwrap(), 3);
        switch.lose_for_good();
        bus.put(a, 0, &5u32).unwrap();
        assert_eq!(bus.get::<u32>(sum, 0).unwrap(), 7);
        assert_eq!(bus.verify_recompute(), []);
    }
}

#[test]
fn lengths_that_do_not_go_together_are_refused_and_nothing_happens() {
    let bus = Bus::in_memory().unwrap();
    let ([a, ragged], [sum]) = (pages(&bus, 10), pages(&bus, 8));
    let (gpu, epoch) = (Gpu::host(), bus.epoch());
    let refused = bus.derive(sum).from([a]).on(&gpu).combine(Combine::Add).unwrap_err();
    assert!(matches!(refused, Error::RecomputeFailed { page, .. } if page == sum), "{refused}");
    assert!(bus.derive(ragged).from([a]).on(&gpu).combine(Combine::Xor).is_err());
    assert_eq!(bus.epoch(), epoch);
    bus.put(a, 0, &1u64).unwrap();
}

/// The sum of an integer and its neighbours, and of the clock: reads other places, other lengths, other inputs.
const BLUR: &str = "
fn compute(index: u32) -> u32 {
    let last = output_bytes() / 4u - 1u;
    let left = input(0u, select(index - 1u, last, index == 0u));
    let right = input(0u, select(index + 1u, 0u, index == last));
    return left + input(0u, index) + right + input(1u, 0u);
}";

fn blur(inputs: &mmsb::Inputs<'_>, out: &mut [u8]) {
    let count = out.len() / 4;
    let at = |index: usize| inputs.value::<u32>(0, index % count * 4);
    for index in 0..count {
        let sum = at(index + count - 1).wrapping_add(at(index)).wrapping_add(at(index + 1));
        let sum = sum.wrapping_add(inputs.value(1, 0));
        out[index * 4..][..4].copy_from_slice(&sum.to_le_bytes());
    }
}

#[test]
fn a_formula_computes_what_its_twin_does_through_commits_and_rewinds() {
    for gpu in gpus() {
        let (bus, mut rng) = (Bus::in_memory().unwrap(), Rng::new(9));
        let ([field, blurred, twice], [clock]) = (pages(&bus, 20_000), pages(&bus, 4));
        bus.derive(blurred).from([field, clock]).on(&gpu).twin(blur).wgsl(BLUR).unwrap();
        bus.derive(twice).from([blurred, clock]).on(&gpu).twin(blur).wgsl(BLUR).unwrap();
        for tick in 0..20u32 {
            let mut tx = bus.begin();
            tx.put(clock, 0, &tick).unwrap();
            let (offset, bytes) = (rng.below(19_000) as u32, rng.bytes(90));
            tx.write(field, offset, bytes).unwrap();
            tx.commit().unwrap();
            if tick % 7 == 6 {
                bus.rewind(mmsb::Epoch::new(bus.epoch().get() - 3)).unwrap();
            }
            assert_eq!(bus.verify_recompute(), []);
        }
        testing::assert_replays(&bus);
        bus.with_page(twice, |bytes| assert!(bytes.iter().any(|&byte| byte != 0))).unwrap();
    }
}

/// Where there is no device the twin is all there is; where there is one, a twin is asked once.
#[test]
fn a_twin_is_held_against_the_first_result_and_then_left_alone() {
    let (bus, calls) = (Bus::in_memory().unwrap(), Arc::new(AtomicUsize::new(0)));
    let ([field, blurred], [clock]) = (pages(&bus, 400), pages(&bus, 4));
    let counts = Arc::clone(&calls);
    let derivation = bus.derive(blurred).from([field, clock]).on(&Gpu::auto()).twin(move |inputs, out| {
        counts.fetch_add(1, Ordering::Relaxed);
        blur(inputs, out);
    });
    derivation.wgsl(BLUR).unwrap();
    for tick in 1..=5u32 {
        bus.put(clock, 0, &tick).unwrap();
    }
    let is_required = std::env::var("MMSB_GPU").is_ok_and(|wanted| wanted == "require");
    if cfg!(feature = "gpu") && is_required {
        assert_eq!(calls.load(Ordering::Relaxed), 1);
    }
    assert_eq!(bus.get::<u32>(blurred, 0).unwrap(), 5);
}

#[test]
fn a_twin_that_makes_something_else_and_a_formula_that_is_none_are_refused() {
    let bus = Bus::in_memory().unwrap();
    let [field, out] = pages(&bus, 64);
    let alone = bus.derive(out).from([field]).on(&Gpu::host()).wgsl(BLUR).unwrap_err();
    assert!(matches!(alone, Error::RecomputeFailed { .. }), "the host runs no formulas");
    if cfg!(not(feature = "gpu")) {
        return;
    }
    let wrong = bus.derive(out).from([field]).on(&Gpu::device()).twin(|_, out| out[7] = 1);
    let wrong = wrong.wgsl("fn compute(index: u32) -> u32 { return 0u; }");
    if let Err(Error::RecomputeFailed { source, .. }) = wrong {
        insta::assert_snapshot!(source, @"the device and the twin differ at byte 7: 0x00 and 0x01");
    } else if std::env::var("MMSB_GPU").is_ok_and(|wanted| wanted == "require") {
        panic!("{wrong:?}");
    }
    let floats = bus.derive(out).from([field]).on(&Gpu::auto()).twin(|_, _| {});
    let refused = floats.wgsl("fn compute(index: u32) -> u32 { return u32(f32(index)); }").err();
    assert!(refused.is_some() || std::env::var_os("MMSB_GPU").is_none_or(|wanted| wanted != "require"));
}
