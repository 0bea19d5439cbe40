//! The crate `salsa`: a tracked function asks for its inputs; leaves are asked for after each change.

use benches::waves::{Peer, Rival, Shape, compute, set_source};
use salsa::{DatabaseImpl, Setter};

inventory::submit! {
    Peer { name: "salsa", build }
}

fn build(shape: &Shape, page_bytes: usize) -> Box<dyn Rival> {
    Box::new(Nodes::new(shape, page_bytes))
}

/// A page: what it is computed from, or, without that, the tick it shows.
#[salsa::input]
struct Node {
    inputs: Vec<Node>,
    tick: u64,
}

/// A page of one word.
#[salsa::tracked]
fn word(db: &dyn salsa::Database, node: Node) -> u64 {
    match &node.inputs(db)[..] {
        [] => *node.tick(db),
        inputs => inputs.iter().fold(1, |sum: u64, &input| sum.wrapping_add(*word(db, input))),
    }
}

/// A page of 1 KiB.
#[salsa::tracked]
fn kilobyte(db: &dyn salsa::Database, node: Node) -> Box<[u8]> {
    match &node.inputs(db)[..] {
        [] => {
            let mut out = vec![0; 1 << 10].into_boxed_slice();
            set_source(&mut out, *node.tick(db));
            out
        }
        inputs => {
            let mut out = vec![0; 1 << 10].into_boxed_slice();
            compute(inputs.iter().map(|&input| &**kilobyte(db, input)), &mut out);
            out
        }
    }
}

struct Nodes {
    db: DatabaseImpl,
    source: Node,
    leaves: Vec<Node>,
    page_bytes: usize,
}

impl Nodes {
    fn new(shape: &Shape, page_bytes: usize) -> Self {
        let db = DatabaseImpl::default();
        let mut nodes: Vec<Node> = Vec::new();
        for inputs in &shape.inputs {
            let inputs = inputs.iter().map(|&input| nodes[input as usize]).collect();
            nodes.push(Node::new(&db, inputs, 0));
        }
        let leaves = shape.leaves().into_iter().map(|leaf| nodes[leaf]).collect();
        let made = Self { db, source: nodes[0], leaves, page_bytes };
        made.bring_up(&nodes);
        made
    }

    fn bring_up(&self, nodes: &[Node]) {
        for &node in nodes {
            if self.page_bytes == size_of::<u64>() {
                word(&self.db, node);
            } else {
                kilobyte(&self.db, node);
            }
        }
    }
}

impl Rival for Nodes {
    fn wave(&mut self, tick: u64) {
        self.source.set_tick(&mut self.db).to(tick);
        self.bring_up(&self.leaves);
    }

    fn leaves(&self) -> Vec<u8> {
        let bytes = |&leaf: &Node| match self.page_bytes {
            8 => word(&self.db, leaf).to_le_bytes().to_vec(),
            _ => kilobyte(&self.db, leaf).to_vec(),
        };
        self.leaves.iter().flat_map(bytes).collect()
    }
}
