//! Reading graph events: every length is checked before it is used.

use alloc::{
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};

use super::{
    GraphEvent,
    encode::{HEAD_BYTES, Head},
};
use crate::{
    Edge, EdgeKind, EventKind, PageId, Registration,
    limits::{INPUT_COUNT_MAX, PAGE_ID_MAX, TEXT_BYTES_MAX},
};

/// Reads the event at the front of `bytes`; returns what is behind it.
pub(super) fn event(bytes: &[u8]) -> Result<(GraphEvent, &[u8]), &'static str> {
    let (head, rest) = decode_head(bytes)?;
    if head.kind == EventKind::Derived as u8 {
        return decode_derived(&head, rest);
    }
    if let Some(event) = decode_flag(&head)? {
        return Ok((event, rest));
    }
    let (edge, rest) = decode_edge(&head, rest)?;
    match head.kind {
        kind if kind == EventKind::EdgeAdded as u8 => Ok((GraphEvent::EdgeAdded(edge), rest)),
        kind if kind == EventKind::EdgeRemoved as u8 => Ok((GraphEvent::EdgeRemoved(edge), rest)),
        _ => Err("unknown kind"),
    }
}

fn decode_head(bytes: &[u8]) -> Result<(Head, &[u8]), &'static str> {
    let (head, rest) = bytes.split_first_chunk::<HEAD_BYTES>().ok_or("cut short")?;
    let [kind, edge_kind, c, d, e, f, g, h, page @ ..] = *head;
    let (name_len, version) = (u16::from_le_bytes([c, d]), u32::from_le_bytes([e, f, g, h]));
    let page = u64::from_le_bytes(page);
    page_id(page)?;
    Ok((Head { kind, edge_kind, name_len, version, page }, rest))
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
