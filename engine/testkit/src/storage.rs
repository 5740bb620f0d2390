//! Files in memory that can lose power.
//!
//! * What was written is seen at once; after [`SimStorage::crash`] each unsynced write of a file is there, gone, or torn,
//!   each for itself and in no order.
//! * Names are durable after a sync of their directory. Of the unsynced changes in a directory a first part survives, as
//!   on a journalling file system.
//! * Handles from before a crash fail from then on, so nobody writes after death.

mod disk;

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use pancake_types::{Storage, StorageFile};

use self::disk::{Disk, Inode};
use crate::SimRng;

/// What goes wrong, once, at a chosen change of the storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The disk is full (`ENOSPC`); a write may have got half way.
    Full,
    /// The device fails (`EIO`).
    Io,
    /// The power goes: this change and all later operations fail until [`SimStorage::crash`] brings it back.
    PowerCut,
}

/// Simulated storage. Clones are the same storage.
#[derive(Clone)]
pub struct SimStorage(Arc<Mutex<Sim>>);

struct Sim {
    disk: Disk,
    rng: SimRng,
    /// Counts crashes; handles of an earlier life are dead.
    life: u64,
    powered: bool,
    changes: u64,
    fault: Option<(u64, Fault)>,
}

impl SimStorage {
    /// Empty storage whose crashes follow a seed.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Sim {
            disk: Disk::default(),
            rng: SimRng::new(seed),
            life: 0,
            powered: true,
            changes: 0,
            fault: None,
        })))
    }

    /// Makes a directory and its parents, durable from the start.
    pub fn create_durable_dir(&self, dir: &Path) {
        let mut sim = self.lock();
        sim.disk.create_dirs(dir);
        for dir in dir.ancestors().chain([Path::new("")]) {
            sim.disk.sync_dir(dir);
        }
    }

    /// The power goes and comes back: what was not synced is lost or torn.
    pub fn crash(&self) {
        let mut sim = self.lock();
        let mut rng = sim.rng.clone();
        sim.disk.crash(&mut rng);
        sim.rng = rng;
        sim.life += 1;
        sim.powered = true;
        sim.fault = None;
    }

    /// The process dies and the machine lives: handles are dead, everything written is there (`kill -9`).
    pub fn kill(&self) {
        let mut sim = self.lock();
        sim.life += 1;
        sim.powered = true;
        sim.fault = None;
    }

    /// Lets the n-th change from now on go wrong; zero is the next one. Reads are not counted.
    pub fn fail_at(&self, change: u64, fault: Fault) {
        let mut sim = self.lock();
        let at = sim.changes + change;
        sim.fault = Some((at, fault));
    }

    /// How many changes (writes, truncations, syncs, renames …) were tried so far.
    pub fn changes(&self) -> u64 {
        self.lock().changes
    }

    /// Turns over bits of a file, behind everybody's back: damage that no crash explains.
    ///
    /// # Panics
    /// If there is no such byte.
    pub fn damage(&self, path: &Path, position: u64) {
        let mut sim = self.lock();
        let inode = sim.disk.file(path).unwrap_or_else(|| panic!("{} is there", path.display()));
        sim.disk.damage(inode, position as usize);
    }

    /// A file's bytes as they are seen now.
    pub fn bytes(&self, path: &Path) -> Option<Vec<u8>> {
        let sim = self.lock();
        let inode = sim.disk.file(path)?;
        Some(sim.disk.bytes(inode).to_vec())
    }

    fn lock(&self) -> MutexGuard<'_, Sim> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, read: impl FnOnce(&Disk) -> io::Result<T>) -> io::Result<T> {
        let sim = self.lock();
        sim.check_power()?;
        read(&sim.disk)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Disk) -> io::Result<T>) -> io::Result<T> {
        let mut sim = self.lock();
        sim.check_power()?;
        match sim.next_fault() {
            None => change(&mut sim.disk),
            Some(fault) => Err(sim.fail(fault)),
        }
    }
}

impl Sim {
    fn check_power(&self) -> io::Result<()> {
        if self.powered { Ok(()) } else { Err(io::Error::other("the power is off")) }
    }

    fn next_fault(&mut self) -> Option<Fault> {
        let now = self.changes;
        self.changes += 1;
        self.fault.take_if(|(at, _)| *at == now).map(|(_, fault)| fault)
    }

    fn fail(&mut self, fault: Fault) -> io::Error {
        match fault {
            Fault::Full => io::ErrorKind::StorageFull.into(),
            Fault::Io => io::Error::other("the device fails"),
            Fault::PowerCut => {
                self.powered = false;
                io::Error::other("the power goes")
            }
        }
    }
}

impl fmt::Debug for SimStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimStorage").finish_non_exhaustive()
    }
}

impl Storage for SimStorage {
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn StorageFile>> {
        let known = self.read(|disk| Ok(disk.file(path)))?;
        let inode = match known {
            Some(inode) => inode,
            None if create => self.change(|disk| disk.create_file(path))?,
            None => return Err(io::ErrorKind::NotFound.into()),
        };
        let life = self.lock().life;
        Ok(Arc::new(SimFile { storage: self.clone(), inode, life }))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        self.read(|disk| disk.list(dir))
    }

    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        self.change(|disk| {
            disk.create_dirs(dir);
            Ok(())
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change(|disk| disk.rename(from, to))
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.change(|disk| disk.remove(path))
    }

    fn remove_dir_all(&self, dir: &Path) -> io::Result<()> {
        self.change(|disk| disk.remove_tree(dir))
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.change(|disk| {
            disk.sync_dir(dir);
            Ok(())
        })
    }

    fn exists(&self, path: &Path) -> bool {
        self.lock().disk.exists(path)
    }
}

struct SimFile {
    storage: SimStorage,
    inode: Inode,
    life: u64,
}

impl SimFile {
    fn check_life(&self) -> io::Result<()> {
        let alive = self.storage.lock().life == self.life;
        if alive { Ok(()) } else { Err(io::Error::other("the handle is from before a crash")) }
    }
}

impl fmt::Debug for SimFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimFile").field("inode", &self.inode).finish_non_exhaustive()
    }
}

impl StorageFile for SimFile {
    fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
        self.check_life()?;
        self.storage.read(|disk| {
            let rest = disk.bytes(self.inode).get(position as usize..).unwrap_or_default();
            let count = rest.len().min(buf.len());
            if let (Some(to), Some(from)) = (buf.get_mut(..count), rest.get(..count)) {
                to.copy_from_slice(from);
            }
            Ok(count)
        })
    }

    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        self.check_life()?;
        let mut sim = self.storage.lock();
        sim.check_power()?;
        let fault = sim.next_fault();
        // What fails may have got half way.
        let written = if fault.is_some() { bytes.len() / 2 } else { bytes.len() };
        sim.disk.write(self.inode, position as usize, bytes.get(..written).unwrap_or_default());
        fault.map_or(Ok(()), |fault| Err(sim.fail(fault)))
    }

    fn len(&self) -> io::Result<u64> {
        self.check_life()?;
        self.storage.read(|disk| Ok(disk.bytes(self.inode).len() as u64))
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.check_life()?;
        self.storage.change(|disk| {
            disk.truncate(self.inode, len as usize);
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.check_life()?;
        self.storage.change(|disk| {
            disk.sync(self.inode);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests;
