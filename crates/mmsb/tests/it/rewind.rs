//! Going back: the state of an earlier epoch, byte for byte, by one commit forward.

mod history;
mod oracle;
mod refusals;
mod threads;
