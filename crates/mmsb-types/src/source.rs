//! Who made a commit.

use alloc::string::String;
use core::fmt;

/// Who made a commit: a tag the program chose and the place in its code, where they were recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Source {
    /// The program's own word for the origin of a commit.
    pub tag: Option<String>,
    /// The call site, as `path:line`, relative to the workspace.
    pub site: Option<String>,
}

impl Source {
    /// Tells whether nothing is known.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.tag.is_none() && self.site.is_none()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.tag, &self.site) {
            (Some(tag), Some(site)) => write!(f, "{tag} at {site}"),
            (Some(only), None) | (None, Some(only)) => f.write_str(only),
            (None, None) => f.write_str("unknown source"),
        }
    }
}
