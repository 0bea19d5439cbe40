//! A page computed from pages by a function that a user wrote in WGSL.

use std::fmt;

/// A compiled formula: a recompute in WGSL, run by the device that compiled it.
///
/// Its source is one function, and whatever functions, structures and constants it uses:
///
/// ```wgsl
/// // The output's integer at `index`: bytes 4 * index .. 4 * index + 4, the first one lowest.
/// fn compute(index: u32) -> u32 {
///     return input(0u, index) + 2u * input(1u, index);
/// }
/// ```
///
/// It is called once for each integer of the output, in any order, and may call:
///
/// | function | gives |
/// |---|---|
/// | `input(page: u32, index: u32) -> u32` | an integer of the input of that place in the list; 0 behind its end |
/// | `input_bytes(page: u32) -> u32` | the input's length in bytes; 0 if there are not so many |
/// | `input_count() -> u32` | how many inputs there are |
/// | `output_bytes() -> u32` | the output's length in bytes |
///
/// Bytes of the last integer behind the output's end become zero. Inputs may have any lengths. There are no other
/// bindings: a source that declares any, an entry point, a variable of a workgroup or a name that begins with `mmsb_`
/// is refused, and so is one in which a float occurs, since floats do not replay. A loop that does not end is not
/// found; a driver ends it by giving the device up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Formula {
    /// Which engine compiled it.
    pub(crate) engine: u32,
    /// Its place among those of the engine.
    pub(crate) index: u32,
}

impl fmt::Debug for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "formula:{}.{}", self.engine, self.index)
    }
}
