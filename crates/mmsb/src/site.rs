//! Places in the program as texts that do not depend on where it was built.

use std::panic::Location;

use mmsb_types::limits::TEXT_BYTES_MAX;

/// Folders of a package that hold its sources.
const SOURCE_FOLDERS: [&str; 4] = ["/src/", "/tests/", "/examples/", "/benches/"];

/// Returns `path:line`, the path relative to its workspace or, for a dependency, to its package.
///
/// It is no longer than a text may be; what is too much is cut from the front.
pub(crate) fn site_text(site: &Location<'_>) -> String {
    cut_front(format!("{}:{}", relative(site.file()), site.line()))
}

/// The compiler names files of the workspace relatively, those of dependencies absolutely. An absolute path
/// says where somebody built the program, so nothing of it is kept before the package's name.
fn relative(path: &str) -> &str {
    if !path.starts_with('/') {
        return path;
    }
    let package_end = SOURCE_FOLDERS.iter().filter_map(|folder| path.rfind(folder)).max();
    let from = path[..package_end.unwrap_or(path.len())].rfind('/').map_or(0, |at| at + 1);
    &path[from..]
}

fn cut_front(text: String) -> String {
    let from = (text.len().saturating_sub(TEXT_BYTES_MAX)..).find(|&at| text.is_char_boundary(at));
    text[from.unwrap_or(0)..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::{TEXT_BYTES_MAX, cut_front, relative};

    #[test]
    fn a_path_of_the_workspace_stays() {
        assert_eq!(relative("crates/game/src/main.rs"), "crates/game/src/main.rs");
    }

    #[test]
    fn a_path_of_a_dependency_begins_at_its_package() {
        assert_eq!(relative("/opt/me/.cargo/registry/ai-1.2.0/src/brain.rs"), "ai-1.2.0/src/brain.rs");
    }

    #[test]
    fn a_path_without_a_source_folder_is_its_file_name() {
        assert_eq!(relative("/opt/me/build.rs"), "build.rs");
        assert_eq!(relative("/opt/me/ai/tests/it/main.rs"), "ai/tests/it/main.rs");
    }

    #[test]
    fn a_long_path_keeps_its_end() {
        let text = cut_front(format!("{}\u{e9}/main.rs:7", "x".repeat(TEXT_BYTES_MAX - 10)));
        assert_eq!(text.len(), TEXT_BYTES_MAX);
        assert!(text.ends_with("x\u{e9}/main.rs:7"));
        assert_eq!(cut_front("\u{e9}".repeat(TEXT_BYTES_MAX)).len(), TEXT_BYTES_MAX);
    }
}
