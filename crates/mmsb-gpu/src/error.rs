//! Why the device layer refuses, or gives up.

use mmsb_types::PageId;

use crate::PageHandle;

/// Why work on mirrored pages was not done. The log is never at risk: whatever fails here is made again from it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GpuError {
    /// There is no driver, or none that the environment allows.
    #[error("no device: {why}")]
    NoAdapter {
        /// What was looked for, and what came of it.
        why: String,
    },
    /// The device lacks something that every kernel needs.
    #[error("device `{device}` lacks {what}")]
    Unsupported {
        /// The device as its driver names it.
        device: String,
        /// What is missing.
        what: String,
    },
    /// Memory is used up: that of the device, or what the caller allowed.
    #[error("out of memory: {need_bytes} bytes more, of at most {budget_bytes}")]
    OutOfMemory {
        /// What was asked for, in bytes.
        need_bytes: u64,
        /// What may be used in all, in bytes.
        budget_bytes: u64,
    },
    /// The page is longer than a slab: no eviction would make room for it.
    #[error("a page of {page_bytes} bytes never fits a slab of {slab_bytes} bytes")]
    NeverFits {
        /// The page's length in bytes.
        page_bytes: u32,
        /// How long a slab is, in bytes.
        slab_bytes: u64,
    },
    /// The device is gone, and with it all mirrored pages.
    #[error("the device was lost: {why}")]
    Lost {
        /// What the driver said.
        why: String,
    },
    /// The driver refused something that the library did.
    #[error("the driver refused {doing}: {why}")]
    Validation {
        /// What was under way.
        doing: &'static str,
        /// What the driver said.
        why: String,
    },
    /// A kernel does not compute what its twin does.
    #[error("kernel {kernel} and its twin disagree on a known answer")]
    WrongAnswer {
        /// The kernel's name.
        kernel: &'static str,
    },
    /// The handle's page was freed.
    #[error("{page:?} was freed")]
    Stale {
        /// The handle.
        page: PageHandle,
    },
    /// The plan was made before pages were freed or for other slabs: its places may hold others by now.
    #[error("the plan is of layout {planned}, the slabs are of {now}")]
    Outdated {
        /// The layout it was made for.
        planned: u64,
        /// The layout as it is.
        now: u64,
    },
    /// Bytes, or another page, are not exactly as long as the page.
    #[error("{got_bytes} bytes for {page:?} of {page_bytes} bytes")]
    Length {
        /// The page.
        page: PageHandle,
        /// Its length in bytes.
        page_bytes: u32,
        /// The other length in bytes.
        got_bytes: u64,
    },
    /// Integers are four bytes: a page that is computed with has a multiple of that.
    #[error("{page:?} of {page_bytes} bytes does not hold whole integers")]
    Ragged {
        /// The page.
        page: PageHandle,
        /// Its length in bytes.
        page_bytes: u32,
    },
    /// A formula's inputs lie in several slabs.
    #[error("{page:?} lies in another slab than the formula's inputs before it")]
    Scattered {
        /// The first input that lies elsewhere.
        page: PageHandle,
    },
    /// A page is needed as the host has it, and the device does not have it so.
    #[error("{page} is not on the device as the host has it")]
    NotThere {
        /// The page.
        page: PageId,
    },
    /// Patches were not planned.
    #[error("patches do not fit their pages")]
    Plan {
        /// Which, and why.
        #[from]
        source: PlanError,
    },
    /// An answer was asked of another device, or of one that is lost by now.
    #[error("the answer was not asked of this device")]
    NotAsked,
    /// Whoever keeps the pages does not do what [`PageOps`](crate::PageOps) says.
    #[error("{answer_count} answers to {question_count} questions")]
    Answers {
        /// How many answers were due.
        question_count: usize,
        /// How many there were.
        answer_count: usize,
    },
    /// A formula is none.
    #[error("formula refused{}: {message}", .line.map(|line| format!(" at line {line}")).unwrap_or_default())]
    Formula {
        /// The line of its source at fault, from 1 on, if there is one.
        line: Option<u32>,
        /// What is wrong with it.
        message: String,
    },
    /// A page is written by a step that also reads it, or writes it twice.
    #[error("{page:?} is written twice or read where it is written, in one step")]
    Overlap {
        /// The page.
        page: PageHandle,
    },
}

/// Why a batch was not planned. Nothing of it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A patch does not fit its page.
    #[error("planning a patch of {page}")]
    Misfit {
        /// The page.
        page: PageId,
        /// How it does not fit.
        source: mmsb_delta::Misfit,
    },
    /// A page's handle was freed.
    #[error("planning a patch of {page}, whose {handle:?} was freed")]
    Stale {
        /// The page.
        page: PageId,
        /// The handle it had.
        handle: PageHandle,
    },
    /// The batches' payload is longer than a plan holds; plan fewer at a time.
    #[error("a plan of {payload_bytes} bytes of payload, at most {limit_bytes}")]
    TooLong {
        /// The payload together, in bytes.
        payload_bytes: u64,
        /// How much a plan takes, in bytes.
        limit_bytes: u64,
    },
}
