//! Calls that fail on demand: which one, how, and whether those after it fail as well.

use std::io::{Error, ErrorKind};

/// What a disk is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallKind {
    /// `Vfs::open`.
    Open,
    /// `Vfs::create_new`.
    CreateNew,
    /// `Vfs::create_dir`.
    CreateDir,
    /// `Vfs::rename`.
    Rename,
    /// `Vfs::remove`.
    Remove,
    /// `Vfs::remove_dir`.
    RemoveDir,
    /// `Vfs::list`.
    List,
    /// `Vfs::sync_dir`.
    SyncDir,
    /// `Vfs::metadata`.
    Metadata,
    /// `Vfs::lock`.
    Lock,
    /// `VfsFile::read_at`.
    Read,
    /// `VfsFile::write_at`.
    Write,
    /// `VfsFile::truncate`.
    Truncate,
    /// `VfsFile::sync_data` or `VfsFile::sync_all`.
    Sync,
    /// `VfsFile::len`.
    Len,
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The device does not answer: reads, writes and look-ups fail. Half of a write lands.
    Device,
    /// No room is left: half of a write lands, no file or name comes to be.
    NoSpace,
    /// A read or write is broken off halfway.
    Interrupted,
    /// A sync fails; a file's unsynced bytes will never be durable, though they still read back, and the next
    /// sync succeeds. Names stay unsynced.
    Sync,
    /// A change to the names in a directory fails.
    Names,
    /// The system forbids it.
    Permission,
}

/// Which calls fail, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The first call that may fail, counted as [`FaultyVfs::call_count`](super::FaultyVfs::call_count) does:
    /// the first of a kind that can fail this way, from there on, does.
    pub at: u64,
    /// How.
    pub kind: FailureKind,
    /// Whether all that follow fail as well, or just the one.
    pub sticky: bool,
}

impl FailureKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Device, Self::NoSpace, Self::Interrupted, Self::Sync, Self::Names, Self::Permission];

    /// Tells whether a call of this kind can fail in this way.
    #[must_use]
    pub fn applies_to(self, call: CallKind) -> bool {
        use CallKind::{
            CreateDir, CreateNew, Len, List, Lock, Metadata, Open, Read, Remove, RemoveDir, Rename, Sync,
            SyncDir, Truncate, Write,
        };
        match self {
            Self::Device => matches!(call, Open | Read | Write | Truncate | List | Metadata | Len | Lock),
            Self::NoSpace => matches!(call, Write | CreateNew | CreateDir | Rename | Truncate | Lock),
            Self::Interrupted => matches!(call, Read | Write),
            Self::Sync => matches!(call, Sync | SyncDir),
            Self::Names => {
                matches!(call, CreateNew | CreateDir | Rename | Remove | RemoveDir | SyncDir | List)
            }
            Self::Permission => matches!(
                call,
                Open | CreateNew | CreateDir | Rename | Remove | RemoveDir | List | Metadata | Lock
            ),
        }
    }

    pub(super) fn error(self, call: CallKind) -> Error {
        let kind = match self {
            Self::Device | Self::Sync | Self::Names => ErrorKind::Other,
            Self::NoSpace => ErrorKind::StorageFull,
            Self::Interrupted => ErrorKind::Interrupted,
            Self::Permission => ErrorKind::PermissionDenied,
        };
        Error::new(kind, format!("a planned failure ({self:?}) of {call:?}"))
    }
}
