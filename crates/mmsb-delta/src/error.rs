//! What can be wrong with a change: it does not fit a page, or its bytes are no batch.

use mmsb_types::{PageId, Span};

/// Why a patch cannot be laid over a page of known length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misfit {
    /// The run passes the page's end.
    #[error("run {span} passes the end of a page of {page_bytes} bytes")]
    OutOfBounds {
        /// The run.
        span: Span,
        /// The page's length in bytes.
        page_bytes: u32,
    },
    /// A whole-page patch is shorter or longer than the page.
    #[error("whole-page patch of {got} bytes for a page of {page_bytes} bytes")]
    WrongLength {
        /// The patch's length in bytes.
        got: u32,
        /// The page's length in bytes.
        page_bytes: u32,
    },
    /// The run holds no byte.
    #[error("empty run at offset {offset}")]
    EmptyRun {
        /// Where the run stands, from the page's start.
        offset: u32,
    },
}

impl Misfit {
    /// Names the page the patch was meant for.
    #[must_use]
    pub const fn on(self, page: PageId) -> InvalidDelta {
        match self {
            Self::OutOfBounds { span, page_bytes } => InvalidDelta::OutOfBounds { page, span, page_bytes },
            Self::WrongLength { got, page_bytes } => InvalidDelta::WrongLength { page, got, page_bytes },
            Self::EmptyRun { offset } => InvalidDelta::EmptyRun { page, offset },
        }
    }
}

/// Why a batch cannot be applied to the pages that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidDelta {
    /// The page does not exist.
    #[error("{page:?} does not exist")]
    PageNotFound {
        /// The page named.
        page: PageId,
    },
    /// The run passes the page's end.
    #[error("{page:?}: run {span} passes the page's end at {page_bytes}")]
    OutOfBounds {
        /// The page named.
        page: PageId,
        /// The run.
        span: Span,
        /// The page's length in bytes.
        page_bytes: u32,
    },
    /// A whole-page patch is shorter or longer than the page.
    #[error("{page:?}: whole-page patch of {got} bytes, the page has {page_bytes}")]
    WrongLength {
        /// The page named.
        page: PageId,
        /// The patch's length in bytes.
        got: u32,
        /// The page's length in bytes.
        page_bytes: u32,
    },
    /// Two patches of one batch write the same byte, so their order would matter.
    #[error("{page:?}: runs {first} and {second} of one batch overlap")]
    Overlap {
        /// The page named.
        page: PageId,
        /// The run that starts first.
        first: Span,
        /// The run that starts inside it.
        second: Span,
    },
    /// The run holds no byte.
    #[error("{page:?}: empty run at offset {offset}")]
    EmptyRun {
        /// The page named.
        page: PageId,
        /// Where the run stands, from the page's start.
        offset: u32,
    },
}

/// Why bytes are not an encoded batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The columns announced are not as long as the bytes given.
    #[error("delta batch: columns need {need} bytes, {got} are there")]
    Size {
        /// What the counts add up to, in bytes.
        need: u64,
        /// How many bytes were given.
        got: u64,
    },
    /// An entry breaks a rule of the encoding.
    #[error("delta batch entry {index}: {fault}")]
    Entry {
        /// Which entry, from 0; wide entries are counted after all compact ones.
        index: usize,
        /// What is wrong with it.
        fault: EntryFault,
    },
    /// The entries need more or less payload than there is.
    #[error("delta batch: entries need {need} payload bytes, {got} are there")]
    Payload {
        /// What the entries add up to, in bytes.
        need: u64,
        /// How many bytes of payload were announced.
        got: u64,
    },
}

/// What is wrong with one encoded entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryFault {
    /// The page id is 0 or larger than `limits::PAGE_ID_MAX`.
    #[error("page id {id} is out of range")]
    PageId {
        /// The id found.
        id: u64,
    },
    /// No form has this number.
    #[error("form {form} is unknown")]
    Form {
        /// The number found.
        form: u32,
    },
    /// The length does not go with the form: a run of no bytes, or a whole page with a length.
    #[error("length {length} does not go with form {form:?}")]
    Length {
        /// The entry's form.
        form: crate::Form,
        /// The length found, in bytes.
        length: u32,
    },
    /// The run ends past the longest page.
    #[error("run {span} passes the longest page")]
    Span {
        /// The run.
        span: Span,
    },
    /// Bytes that must be zero are not.
    #[error("reserved bytes hold {value:#x}")]
    Reserved {
        /// The value found.
        value: u32,
    },
    /// A wide entry holds what a compact one could: only one encoding of a patch is valid.
    #[error("wide entry would fit a compact one")]
    NeedlesslyWide,
}
