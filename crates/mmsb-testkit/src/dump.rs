//! A state as text, for snapshots.

use std::fmt::Write;

use mmsb::{Error, GraphView, PageInfo, Registration, ToView, View};

/// Returns a state as text: a line for its epoch, a line a page, a line for each edge, registration and flag; repeated
/// bytes are counted.
///
/// # Errors
/// Those of reading the state.
pub fn dump(of: &impl ToView) -> Result<String, Error> {
    let view = of.to_view()?;
    let mut text = view.epoch().to_string();
    if let Some(label) = view.label()? {
        let _ = write!(text, " {label}");
    }
    let infos = view.pages()?;
    let pages: Vec<_> = infos.iter().map(|info| info.page).collect();
    let mut infos = infos.into_iter();
    view.with_pages(&pages, &mut |_, bytes| {
        let Some(info) = infos.next() else { return };
        write_info(&mut text, &info);
        write_bytes(&mut text, bytes);
    })?;
    write_graph(&mut text, &view.graph()?);
    Ok(text)
}

fn write_graph(text: &mut String, graph: &GraphView) {
    for edge in graph.edges() {
        let _ = write!(text, "\n{edge}");
    }
    for (page, Registration { name, version, inputs }) in graph.derived() {
        let _ = write!(text, "\n{page} by {name:?} {version} from {inputs:?}");
    }
    for page in graph.stale() {
        let _ = write!(text, "\n{page} is stale");
    }
}

fn write_info(text: &mut String, info: &PageInfo) {
    let _ = write!(text, "\n{}", info.page);
    if let Some(name) = &info.name {
        let _ = write!(text, " {name:?}");
    }
    let _ = write!(text, ", {} bytes of {}:", info.page_bytes, info.epoch);
}

fn write_bytes(text: &mut String, bytes: &[u8]) {
    for stretch in bytes.chunk_by(|one, next| one == next) {
        let _ = match stretch {
            [byte] => write!(text, " {byte:02x}"),
            _ => write!(text, " {:02x}*{}", stretch[0], stretch.len()),
        };
    }
}
