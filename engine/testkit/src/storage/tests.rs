//! Tests of the simulated storage: what a crash keeps, loses and tears.

use super::*;

fn storage() -> (SimStorage, PathBuf) {
    let storage = SimStorage::new(1);
    let dir = PathBuf::from("/sim");
    storage.create_durable_dir(&dir);
    (storage, dir)
}

#[test]
fn what_was_synced_survives_and_what_was_not_may_be_torn() {
    let mut fates = std::collections::BTreeSet::new();
    for seed in 0..100 {
        let storage = SimStorage::new(seed);
        storage.create_durable_dir(Path::new("/sim"));
        let path = Path::new("/sim/a");
        let file = storage.open(path, true).unwrap();
        file.write_at(b"kept", 0).unwrap();
        file.sync().unwrap();
        storage.sync_dir(Path::new("/sim")).unwrap();
        file.write_at(b"torn", 4).unwrap();
        storage.crash();
        let bytes = storage.bytes(path).unwrap();
        assert!(bytes.starts_with(b"kept"), "{bytes:?}");
        fates.insert(bytes);
    }
    assert!(fates.contains(&b"kept"[..]) && fates.contains(&b"kepttorn"[..]), "{fates:?}");
    assert!(fates.iter().any(|f| f.len() > 4 && f != b"kepttorn"), "none was torn: {fates:?}");
}

#[test]
fn a_name_lives_only_after_its_directory_was_synced() {
    let mut fates = std::collections::BTreeSet::new();
    for seed in 0..50 {
        let storage = SimStorage::new(seed);
        storage.create_durable_dir(Path::new("/sim"));
        let file = storage.open(Path::new("/sim/a"), true).unwrap();
        file.sync().unwrap();
        storage.crash();
        fates.insert(storage.exists(Path::new("/sim/a")));
    }
    assert_eq!(fates.len(), 2, "an unsynced name must sometimes be lost");
}

#[test]
fn old_handles_are_dead_after_a_crash_or_kill() {
    let (storage, dir) = storage();
    let file = storage.open(&dir.join("a"), true).unwrap();
    file.write_at(b"x", 0).unwrap();
    storage.kill();
    assert!(file.write_at(b"y", 0).is_err());
    assert_eq!(storage.bytes(&dir.join("a")).unwrap(), b"x", "a kill loses nothing");
}

#[test]
fn a_fault_comes_at_the_change_that_was_named() {
    let (storage, dir) = storage();
    let file = storage.open(&dir.join("a"), true).unwrap();
    storage.fail_at(1, Fault::Full);
    file.write_at(b"ab", 0).unwrap();
    let error = file.write_at(b"cd", 2).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert_eq!(storage.bytes(&dir.join("a")).unwrap(), b"abc", "half of it was written");
    file.write_at(b"cd", 2).unwrap();
    storage.fail_at(0, Fault::PowerCut);
    assert!(file.sync().is_err() && file.len().is_err(), "nothing works without power");
}
