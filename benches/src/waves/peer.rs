//! What a user would take instead of mmsb-graph. None is built in here: a package outside the workspace submits them,
//! so that a plain build never compiles them.

use super::Shape;

/// Somebody else's way to compute a shape's pages. Submitted with `inventory::submit!`.
#[derive(Debug)]
pub struct Peer {
    /// What it is called.
    pub name: &'static str,
    /// Makes the shape with pages of so many bytes.
    pub build: fn(&Shape, usize) -> Box<dyn Rival>,
}

/// A shape in somebody else's hands.
pub trait Rival {
    /// Changes the source to a tick's, and brings every page up to date.
    fn wave(&mut self, tick: u64);

    /// Returns the bytes of the leaves, one after the other.
    fn leaves(&self) -> Vec<u8>;
}

inventory::collect!(Peer);

/// Returns the peers that were built in, by name.
#[must_use]
pub fn peers() -> Vec<&'static Peer> {
    let mut peers: Vec<&Peer> = inventory::iter::<Peer>.into_iter().collect();
    peers.sort_by_key(|peer| peer.name);
    peers
}
