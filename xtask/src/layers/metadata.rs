//! What the manifests say: the workspace's crates and the edges between them, from `cargo metadata`.

use std::path::Path;

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// The crates of a workspace and the dependencies between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workspace {
    /// Names of the members.
    pub crates: Vec<String>,
    /// Pairs `(from, to)` of members, normal and build dependencies on every platform; each once.
    pub edges: Vec<(String, String)>,
}

impl Workspace {
    /// Asks cargo about the workspace in the folder `root`.
    ///
    /// # Errors
    /// If cargo cannot be started or refuses the manifests.
    pub fn read(root: &Path) -> Result<Self> {
        let mut command = MetadataCommand::new();
        let metadata = command.current_dir(root).no_deps().exec().context("reading cargo metadata")?;
        Ok(Self::of(&metadata))
    }

    fn of(metadata: &Metadata) -> Self {
        let members = metadata.workspace_packages();
        let crates: Vec<String> = members.iter().map(|package| package.name.to_string()).collect();
        let mut edges: Vec<(String, String)> = members
            .iter()
            .flat_map(|package| package.dependencies.iter().map(move |dependency| (package, dependency)))
            .filter(|(_, dependency)| dependency.kind != DependencyKind::Development)
            .map(|(package, dependency)| (package.name.to_string(), dependency.name.clone()))
            .filter(|(_, to)| crates.contains(to))
            .collect();
        edges.sort();
        edges.dedup();
        Self { crates, edges }
    }
}
