//! The shapes: who is computed from whom.

use mmsb_graph::{Edge, Graph};
use mmsb_types::{EdgeKind, PageId};

/// A graph in which everything depends on the first page.
#[derive(Clone, Debug)]
pub struct Shape {
    /// What it is called.
    pub name: &'static str,
    /// Of each page its inputs, which have lower numbers; the first page has none, all others have.
    pub inputs: Vec<Vec<u32>>,
}

/// Returns the shape of one page that is computed from one other.
#[must_use]
pub fn hop() -> Shape {
    chain("single hop", 1)
}

/// The shapes of the line `waves`.
pub const SHAPES: [fn() -> Shape; 5] =
    [|| chain("chain 10", 10), || chain("chain 1000", 1000), tree, diamond, grid];

impl Shape {
    /// Returns how many pages a wave computes.
    #[must_use]
    pub fn computed(&self) -> usize {
        self.inputs.len() - 1
    }

    /// Returns the pages that nobody is computed from.
    #[must_use]
    pub fn leaves(&self) -> Vec<usize> {
        let mut is_leaf = vec![true; self.inputs.len()];
        self.inputs.iter().flatten().for_each(|&input| is_leaf[input as usize] = false);
        (0..is_leaf.len()).filter(|&node| is_leaf[node]).collect()
    }

    /// Makes the graph; node `n` is page `n + 1`.
    ///
    /// # Panics
    /// If the shape has a cycle.
    #[must_use]
    pub fn graph(&self) -> Graph {
        let edge = |source: u32, target: usize| Edge::new(id(source as usize), id(target), EdgeKind::Data);
        let edges = self
            .inputs
            .iter()
            .enumerate()
            .flat_map(|(target, inputs)| inputs.iter().map(move |&source| edge(source, target)));
        Graph::from_edges(edges).expect("inputs have lower numbers")
    }
}

/// Returns the id of a node's page.
const fn id(node: usize) -> PageId {
    PageId::new(node as u64 + 1)
}

/// One page after the other: the source and `length` more.
fn chain(name: &'static str, length: u32) -> Shape {
    let inputs = (0..=length).map(|node| node.checked_sub(1).into_iter().collect()).collect();
    Shape { name, inputs }
}

/// Each page has two followers, 1024 of them none.
fn tree() -> Shape {
    let inputs = (0..2047_u32).map(|node| node.checked_sub(1).map(|node| node / 2).into_iter().collect());
    Shape { name: "tree 1024", inputs: inputs.collect() }
}

/// A thousand pages from one, and one from the thousand.
fn diamond() -> Shape {
    let mut inputs = vec![vec![0]; 1001];
    inputs[0].clear();
    inputs.push((1..=1000).collect());
    Shape { name: "diamond 1 -> 1000 -> 1", inputs }
}

/// Each page from the one above and the one to the left.
fn grid() -> Shape {
    const SIDE: u32 = 100;
    let inputs = (0..SIDE * SIDE).map(|node| {
        let above = node.checked_sub(SIDE);
        let left = (node % SIDE > 0).then(|| node - 1);
        above.into_iter().chain(left).collect()
    });
    Shape { name: "grid 100x100", inputs: inputs.collect() }
}
