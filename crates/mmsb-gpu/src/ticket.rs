//! Answers that are on their way: asked for now, waited for later.
//!
//! Invariant: an answer is as of the time at which it was asked for, whatever was submitted since.

use std::{fmt, sync::Arc};

use crate::{GpuError, PageOps};

/// A claim to the words of one answer of an engine. Dropping it gives the claim up.
#[derive(Debug)]
#[must_use = "nobody reads the answer otherwise"]
pub struct Ticket(Claim);

#[derive(Debug)]
enum Claim {
    Here(Vec<u32>),
    /// Who gave it has the other half.
    OnWay(Arc<()>),
}

impl Ticket {
    /// A claim to words that are here already.
    pub const fn here(words: Vec<u32>) -> Self {
        Self(Claim::Here(words))
    }

    /// A claim to words on their way, by which the engine that gave it knows them again.
    pub const fn on_way(claim: Arc<()>) -> Self {
        Self(Claim::OnWay(claim))
    }

    /// Returns the words if they are here, else what `land` says of the claim.
    ///
    /// # Errors
    /// What `land` says.
    pub fn words(
        self,
        land: impl FnOnce(&Arc<()>) -> Result<Vec<u32>, GpuError>,
    ) -> Result<Vec<u32>, GpuError> {
        match self.0 {
            Claim::Here(words) => Ok(words),
            Claim::OnWay(claim) => land(&claim),
        }
    }
}

/// What is made of an answer's words.
type Read<T> = Box<dyn FnOnce(&[u32]) -> Vec<T> + Send>;

/// Answers that are on their way, one for each page that was asked about. Dropping it gives them up.
///
/// ```
/// use mmsb_gpu::{CpuOps, PageOps};
///
/// let mut ops = CpuOps::new(1 << 20, 1 << 24);
/// let page = ops.create(4)?;
/// let before = ops.read_later(&[page])?;
/// ops.write(page, b"more")?;
/// assert_eq!(before.wait(&mut ops)?, [[0; 4]]);
/// # Ok::<(), mmsb_gpu::GpuError>(())
/// ```
#[must_use = "nobody reads the answers otherwise"]
pub struct Later<T> {
    parts: Vec<(Ticket, Read<T>)>,
}

impl<T> Later<T> {
    /// No answers yet.
    pub const fn none() -> Self {
        Self { parts: Vec::new() }
    }

    /// Adds answers of one ticket behind those that are there.
    pub fn push(&mut self, ticket: Ticket, read: impl FnOnce(&[u32]) -> Vec<T> + Send + 'static) {
        self.parts.push((ticket, Box::new(read)));
    }

    /// Waits for all of them.
    ///
    /// # Errors
    /// They were asked of somebody else ([`GpuError::NotAsked`]), or what the device says.
    pub fn wait(self, ops: &mut (impl PageOps + ?Sized)) -> Result<Vec<T>, GpuError> {
        let mut answers = Vec::new();
        for (ticket, read) in self.parts {
            answers.extend(read(&ops.land(ticket)?));
        }
        Ok(answers)
    }
}

impl<T> fmt::Debug for Later<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.parts.iter().map(|part| &part.0)).finish()
    }
}
