//! The state of a simulated disk: what is seen, what is durable, and the changes between the two.
//!
//! * A file keeps its durable bytes and the writes since; a directory its durable names and the changes since.
//! * Names are whole paths; a directory is there if it is in the set of directories.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
};

use crate::SimRng;

/// A crash tears a write at a multiple of this many bytes, as a sector does, or anywhere in its first one.
const SECTOR_BYTES: u64 = 512;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Inode(usize);

#[derive(Clone, Debug, Default)]
struct File {
    durable: Vec<u8>,
    seen: Vec<u8>,
    since: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Write { position: usize, bytes: Vec<u8> },
    Truncate { length: usize },
}

#[derive(Clone, Debug)]
enum NameChange {
    Add(PathBuf, Inode),
    Remove(PathBuf),
    Move(PathBuf, PathBuf),
    AddDir(PathBuf),
}

#[derive(Clone, Debug, Default)]
struct Names {
    files: BTreeMap<PathBuf, Inode>,
    dirs: BTreeSet<PathBuf>,
}

/// The disk.
#[derive(Debug, Default)]
pub(super) struct Disk {
    files: Vec<File>,
    durable: Names,
    seen: Names,
    since: BTreeMap<PathBuf, Vec<NameChange>>,
}

impl Disk {
    pub(super) fn file(&self, path: &Path) -> Option<Inode> {
        self.seen.files.get(path).copied()
    }

    pub(super) fn exists(&self, path: &Path) -> bool {
        self.seen.files.contains_key(path) || self.seen.dirs.contains(path)
    }

    pub(super) fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        if !self.seen.dirs.contains(dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let inside = |p: &&PathBuf| p.parent() == Some(dir);
        let names = self.seen.files.keys().filter(inside);
        let mut paths: Vec<_> =
            names.chain(self.seen.dirs.iter().filter(inside)).cloned().collect();
        paths.sort();
        Ok(paths)
    }

    pub(super) fn create_dirs(&mut self, dir: &Path) {
        let all: Vec<_> = dir.ancestors().map(Path::to_path_buf).collect();
        for dir in all.into_iter().rev() {
            if !self.seen.dirs.contains(&dir) {
                self.change(NameChange::AddDir(dir));
            }
        }
    }

    pub(super) fn create_file(&mut self, path: &Path) -> io::Result<Inode> {
        let parent = path.parent().unwrap_or(Path::new(""));
        if !self.seen.dirs.contains(parent) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let inode = Inode(self.files.len());
        self.files.push(File::default());
        self.change(NameChange::Add(path.to_owned(), inode));
        Ok(inode)
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        if self.file(from).is_none() {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.change(NameChange::Move(from.to_owned(), to.to_owned()));
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        if self.file(path).is_none() {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.change(NameChange::Remove(path.to_owned()));
        Ok(())
    }

    /// Removes a tree at once and for good: nobody relies on half of one.
    pub(super) fn remove_tree(&mut self, dir: &Path) -> io::Result<()> {
        if !self.seen.dirs.contains(dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.seen.drop_tree(dir);
        self.durable.drop_tree(dir);
        self.since.retain(|parent, _| !parent.starts_with(dir));
        Ok(())
    }

    fn change(&mut self, change: NameChange) {
        self.seen.apply(&change);
        let parent = change.parent();
        self.since.entry(parent).or_default().push(change);
    }

    pub(super) fn sync_dir(&mut self, dir: &Path) {
        for change in self.since.remove(dir).unwrap_or_default() {
            self.durable.apply(&change);
        }
    }

    pub(super) fn bytes(&self, inode: Inode) -> &[u8] {
        self.files.get(inode.0).map_or(&[], |f| &f.seen)
    }

    pub(super) fn write(&mut self, inode: Inode, position: usize, bytes: &[u8]) {
        self.edit(inode, Change::Write { position, bytes: bytes.to_vec() });
    }

    pub(super) fn truncate(&mut self, inode: Inode, length: usize) {
        self.edit(inode, Change::Truncate { length });
    }

    fn edit(&mut self, inode: Inode, change: Change) {
        if let Some(file) = self.files.get_mut(inode.0) {
            change.apply(&mut file.seen);
            file.since.push(change);
        }
    }

    pub(super) fn sync(&mut self, inode: Inode) {
        if let Some(file) = self.files.get_mut(inode.0) {
            file.durable.clone_from(&file.seen);
            file.since.clear();
        }
    }

    pub(super) fn damage(&mut self, inode: Inode, position: usize) {
        if let Some(file) = self.files.get_mut(inode.0) {
            for bytes in [&mut file.seen, &mut file.durable] {
                if let Some(byte) = bytes.get_mut(position) {
                    *byte ^= 0xff;
                }
            }
        }
    }

    pub(super) fn crash(&mut self, rng: &mut SimRng) {
        for file in &mut self.files {
            for change in std::mem::take(&mut file.since) {
                if let Some(change) = change.survive(rng) {
                    change.apply(&mut file.durable);
                }
            }
            file.seen.clone_from(&file.durable);
        }
        for changes in std::mem::take(&mut self.since).into_values() {
            let kept = rng.below(changes.len() as u64 + 1) as usize;
            changes.iter().take(kept).for_each(|c| self.durable.apply(c));
        }
        self.durable.drop_orphans();
        self.seen = self.durable.clone();
    }
}

impl Change {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Self::Write { position, bytes } => {
                let end = position + bytes.len();
                if to.len() < end {
                    to.resize(end, 0);
                }
                if let Some(place) = to.get_mut(*position..end) {
                    place.copy_from_slice(bytes);
                }
            }
            Self::Truncate { length } => to.resize(*length, 0),
        }
    }

    /// What of an unsynced change is on the disk after a crash.
    fn survive(self, rng: &mut SimRng) -> Option<Self> {
        match (rng.below(3), self) {
            (0, _) => None,
            (1, Self::Write { position, mut bytes }) => {
                let whole = bytes.len() as u64;
                let mut kept = rng.below(whole + 1);
                if kept > SECTOR_BYTES {
                    kept -= kept % SECTOR_BYTES;
                }
                // The length of the file may have got there before the bytes did.
                if rng.one_in(2) {
                    bytes.truncate(kept as usize);
                } else {
                    bytes.iter_mut().skip(kept as usize).for_each(|b| *b = 0);
                }
                Some(Self::Write { position, bytes })
            }
            (_, change) => Some(change),
        }
    }
}

impl NameChange {
    fn parent(&self) -> PathBuf {
        let (Self::Add(path, _) | Self::Remove(path) | Self::Move(path, _) | Self::AddDir(path)) =
            self;
        path.parent().unwrap_or(Path::new("")).to_owned()
    }
}

impl Names {
    fn apply(&mut self, change: &NameChange) {
        match change {
            NameChange::Add(path, inode) => {
                self.files.insert(path.clone(), *inode);
            }
            NameChange::Remove(path) => {
                self.files.remove(path);
            }
            NameChange::Move(from, to) => {
                if let Some(inode) = self.files.remove(from) {
                    self.files.insert(to.clone(), inode);
                }
            }
            NameChange::AddDir(path) => {
                self.dirs.insert(path.clone());
            }
        }
    }

    fn drop_tree(&mut self, dir: &Path) {
        self.files.retain(|p, _| !p.starts_with(dir));
        self.dirs.retain(|p| !p.starts_with(dir));
    }

    /// Names whose directory did not survive.
    fn drop_orphans(&mut self) {
        let dirs = self.dirs.clone();
        let reachable = |p: &Path| p.ancestors().skip(1).all(|d| dirs.contains(d));
        self.dirs.retain(|p| reachable(p));
        self.files.retain(|p, _| reachable(p));
    }
}
