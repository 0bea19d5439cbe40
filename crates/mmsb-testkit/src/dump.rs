//! A state as text, for snapshots.

use std::fmt::Write;

use mmsb::{Error, PageInfo, View};

/// Returns a state as text: a line for its epoch, a line a page; repeated bytes are counted.
///
/// # Errors
/// Those of taking the view.
pub fn dump(view: &impl View) -> Result<String, Error> {
    let past = view.view()?;
    let mut text = past.epoch().to_string();
    if let Some(label) = past.label() {
        let _ = write!(text, " {label}");
    }
    for PageInfo { page, page_bytes, name, epoch, .. } in past.pages() {
        let _ = write!(text, "\n{page}");
        if let Some(name) = name {
            let _ = write!(text, " {name:?}");
        }
        let _ = write!(text, ", {page_bytes} bytes of {epoch}:");
        write_bytes(&mut text, past.bytes(page)?);
    }
    Ok(text)
}

fn write_bytes(text: &mut String, bytes: &[u8]) {
    for stretch in bytes.chunk_by(|one, next| one == next) {
        let _ = match stretch {
            [byte] => write!(text, " {byte:02x}"),
            _ => write!(text, " {:02x}*{}", stretch[0], stretch.len()),
        };
    }
}
