//! The way past the system's cache: for many bytes that are not read again soon.
//!
//! To put bytes in the cache takes a copy and, where the system has to find fresh memory for them, several times as
//! long as the disk takes to write them. Whole sectors go past it, through memory aligned like them; what stands before
//! and behind them in a call goes the plain way.
//!
//! Invariant: of what a call writes, every byte goes one way. Where the system refuses, all goes the plain way from then
//! on.

use std::{
    fs::{File, OpenOptions},
    io::{Error, ErrorKind, Result},
    ops::Range,
    os::{
        fd::AsRawFd,
        unix::fs::{FileExt, OpenOptionsExt},
    },
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// Where sectors of all usual disks begin, and pages of memory.
const ALIGN: usize = 4096;
/// What one call takes: for less, a disk's latency shows.
const PIECE_BYTES: usize = 512 << 10;
/// A piece that begins within a sector.
const MEMORY_BYTES: usize = PIECE_BYTES + ALIGN;
/// How a file is opened for it; where there is no such way, there is no name to open it by either.
#[cfg(target_os = "linux")]
const FLAGS: i32 = rustix::fs::OFlags::DIRECT.bits() as i32;
#[cfg(not(target_os = "linux"))]
const FLAGS: i32 = 0;

/// A second handle of a file.
#[derive(Debug)]
pub(super) struct Direct {
    file: File,
    is_refused: AtomicBool,
    /// Memory that no call uses.
    spares: Mutex<Vec<Vec<u8>>>,
}

impl Direct {
    /// Opens the file once more, whatever its name is by now.
    ///
    /// # Errors
    /// If the system or the file system knows no such way.
    pub(super) fn open(file: &File) -> Result<Self> {
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        let file = OpenOptions::new().read(true).write(true).custom_flags(FLAGS).open(path)?;
        Ok(Self { file, is_refused: AtomicBool::new(false), spares: Mutex::default() })
    }

    /// Writes the whole sectors of `bytes`, which go to `offset`; returns which bytes these were, none if the system
    /// refuses.
    pub(super) fn write(&self, offset: u64, bytes: &[u8]) -> Result<Range<usize>> {
        let whole = whole_sectors(offset, bytes.len());
        if self.is_refused.load(Ordering::Relaxed) || whole.is_empty() {
            return Ok(0..0);
        }
        let pieces = (offset + whole.start as u64..)
            .step_by(PIECE_BYTES)
            .zip(bytes[whole.clone()].chunks(PIECE_BYTES));
        let written = self.with_memory(|memory| {
            pieces.into_iter().try_for_each(|(at, piece)| {
                let sectors = &mut memory[..piece.len()];
                sectors.copy_from_slice(piece);
                self.file.write_all_at(sectors, at)
            })
        });
        match written {
            Err(error) if is_refusal(&error) => {
                self.is_refused.store(true, Ordering::Relaxed);
                Ok(0..0)
            }
            written => written.map(|()| whole),
        }
    }

    /// Fills `buffer` from `offset` on, as far as that goes at once; returns how many bytes it got, perhaps none.
    pub(super) fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let skipped = offset as usize % ALIGN;
        let wanted = buffer.len().min(PIECE_BYTES);
        let span = (skipped + wanted).next_multiple_of(ALIGN);
        let read = self.with_memory(|memory| {
            let got = self.file.read_at(&mut memory[..span], offset - skipped as u64)?;
            let got = got.saturating_sub(skipped).min(wanted);
            buffer[..got].copy_from_slice(&memory[skipped..skipped + got]);
            Ok(got)
        });
        // The plain way tells what is wrong, if anything is.
        Ok(read.unwrap_or(0))
    }

    /// Lends aligned memory, long enough for a piece.
    fn with_memory<T>(&self, work: impl FnOnce(&mut [u8]) -> Result<T>) -> Result<T> {
        let spare = self.spares().pop();
        let mut memory = spare.unwrap_or_else(|| vec![0; MEMORY_BYTES + ALIGN]);
        let skipped = memory.as_ptr().align_offset(ALIGN);
        let aligned = memory.get_mut(skipped..).and_then(|memory| memory.get_mut(..MEMORY_BYTES));
        let done = aligned.map_or_else(|| Err(ErrorKind::Unsupported.into()), work);
        self.spares().push(memory);
        done
    }

    fn spares(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.spares.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns which of `len` bytes that begin at `offset` fill sectors.
fn whole_sectors(offset: u64, len: usize) -> Range<usize> {
    let first = (offset.wrapping_neg() % ALIGN as u64) as usize;
    let start = first.min(len);
    start..start + (len - start) / ALIGN * ALIGN
}

fn is_refusal(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported)
}
