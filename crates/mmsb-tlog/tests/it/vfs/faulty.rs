//! What a simulated disk has of its own: power cuts, failing calls, recordings, damage.

mod cuts;
mod damage;
mod failures;
mod moments;

use std::{path::Path, sync::Arc};

use mmsb_tlog::vfs::{FaultyVfs, Vfs, VfsFile};

/// Creates a file that holds `bytes`, all of it durable, its name too.
#[track_caller]
fn durable(vfs: &FaultyVfs, name: &str, bytes: &[u8]) -> Arc<dyn VfsFile> {
    let file = vfs.create_new(Path::new(name)).unwrap();
    file.write_at(0, bytes).unwrap();
    file.sync_all().unwrap();
    vfs.sync_dir(Path::new("/")).unwrap();
    file
}

/// Names and bytes of all files, one line each.
fn text(vfs: &FaultyVfs) -> String {
    let line = |path: &std::path::PathBuf| {
        let bytes = vfs.bytes(path).unwrap();
        format!("{}: {}", path.display(), String::from_utf8_lossy(&bytes).replace('\0', "0"))
    };
    vfs.files().iter().map(line).collect::<Vec<_>>().join("\n")
}
