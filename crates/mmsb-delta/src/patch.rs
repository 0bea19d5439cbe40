//! One entry: one run of one page, with what it becomes.

use mmsb_types::Span;

use crate::Misfit;

/// How a patch's bytes are stored. The number is two bits of an entry; 3 is reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Form {
    /// The run's bytes, one by one.
    Bytes = 0,
    /// One byte, repeated over the run or over the whole page.
    Fill = 1,
    /// All bytes of the page.
    Page = 2,
}

impl Form {
    /// Returns the form with this stored number, if there is one.
    #[inline]
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Bytes),
            1 => Some(Self::Fill),
            2 => Some(Self::Page),
            _ => None,
        }
    }
}

/// One run of one page, with what it becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patch<'a> {
    /// The run at `offset` becomes `bytes`.
    Bytes {
        /// First byte of the run, from the page's start.
        offset: u32,
        /// The run's bytes afterwards.
        bytes: &'a [u8],
    },
    /// Every byte of the run becomes `byte`.
    Fill {
        /// The run.
        span: Span,
        /// What each of its bytes becomes.
        byte: u8,
    },
    /// The whole page becomes `bytes`; it must be exactly as long.
    Page {
        /// The page's bytes afterwards.
        bytes: &'a [u8],
    },
    /// Every byte of the whole page becomes `byte`.
    PageFill {
        /// The page's length in bytes; it must be exactly the page's.
        page_bytes: u32,
        /// What each byte becomes.
        byte: u8,
    },
}

impl Patch<'_> {
    /// Returns the bytes of the page that the patch writes.
    ///
    /// A slice too long for any page gives a span too long for any page; nothing wraps.
    #[inline]
    #[must_use]
    pub fn span(&self) -> Span {
        match *self {
            Self::Bytes { offset, bytes } => Span::new(offset, len_u32(bytes)),
            Self::Fill { span, .. } => span,
            Self::Page { bytes } => Span::new(0, len_u32(bytes)),
            Self::PageFill { page_bytes, .. } => Span::new(0, page_bytes),
        }
    }

    /// Returns the form the patch is stored in.
    #[inline]
    #[must_use]
    pub const fn form(&self) -> Form {
        match self {
            Self::Bytes { .. } => Form::Bytes,
            Self::Fill { .. } | Self::PageFill { .. } => Form::Fill,
            Self::Page { .. } => Form::Page,
        }
    }

    /// Tells whether the patch replaces its whole page.
    #[inline]
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        matches!(self, Self::Page { .. } | Self::PageFill { .. })
    }

    /// Returns how many payload bytes the patch stores; its entry comes on top.
    #[inline]
    #[must_use]
    pub const fn payload_bytes(&self) -> usize {
        match self {
            Self::Bytes { bytes, .. } | Self::Page { bytes } => bytes.len(),
            Self::Fill { .. } | Self::PageFill { .. } => 1,
        }
    }

    /// Tells whether the patch fits a page of `page_bytes`.
    ///
    /// # Errors
    /// The run is empty or passes the page's end, or a whole-page patch has another length.
    #[inline]
    pub fn fits(&self, page_bytes: u32) -> Result<(), Misfit> {
        let span = self.span();
        if self.is_whole() && span.len != page_bytes {
            return Err(Misfit::WrongLength { got: span.len, page_bytes });
        }
        if span.len == 0 {
            return Err(Misfit::EmptyRun { offset: span.offset });
        }
        if !span.fits(page_bytes) {
            return Err(Misfit::OutOfBounds { span, page_bytes });
        }
        Ok(())
    }

    /// Writes the patch into `page`.
    ///
    /// # Errors
    /// The patch does not fit ([`Patch::fits`]); the page is then untouched.
    #[inline]
    pub fn apply(&self, page: &mut [u8]) -> Result<(), Misfit> {
        self.fits(len_u32(page))?;
        match *self {
            Self::Bytes { bytes, .. } => page[self.span().range()].copy_from_slice(bytes),
            Self::Fill { span, byte } => page[span.range()].fill(byte),
            Self::Page { bytes } => page.copy_from_slice(bytes),
            Self::PageFill { byte, .. } => page.fill(byte),
        }
        Ok(())
    }
}

/// A slice's length; what no page reaches becomes the largest number, which no page holds either.
#[inline]
pub(crate) fn len_u32(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}
