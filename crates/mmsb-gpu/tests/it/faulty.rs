//! Hosts that go wrong: one can be lost, as a device can, and one keeps what was written first.

use std::{cell::Cell, collections::BTreeSet};

use mmsb_gpu::{Engine, Formula, GpuError, Host, Kernel, Pages, Place, Program, Ticket};
use proptest::{prelude::*, test_runner::TestRunner};

use crate::follow::{BUDGET_BYTES, Life, SLAB_BYTES, acts, check};

/// An engine that is dead once it was told so.
#[derive(Default)]
struct Mortal {
    host: Host,
    is_dead: Cell<bool>,
    /// Words that ops wrote, if later ops of them are to be lost.
    written: Option<BTreeSet<(u32, u32)>>,
}

impl Mortal {
    /// Empties the masks of ops on words that were written before.
    fn first_wins(&mut self, mut program: Program) -> Program {
        let Some(written) = &mut self.written else { return program };
        for dispatch in
            program.dispatches.iter().filter(|dispatch| dispatch.kernel == Kernel::SparseDeltaApply)
        {
            let ops: &mut [[u32; 2]] = program.words.as_chunks_mut().0;
            for op in &mut ops[dispatch.first as usize..(dispatch.first + dispatch.count) as usize] {
                let word = op[0] & 0x0fff_ffff;
                if !written.insert((dispatch.target, word)) {
                    op[0] = word;
                }
            }
        }
        program
    }

    fn alive(&mut self) -> Result<&mut Host, GpuError> {
        if self.is_dead.get() {
            Err(GpuError::Lost { why: "for a test".to_owned() })
        } else {
            Ok(&mut self.host)
        }
    }
}

impl Engine for Mortal {
    fn add_slab(&mut self, words: u32) -> Result<(), GpuError> {
        self.alive()?.add_slab(words)
    }

    fn compile(&mut self, formula: &str) -> Result<Formula, GpuError> {
        self.alive()?.compile(formula)
    }

    fn submit(&mut self, program: &Program) -> Result<Ticket, GpuError> {
        let program = self.first_wins(program.clone());
        self.alive()?.submit(&program)
    }

    fn fetch(&mut self, places: &[Place]) -> Result<Ticket, GpuError> {
        self.alive()?.fetch(places)
    }

    fn land(&mut self, ticket: Ticket) -> Result<Vec<u32>, GpuError> {
        self.alive()?.land(ticket)
    }

    fn submitted(&self) -> u64 {
        self.host.submitted()
    }

    fn completed(&mut self) -> Result<u64, GpuError> {
        self.alive()?.completed()
    }

    fn wait(&mut self) -> Result<(), GpuError> {
        self.alive()?.wait()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_mirror_on_the_host_follows_a_bus_through_everything((seed, acts) in acts()) {
        let open = || Pages::with_engine(Mortal::default(), SLAB_BYTES, BUDGET_BYTES);
        check(seed, &acts, &Life { open: &open, lose: &|residents| residents.ops().engine().is_dead.set(true) })?;
    }
}

#[test]
fn a_first_writer_that_wins_is_found() {
    let first_wins = || Mortal { written: Some(BTreeSet::new()), ..Mortal::default() };
    let open = || Pages::with_engine(first_wins(), SLAB_BYTES, BUDGET_BYTES);
    let life = Life { open: &open, lose: &|residents| residents.ops().engine().is_dead.set(true) };
    let mut runner =
        TestRunner::new(ProptestConfig { max_shrink_iters: 0, ..ProptestConfig::with_cases(64) });
    let lived = runner.run(&acts(), |(seed, acts)| check(seed, &acts, &life));
    assert!(lived.unwrap_err().to_string().contains("is clean and not as the bus has it"));
}
