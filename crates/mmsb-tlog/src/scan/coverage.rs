//! What later marks vouch for: asked for every bad record, built in one pass behind the first.
//!
//! Invariant: offsets rise and numbers fall strictly, so the first step at or behind an offset tells the
//! largest `synced_through` of all marks from there on. An honest log needs one step.

/// The largest `synced_through` of the marks behind each offset.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    steps: Vec<(u64, u64)>,
}

impl Coverage {
    /// Adds the mark at `offset`, which is behind all others.
    pub(crate) fn add(&mut self, offset: u64, synced_through: u64) {
        while self.steps.last().is_some_and(|&(_, number)| number <= synced_through) {
            self.steps.pop();
        }
        self.steps.push((offset, synced_through));
    }

    /// Tells whether a mark at `offset` or behind it says that `number` was durable.
    pub(crate) fn reaches(&self, offset: u64, number: u64) -> bool {
        let first = self.steps.partition_point(|&(place, _)| place < offset);
        self.steps.get(first).is_some_and(|&(_, synced_through)| synced_through >= number)
    }
}

#[cfg(test)]
mod tests {
    use super::Coverage;

    #[test]
    fn a_mark_covers_what_is_before_it_up_to_its_number() {
        let marks = [(64, 9), (128, 3), (192, 7), (256, 5), (320, 5)];
        let mut coverage = Coverage::default();
        marks.iter().for_each(|&(offset, number)| coverage.add(offset, number));
        for offset in (0..400).step_by(8) {
            for number in 0..11 {
                let expect = marks.iter().any(|&(place, synced)| place >= offset && synced >= number);
                assert_eq!(coverage.reaches(offset, number), expect, "offset {offset}, number {number}");
            }
        }
        assert_eq!(coverage.steps, [(64, 9), (192, 7), (320, 5)]);
    }
}
