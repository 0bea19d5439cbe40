//! The names of a disk in memory: what stands at a path, and how entries come, go and move.
//!
//! Paths are plain: names from the root, without a leading `/`; the root is the empty path and always there.
//!
//! Invariant: every entry's parent is the root or a directory among the entries.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Result};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Inode;

/// All names but the root's, which is the empty path. Paths order by component: a directory's are contiguous.
#[derive(Debug, Default)]
pub(super) struct Disk {
    entries: BTreeMap<PathBuf, Node>,
}

/// What a name stands for.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Directory,
    File(Arc<Inode>),
}

impl Disk {
    /// Returns what stands at `path`, or the error a real disk gives: a file on the way is `NotADirectory`.
    pub(super) fn find(&self, path: &Path) -> Result<Node> {
        if path.as_os_str().is_empty() {
            return Ok(Node::Directory);
        }
        match path.ancestors().find_map(|prefix| Some((prefix, self.entries.get(prefix)?))) {
            Some((prefix, node)) if prefix == path => Ok(node.clone()),
            Some((_, Node::File(_))) => Err(ErrorKind::NotADirectory.into()),
            Some((_, Node::Directory)) | None => Err(ErrorKind::NotFound.into()),
        }
    }

    pub(super) fn require_dir(&self, path: &Path) -> Result<()> {
        match self.find(path)? {
            Node::Directory => Ok(()),
            Node::File(_) => Err(ErrorKind::NotADirectory.into()),
        }
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &Inode> {
        self.entries.values().filter_map(|node| match node {
            Node::File(inode) => Some(inode.as_ref()),
            Node::Directory => None,
        })
    }

    fn require_empty(&self, dir: &Path) -> Result<()> {
        self.require_dir(dir)?;
        match self.below(dir).next() {
            None => Ok(()),
            Some(_) => Err(ErrorKind::DirectoryNotEmpty.into()),
        }
    }

    /// The paths below a directory, at any depth, rising.
    fn below(&self, dir: &Path) -> impl Iterator<Item = &Path> {
        let behind = self.entries.range::<Path, _>((Bound::Excluded(dir), Bound::Unbounded));
        behind.map(|(path, _)| path.as_path()).take_while(move |path| path.starts_with(dir))
    }

    pub(super) fn remove_file(&mut self, path: &Path) -> Result<()> {
        match self.find(path)? {
            Node::Directory => return Err(ErrorKind::IsADirectory.into()),
            Node::File(_) => self.entries.remove(path),
        };
        Ok(())
    }

    pub(super) fn remove_dir(&mut self, dir: &Path) -> Result<()> {
        self.require_empty(dir)?;
        match self.entries.remove(dir) {
            Some(_) => Ok(()),
            None => Err(Error::new(ErrorKind::InvalidInput, "the root cannot be removed")),
        }
    }

    /// The names directly in a directory, rising.
    pub(super) fn list(&self, dir: &Path) -> Result<Vec<String>> {
        self.require_dir(dir)?;
        let children = self.below(dir).filter(|path| path.parent() == Some(dir));
        Ok(children.filter_map(Path::file_name).map(|name| name.to_string_lossy().into_owned()).collect())
    }

    /// Adds an entry under a free name in an existing directory.
    pub(super) fn add(&mut self, path: PathBuf, node: Node) -> Result<()> {
        let Some(parent) = path.parent() else { return Err(ErrorKind::AlreadyExists.into()) };
        self.require_dir(parent)?;
        if self.entries.contains_key(&path) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        self.entries.insert(path, node);
        Ok(())
    }

    pub(super) fn find_or_add_file(&mut self, path: PathBuf) -> Result<Arc<Inode>> {
        match self.find(&path) {
            Ok(Node::File(inode)) => Ok(inode),
            Ok(Node::Directory) => Err(ErrorKind::IsADirectory.into()),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let inode = Arc::new(Inode::default());
                self.add(path, Node::File(Arc::clone(&inode)))?;
                Ok(inode)
            }
            Err(error) => Err(error),
        }
    }

    pub(super) fn rename(&mut self, source: &Path, target: &Path) -> Result<()> {
        let node = self.find(source)?;
        if source == target {
            return Ok(());
        }
        if target.starts_with(source) {
            let is_file = matches!(node, Node::File(_));
            return Err(if is_file { ErrorKind::NotADirectory } else { ErrorKind::InvalidInput }.into());
        }
        self.make_way(&node, target)?;
        self.move_entries(source, target);
        Ok(())
    }

    /// Checks that `node` may take the name `target`. What stands there is overwritten by the move itself.
    fn make_way(&self, node: &Node, target: &Path) -> Result<()> {
        match (node, self.find(target)) {
            (Node::File(_), Ok(Node::File(_))) => Ok(()),
            (Node::File(_), Ok(Node::Directory)) => Err(ErrorKind::IsADirectory.into()),
            (Node::Directory, Ok(Node::File(_))) => Err(ErrorKind::NotADirectory.into()),
            (Node::Directory, Ok(Node::Directory)) => self.require_empty(target),
            (_, Err(_)) => self.require_dir(target.parent().unwrap_or(Path::new(""))),
        }
    }

    fn move_entries(&mut self, source: &Path, target: &Path) {
        let mut moving: Vec<PathBuf> = self.below(source).map(Path::to_path_buf).collect();
        moving.push(source.to_path_buf());
        for path in moving {
            let rest = path.strip_prefix(source).unwrap_or(Path::new(""));
            // Joining an empty rest would leave a trailing separator in the key.
            let moved = if rest.as_os_str().is_empty() { target.to_path_buf() } else { target.join(rest) };
            if let Some(node) = self.entries.remove(&path) {
                self.entries.insert(moved, node);
            }
        }
    }
}
