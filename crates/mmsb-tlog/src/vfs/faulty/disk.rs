//! The names and files of a faulty disk: plain data, cheap to copy, that knows what is durable.
//!
//! Invariant: node 0 is the root directory and always durable; every other node that is kept has a name, now
//! or after some power cut, or an open handle.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{ErrorKind, Result},
    path::{Component, Path},
    sync::Arc,
};

use super::node::{Dir, File, Id, NameChange, Node};

pub(super) const ROOT: Id = 0;

/// A whole disk. Cloning copies pointers.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    pub(super) nodes: BTreeMap<Id, Node>,
    next: Id,
}

impl Default for Disk {
    fn default() -> Self {
        Self { nodes: BTreeMap::from([(ROOT, Node::Dir(Arc::default()))]), next: ROOT + 1 }
    }
}

impl Disk {
    /// Returns the node at `path`; a file on the way is `NotADirectory`.
    pub(super) fn find(&self, path: &Path) -> Result<Id> {
        let mut at = ROOT;
        for name in names(path) {
            at = *self.dir(at)?.now.get(name).ok_or(ErrorKind::NotFound)?;
        }
        Ok(at)
    }

    pub(super) fn dir(&self, id: Id) -> Result<&Dir> {
        match &self.nodes[&id] {
            Node::Dir(dir) => Ok(dir),
            Node::File(_) => Err(ErrorKind::NotADirectory.into()),
        }
    }

    pub(super) fn file(&self, id: Id) -> Result<&File> {
        match &self.nodes[&id] {
            Node::File(file) => Ok(file),
            Node::Dir(_) => Err(ErrorKind::IsADirectory.into()),
        }
    }

    pub(super) fn file_mut(&mut self, id: Id) -> Result<&mut File> {
        match self.nodes.get_mut(&id) {
            Some(Node::File(file)) => Ok(Arc::make_mut(file)),
            Some(Node::Dir(_)) => Err(ErrorKind::IsADirectory.into()),
            None => Err(ErrorKind::NotFound.into()),
        }
    }

    pub(super) fn dir_mut(&mut self, id: Id) -> Result<&mut Dir> {
        match self.nodes.get_mut(&id) {
            Some(Node::Dir(dir)) => Ok(Arc::make_mut(dir)),
            Some(Node::File(_)) => Err(ErrorKind::NotADirectory.into()),
            None => Err(ErrorKind::NotFound.into()),
        }
    }

    /// Adds a node under a free name in a directory that exists.
    pub(super) fn add(&mut self, path: &Path, node: Node) -> Result<Id> {
        let (parent, name) = self.parent(path)?.ok_or(ErrorKind::AlreadyExists)?;
        if self.dir(parent)?.now.contains_key(&name) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let id = self.next;
        self.next += 1;
        self.nodes.insert(id, node);
        self.dir_mut(parent)?.change(NameChange { removed: None, added: Some((name, id)) });
        Ok(id)
    }

    pub(super) fn remove_file(&mut self, path: &Path) -> Result<()> {
        let id = self.find(path)?;
        self.file(id)?;
        self.remove(path)
    }

    pub(super) fn remove_dir(&mut self, path: &Path) -> Result<()> {
        self.require_empty(self.find(path)?)?;
        self.remove(path)
    }

    pub(super) fn rename(&mut self, source: &Path, target: &Path) -> Result<()> {
        let id = self.find(source)?;
        let is_dir = matches!(self.nodes[&id], Node::Dir(_));
        if names(source).eq(names(target)) {
            return Ok(());
        }
        if is_within(target, source) {
            return Err(if is_dir { ErrorKind::InvalidInput } else { ErrorKind::NotADirectory }.into());
        }
        self.make_way(is_dir, target)?;
        let (Some((old_dir, old)), Some((new_dir, new))) = (self.parent(source)?, self.parent(target)?)
        else {
            return Err(ErrorKind::InvalidInput.into());
        };
        if old_dir == new_dir {
            let change = NameChange { removed: Some(old), added: Some((new, id)) };
            self.dir_mut(old_dir)?.change(change);
        } else {
            self.dir_mut(new_dir)?.change(NameChange { removed: None, added: Some((new, id)) });
            self.dir_mut(old_dir)?.change(NameChange { removed: Some(old), added: None });
        }
        Ok(())
    }

    /// Forgets the nodes that nothing leads to, now or after a power cut; `open` ones stay.
    pub(super) fn prune(&mut self, open: impl Fn(Id) -> bool) {
        let (mut reached, mut next) = (BTreeSet::from([ROOT]), vec![ROOT]);
        while let Some(id) = next.pop() {
            if let Some(Node::Dir(dir)) = self.nodes.get(&id) {
                next.extend(dir.leads_to().filter(|&id| reached.insert(id)));
            }
        }
        self.nodes.retain(|&id, _| reached.contains(&id) || open(id));
    }

    fn remove(&mut self, path: &Path) -> Result<()> {
        let (parent, name) = self.parent(path)?.ok_or(ErrorKind::InvalidInput)?;
        self.dir_mut(parent)?.change(NameChange { removed: Some(name), added: None });
        Ok(())
    }

    fn require_empty(&self, id: Id) -> Result<()> {
        if self.dir(id)?.now.is_empty() { Ok(()) } else { Err(ErrorKind::DirectoryNotEmpty.into()) }
    }

    /// Checks that `target` is free, or may be replaced.
    fn make_way(&self, is_dir: bool, target: &Path) -> Result<()> {
        match self.find(target) {
            Ok(id) => match (is_dir, &self.nodes[&id]) {
                (false, Node::File(_)) => Ok(()),
                (false, Node::Dir(_)) => Err(ErrorKind::IsADirectory.into()),
                (true, _) => self.require_empty(id),
            },
            Err(_) => self.parent(target).map(drop),
        }
    }

    /// Returns the directory that holds the last name of a path, and that name; `None` for the root.
    fn parent(&self, path: &Path) -> Result<Option<(Id, Arc<str>)>> {
        let Some(name) = names(path).last() else { return Ok(None) };
        let parent = self.find(path.parent().unwrap_or(Path::new("")))?;
        self.dir(parent)?;
        Ok(Some((parent, name.into())))
    }
}

/// Refuses what a disk in memory cannot follow.
pub(super) fn check(path: &Path) -> Result<()> {
    let plain =
        |component| matches!(component, Component::Normal(_) | Component::RootDir | Component::CurDir);
    if path.components().all(plain) && path.to_str().is_some() {
        Ok(())
    } else {
        Err(std::io::Error::new(ErrorKind::InvalidInput, "a simulated disk knows plain names only"))
    }
}

/// The names of a path from the root on.
fn names(path: &Path) -> impl Iterator<Item = &str> {
    path.components().filter_map(|component| match component {
        Component::Normal(name) => name.to_str(),
        _ => None,
    })
}

fn is_within(path: &Path, dir: &Path) -> bool {
    let mut path = names(path);
    names(dir).all(|name| path.next() == Some(name))
}
