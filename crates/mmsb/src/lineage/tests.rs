//! Lineages of made-up branches.

use super::{Epoch, Lineage, PageId, Shared};

fn shared(through: u64, next_id: u64) -> Shared {
    Shared { through: Epoch::new(through), next_id: PageId::new(next_id) }
}

fn fork(from: &Lineage, base: u64, next_id: u64) -> Lineage {
    from.fork(Epoch::new(base), PageId::new(next_id))
}

#[test]
fn states_share_what_lies_before_the_first_parting() {
    let bus = Lineage::new();
    let (early, late) = (fork(&bus, 3, 4), fork(&bus, 7, 9));
    let grandchild = fork(&late, 12, 20);
    assert_eq!(bus.shared_with(&bus.clone()), Shared::ALL);
    assert_eq!(late.shared_with(&late.clone()), Shared::ALL);
    assert_eq!(bus.shared_with(&late), shared(7, 9));
    assert_eq!(late.shared_with(&early), shared(3, 4));
    assert_eq!(grandchild.shared_with(&late), shared(12, 20));
    assert_eq!(bus.shared_with(&grandchild), shared(7, 9));
    assert_eq!(early.shared_with(&grandchild), shared(3, 4));
}

#[test]
fn strangers_share_no_commit_but_pair_their_ids() {
    assert_eq!(Lineage::new().shared_with(&Lineage::new()), Shared::NOTHING);
}
