//! Progress bars: on stderr, and only if that is a terminal.

use std::io::{IsTerminal as _, stderr};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar over bytes; it vanishes when dropped.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Starts a bar over `total` bytes, or a running count if the total is not known.
    pub fn bytes(what: &'static str, total: Option<u64>) -> Self {
        if !stderr().is_terminal() {
            return Self { bar: None };
        }
        let template = match total {
            Some(_) => "{msg} {bar:40} {bytes} of {total_bytes}, {eta} left",
            None => "{msg} {spinner} {bytes}",
        };
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        let styled = ProgressStyle::with_template(template).map(|style| bar.with_style(style));
        Self { bar: styled.ok().map(|bar| bar.with_message(what)) }
    }

    /// Is at so many bytes of `total`.
    pub fn set(&self, bytes: u64, total: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(bytes);
        }
    }

    /// Goes on by so many bytes.
    pub fn advance(&self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(bytes);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
