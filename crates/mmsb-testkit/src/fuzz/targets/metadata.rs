//! The metadata of a checkpoint: a versioned envelope around an archive.

use mmsb::testing::metadata_comes_back;
use mmsb_types::Epoch;

use crate::fuzz::{Fixes, forge::put};

/// Version and reserved bytes of the envelope.
const HEAD: [u8; 8] = [1, 0, 0, 0, 0, 0, 0, 0];

pub(super) fn read(input: &[u8]) -> Result<(), String> {
    let (fixes, envelope) = Fixes::split(input);
    let mut envelope = envelope.to_vec();
    if fixes.checksums {
        put(&mut envelope, 0, &HEAD);
    }
    // An archive is found aligned or not.
    let skipped = usize::from(fixes.more && !envelope.is_empty());
    metadata_comes_back(&envelope[skipped..], Epoch::new(77)).map(drop)
}
