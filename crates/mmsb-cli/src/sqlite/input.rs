//! Where the bytes come from: a file, packed with xz or not, or bytes in memory.
//!
//! Packed input is known by its first bytes, not by its name, and unpacked while it is read.
//!
//! Invariant: `offset` counts the unpacked bytes handed out so far; every error carries it.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use lzma_rust2::XzReader;

use super::SqliteError;

/// The first bytes of every xz file.
const XZ_MAGIC: [u8; 6] = [0xfd, b'7', b'z', b'X', b'Z', 0];

/// What unpacking may hold in memory: twice what the strongest preset of xz asks for.
const XZ_MEMORY_KIB_MAX: u32 = 128 << 10;

/// A stream of bytes with a name to blame.
pub struct Input {
    path: PathBuf,
    source: Box<dyn Read + Send>,
    packed: bool,
    offset: u64,
    bytes_hint: Option<u64>,
    /// An error that came behind bytes already read: told by the next read.
    failure: Option<SqliteError>,
}

impl Input {
    /// Opens a file; one that begins as xz files do is unpacked on the way.
    ///
    /// # Errors
    /// [`SqliteError::Open`], [`SqliteError::Read`].
    pub fn open(path: &Path) -> Result<Self, SqliteError> {
        let fail = |source| SqliteError::Open { path: path.to_owned(), source };
        let file = File::open(path).map_err(fail)?;
        let file_bytes = file.metadata().map_err(fail)?.len();
        let mut input = Self::from_reader(path, file)?;
        input.bytes_hint = (!input.packed).then_some(file_bytes);
        Ok(input)
    }

    /// Takes any reader; `name` is what errors will call it.
    ///
    /// # Errors
    /// [`SqliteError::Read`] if its first bytes cannot be read.
    pub fn from_reader(
        name: impl Into<PathBuf>,
        mut source: impl Read + Send + 'static,
    ) -> Result<Self, SqliteError> {
        let path = name.into();
        let mut head = Vec::with_capacity(XZ_MAGIC.len());
        let read = source.by_ref().take(XZ_MAGIC.len() as u64).read_to_end(&mut head);
        if let Err(source) = read {
            return Err(SqliteError::Read { path, offset: 0, source });
        }
        let packed = head == XZ_MAGIC;
        let whole = io::Cursor::new(head).chain(source);
        let source: Box<dyn Read + Send> = if packed {
            Box::new(XzReader::new_mem_limit(io::BufReader::new(whole), true, XZ_MEMORY_KIB_MAX))
        } else {
            Box::new(whole)
        };
        Ok(Self { path, source, packed, offset: 0, bytes_hint: None, failure: None })
    }

    /// Returns the name errors use.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns how many bytes there will be, where that is known without reading: for plain files.
    #[must_use]
    pub fn bytes_hint(&self) -> Option<u64> {
        self.bytes_hint
    }

    /// Returns the number of (unpacked) bytes read so far.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads until `into` is full or the input ends, and returns how many bytes were read.
    ///
    /// Bytes in front of an error are not lost: they come first, the error with the next call.
    pub(super) fn fill(&mut self, into: &mut [u8]) -> Result<usize, SqliteError> {
        let mut filled = 0;
        while filled < into.len() && self.failure.is_none() {
            match self.source.read(&mut into[filled..]) {
                Ok(0) => break,
                Ok(bytes) => filled += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.failure = Some(self.blame(error, filled)),
            }
        }
        self.offset += filled as u64;
        self.failure.take_if(|_| filled == 0).map_or(Ok(filled), Err)
    }

    /// Reads all that is left.
    ///
    /// # Errors
    /// [`SqliteError::Read`], [`SqliteError::Unpack`].
    pub fn read_all(&mut self) -> Result<Vec<u8>, SqliteError> {
        let mut bytes = Vec::new();
        match self.source.read_to_end(&mut bytes) {
            Ok(count) => self.offset += count as u64,
            Err(error) => return Err(self.blame(error, bytes.len())),
        }
        Ok(bytes)
    }

    fn blame(&self, source: io::Error, filled: usize) -> SqliteError {
        let (path, offset) = (self.path.clone(), self.offset + filled as u64);
        if self.packed {
            SqliteError::Unpack { path, offset, source }
        } else {
            SqliteError::Read { path, offset, source }
        }
    }
}
