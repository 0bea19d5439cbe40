//! Places in the program as texts that do not depend on where it was built.

use std::panic::Location;

/// Returns `path:line`, the path relative to its workspace or, for a dependency, to its package.
pub(crate) fn site_text(site: &Location<'_>) -> String {
    format!("{}:{}", relative(site.file()), site.line())
}

/// The compiler names files of the workspace relatively, those of dependencies absolutely.
fn relative(path: &str) -> &str {
    if !path.starts_with('/') {
        return path;
    }
    let package = path.rfind("/src/").map_or(path, |at| &path[..at]);
    package.rfind('/').map_or(path, |at| &path[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::relative;

    #[test]
    fn a_path_of_the_workspace_stays() {
        assert_eq!(relative("crates/game/src/main.rs"), "crates/game/src/main.rs");
    }

    #[test]
    fn a_path_of_a_dependency_begins_at_its_package() {
        assert_eq!(relative("/home/me/.cargo/registry/ai-1.2.0/src/brain.rs"), "ai-1.2.0/src/brain.rs");
    }
}
