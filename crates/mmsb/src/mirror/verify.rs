//! Whether a device has what the bus has.

use std::{fmt, sync::Arc};

use mmsb_gpu::{CpuOps, Fingerprint, GpuError, PageOps as _, PageState};
use mmsb_types::{Epoch, PageId};

use super::{Mirror, MirrorError, state::State};
use crate::{Error, Snapshot, view::View as _, wave::token};

/// So many bytes come back from the device at a time.
const ROUND_BYTES: u64 = 64 << 20;
/// Room for the longest page there is, and for a twin to look at it.
const TWIN_BYTES: u64 = 32 << 20;

/// What [`Mirror::verify`] found; `Display` prints a line, and one for each page that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MirrorVerified {
    /// Both were looked at as of this epoch.
    pub epoch: Epoch,
    /// Pages that were compared.
    pub page_count: usize,
    /// Their bytes.
    pub byte_count: u64,
    /// Pages that are mirrored, and not on the device now.
    pub absent_count: usize,
    /// Pages that differ, by rising id.
    pub differences: Vec<MirrorDifference>,
}

/// A page that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorDifference {
    /// The page.
    pub page: PageId,
    /// The first byte that differs, and it on the device and on the host; `None` if only the fingerprints do.
    pub first: Option<(u32, u8, u8)>,
    /// The device computes another fingerprint of its bytes than the host of its own.
    pub by_fingerprint: bool,
}

impl Mirror {
    /// Compares every page on the device with the bus, as of one epoch: by fingerprints, computed on either side, and
    /// byte by byte.
    ///
    /// # Errors
    /// As [`Mirror::wait`].
    ///
    /// # Cost
    /// Reads all pages on both sides. Commits go on meanwhile.
    pub fn verify(&self) -> Result<MirrorVerified, Error> {
        token::check()?;
        let mut state = self.shared.lock();
        // What a lost device had is made again before anything is compared.
        let epoch = state.epoch();
        state.advance(epoch)?;
        state.verify()
    }

    /// Makes a byte of a page on the device another one, for tests of who finds that.
    ///
    /// # Errors
    /// As [`Mirror::page`].
    ///
    /// # Panics
    /// If the page is not that long.
    #[doc(hidden)]
    pub fn spoil(&self, page: PageId, offset: usize) -> Result<(), Error> {
        let mut bytes = self.page(page)?.bytes;
        bytes[offset] ^= 1;
        let mut state = self.shared.lock();
        let handle = state.pages().handle(page).ok_or(MirrorError::NotMirrored { page })?;
        Ok(state.pages_mut().ops_mut().write(handle, &bytes)?)
    }
}

impl State {
    fn verify(&mut self) -> Result<MirrorVerified, Error> {
        let snapshot = self.meet()?;
        let known = self.pages().known();
        let (here, absent): (Vec<_>, Vec<_>) = known.partition(|known| known.state == PageState::Clean);
        let mut found = MirrorVerified {
            epoch: snapshot.epoch(),
            page_count: here.len(),
            byte_count: here.iter().map(|known| u64::from(known.page_bytes)).sum(),
            absent_count: absent.len(),
            differences: Vec::new(),
        };
        let (mut first, mut bytes) = (0, 0);
        for (index, known) in here.iter().enumerate() {
            bytes += u64::from(known.page_bytes);
            if bytes >= ROUND_BYTES || index + 1 == here.len() {
                let pages: Vec<PageId> = here[first..=index].iter().map(|known| known.page).collect();
                found.differences.extend(self.differences(&snapshot, &pages)?);
                (first, bytes) = (index + 1, 0);
            }
        }
        Ok(found)
    }

    /// Takes a snapshot and goes to its epoch.
    fn meet(&mut self) -> Result<Snapshot, Error> {
        loop {
            let snapshot = Snapshot::new(Arc::clone(self.bus()));
            self.advance(snapshot.epoch())?;
            // Pages that were brought on the way may have led further; a later snapshot is not behind then.
            if self.epoch() == snapshot.epoch() {
                return Ok(snapshot);
            }
        }
    }

    fn differences(&mut self, snapshot: &Snapshot, pages: &[PageId]) -> Result<Vec<MirrorDifference>, Error> {
        let prints = self.pages_mut().fingerprints(pages)?;
        let images = self.pages_mut().read_many(pages)?;
        let mut twin = CpuOps::new(TWIN_BYTES, TWIN_BYTES);
        let (mut sides, mut found, mut failed) = (prints.iter().zip(&images), Vec::new(), None);
        snapshot.with_pages(pages, &mut |page, host| {
            let Some((Some(print), Some(image))) = sides.next() else { return };
            match fingerprint(&mut twin, host) {
                Ok(own) => found.extend(difference(page, (*print, image), (own, host))),
                Err(error) => failed = Some(error),
            }
        })?;
        failed.map_or(Ok(found), |error| Err(error.into()))
    }
}

/// Asks the kernel's twin.
fn fingerprint(twin: &mut CpuOps, bytes: &[u8]) -> Result<Fingerprint, GpuError> {
    let page = twin.create(bytes.len() as u32)?;
    twin.write(page, bytes)?;
    let prints = twin.fingerprints(&[page])?;
    twin.free(page)?;
    Ok(prints[0])
}

fn difference(
    page: PageId,
    device: (Fingerprint, &Vec<u8>),
    host: (Fingerprint, &[u8]),
) -> Option<MirrorDifference> {
    let at = device.1.iter().zip(host.1).position(|(device, host)| device != host);
    let first = at.map(|at| (at as u32, device.1[at], host.1[at]));
    let by_fingerprint = device.0 != host.0;
    (first.is_some() || by_fingerprint).then_some(MirrorDifference { page, first, by_fingerprint })
}

impl MirrorVerified {
    /// Tells whether everything on the device is as the bus has it.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.differences.is_empty()
    }
}

impl fmt::Display for MirrorVerified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (pages, bytes) = (self.page_count, self.byte_count);
        write!(f, "{}: {pages} pages, {bytes} bytes compared", self.epoch)?;
        match self.differences.len() {
            0 => write!(f, ", all equal")?,
            count => write!(f, ", {count} differ")?,
        }
        if self.absent_count > 0 {
            write!(f, "; {} not on the device", self.absent_count)?;
        }
        self.differences.iter().try_for_each(|difference| write!(f, "\n{difference}"))
    }
}

impl fmt::Display for MirrorDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first {
            Some((at, device, host)) => {
                write!(f, "{}: byte {at} is {device:#04x} on the device, {host:#04x} on the host", self.page)
            }
            None => write!(f, "{}: the bytes are equal, the device's fingerprint is not", self.page),
        }
    }
}
