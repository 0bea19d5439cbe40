//! Who runs programs: a device, or the host.
//!
//! Invariant: programs and answers are done in the order in which they were submitted.

use crate::{Formula, GpuError, Place, Program, Ticket};

/// Who runs programs.
pub trait Engine {
    /// Adds a slab of so many zero words.
    ///
    /// # Errors
    /// There is no memory for it, or what the device says.
    fn add_slab(&mut self, words: u32) -> Result<(), GpuError>;

    /// Compiles a formula, so that programs may name it.
    ///
    /// # Errors
    /// It is none, or the engine runs none.
    fn compile(&mut self, formula: &str) -> Result<Formula, GpuError>;

    /// Submits a program; its answer comes later.
    ///
    /// # Errors
    /// A formula is not this engine's, or what the device says.
    fn submit(&mut self, program: &Program) -> Result<Ticket, GpuError>;

    /// Asks for the words of places, one behind the other, each filled up to whole quads.
    ///
    /// # Errors
    /// What the device says.
    fn fetch(&mut self, places: &[Place]) -> Result<Ticket, GpuError>;

    /// Waits for an answer, and for nothing that was submitted behind it.
    ///
    /// # Errors
    /// [`GpuError::NotAsked`] if it is not this engine's, or what the device says.
    fn land(&mut self, ticket: Ticket) -> Result<Vec<u32>, GpuError>;

    /// Runs a program and returns its answer.
    ///
    /// # Errors
    /// As [`Engine::submit`] and [`Engine::land`].
    fn run(&mut self, program: &Program) -> Result<Vec<u32>, GpuError> {
        let ticket = self.submit(program)?;
        self.land(ticket)
    }

    /// Returns the words of places, as [`Engine::fetch`] does.
    ///
    /// # Errors
    /// As [`Engine::fetch`] and [`Engine::land`].
    fn read(&mut self, places: &[Place]) -> Result<Vec<u32>, GpuError> {
        let ticket = self.fetch(places)?;
        self.land(ticket)
    }

    /// Returns the number of the last submission; the first is 1.
    fn submitted(&self) -> u64;

    /// Returns the number of the last submission that is known to be done.
    ///
    /// # Errors
    /// What the device says.
    fn completed(&mut self) -> Result<u64, GpuError>;

    /// Waits until everything submitted is done.
    ///
    /// # Errors
    /// What the device says.
    fn wait(&mut self) -> Result<(), GpuError>;
}
