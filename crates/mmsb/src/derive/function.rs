//! The functions that compute pages, as a bus keeps them.

use std::{fmt, sync::Arc};

use super::Inputs;

/// Why a function made nothing.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It says so itself.
    Failed(Box<dyn std::error::Error + Send + Sync>),
    /// It made so many bytes.
    Length(usize),
}

/// Fills a page's bytes from those of its inputs.
type Work = dyn Fn(&Inputs<'_>, &mut [u8]) -> Result<(), Refusal> + Send + Sync;

/// A function that computes a page. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Function(Arc<Work>);

impl Function {
    pub(crate) fn new(
        work: impl Fn(&Inputs<'_>, &mut [u8]) -> Result<(), Refusal> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(work))
    }

    /// Wraps a function that cannot fail.
    pub(crate) fn infallible(work: impl Fn(&Inputs<'_>, &mut [u8]) + Send + Sync + 'static) -> Self {
        Self::new(move |inputs, out| {
            work(inputs, out);
            Ok(())
        })
    }

    #[inline]
    pub(crate) fn call(&self, inputs: &Inputs<'_>, out: &mut [u8]) -> Result<(), Refusal> {
        (self.0)(inputs, out)
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Function")
    }
}
