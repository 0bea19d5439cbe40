//! A map whose versions share whatever they have in common.
//!
//! A copy costs a pointer; a change of a copy costs the few nodes between its root and what changes. So old
//! versions of the catalogue can be kept for those who look at the past, and the newest one be built beside
//! the one that others read.
//!
//! Invariant: keys lie where the bits of their hash lead, four a level from the lowest; a leaf splits when it
//! holds more than `LEAF_ENTRIES_MAX`, and no branch but the root is empty.

#[cfg(test)]
mod tests;

use std::{
    borrow::Borrow,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use mmsb_types::PageId;

const LEVEL_BITS: u32 = 4;
const CHILD_COUNT: usize = 1 << LEVEL_BITS;
const LEAF_ENTRIES_MAX: usize = 16;

/// A persistent map.
#[derive(Debug)]
pub(crate) struct Trie<K, V> {
    root: Arc<Node<K, V>>,
}

type Children<K, V> = [Option<Arc<Node<K, V>>>; CHILD_COUNT];

#[derive(Clone, Debug)]
enum Node<K, V> {
    Branch(Box<Children<K, V>>),
    Leaf(Vec<(K, V)>),
}

/// What leads to a key. Equal keys have equal bits.
pub(crate) trait Key: Eq {
    /// Returns the key's bits.
    fn bits(&self) -> u64;
}

impl Key for PageId {
    /// Ids are given in turn: their lowest bits spread best as they are.
    fn bits(&self) -> u64 {
        self.get()
    }
}

impl Key for str {
    fn bits(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

impl Key for Arc<str> {
    fn bits(&self) -> u64 {
        (**self).bits()
    }
}

impl<K, V> Clone for Trie<K, V> {
    fn clone(&self) -> Self {
        Self { root: Arc::clone(&self.root) }
    }
}

impl<K, V> Default for Trie<K, V> {
    fn default() -> Self {
        Self { root: Arc::new(Node::Leaf(Vec::new())) }
    }
}

impl<K: Key + Clone, V: Clone> Trie<K, V> {
    /// Returns the key's value.
    pub(crate) fn get<Q: Key + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let (mut node, mut bits) = (&self.root, key.bits());
        loop {
            match &**node {
                Node::Branch(children) => node = children[index(bits)].as_ref()?,
                Node::Leaf(entries) => {
                    return entries.iter().find(|(held, _)| held.borrow() == key).map(|(_, value)| value);
                }
            }
            bits >>= LEVEL_BITS;
        }
    }

    /// Gives the key this value, whatever it had before.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        let bits = key.bits();
        insert(&mut self.root, bits, 0, key, value);
    }

    /// Takes the key away.
    pub(crate) fn remove<Q: Key + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        // Looked at first: without the key, no node is copied.
        if self.get(key).is_some() {
            remove(&mut self.root, key.bits(), key);
        }
    }

    /// Visits all entries, in no order that means anything.
    pub(crate) fn for_each(&self, visit: &mut impl FnMut(&K, &V)) {
        for_each(&self.root, visit);
    }
}

fn index(bits: u64) -> usize {
    bits as usize % CHILD_COUNT
}

/// Inserts below `node`, which lies `depth` bits deep; `bits` are those left.
fn insert<K: Key + Clone, V: Clone>(node: &mut Arc<Node<K, V>>, bits: u64, depth: u32, key: K, value: V) {
    let node = Arc::make_mut(node);
    match node {
        Node::Branch(children) => {
            let child = children[index(bits)].get_or_insert_with(|| Arc::new(Node::Leaf(Vec::new())));
            insert(child, bits >> LEVEL_BITS, depth + LEVEL_BITS, key, value);
        }
        Node::Leaf(entries) => {
            put(entries, key, value);
            if entries.len() > LEAF_ENTRIES_MAX && depth < u64::BITS {
                *node = split(std::mem::take(entries), depth);
            }
        }
    }
}

fn put<K: Key, V>(entries: &mut Vec<(K, V)>, key: K, value: V) {
    match entries.iter_mut().find(|(held, _)| *held == key) {
        Some((_, held)) => *held = value,
        None => entries.push((key, value)),
    }
}

/// Makes a branch of a leaf that is `depth` bits deep.
fn split<K: Key + Clone, V: Clone>(entries: Vec<(K, V)>, depth: u32) -> Node<K, V> {
    let mut leaves: [Vec<(K, V)>; CHILD_COUNT] = Default::default();
    for (key, value) in entries {
        leaves[index(key.bits() >> depth)].push((key, value));
    }
    Node::Branch(Box::new(leaves.map(|leaf| (!leaf.is_empty()).then(|| Arc::new(Node::Leaf(leaf))))))
}

/// Removes a key that is there.
fn remove<K, V, Q>(node: &mut Arc<Node<K, V>>, bits: u64, key: &Q)
where
    K: Key + Clone + Borrow<Q>,
    V: Clone,
    Q: Key + ?Sized,
{
    match Arc::make_mut(node) {
        Node::Leaf(entries) => entries.retain(|(held, _)| held.borrow() != key),
        Node::Branch(children) => {
            let child = &mut children[index(bits)];
            if let Some(below) = child {
                remove(below, bits >> LEVEL_BITS, key);
                if below.is_empty() {
                    *child = None;
                }
            }
        }
    }
}

fn for_each<K, V>(node: &Node<K, V>, visit: &mut impl FnMut(&K, &V)) {
    match node {
        Node::Leaf(entries) => entries.iter().for_each(|(key, value)| visit(key, value)),
        Node::Branch(children) => children.iter().flatten().for_each(|child| for_each(child, visit)),
    }
}

impl<K, V> Node<K, V> {
    fn is_empty(&self) -> bool {
        match self {
            Self::Leaf(entries) => entries.is_empty(),
            Self::Branch(children) => children.iter().all(Option::is_none),
        }
    }
}
