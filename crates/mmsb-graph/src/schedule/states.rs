//! What became of each page in the wave under way.
//!
//! A state carries the number of the wave that wrote it; those of other waves count for nothing, so no wave has to
//! take its states back.

/// The page had or awaits its turn.
const QUEUED: u32 = 1;
/// The page's bytes changed.
const CHANGED: u32 = 2;
/// States of a wave are its number times this, and what is set.
const WAVE: u32 = 4;

/// States by slot.
#[derive(Clone, Debug, Default)]
pub struct States {
    words: Vec<u32>,
    /// The state of a page that nothing happened to in this wave; higher than all states of earlier ones.
    base: u32,
}

impl States {
    /// Begins the next wave, for slots below `bound`.
    pub fn begin(&mut self, bound: usize) {
        match self.base.checked_add(WAVE) {
            Some(base) => self.base = base,
            None => {
                self.words.fill(0);
                self.base = WAVE;
            }
        }
        if self.words.len() < bound {
            self.words.resize(bound, 0);
        }
    }

    /// Tells whether a page's bytes changed in the newest wave.
    pub fn is_changed(&self, slot: u32) -> bool {
        self.words.get(slot as usize).is_some_and(|word| (*word).max(self.base) & CHANGED != 0)
    }

    /// Returns the states of the wave under way.
    #[inline(always)]
    pub fn view(&mut self) -> View<'_> {
        View { words: &mut self.words, base: self.base }
    }
}

/// The states of one wave; taken out once for several questions.
#[derive(Debug)]
pub struct View<'a> {
    words: &'a mut [u32],
    base: u32,
}

impl View<'_> {
    /// Notes that a page awaits its turn; false if that was known.
    #[inline(always)]
    pub fn set_queued(&mut self, slot: u32) -> bool {
        let word = &mut self.words[slot as usize];
        let state = (*word).max(self.base);
        *word = state | QUEUED;
        state & QUEUED == 0
    }

    /// Notes that a page has had its turn, and its bytes changed.
    #[inline(always)]
    pub fn set_done(&mut self, slot: u32) {
        self.words[slot as usize] = self.base | QUEUED | CHANGED;
    }

    /// Notes that a page's bytes changed before the wave.
    pub fn set_changed(&mut self, slot: u32) {
        let word = &mut self.words[slot as usize];
        *word = (*word).max(self.base) | CHANGED;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_of_earlier_waves_count_for_nothing_even_where_numbers_begin_anew() {
        let mut states = States::default();
        for base in [0, u32::MAX - 7] {
            states.base = base;
            for _ in 0..4 {
                states.begin(2);
                assert!(!states.is_changed(1), "at {:#x}", states.base);
                let mut view = states.view();
                assert!(view.set_queued(1) && !view.set_queued(1));
                view.set_changed(1);
                assert!(!view.set_queued(1));
                assert!(states.is_changed(1) && !states.is_changed(0) && !states.is_changed(2));
            }
        }
    }
}
