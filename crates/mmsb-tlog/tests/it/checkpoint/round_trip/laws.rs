//! Any pages come back.

use proptest::{collection::vec, prelude::*};

use super::{
    super::{Page, noise, page},
    check,
};

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    let run = || {
        prop_oneof![
            (any::<u8>(), 1..700usize).prop_map(|(byte, len)| vec![byte; len]),
            (any::<u64>(), 1..300usize).prop_map(|(seed, len)| noise(len, seed)),
        ]
    };
    prop_oneof![
        4 => vec(run(), 1..8).prop_map(|runs| runs.concat()),
        2 => vec(any::<u8>(), 1..130),
        1 => (any::<u64>(), 1..(1usize << 14)).prop_map(|(seed, len)| noise(len, seed)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn any_pages_come_back(
        steps in vec((1..50u64, 0..=1000u64, any_bytes()), 0..40),
        far in any::<bool>(),
        meta in vec(any::<u8>(), 0..100),
    ) {
        let mut id = if far { (1 << 40) - 4000 } else { 0 };
        let pages: Vec<Page> = steps.into_iter().map(|(step, epoch, bytes)| {
            id += step;
            page(id, epoch, bytes)
        }).collect();
        check(&pages, &meta);
    }
}
