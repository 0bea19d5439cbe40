//! Random numbers that are the same everywhere: SplitMix64; or numbers that an input of a fuzzer tells.

/// A seeded source of random numbers.
#[derive(Clone, Debug)]
pub struct Rng {
    state: u64,
    /// What comes first, last one first.
    told: Vec<u16>,
}

impl Rng {
    /// Starts the sequence of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed, told: Vec::new() }
    }

    /// Starts with the numbers that the bytes tell, two bytes a number; behind them, the sequence of seed 0.
    #[must_use]
    pub fn steered(bytes: &[u8]) -> Self {
        let told = bytes.as_chunks().0.iter().rev().map(|&pair| u16::from_le_bytes(pair)).collect();
        Self { state: 0, told }
    }

    /// Returns any number.
    pub fn any(&mut self) -> u64 {
        if let Some(told) = self.told.pop() {
            return told.into();
        }
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ self.state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// Returns a number below `end`.
    ///
    /// # Panics
    /// If `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.any() % end as u64) as usize
    }

    /// Tells `true` once in `times`.
    ///
    /// # Panics
    /// If `times` is 0.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// Returns one of `choices`.
    ///
    /// # Panics
    /// If there is none.
    pub fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }

    /// Returns so many bytes: random ones, or one byte again and again.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        let byte = self.any() as u8;
        if self.once_in(3) { vec![byte; len] } else { (0..len).map(|_| self.any() as u8).collect() }
    }
}
