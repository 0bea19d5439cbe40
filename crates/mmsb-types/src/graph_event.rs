//! Changes of the dependency graph as bytes: what a log section of graph events holds.
//!
//! One event is 16 bytes, little-endian: kind u8, edge kind u8, name bytes u16, version u32, page id u64. Behind
//! that, an edge has its target u64; a registration has its input count u64, the inputs u64 each, and its name,
//! padded with zeros to 8.
//!
//! Invariant: an event has one encoding, so what was read is written as the same bytes.

use alloc::{
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};

use crate::{
    Edge, EdgeKind, EventError, EventKind, PageId, Registration,
    limits::{INPUT_COUNT_MAX, PAGE_ID_MAX, TEXT_BYTES_MAX},
};

/// A change of the dependency graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GraphEvent {
    /// A dependency was added.
    EdgeAdded(Edge),
    /// A dependency was removed.
    EdgeRemoved(Edge),
    /// A page became a derived one: a data edge from each distinct input came with it.
    Derived {
        /// Which page.
        page: PageId,
        /// By what, from what.
        registration: Arc<Registration>,
    },
    /// A page is derived no more: the data edges from its inputs went with that.
    Underived {
        /// Which page.
        page: PageId,
    },
    /// What the page depends on changed, and it was not recomputed.
    Stale {
        /// Which page.
        page: PageId,
    },
    /// The page is stale no more.
    Fresh {
        /// Which page.
        page: PageId,
    },
}

const HEAD_BYTES: usize = 16;
const NAMES: &str = "graph event";

/// The fields that every event has; those that one does not use are zero.
#[derive(Default, PartialEq, Eq)]
struct Head {
    kind: u8,
    edge_kind: u8,
    name_len: u16,
    version: u32,
    page: u64,
}

impl GraphEvent {
    /// Returns the page that changes: an edge's target.
    #[must_use]
    pub const fn page(&self) -> PageId {
        match self {
            Self::EdgeAdded(edge) | Self::EdgeRemoved(edge) => edge.target,
            Self::Derived { page, .. }
            | Self::Underived { page }
            | Self::Stale { page }
            | Self::Fresh { page } => *page,
        }
    }

    /// Visits the pages that the event newly brings into the graph, and that must therefore live.
    pub fn joining(&self) -> impl Iterator<Item = PageId> + '_ {
        let (pages, inputs): (_, &[PageId]) = match self {
            Self::EdgeAdded(edge) => ([Some(edge.source), Some(edge.target)], &[]),
            Self::Derived { page, registration } => ([Some(*page), None], &registration.inputs),
            _ => ([None, None], &[]),
        };
        pages.into_iter().flatten().chain(inputs.iter().copied())
    }

    /// Appends the event's bytes to `out`.
    ///
    /// # Panics
    /// If a registration passes the limits of its name or its inputs.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::EdgeAdded(edge) => encode_edge(EventKind::EdgeAdded, *edge, out),
            Self::EdgeRemoved(edge) => encode_edge(EventKind::EdgeRemoved, *edge, out),
            Self::Derived { page, registration } => encode_derived(*page, registration, out),
            Self::Underived { page } => Head::new(EventKind::Underived, *page).encode(out),
            Self::Stale { page } => Head::new(EventKind::Stale, *page).encode(out),
            Self::Fresh { page } => Head::new(EventKind::Fresh, *page).encode(out),
        }
    }

    /// Reads a whole section of events.
    ///
    /// # Errors
    /// [`EventError`] at the first event that is cut short, unknown or out of limits.
    ///
    /// # Cost
    /// O(bytes); takes no more memory than a few times the section's.
    pub fn decode_all(section: &[u8]) -> Result<Vec<Self>, EventError> {
        let mut events = Vec::new();
        let mut rest = section;
        while !rest.is_empty() {
            let offset = section.len() - rest.len();
            let fault = |what| EventError { of: NAMES, offset, what };
            let (event, behind) = Self::decode(rest).map_err(fault)?;
            events.push(event);
            rest = behind;
        }
        Ok(events)
    }

    fn decode(bytes: &[u8]) -> Result<(Self, &[u8]), &'static str> {
        let (head, rest) = Head::decode(bytes)?;
        if head.kind == EventKind::Derived as u8 {
            return decode_derived(&head, rest);
        }
        if let Some(event) = decode_flag(&head)? {
            return Ok((event, rest));
        }
        let (edge, rest) = decode_edge(&head, rest)?;
        match head.kind {
            kind if kind == EventKind::EdgeAdded as u8 => Ok((Self::EdgeAdded(edge), rest)),
            kind if kind == EventKind::EdgeRemoved as u8 => Ok((Self::EdgeRemoved(edge), rest)),
            _ => Err("unknown kind"),
        }
    }
}

impl Head {
    fn new(kind: EventKind, page: PageId) -> Self {
        Self { kind: kind as u8, page: page.get(), ..Self::default() }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend([self.kind, self.edge_kind]);
        out.extend(self.name_len.to_le_bytes());
        out.extend(self.version.to_le_bytes());
        out.extend(self.page.to_le_bytes());
    }

    fn decode(bytes: &[u8]) -> Result<(Self, &[u8]), &'static str> {
        let (head, rest) = bytes.split_first_chunk::<HEAD_BYTES>().ok_or("cut short")?;
        let [kind, edge_kind, c, d, e, f, g, h, page @ ..] = *head;
        let (name_len, version) = (u16::from_le_bytes([c, d]), u32::from_le_bytes([e, f, g, h]));
        let page = u64::from_le_bytes(page);
        page_id(page)?;
        Ok((Self { kind, edge_kind, name_len, version, page }, rest))
    }

    fn page(&self) -> PageId {
        PageId::new(self.page)
    }
}

fn encode_edge(kind: EventKind, edge: Edge, out: &mut Vec<u8>) {
    Head { edge_kind: edge.kind as u8, ..Head::new(kind, edge.source) }.encode(out);
    out.extend(edge.target.get().to_le_bytes());
}

fn encode_derived(page: PageId, registration: &Registration, out: &mut Vec<u8>) {
    let Registration { name, version, inputs } = registration;
    assert!(name.len() <= TEXT_BYTES_MAX, "a name of {} bytes", name.len());
    assert!((1..=INPUT_COUNT_MAX).contains(&inputs.len()), "{} inputs", inputs.len());
    let head = Head::new(EventKind::Derived, page);
    Head { name_len: name.len() as u16, version: *version, ..head }.encode(out);
    out.extend((inputs.len() as u64).to_le_bytes());
    out.extend(inputs.iter().flat_map(|input| input.get().to_le_bytes()));
    out.extend(name.as_bytes());
    out.resize(out.len().next_multiple_of(8), 0);
}

/// Reads an event that names a page and says nothing else; `None` for one of another kind.
fn decode_flag(head: &Head) -> Result<Option<GraphEvent>, &'static str> {
    let page = head.page();
    let (kind, event) = match head.kind {
        kind if kind == EventKind::Underived as u8 => (EventKind::Underived, GraphEvent::Underived { page }),
        kind if kind == EventKind::Stale as u8 => (EventKind::Stale, GraphEvent::Stale { page }),
        kind if kind == EventKind::Fresh as u8 => (EventKind::Fresh, GraphEvent::Fresh { page }),
        _ => return Ok(None),
    };
    if *head == Head::new(kind, page) { Ok(Some(event)) } else { Err(NOT_ZERO) }
}

const NOT_ZERO: &str = "a field that must be zero is not";

fn decode_edge<'b>(head: &Head, rest: &'b [u8]) -> Result<(Edge, &'b [u8]), &'static str> {
    let (target, rest) = decode_page(rest)?;
    let kind = EdgeKind::from_number(head.edge_kind).ok_or("unknown kind of edge")?;
    if head.name_len != 0 || head.version != 0 {
        return Err(NOT_ZERO);
    }
    Ok((Edge { source: head.page(), target, kind }, rest))
}

fn decode_derived<'b>(head: &Head, rest: &'b [u8]) -> Result<(GraphEvent, &'b [u8]), &'static str> {
    let (count, rest) = rest.split_first_chunk::<8>().ok_or("inputs cut short")?;
    let (inputs, rest) = decode_inputs(u64::from_le_bytes(*count), rest)?;
    let (name, rest) = decode_name(usize::from(head.name_len), rest)?;
    if head.edge_kind != 0 {
        return Err(NOT_ZERO);
    }
    let registration = Arc::new(Registration { name, version: head.version, inputs });
    Ok((GraphEvent::Derived { page: head.page(), registration }, rest))
}

fn decode_inputs(count: u64, bytes: &[u8]) -> Result<(Vec<PageId>, &[u8]), &'static str> {
    if !(1..=INPUT_COUNT_MAX as u64).contains(&count) {
        return Err("input count out of range");
    }
    // Looked at before it is used: memory is taken for inputs that are there.
    let (inputs, rest) = bytes.split_at_checked(8 * count as usize).ok_or("inputs cut short")?;
    let (inputs, _) = inputs.as_chunks::<8>();
    let inputs = inputs.iter().map(|input| page_id(u64::from_le_bytes(*input)));
    Ok((inputs.collect::<Result<_, _>>()?, rest))
}

fn decode_name(len: usize, bytes: &[u8]) -> Result<(String, &[u8]), &'static str> {
    if len > TEXT_BYTES_MAX {
        return Err("name too long");
    }
    let (name, rest) = bytes.split_at_checked(len.next_multiple_of(8)).ok_or("name cut short")?;
    let (name, padding) = name.split_at(len);
    if padding.iter().any(|&byte| byte != 0) {
        return Err("padding is not zero");
    }
    let name = core::str::from_utf8(name).map_err(|_| "name is not UTF-8")?;
    Ok((name.to_string(), rest))
}

fn decode_page(bytes: &[u8]) -> Result<(PageId, &[u8]), &'static str> {
    let (page, rest) = bytes.split_first_chunk::<8>().ok_or("cut short")?;
    Ok((page_id(u64::from_le_bytes(*page))?, rest))
}

fn page_id(id: u64) -> Result<PageId, &'static str> {
    if (1..=PAGE_ID_MAX).contains(&id) { Ok(PageId::new(id)) } else { Err("page id out of range") }
}
