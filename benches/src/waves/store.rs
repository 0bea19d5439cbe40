//! Pages and functions of a wave, with everything that user code costs: a box, an unwinding boundary, a comparison.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use mmsb_graph::{Outcome, Recompute, Step};
use mmsb_types::PageId;

use super::{Shape, compute, set_source};

/// What a page is computed by.
pub type Function = Box<dyn Fn(&Inputs<'_>, &mut [u8]) + Send + Sync>;

/// What a function may read.
#[derive(Debug)]
pub struct Inputs<'a> {
    pages: &'a [Box<[u8]>],
    nodes: &'a [u32],
}

/// The pages of a shape, and their functions.
pub struct Store {
    /// The pages' bytes.
    pub pages: Vec<Box<[u8]>>,
    derived: Vec<Derived>,
    /// What is computed goes here first, and changes place with the page if it differs.
    out: Box<[u8]>,
}

struct Derived {
    inputs: Box<[u32]>,
    function: Function,
}

impl<'a> Inputs<'a> {
    /// Goes through the inputs' bytes.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> {
        self.nodes.iter().map(|&node| &*self.pages[node as usize])
    }
}

impl Store {
    /// Makes zeroed pages.
    #[must_use]
    pub fn new(shape: &Shape, page_bytes: usize) -> Self {
        let zeroes = || vec![0; page_bytes].into_boxed_slice();
        let pages = shape.inputs.iter().map(|_| zeroes()).collect();
        let derive = |inputs: &Vec<u32>| Derived {
            inputs: inputs.clone().into(),
            function: Box::new(|inputs, out| compute(inputs.iter(), out)),
        };
        Self { pages, derived: shape.inputs.iter().map(derive).collect(), out: zeroes() }
    }

    /// Changes the source.
    pub fn set_source(&mut self, tick: u64) {
        set_source(&mut self.pages[0], tick);
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("pages", &self.pages.len()).finish_non_exhaustive()
    }
}

impl Recompute for Store {
    /// The page whose function panicked.
    type Error = PageId;

    #[inline(always)]
    fn recompute(&mut self, step: &Step) -> Result<Outcome, PageId> {
        let node = step.page.get() as usize - 1;
        let derived = &self.derived[node];
        let inputs = Inputs { pages: &self.pages, nodes: &derived.inputs };
        let out = &mut *self.out;
        catch_unwind(AssertUnwindSafe(|| (derived.function)(&inputs, out))).map_err(|_| step.page)?;
        let page = &mut self.pages[node];
        if is_same(page, &self.out) {
            return Ok(Outcome::Equal);
        }
        std::mem::swap(page, &mut self.out);
        Ok(Outcome::Changed)
    }
}

/// Compares pages; where the first words differ, that is told without a call.
#[inline]
fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.first_chunk::<8>() == other.first_chunk::<8>() && one == other
}
