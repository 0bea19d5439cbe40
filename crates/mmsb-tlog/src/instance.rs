//! Which bus a log belongs to.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
};

/// Sixteen bytes that tell one bus from every other; logs of different instances never mix.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct InstanceId(pub [u8; 16]);

impl InstanceId {
    /// Makes a new one from the standard library's random hasher keys and the process id.
    #[must_use]
    pub fn random() -> Self {
        let half = |salt: u64| RandomState::new().hash_one((salt, std::process::id())).to_le_bytes();
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&half(1));
        bytes[8..].copy_from_slice(&half(2));
        Self(bytes)
    }
}

impl fmt::Debug for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
