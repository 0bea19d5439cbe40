//! A trie against a map, also where all keys collide.

use std::collections::HashMap;

use super::{Key, Trie};

/// A key whose bits collide with many others'.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Colliding(u64);

impl Key for Colliding {
    fn bits(&self) -> u64 {
        self.0 % 3
    }
}

/// Changes a trie and a map alike, keeping versions of both on the way; all must agree at the end.
#[track_caller]
fn check<K: Key + Copy + std::hash::Hash + std::fmt::Debug>(key: impl Fn(u64) -> K, steps: u64) {
    let (mut trie, mut map) = (Trie::default(), HashMap::new());
    let mut versions = Vec::new();
    let mut any = 1u64;
    for step in 0..steps {
        any = any.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let key = key(any >> 33);
        if any >> 20 & 3 == 0 {
            trie.remove(&key);
            map.remove(&key);
        } else {
            trie.insert(key, step);
            map.insert(key, step);
        }
        if step % 97 == 0 {
            versions.push((trie.clone(), map.clone()));
        }
    }
    versions.push((trie, map));
    versions.iter().for_each(|(trie, map)| check_same(trie, map));
}

#[track_caller]
fn check_same<K: Key + Copy + std::hash::Hash + std::fmt::Debug>(trie: &Trie<K, u64>, map: &HashMap<K, u64>) {
    let mut found = HashMap::new();
    trie.for_each(&mut |&key, &value| assert_eq!(found.insert(key, value), None, "{key:?} twice"));
    assert_eq!(found, *map);
    assert!(map.iter().all(|(key, value)| trie.get(key) == Some(value)));
}

#[test]
fn versions_stay_what_they_were() {
    check(|any| mmsb_types::PageId::new(any % 500), 3000);
}

#[test]
fn keys_whose_bits_are_all_equal_are_still_told_apart() {
    check(|any| Colliding(any % 200), 1500);
}

#[test]
fn what_is_emptied_holds_nothing() {
    let mut trie = Trie::default();
    (0..1000).for_each(|id| trie.insert(mmsb_types::PageId::new(id), ()));
    (0..1000).for_each(|id| trie.remove(&mmsb_types::PageId::new(id)));
    assert!(trie.root.is_empty());
    assert_eq!(trie.get(&mmsb_types::PageId::new(7)), None);
}
