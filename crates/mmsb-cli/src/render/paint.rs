//! Colours: only on a terminal, and never where NO_COLOR is set.

use std::{
    env,
    io::{IsTerminal as _, stdout},
};

/// Colours text, or leaves it as it is.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    is_on: bool,
}

impl Paint {
    /// Decides for stdout, once. By the convention, NO_COLOR counts if it is not empty.
    pub fn for_stdout() -> Self {
        let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { is_on: stdout().is_terminal() && !refused }
    }

    /// What went well.
    pub fn good(self, text: &str) -> String {
        self.wrap("32", text)
    }

    /// What did not.
    pub fn bad(self, text: &str) -> String {
        self.wrap("31", text)
    }

    /// What matters.
    pub fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.is_on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
