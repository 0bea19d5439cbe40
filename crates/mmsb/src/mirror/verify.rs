//! Whether a device has what the bus has.

use std::{fmt, sync::Arc};

use mmsb_gpu::{Awaited, CpuOps, Fingerprint, GpuError, Known, PageOps as _, PageState};
use mmsb_types::{Epoch, PageId};

use super::{Mirror, MirrorError, state::State};
use crate::{Error, Snapshot, view::View as _, wave::token};

/// So many bytes come back from the device at a time, while those that came before are compared.
const ROUND_BYTES: u64 = 16 << 20;
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
        self.shared.lock().insist(State::verify)
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
        let mut asked = None;
        for round in rounds(&here) {
            let next = self.ask(round)?;
            if let Some(before) = asked.replace(next) {
                found.differences.extend(self.differences(&snapshot, before)?);
            }
        }
        if let Some(last) = asked {
            found.differences.extend(self.differences(&snapshot, last)?);
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

    /// Asks for what the device has of pages, and waits for nothing.
    fn ask(&mut self, round: &[Known]) -> Result<Asked, Error> {
        let pages: Vec<PageId> = round.iter().map(|known| known.page).collect();
        let prints = self.pages_mut().fingerprints_later(&pages)?;
        let images = self.pages_mut().read_later(&pages)?;
        Ok(Asked { pages, prints, images })
    }

    fn differences(&mut self, snapshot: &Snapshot, asked: Asked) -> Result<Vec<MirrorDifference>, Error> {
        let pages = &asked.pages;
        let prints = self.pages_mut().land(asked.prints)?;
        let images = self.pages_mut().land(asked.images)?;
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

/// What was asked of the device about pages.
struct Asked {
    pages: Vec<PageId>,
    prints: Awaited<Fingerprint>,
    images: Awaited<Vec<u8>>,
}

/// Cuts pages into rounds that are compared at a time.
fn rounds(pages: &[Known]) -> impl Iterator<Item = &[Known]> {
    let mut bytes = 0;
    pages.chunk_by(move |known, _| {
        bytes += u64::from(known.page_bytes);
        let is_full = bytes >= ROUND_BYTES;
        bytes = if is_full { 0 } else { bytes };
        !is_full
    })
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
