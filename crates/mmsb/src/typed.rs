//! Values in pages: plain types without padding, byte for byte as in memory.

use mmsb_types::PageId;
use zerocopy::{Immutable, IntoBytes, TryFromBytes};

use crate::Error;

/// What can be put into a page: bytes all the way, no padding. Every such type is one.
pub trait Value: IntoBytes + Immutable {}
impl<T: IntoBytes + Immutable + ?Sized> Value for T {}

/// What can be read from a page: checked first, so that enums and `bool` are safe, too.
pub trait Readable: TryFromBytes + Immutable + Sized {}
impl<T: TryFromBytes + Immutable + Sized> Readable for T {}

const SMALL_BYTES: usize = 64;

/// Reads a value through `read`, which fills a buffer from the page.
pub(crate) fn get<T: Readable>(
    page: PageId,
    offset: u32,
    read: impl FnOnce(&mut [u8]) -> Result<(), Error>,
) -> Result<T, Error> {
    let mut small = [0u8; SMALL_BYTES];
    let mut large = vec![0u8; if size_of::<T>() > SMALL_BYTES { size_of::<T>() } else { 0 }];
    let buffer = small.get_mut(..size_of::<T>()).unwrap_or(&mut large);
    read(buffer)?;
    let invalid = || Error::InvalidValue { page, offset, type_name: std::any::type_name::<T>() };
    T::try_read_from_bytes(buffer).map_err(|_| invalid())
}
