//! Which bus a log belongs to.

use std::fmt;

use mmsb_types::env;

/// Sixteen bytes that tell one bus from every other; logs of different instances never mix.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct InstanceId(pub [u8; 16]);

impl InstanceId {
    /// Makes a new one from the standard library's random hasher keys and the process id.
    #[must_use]
    pub fn random() -> Self {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&env::random_bits(1).to_le_bytes());
        bytes[8..].copy_from_slice(&env::random_bits(2).to_le_bytes());
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
