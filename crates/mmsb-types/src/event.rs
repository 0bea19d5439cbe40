//! Changes of the catalogue as bytes: what a log section of page events holds.
//!
//! One event is 16 bytes, little-endian, then the name, padded with zeros to 8:
//! kind u8, location u8, name bytes u16, page bytes u32, page id u64.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use crate::{
    PageId, PageLocation,
    limits::{PAGE_BYTES_MAX, PAGE_BYTES_MIN, PAGE_ID_MAX, TEXT_BYTES_MAX},
};

/// The stored number of every kind of event, page and graph alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EventKind {
    /// A page came to life, zeroed.
    PageCreated = 1,
    /// A page's life ended.
    PageDeleted = 2,
    /// A page got a name, or another one.
    PageNamed = 3,
    /// A page lost its name.
    PageUnnamed = 4,
    /// A dependency was added.
    EdgeAdded = 16,
    /// A dependency was removed.
    EdgeRemoved = 17,
    /// A page became a derived one.
    Derived = 18,
    /// A page is derived no more.
    Underived = 19,
    /// What a page depends on changed, and it was not recomputed.
    Stale = 20,
    /// A page is stale no more.
    Fresh = 21,
}

/// A change of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageEvent {
    /// A page came to life with `page_bytes` zero bytes.
    Created {
        /// Its id; a rewind may bring back an id that has lived before.
        page: PageId,
        /// Its length, for its whole life.
        page_bytes: u32,
        /// Where its bytes live.
        location: PageLocation,
        /// Its name, if it was born with one.
        name: Option<String>,
    },
    /// A page's life ended; its name, if any, is free again.
    Deleted {
        /// Which page.
        page: PageId,
    },
    /// A page's name changed.
    Named {
        /// Which page.
        page: PageId,
        /// The name from now on; `None` takes it away.
        name: Option<String>,
    },
}

impl core::fmt::Display for PageEvent {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Created { page, page_bytes, name: None, .. } => {
                write!(f, "{page} created with {page_bytes} bytes")
            }
            Self::Created { page, page_bytes, name: Some(name), .. } => {
                write!(f, "{page} created with {page_bytes} bytes named {name:?}")
            }
            Self::Deleted { page } => write!(f, "{page} deleted"),
            Self::Named { page, name: Some(name) } => write!(f, "{page} named {name:?}"),
            Self::Named { page, name: None } => write!(f, "{page} lost its name"),
        }
    }
}

/// Why bytes are no events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventError {
    /// What they should be.
    pub of: &'static str,
    /// Offset of the bad event in its section.
    pub offset: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

impl core::fmt::Display for EventError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} at section offset {}: {}", self.of, self.offset, self.what)
    }
}

impl core::error::Error for EventError {}

const HEAD_BYTES: usize = 16;

impl PageEvent {
    /// Returns the page the event is about.
    #[must_use]
    pub const fn page(&self) -> PageId {
        match self {
            Self::Created { page, .. } | Self::Deleted { page } | Self::Named { page, .. } => *page,
        }
    }

    /// Appends the event's bytes to `out`.
    ///
    /// # Panics
    /// If the name is longer than [`TEXT_BYTES_MAX`].
    pub fn encode(&self, out: &mut Vec<u8>) {
        let (kind, location, page_bytes, name) = match self {
            Self::Created { page_bytes, location, name, .. } => {
                (EventKind::PageCreated, *location, *page_bytes, name.as_deref())
            }
            Self::Deleted { .. } => (EventKind::PageDeleted, PageLocation::Host, 0, None),
            Self::Named { name: Some(name), .. } => {
                (EventKind::PageNamed, PageLocation::Host, 0, Some(name.as_str()))
            }
            Self::Named { name: None, .. } => (EventKind::PageUnnamed, PageLocation::Host, 0, None),
        };
        let name = name.unwrap_or("");
        assert!(name.len() <= TEXT_BYTES_MAX, "a name of {} bytes", name.len());
        out.extend([kind as u8, location as u8]);
        out.extend((name.len() as u16).to_le_bytes());
        out.extend(page_bytes.to_le_bytes());
        out.extend(self.page().get().to_le_bytes());
        out.extend(name.as_bytes());
        out.resize(out.len().next_multiple_of(8), 0);
    }

    /// Reads a whole section of events.
    ///
    /// # Errors
    /// [`EventError`] at the first event that is cut short, unknown or out of limits.
    pub fn decode_all(section: &[u8]) -> Result<Vec<Self>, EventError> {
        let mut events = Vec::new();
        let mut offset = 0;
        while offset < section.len() {
            let fault = |what| EventError { of: "page event", offset, what };
            let (event, bytes) = Self::decode(&section[offset..]).map_err(fault)?;
            events.push(event);
            offset += bytes;
        }
        Ok(events)
    }

    fn decode(bytes: &[u8]) -> Result<(Self, usize), &'static str> {
        let head: &[u8; HEAD_BYTES] = bytes.first_chunk().ok_or("cut short")?;
        let name_len = usize::from(u16::from_le_bytes([head[2], head[3]]));
        let page_bytes = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        let [.., a, b, c, d, e, f, g, h] = *head;
        let id = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let total = (HEAD_BYTES + name_len).next_multiple_of(8);
        let tail = bytes.get(HEAD_BYTES..total).ok_or("name cut short")?;
        let (name, padding) = tail.split_at(name_len);
        if padding.iter().any(|&byte| byte != 0) {
            return Err("padding is not zero");
        }
        if id == 0 || id > PAGE_ID_MAX {
            return Err("page id out of range");
        }
        let name = decode_name(name)?;
        let event = decode_kind(head[0], head[1], page_bytes, PageId::new(id), name)?;
        Ok((event, total))
    }
}

fn decode_name(bytes: &[u8]) -> Result<Option<String>, &'static str> {
    if bytes.len() > TEXT_BYTES_MAX {
        return Err("name too long");
    }
    let name = core::str::from_utf8(bytes).map_err(|_| "name is not UTF-8")?;
    Ok((!name.is_empty()).then(|| name.to_string()))
}

fn decode_kind(
    kind: u8,
    location: u8,
    page_bytes: u32,
    page: PageId,
    name: Option<String>,
) -> Result<PageEvent, &'static str> {
    if kind == EventKind::PageCreated as u8 {
        if !(PAGE_BYTES_MIN..=PAGE_BYTES_MAX).contains(&page_bytes) {
            return Err("page length out of range");
        }
        let location = PageLocation::from_number(location).ok_or("unknown location")?;
        return Ok(PageEvent::Created { page, page_bytes, location, name });
    }
    if location != 0 || page_bytes != 0 {
        return Err("a field that must be zero is not");
    }
    match (kind, name) {
        (k, None) if k == EventKind::PageDeleted as u8 => Ok(PageEvent::Deleted { page }),
        (k, Some(name)) if k == EventKind::PageNamed as u8 => Ok(PageEvent::Named { page, name: Some(name) }),
        (k, None) if k == EventKind::PageUnnamed as u8 => Ok(PageEvent::Named { page, name: None }),
        _ => Err("unknown kind, or a name where none belongs"),
    }
}
