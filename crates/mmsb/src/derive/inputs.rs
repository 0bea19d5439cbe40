//! What a recompute sees: the bytes of its inputs, in the order in which they were declared.

use std::ops::Index;

use zerocopy::{Immutable, TryFromBytes};

/// The bytes of a derived page's inputs, all of one state.
///
/// ```
/// # fn main() -> Result<(), mmsb::Error> {
/// let bus = mmsb::Bus::in_memory()?;
/// let (price, count) = (bus.create_page("price", 8)?, bus.create_page("count", 4)?);
/// let total = bus.create_page("total", 8)?;
/// bus.derive(total).from([price, count]).named("total", 1).with(|inputs, out| {
///     let (price, count) = (inputs.value::<u64>(0, 0), inputs.value::<u32>(1, 0));
///     out.copy_from_slice(&(price * u64::from(count)).to_le_bytes());
/// })?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    pages: &'a [&'a [u8]],
}

impl<'a> Inputs<'a> {
    pub(crate) fn new(pages: &'a [&'a [u8]]) -> Self {
        Self { pages }
    }

    /// Returns how many inputs were declared.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pages.len()
    }

    /// Tells whether there is none, which no derived page sees.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// Returns an input's bytes, if so many were declared.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        self.pages.get(index).copied()
    }

    /// Visits the inputs' bytes in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + Clone + use<'a> {
        self.pages.iter().copied()
    }

    /// Reads a value from an input at `offset`, byte for byte as it is in memory.
    ///
    /// # Panics
    /// If there is no such input, if the value passes its end, or if its bytes are no such value: the commit under
    /// way is then refused with [`Error::RecomputePanicked`](crate::Error::RecomputePanicked).
    #[must_use]
    pub fn value<T: TryFromBytes + Immutable>(&self, index: usize, offset: usize) -> T {
        let bytes = self[index].get(offset..).and_then(|bytes| bytes.get(..size_of::<T>()));
        let value = bytes.and_then(|bytes| T::try_read_from_bytes(bytes).ok());
        value.unwrap_or_else(|| panic!("input {index} holds no {} at {offset}", std::any::type_name::<T>()))
    }
}

impl Index<usize> for Inputs<'_> {
    type Output = [u8];

    /// # Panics
    /// If there is no such input.
    fn index(&self, index: usize) -> &[u8] {
        self.pages[index]
    }
}
