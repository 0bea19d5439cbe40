//! Programs whose tiles and ops come in another order, within each dispatch, do the same.

use mmsb_gpu::{CpuOps, Engine, Formula, GpuError, Kernel, Pages, Place, Program, Ticket};
use proptest::prelude::*;

use crate::{cases::case, model::check};

/// An engine that turns the items of each dispatch around before another engine runs them.
pub struct Permuted<E>(pub E);

impl<E: Engine> Engine for Permuted<E> {
    fn add_slab(&mut self, words: u32) -> Result<(), GpuError> {
        self.0.add_slab(words)
    }

    fn compile(&mut self, formula: &str) -> Result<Formula, GpuError> {
        self.0.compile(formula)
    }

    fn submit(&mut self, program: &Program) -> Result<Ticket, GpuError> {
        let mut program = program.clone();
        for dispatch in &program.dispatches {
            let items = dispatch.first as usize..(dispatch.first + dispatch.count) as usize;
            if dispatch.kernel == Kernel::SparseDeltaApply {
                let ops: &mut [[u32; 2]] = program.words.as_chunks_mut().0;
                turn(&mut ops[items]);
            } else {
                turn(&mut program.tiles[items]);
            }
        }
        self.0.submit(&program)
    }

    fn fetch(&mut self, places: &[Place]) -> Result<Ticket, GpuError> {
        self.0.fetch(places)
    }

    fn land(&mut self, ticket: Ticket) -> Result<Vec<u32>, GpuError> {
        self.0.land(ticket)
    }

    fn submitted(&self) -> u64 {
        self.0.submitted()
    }

    fn completed(&mut self) -> Result<u64, GpuError> {
        self.0.completed()
    }

    fn wait(&mut self) -> Result<(), GpuError> {
        self.0.wait()
    }
}

/// Every item comes to another place, and neighbours are no neighbours any more.
fn turn<T>(items: &mut [T]) {
    items.reverse();
    items.rotate_left(items.len() / 3);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn twins_do_not_care_for_the_order_of_items(case in case()) {
        let host = CpuOps::new(1, 1).into_engine();
        check(&mut Pages::with_engine(Permuted(host), 48 << 10, 1 << 24), &case)?;
    }
}
