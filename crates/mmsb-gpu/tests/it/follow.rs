//! A mirror that follows a bus through commits, evictions, loss and rebuilding, held against plain byte arrays.

use mmsb_delta::DeltaBatch;
use mmsb_gpu::{By, Combine, CpuOps, Derivation, GpuError, Insert, PageOps, PageState, Residents};
use mmsb_types::{Epoch, PageId};
use proptest::prelude::*;

use crate::{
    cases::{Run, bytes},
    model::patch,
};

/// Slabs that hold two long pages, and memory for half of what there is.
pub const SLAB_BYTES: u64 = 32 << 10;
pub const BUDGET_BYTES: u64 = 64 << 10;

/// What happens. Pages are named by any number; it is taken modulo how many there are.
#[derive(Clone, Debug)]
pub enum Act {
    Commit(Vec<Run>),
    Follow,
    Skip,
    Insert { pages: Vec<usize>, is_pinned: bool },
    Evict(usize),
    Remove(usize),
    Pin(usize, bool),
    Touch(usize),
    Derive { inputs: Vec<usize>, output: usize, run: Run },
    Lose,
}

/// A bus as byte arrays, and what of it was not told yet.
struct Bus {
    pages: Vec<Vec<u8>>,
    epoch: Epoch,
    pending: Vec<(Epoch, DeltaBatch)>,
}

/// How a device comes and goes.
pub struct Life<'a, O> {
    pub open: &'a dyn Fn() -> O,
    pub lose: &'a dyn Fn(&mut Residents<O>),
}

pub fn acts() -> impl Strategy<Value = (u64, Vec<Act>)> {
    let page = || 0..8_usize;
    let run = || {
        let len = prop_oneof![6 => 1..20_u32, 2 => 1..700_u32, 1 => Just(u32::MAX)];
        (page(), 0..16_000_u32, len, any::<u64>(), any::<bool>())
            .prop_map(|(page, offset, len, seed, is_fill)| Run { page, offset, len, seed, is_fill })
    };
    let act = prop_oneof![
        8 => prop::collection::vec(run(), 0..30).prop_map(Act::Commit),
        8 => Just(Act::Follow),
        1 => Just(Act::Skip),
        8 => (prop::collection::vec(page(), 1..5), prop::bool::weighted(0.2))
            .prop_map(|(pages, is_pinned)| Act::Insert { pages, is_pinned }),
        2 => page().prop_map(Act::Evict),
        1 => page().prop_map(Act::Remove),
        2 => (page(), any::<bool>()).prop_map(|(page, is_pinned)| Act::Pin(page, is_pinned)),
        2 => page().prop_map(Act::Touch),
        4 => (prop::collection::vec(page(), 1..3), page(), run())
            .prop_map(|(inputs, output, run)| Act::Derive { inputs, output, run }),
        1 => Just(Act::Lose),
    ];
    (any::<u64>(), prop::collection::vec(act, 1..40))
}

/// Lives through acts, and holds what is there against the bus after each that follows it.
pub fn check<O: PageOps>(seed: u64, acts: &[Act], life: &Life<'_, O>) -> Result<(), TestCaseError> {
    let mut bus = Bus::new(seed);
    let mut residents = Residents::new((life.open)());
    for act in acts {
        bus.act(&mut residents, act, life)?;
    }
    bus.follow(&mut residents)
}

impl Bus {
    /// Some pages of one length, and some of any.
    fn new(seed: u64) -> Self {
        let lengths = [8192, 8192, 8192, 8192, 16_384, 5, 300, 1 + (seed % 16_000) as usize];
        let pages = lengths.iter().zip(seed..).map(|(len, seed)| bytes(seed, *len)).collect();
        Self { pages, epoch: Epoch::new(1), pending: Vec::new() }
    }

    fn act<O: PageOps>(
        &mut self,
        residents: &mut Residents<O>,
        act: &Act,
        life: &Life<'_, O>,
    ) -> Result<(), TestCaseError> {
        match act {
            Act::Commit(runs) => self.commit(runs),
            Act::Follow => self.follow(residents)?,
            Act::Skip => {
                self.pending.clear();
                residents.skip_to(self.epoch);
                self.holds(residents)?;
            }
            Act::Insert { pages, is_pinned } => self.insert(residents, pages, *is_pinned)?,
            Act::Evict(page) => drop(residents.evict(id(*page)).unwrap()),
            Act::Remove(page) => drop(residents.remove(id(*page)).unwrap()),
            Act::Pin(page, is_pinned) => drop(residents.pin(id(*page), *is_pinned)),
            Act::Touch(page) => drop(residents.touch(&[id(*page)])),
            Act::Derive { inputs, output, run } => self.derive(residents, inputs, *output, run)?,
            Act::Lose => self.lose(residents, life)?,
        }
        Ok(())
    }

    fn batch(&self, runs: &[Run]) -> DeltaBatch {
        let mut batch = DeltaBatch::default();
        for run in runs {
            let page_bytes = self.pages[run.page].len() as u32;
            let offset = run.offset % page_bytes;
            let new = bytes(run.seed, page_bytes as usize);
            batch.push(id(run.page), patch(run, offset, run.len.min(page_bytes - offset), &new));
        }
        batch
    }

    fn commit(&mut self, runs: &[Run]) {
        let batch = self.batch(runs);
        for (page, patch) in batch.view().iter() {
            patch.apply(&mut self.pages[page.get() as usize - 1]).unwrap();
        }
        self.epoch = self.epoch.next();
        self.pending.push((self.epoch, batch));
    }

    fn follow<O: PageOps>(&mut self, residents: &mut Residents<O>) -> Result<(), TestCaseError> {
        let commits: Vec<_> = self.pending.iter().map(|(epoch, batch)| (*epoch, batch.view())).collect();
        let applied = residents.apply(&commits).unwrap();
        self.pending.clear();
        for page in applied.left_out {
            prop_assert!(residents.state(page) != PageState::Clean, "{page} is told and clean");
        }
        self.holds(residents)
    }

    /// Brings pages as they are now, which may be ahead of what was told.
    fn insert<O: PageOps>(
        &self,
        residents: &mut Residents<O>,
        pages: &[usize],
        is_pinned: bool,
    ) -> Result<(), TestCaseError> {
        let insert = |page: &usize| Insert {
            page: id(*page),
            bytes: &self.pages[*page],
            epoch: self.epoch,
            is_pinned,
        };
        match residents.insert_many(&pages.iter().map(insert).collect::<Vec<_>>()) {
            Ok(()) => prop_assert_eq!(residents.state(id(pages[pages.len() - 1])), PageState::Clean),
            Err(GpuError::OutOfMemory { .. }) => {
                let pinned = residents.known().any(|page| page.is_pinned);
                prop_assert!(pinned, "without pins there is room for any page");
            }
            Err(error) => panic!("{error}"),
        }
        Ok(())
    }

    fn derive<O: PageOps>(
        &mut self,
        residents: &mut Residents<O>,
        inputs: &[usize],
        output: usize,
        run: &Run,
    ) -> Result<(), TestCaseError> {
        let inputs: Vec<usize> =
            inputs.iter().map(|page| page % 4).filter(|page| *page != output % 4).collect();
        let (output, ids) = (output % 4, inputs.iter().map(|page| id(*page)).collect::<Vec<_>>());
        if inputs.is_empty() || !self.pending.is_empty() {
            return Ok(());
        }
        let overlay = self.batch(std::slice::from_ref(run));
        let derivation = Derivation { by: By::Combine(Combine::Xor, &[]), inputs: &ids, output: id(output) };
        let delta = match residents.derive(&[derivation], &[overlay.view()]) {
            Ok(mut deltas) => deltas.remove(0),
            Err(GpuError::NotThere { .. } | GpuError::OutOfMemory { .. } | GpuError::NeverFits { .. }) => {
                return Ok(());
            }
            Err(error) => panic!("{error}"),
        };
        let mut overlaid = self.pages.clone();
        for (page, patch) in overlay.view().iter() {
            patch.apply(&mut overlaid[page.get() as usize - 1]).unwrap();
        }
        let sum = |byte: usize| inputs.iter().fold(0, |sum, page| sum ^ overlaid[*page][byte]);
        let mut derived = self.pages[output].clone();
        mmsb_delta::apply(&delta, &mut derived).unwrap();
        prop_assert!(
            (0..derived.len()).all(|byte| derived[byte] == sum(byte)),
            "derived is what it should be"
        );
        self.holds(residents)
    }

    /// Loses the device, learns of it, and brings back what there is room for.
    fn lose<O: PageOps>(
        &mut self,
        residents: &mut Residents<O>,
        life: &Life<'_, O>,
    ) -> Result<(), TestCaseError> {
        (life.lose)(residents);
        let is_lost = |result: Result<(), GpuError>| matches!(result, Err(GpuError::Lost { .. }));
        prop_assert!(is_lost(residents.wait().map(drop)), "a loss is told");
        prop_assert!(residents.lost().is_some());
        prop_assert!(residents.known().all(|page| page.state == PageState::Lost));
        let refused = residents.apply(&[(self.epoch.next(), DeltaBatch::default().view())]);
        prop_assert!(is_lost(refused.map(drop)), "and told again");
        residents.reset((life.open)());
        let pinned = residents.known().filter(|page| page.is_pinned);
        let pinned: Vec<usize> = pinned.map(|page| page.page.get() as usize - 1).collect();
        if pinned.is_empty() { Ok(()) } else { self.insert(residents, &pinned, true) }
    }

    /// Holds the bytes and fingerprints of pages that are clean against the bus.
    fn holds<O: PageOps>(&self, residents: &mut Residents<O>) -> Result<(), TestCaseError> {
        let clean = residents.known().filter(|page| page.state == PageState::Clean);
        let clean: Vec<PageId> = clean.map(|page| page.page).collect();
        let read = residents.read_many(&clean).unwrap();
        for (page, bytes) in clean.iter().zip(read) {
            let is_equal = bytes.as_ref() == Some(&self.pages[page.get() as usize - 1]);
            prop_assert!(is_equal, "{page} is clean and not as the bus has it");
        }
        let mut twins = CpuOps::new(1 << 20, 1 << 20);
        let twin = |page: &PageId| {
            let bytes = &self.pages[page.get() as usize - 1];
            let twin = twins.create(bytes.len() as u32).unwrap();
            twins.write(twin, bytes).unwrap();
            twin
        };
        let handles: Vec<_> = clean.iter().map(twin).collect();
        let expect: Vec<_> = twins.fingerprints(&handles).unwrap().into_iter().map(Some).collect();
        prop_assert_eq!(residents.fingerprints(&clean).unwrap(), expect);
        Ok(())
    }
}

fn id(page: usize) -> PageId {
    PageId::new(page as u64 + 1)
}
