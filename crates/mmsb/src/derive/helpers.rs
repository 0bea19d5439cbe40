//! Functions that need not be written: copies, sums, hashes.
//!
//! Invariant: each has a name and a version, which the log keeps; a helper that computes other bytes than before
//! gets another version.

use super::{
    Derivation, Derived, Integer,
    function::{Function, Refusal},
};
use crate::Error;

const VERSION: u32 = 1;

impl Derivation<'_> {
    /// Makes the page a copy of its first input.
    ///
    /// # Errors
    /// As [`Derivation::with`]; [`Error::WrongLength`] if the input has another length.
    #[track_caller]
    pub fn passthrough(self) -> Result<Derived, Error> {
        self.helper("mmsb/passthrough".into(), Function::new(|inputs, out| fill(out, [&inputs[0]])))
    }

    /// Makes the page all inputs' bytes, one input behind the other.
    ///
    /// # Errors
    /// As [`Derivation::with`]; [`Error::WrongLength`] if together they are not as long as the page.
    #[track_caller]
    pub fn concat(self) -> Result<Derived, Error> {
        self.helper("mmsb/concat".into(), Function::new(|inputs, out| fill(out, inputs.iter())))
    }

    /// Makes the page, of 32 bytes, the BLAKE3 hash of its inputs: of each input's length in bytes (u64,
    /// little-endian) and its bytes, one input behind the other.
    ///
    /// # Errors
    /// As [`Derivation::with`]; [`Error::WrongLength`] if the page has another length.
    #[track_caller]
    pub fn blake3(self) -> Result<Derived, Error> {
        let hash = |inputs: &super::Inputs<'_>, out: &mut [u8]| {
            let mut hasher = blake3::Hasher::new();
            for bytes in inputs.iter() {
                hasher.update(&(bytes.len() as u64).to_le_bytes());
                hasher.update(bytes);
            }
            fill(out, [hasher.finalize().as_bytes().as_slice()])
        };
        self.helper("mmsb/blake3".into(), Function::new(hash))
    }

    /// Adds the inputs number by number, wrapping around: the page and its inputs are little-endian numbers of type
    /// `T` (`u8`, `u16`, `u32`, `u64`), and equally long.
    ///
    /// ```
    /// # fn main() -> Result<(), mmsb::Error> {
    /// let bus = mmsb::Bus::in_memory()?;
    /// let parts = [bus.create_page("a", 16)?, bus.create_page("b", 16)?];
    /// let sum = bus.create_page("sum", 16)?;
    /// bus.derive(sum).from(parts).add::<u64>()?;
    /// bus.put(parts[0], 8, &40u64)?;
    /// bus.put(parts[1], 8, &2u64)?;
    /// assert_eq!(bus.get::<u64>(sum, 8)?, 42);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Derivation::elementwise`].
    #[track_caller]
    pub fn add<T: Integer>(self) -> Result<Derived, Error> {
        self.elementwise_named("mmsb/add", T::wrapping_add)
    }

    /// Makes the page the exclusive or of its inputs.
    ///
    /// # Errors
    /// As [`Derivation::elementwise`].
    #[track_caller]
    pub fn xor(self) -> Result<Derived, Error> {
        self.elementwise_named("mmsb/xor", |left: u8, right| left ^ right)
    }

    /// Takes the least number of all inputs at each place; numbers are as for [`Derivation::add`].
    ///
    /// # Errors
    /// As [`Derivation::elementwise`].
    #[track_caller]
    pub fn min<T: Integer>(self) -> Result<Derived, Error> {
        self.elementwise_named("mmsb/min", |left: T, right| left.min(right))
    }

    /// Takes the greatest number of all inputs at each place; numbers are as for [`Derivation::add`].
    ///
    /// # Errors
    /// As [`Derivation::elementwise`].
    #[track_caller]
    pub fn max<T: Integer>(self) -> Result<Derived, Error> {
        self.elementwise_named("mmsb/max", |left: T, right| left.max(right))
    }

    /// Joins the numbers that all inputs have at a place, from the first input on; numbers are as for
    /// [`Derivation::add`].
    ///
    /// # Errors
    /// As [`Derivation::with`]; [`Error::WrongLength`] if an input is not as long as the page, or that is no multiple
    /// of the number's length.
    #[track_caller]
    pub fn elementwise<T: Integer>(
        self,
        join: impl Fn(T, T) -> T + Send + Sync + 'static,
    ) -> Result<Derived, Error> {
        self.function(Function::new(move |inputs, out| elementwise(inputs, out, &join)))
    }

    /// Joins all numbers of all inputs, from `start` on, into the one number that the page holds; numbers are as for
    /// [`Derivation::add`], inputs may have any multiple of their length.
    ///
    /// ```
    /// # fn main() -> Result<(), mmsb::Error> {
    /// let bus = mmsb::Bus::in_memory()?;
    /// let samples = bus.create_page("samples", 64)?;
    /// let peak = bus.create_page("peak", 2)?;
    /// bus.derive(peak).from([samples]).named("peak", 1).reduce(0u16, |peak, sample| peak.max(sample))?;
    /// bus.put(samples, 30, &700u16)?;
    /// assert_eq!(bus.get::<u16>(peak, 0)?, 700);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Derivation::elementwise`].
    #[track_caller]
    pub fn reduce<T: Integer>(
        self,
        start: T,
        join: impl Fn(T, T) -> T + Send + Sync + 'static,
    ) -> Result<Derived, Error> {
        self.function(Function::new(move |inputs, out| reduce(inputs, out, start, &join)))
    }

    fn elementwise_named<T: Integer>(
        self,
        name: &str,
        join: impl Fn(T, T) -> T + Send + Sync + 'static,
    ) -> Result<Derived, Error> {
        let work = Function::new(move |inputs, out| elementwise(inputs, out, &join));
        self.helper(format!("{name}/{}", T::NAME), work)
    }

    /// Registers a helper under its own name, unless the caller gave one.
    #[track_caller]
    fn helper(self, name: String, work: Function) -> Result<Derived, Error> {
        self.helper_of(name, VERSION, work)
    }

    #[track_caller]
    pub(super) fn helper_of(self, name: String, version: u32, work: Function) -> Result<Derived, Error> {
        if self.is_named() { self.function(work) } else { self.named(name, version).function(work) }
    }
}

/// Fills `out` with the parts, one behind the other; they must be exactly as long.
fn fill<'p>(
    out: &mut [u8],
    parts: impl IntoIterator<Item = &'p [u8], IntoIter: Clone>,
) -> Result<(), Refusal> {
    let parts = parts.into_iter();
    let length = parts.clone().map(<[u8]>::len).sum();
    if length != out.len() {
        return Err(Refusal::Length(length));
    }
    let mut rest = out;
    for part in parts {
        let (here, behind) = rest.split_at_mut(part.len());
        here.copy_from_slice(part);
        rest = behind;
    }
    Ok(())
}

fn elementwise<T: Integer>(
    inputs: &super::Inputs<'_>,
    out: &mut [u8],
    join: impl Fn(T, T) -> T,
) -> Result<(), Refusal> {
    let width = size_of::<T>();
    fill(out, [&inputs[0]])?;
    check_whole(out.len(), width)?;
    for bytes in inputs.iter().skip(1) {
        if bytes.len() != out.len() {
            return Err(Refusal::Length(bytes.len()));
        }
        for (to, from) in out.chunks_exact_mut(width).zip(bytes.chunks_exact(width)) {
            join(T::load(to), T::load(from)).store(to);
        }
    }
    Ok(())
}

fn reduce<T: Integer>(
    inputs: &super::Inputs<'_>,
    out: &mut [u8],
    start: T,
    join: impl Fn(T, T) -> T,
) -> Result<(), Refusal> {
    let width = size_of::<T>();
    if out.len() != width {
        return Err(Refusal::Length(width));
    }
    let mut joined = start;
    for bytes in inputs.iter() {
        check_whole(bytes.len(), width)?;
        joined = bytes.chunks_exact(width).fold(joined, |joined, bytes| join(joined, T::load(bytes)));
    }
    joined.store(out);
    Ok(())
}

/// Refuses what is not a whole number of numbers.
fn check_whole(length: usize, width: usize) -> Result<(), Refusal> {
    if length.is_multiple_of(width) { Ok(()) } else { Err(Refusal::Length(length / width * width)) }
}
