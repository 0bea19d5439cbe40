//! One page computed by its function: panics caught, lengths and purity checked.
//!
//! Invariant: what a function leaves behind is its output or an error that names the page; never half of one.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use mmsb_types::PageId;

use crate::{
    Error,
    derive::{Function, Inputs, Refusal},
};

/// What the output holds before the first and the second of two runs: no byte is the same in both.
const POISON: [u8; 2] = [0xa5, 0x5a];

/// Computes `page` into `out`; twice where debug assertions are on. The caller has the token.
///
/// # Errors
/// [`Error::RecomputePanicked`], [`Error::RecomputeFailed`], [`Error::WrongLength`], [`Error::Impure`].
#[inline]
pub(crate) fn compute(
    page: PageId,
    function: &Function,
    inputs: &Inputs<'_>,
    out: &mut [u8],
) -> Result<(), Error> {
    if cfg!(debug_assertions) {
        return compute_twice(page, function, inputs, out);
    }
    // Zeros, so that a function that leaves bytes unwritten makes the same of the same inputs all the same.
    out.fill(0);
    call(page, function, inputs, out)
}

/// Computes `page` twice, with other bytes left in the output, and compares.
///
/// # Errors
/// As [`compute`].
pub(crate) fn compute_twice(
    page: PageId,
    function: &Function,
    inputs: &Inputs<'_>,
    out: &mut [u8],
) -> Result<(), Error> {
    let mut other = vec![POISON[0]; out.len()];
    call(page, function, inputs, &mut other)?;
    out.fill(POISON[1]);
    call(page, function, inputs, out)?;
    match other.iter().zip(&*out).position(|(one, two)| one != two) {
        Some(offset) => Err(Error::Impure { page, offset }),
        None => Ok(()),
    }
}

#[inline]
fn call(page: PageId, function: &Function, inputs: &Inputs<'_>, out: &mut [u8]) -> Result<(), Error> {
    let page_bytes = out.len();
    // What a panic leaves in `out` is thrown away with it, and the function is asked again with whole inputs.
    match catch_unwind(AssertUnwindSafe(|| function.call(inputs, out))) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Refusal::Failed(source))) => Err(Error::RecomputeFailed { page, source }),
        Ok(Err(Refusal::Length(got))) => Err(Error::WrongLength { page, page_bytes, got }),
        Err(panic) => Err(Error::RecomputePanicked { page, message: message(panic) }),
    }
}

/// Returns what a panic said, if it was said in words.
#[cold]
fn message(panic: Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    // A payload may be of any type, and panic anew as it goes.
    if catch_unwind(AssertUnwindSafe(|| drop(panic))).is_err() {
        return "a panic, and another one about it".into();
    }
    text.unwrap_or_else(|| "a panic without words".into())
}
