//! Where a page's bytes live.

/// Where a page's bytes live, as asked for when the page is created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum PageLocation {
    /// In this process's memory.
    #[default]
    Host = 0,
    /// In a device's memory, mirrored from the host.
    Device = 1,
    /// In memory that host and device share.
    Unified = 2,
    /// On a device where one is there, else on the host.
    Auto = 3,
}

impl PageLocation {
    /// Returns the location with this stored number, if there is one.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Host),
            1 => Some(Self::Device),
            2 => Some(Self::Unified),
            3 => Some(Self::Auto),
            _ => None,
        }
    }
}
