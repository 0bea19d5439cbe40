//! What a transaction is called and how safe it must be.

use mmsb_types::{Durability, Label};

use super::Transaction;

impl Transaction<'_> {
    /// Gives the commit the program's own number, a tick for example; [`Bus::at_label`](crate::Bus::at_label)
    /// finds its last state again.
    pub fn label(mut self, label: impl Into<Label>) -> Self {
        self.draft.columns().label = Some(label.into());
        self
    }

    /// Says who makes the commit, for [`Bus::history`](crate::Bus::history) and the `mmsb log` command.
    ///
    /// The text is stored once per bus; a commit refuses one that is empty or longer than 1024 bytes.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.draft.columns().tag = Some(tag.into());
        self
    }

    /// Asks for another durability than the bus gives by default.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.draft.durability = durability;
        self
    }
}
