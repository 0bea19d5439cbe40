//! Numbers modulo 2^256: what hashes of parts add up to.

/// A number of 256 bits, its lowest 64 first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum([u64; 4]);

impl Sum {
    pub(crate) const ZERO: Self = Self([0; 4]);

    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Self {
        let (lanes, _) = bytes.as_chunks::<8>();
        Self(std::array::from_fn(|at| u64::from_le_bytes(lanes[at])))
    }

    pub(crate) fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        let (lanes, _) = bytes.as_chunks_mut::<8>();
        lanes.iter_mut().zip(self.0).for_each(|(lane, number)| *lane = number.to_le_bytes());
        bytes
    }

    pub(crate) fn add(&mut self, other: Self) {
        let mut carry = false;
        for (lane, by) in self.0.iter_mut().zip(other.0) {
            let (sum, over) = lane.overflowing_add(by);
            let (sum, over_again) = sum.overflowing_add(u64::from(carry));
            (*lane, carry) = (sum, over || over_again);
        }
    }

    pub(crate) fn subtract(&mut self, other: Self) {
        let mut borrow = false;
        for (lane, by) in self.0.iter_mut().zip(other.0) {
            let (rest, under) = lane.overflowing_sub(by);
            let (rest, under_again) = rest.overflowing_sub(u64::from(borrow));
            (*lane, borrow) = (rest, under || under_again);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Sum;

    #[test]
    fn carries_and_borrows_go_all_the_way_and_round() {
        let (one, most) = (Sum([1, 0, 0, 0]), Sum([u64::MAX; 4]));
        let mut sum = most;
        sum.add(one);
        assert_eq!(sum, Sum::default());
        sum.subtract(one);
        assert_eq!(sum, most);
        sum.add(most);
        assert_eq!(sum, Sum([u64::MAX - 1, u64::MAX, u64::MAX, u64::MAX]));
    }
}
