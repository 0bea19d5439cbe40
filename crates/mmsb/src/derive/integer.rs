//! The numbers that elementwise helpers know.

/// A number without sign, little-endian in pages.
pub trait Integer: Copy + Ord + Send + Sync + sealed::Sealed + 'static {
    /// Its type's name.
    const NAME: &'static str;

    /// Reads it from exactly as many bytes as it has.
    ///
    /// # Panics
    /// If there are more or fewer.
    #[must_use]
    fn load(bytes: &[u8]) -> Self;

    /// Writes it to exactly as many bytes as it has.
    ///
    /// # Panics
    /// If there are more or fewer.
    fn store(self, bytes: &mut [u8]);

    /// Adds, wrapping around.
    #[must_use]
    fn wrapping_add(self, other: Self) -> Self;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! integers {
    ($($type:ident)*) => {$(
        impl sealed::Sealed for $type {}
        impl Integer for $type {
            const NAME: &'static str = stringify!($type);

            #[inline]
            fn load(bytes: &[u8]) -> Self {
                Self::from_le_bytes(bytes.try_into().expect("exactly as many bytes"))
            }

            #[inline]
            fn store(self, bytes: &mut [u8]) {
                bytes.copy_from_slice(&self.to_le_bytes());
            }

            #[inline]
            fn wrapping_add(self, other: Self) -> Self {
                $type::wrapping_add(self, other)
            }
        }
    )*};
}

integers!(u8 u16 u32 u64);
