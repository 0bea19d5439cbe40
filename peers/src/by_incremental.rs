//! The crate `incremental`: nodes by `map`, `map2` and `fold`, leaves observed.

use std::fmt::Debug;

use benches::waves::{Peer, Rival, Shape, compute, set_source};
use incremental::{Incr, IncrState, Observer, Var};

inventory::submit! {
    Peer { name: "incremental", build }
}

/// More than any shape is high.
const HEIGHT_MAX: usize = 1200;

fn build(shape: &Shape, page_bytes: usize) -> Box<dyn Rival> {
    if page_bytes == size_of::<u64>() {
        Box::new(Nodes::<u64>::new(shape))
    } else {
        Box::new(Nodes::<Kilobyte>::new(shape))
    }
}

/// A page's value.
trait Value: Debug + Clone + PartialEq + 'static {
    fn source(tick: u64) -> Self;
    fn one(input: &Self) -> Self;
    fn two(first: &Self, other: &Self) -> Self;
    /// The least value: adding to it is the only thing that [`Value::add`] is used for.
    fn least() -> Self;
    fn add(self, input: &Self) -> Self;
    fn bytes(&self) -> Vec<u8>;
}

impl Value for u64 {
    fn source(tick: u64) -> Self {
        tick
    }

    fn one(input: &Self) -> Self {
        input.wrapping_add(1)
    }

    fn two(first: &Self, other: &Self) -> Self {
        first.wrapping_add(1).wrapping_add(*other)
    }

    fn least() -> Self {
        1
    }

    fn add(self, input: &Self) -> Self {
        self.wrapping_add(*input)
    }

    fn bytes(&self) -> Vec<u8> {
        self.to_le_bytes().to_vec()
    }
}

/// A page of 1 KiB.
type Kilobyte = Box<[u8; 1 << 10]>;

impl Value for Kilobyte {
    fn source(tick: u64) -> Self {
        let mut page = Box::new([0; 1 << 10]);
        set_source(&mut page[..], tick);
        page
    }

    fn one(input: &Self) -> Self {
        let mut out = Box::new([0; 1 << 10]);
        compute([&input[..]].into_iter(), &mut out[..]);
        out
    }

    fn two(first: &Self, other: &Self) -> Self {
        let mut out = Box::new([0; 1 << 10]);
        compute([&first[..], &other[..]].into_iter(), &mut out[..]);
        out
    }

    fn least() -> Self {
        Self::source(1)
    }

    fn add(mut self, input: &Self) -> Self {
        let (out, _) = self.as_chunks_mut::<8>();
        let (input, _) = input.as_chunks::<8>();
        for (out, word) in out.iter_mut().zip(input) {
            *out = u64::from_le_bytes(*out).wrapping_add(u64::from_le_bytes(*word)).to_le_bytes();
        }
        self
    }

    fn bytes(&self) -> Vec<u8> {
        self.to_vec()
    }
}

struct Nodes<T: Value> {
    state: IncrState,
    source: Var<T>,
    leaves: Vec<Observer<T>>,
}

impl<T: Value> Nodes<T> {
    fn new(shape: &Shape) -> Self {
        let state = IncrState::new_with_height(HEIGHT_MAX);
        let source = state.var(T::source(0));
        let mut nodes = vec![source.watch()];
        for inputs in &shape.inputs[1..] {
            let node = node(&state, inputs.iter().map(|&input| nodes[input as usize].clone()).collect());
            nodes.push(node);
        }
        let leaves = shape.leaves().into_iter().map(|leaf| nodes[leaf].observe()).collect();
        state.stabilise();
        Self { state, source, leaves }
    }
}

fn node<T: Value>(state: &IncrState, inputs: Vec<Incr<T>>) -> Incr<T> {
    match &inputs[..] {
        [only] => only.map(T::one),
        [first, other] => first.map2(other, T::two),
        _ => state.fold(inputs, T::least(), T::add),
    }
}

impl<T: Value> Rival for Nodes<T> {
    fn wave(&mut self, tick: u64) {
        self.source.set(T::source(tick));
        self.state.stabilise();
    }

    fn leaves(&self) -> Vec<u8> {
        self.leaves.iter().flat_map(|leaf| leaf.value().bytes()).collect()
    }
}
