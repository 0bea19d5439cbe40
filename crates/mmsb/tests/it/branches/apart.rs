//! A branch and its parent: neither sees the other, and both can be compared.

use mmsb::{Durability, Error, Label};

use super::{PutAndCommit, counted};

#[test]
fn a_branch_goes_on_from_its_base_and_its_parent_never_sees_it() {
    let (bus, world) = counted(5);
    let base = bus.at_label(3).unwrap().epoch();
    let branch = bus.branch(base).unwrap();
    assert_eq!((branch.get::<u64>(world, 0).unwrap(), branch.label().unwrap()), (3, Some(Label::new(3))));
    let committed = branch.begin().label(7).put_and_commit(world, 70);
    assert_eq!((committed, branch.epoch(), branch.base()), (base.next(), base.next(), base));
    assert_eq!(branch.label().unwrap(), Some(Label::new(7)));
    assert_eq!(branch.write(world, 0, []).unwrap().reached, Durability::Volatile);
    assert_eq!(branch.label().unwrap(), None, "the newest commit has none");
    assert_eq!((bus.get::<u64>(world, 0).unwrap(), branch.get::<u64>(world, 0).unwrap()), (5, 70));
}

#[test]
fn a_branch_outlives_its_bus() {
    let (bus, world) = counted(2);
    let branch = bus.branch(bus.epoch()).unwrap();
    bus.stop().unwrap();
    branch.put(world, 8, &9u64).unwrap();
    assert_eq!((branch.get::<u64>(world, 0).unwrap(), branch.get::<u64>(world, 8).unwrap()), (2, 9));
}

#[test]
fn older_pages_are_compared_by_id_and_newer_ones_by_name() {
    let (bus, world) = counted(1);
    let branch = bus.branch(bus.epoch()).unwrap();
    let mine = branch.create_page("late", 8).unwrap();
    assert_eq!(mine, bus.create_page(None, 16).unwrap(), "ids go on from the same one");
    let theirs = bus.create_page("late", 8).unwrap();
    assert_ne!(mine, theirs);
    branch.put(world, 0, &2u64).unwrap();
    branch.put(mine, 0, &1u8).unwrap();
    let told = mmsb::diff(&bus, &branch).unwrap().to_string();
    insta::assert_snapshot!(told, @r#"
    e4 and e5 differ in 3 pages
      page:1 "world", written by e2 / e4:
        0+1: 01 -> 02
      page:2 (16 bytes) only on the left
      page:3 "late", written by e4 / e5:
        0+1: 00 -> 01
    "#);
}

#[test]
fn names_are_the_branchs_own() {
    let (bus, world) = counted(1);
    let branch = bus.branch(bus.epoch()).unwrap();
    assert!(matches!(branch.create_page("world", 8), Err(Error::NameTaken { page, .. }) if page == world));
    branch.delete_page(world).unwrap();
    assert!(matches!(branch.get::<u64>(world, 0), Err(Error::PageNotFound { .. })));
    let other = branch.create_page("world", 8).unwrap();
    assert_eq!((branch.page("world").unwrap(), bus.page("world")), (Some(other), Some(world)));
}
