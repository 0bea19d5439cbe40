//! Derived pages: bytes that are computed from other pages, and are always right.
//!
//! Who derives a page declares its inputs and gives a function of them. Whenever a commit changes an input, the
//! function runs in the same commit (`wave`), and what it makes of the inputs is logged beside what changed them:
//! no state ever shows one without the other, and replay needs no function.
//!
//! Invariant: a derived page that is not stale equals what its function makes of its inputs, at every epoch.

mod device;
mod function;
mod helpers;
mod inputs;
mod integer;
mod register;

use mmsb_types::{Durability, Epoch, PageId};

pub(crate) use self::function::{Function, Refusal};
pub use self::{
    device::{DerivationOn, TwinDiffers},
    inputs::Inputs,
    integer::Integer,
};
use crate::{Bus, Error};

/// How a page is to be computed from others; made by [`Bus::derive`].
#[derive(Debug)]
#[must_use = "a page is derived once a function is given"]
pub struct Derivation<'b> {
    bus: &'b Bus,
    page: PageId,
    inputs: Vec<PageId>,
    name: Option<String>,
    version: u32,
}

/// What deriving a page came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Derived {
    /// The page.
    pub page: PageId,
    /// A state in which its bytes are what the function makes of its inputs: the one that the registration made, or
    /// the newest one, if it was there already.
    pub epoch: Epoch,
    /// How safe that was on return.
    pub reached: Durability,
    /// What there was to be done.
    pub how: DerivedHow,
}

/// What there was to be done to derive a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DerivedHow {
    /// The page was not derived before; it was computed.
    New,
    /// The page was derived by another function, version or list of inputs; it was computed anew.
    Changed,
    /// The registration was there, from an earlier life of the bus perhaps, but the page was stale; it was computed.
    Refreshed,
    /// The registration was there, and the bytes are right: the function was kept for changes to come, and nothing
    /// was committed.
    Attached,
}

impl Bus {
    /// Begins to derive the page from others: say [from](Derivation::from) which and give a
    /// [function](Derivation::with).
    ///
    /// From then on nobody writes to the page by hand, and it is right in every state: a commit that changes one of
    /// its inputs computes it, too, and what is computed from it.
    ///
    /// ```
    /// # fn main() -> Result<(), mmsb::Error> {
    /// let bus = mmsb::Bus::in_memory()?;
    /// let (a, b, sum) = (bus.create_page("a", 8)?, bus.create_page("b", 8)?, bus.create_page("sum", 8)?);
    /// bus.derive(sum).from([a, b]).named("sum", 1).with(|inputs, out| {
    ///     let sum = inputs.value::<u64>(0, 0) + inputs.value::<u64>(1, 0);
    ///     out.copy_from_slice(&sum.to_le_bytes());
    /// })?;
    /// let epoch = bus.put(a, 0, &40u64)?.epoch;
    /// bus.put(b, 0, &2u64)?;
    /// assert_eq!(bus.get::<u64>(sum, 0)?, 42);
    /// assert_eq!(bus.at(epoch)?.get::<u64>(sum, 0)?, 40);
    /// assert!(bus.put(sum, 0, &7u64).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn derive(&self, page: PageId) -> Derivation<'_> {
        Derivation { bus: self, page, inputs: Vec::new(), name: None, version: 0 }
    }
}

impl Derivation<'_> {
    /// Names the inputs, in the order in which the function finds them; a page may come more than once.
    pub fn from(mut self, inputs: impl IntoIterator<Item = PageId>) -> Self {
        self.inputs.extend(inputs);
        self
    }

    /// Names the function, and says which version of it this is; "" and 0 if not said, and the helper's own.
    ///
    /// Name and version are logged. Where a reopened bus is given a function of the same name and version for the
    /// same inputs, the page stays as it is; another version computes it anew.
    pub fn named(mut self, name: impl Into<String>, version: u32) -> Self {
        (self.name, self.version) = (Some(name.into()), version);
        self
    }

    /// Derives the page by a function of its inputs' bytes, which must write every byte of the page.
    ///
    /// The function must be pure: what it writes depends on the inputs alone. It gets nothing else, and any bus that
    /// it uses all the same answers [`Error::Reentrant`]. Builds with debug assertions run it twice, on different
    /// bytes left in the output, and compare. It is kept as long as the bus: it should hold no handle to it.
    ///
    /// # Errors
    /// Nothing happened: [`Error::PageNotFound`], [`Error::InputCount`], [`Error::Text`], [`Error::Cycle`],
    /// [`Error::RecomputePanicked`] and whatever else the function does wrong ([`Error::Impure`]), and those of
    /// [`Transaction::commit`](crate::Transaction::commit).
    ///
    /// # Cost
    /// Other commits wait while the page, and what is computed from it, is computed for the first time.
    #[track_caller]
    pub fn with(
        self,
        work: impl Fn(&Inputs<'_>, &mut [u8]) + Send + Sync + 'static,
    ) -> Result<Derived, Error> {
        self.function(Function::infallible(work))
    }

    /// Derives the page as [`Derivation::with`] does, by a function that may fail: the commit that needed it is then
    /// refused with [`Error::RecomputeFailed`], and changes nothing.
    ///
    /// # Errors
    /// As [`Derivation::with`], and [`Error::RecomputeFailed`].
    #[track_caller]
    pub fn with_fallible<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        self,
        work: impl Fn(&Inputs<'_>, &mut [u8]) -> Result<(), E> + Send + Sync + 'static,
    ) -> Result<Derived, Error> {
        let work = move |inputs: &Inputs<'_>, out: &mut [u8]| {
            work(inputs, out).map_err(|error| Refusal::Failed(error.into()))
        };
        self.function(Function::new(work))
    }

    /// Derives the page as [`Derivation::with`] does, by a function that returns all of its bytes. One that returns
    /// more or fewer refuses the commit that needed it with [`Error::WrongLength`].
    ///
    /// # Errors
    /// As [`Derivation::with`], and [`Error::WrongLength`].
    #[track_caller]
    pub fn returning<R: AsRef<[u8]>>(
        self,
        work: impl Fn(&Inputs<'_>) -> R + Send + Sync + 'static,
    ) -> Result<Derived, Error> {
        let work = move |inputs: &Inputs<'_>, out: &mut [u8]| {
            let made = work(inputs);
            let made = made.as_ref();
            let is_whole = made.len() == out.len();
            is_whole.then(|| out.copy_from_slice(made)).ok_or(Refusal::Length(made.len()))
        };
        self.function(Function::new(work))
    }

    fn is_named(&self) -> bool {
        self.name.is_some()
    }
}
