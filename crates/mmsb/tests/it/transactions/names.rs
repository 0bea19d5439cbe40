//! Names within a transaction: they swap, move on, and are never shared.

use mmsb::Error;

use super::two_pages;

#[test]
fn pages_swap_names_in_one_transaction() {
    let (bus, a, b) = two_pages();
    let mut tx = bus.begin();
    tx.name_page(a, "b").unwrap();
    tx.name_page(b, "a").unwrap();
    tx.commit().unwrap();
    assert_eq!((bus.page("a"), bus.page("b")), (Some(b), Some(a)));
    let past = bus.at(bus.epoch()).unwrap();
    assert_eq!((past.page("a"), past.page("b")), (Some(b), Some(a)));
    assert_eq!(bus.check(), []);
}

#[test]
fn a_name_moves_on_with_a_deletion_but_two_pages_never_share_one() {
    let (bus, a, b) = two_pages();
    let mut tx = bus.begin();
    let c = tx.create_page("a", 1).unwrap();
    tx.delete_page(a).unwrap();
    tx.commit().unwrap();
    assert_eq!(bus.page("a"), Some(c));
    for taken in ["a", "b"] {
        let refused = bus.create_page(taken, 1);
        assert!(
            matches!(refused, Err(Error::NameTaken { page, .. }) if [b, c].contains(&page)),
            "{refused:?}"
        );
    }
    let mut tx = bus.begin();
    tx.create_page("new", 1).unwrap();
    tx.create_page("new", 1).unwrap();
    assert!(matches!(tx.commit(), Err(Error::NameTaken { .. })));
    assert_eq!(bus.page("new"), None);
    assert_eq!(bus.check(), []);
}
