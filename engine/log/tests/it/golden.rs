//! A kept directory of every format of segments that was ever released: it must open for ever.
//!
//! * `tests/golden/v1` was written by [`write`] and is never written again. A change of format gets a directory of its
//!   own beside it; to make one, run the test below with `PANCAKE_KEEP_FORMAT=1` once.

use std::{fs, path::Path, path::PathBuf, sync::Arc};

use pancake_log::{FileStorage, Log, LogOptions, Recovery, batch::NewRecord};
use pancake_types::Timestamp;

use crate::support::*;

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1")
}

fn options() -> LogOptions {
    LogOptions { segment_bytes_max: 400, ..small() }
}

/// Several segments, an idempotent producer, tombstones, headers, and a start that is not zero.
fn write(dir: &Path) {
    let (log, _) = Log::open(Arc::new(FileStorage), dir, options()).unwrap();
    for i in 0..6 {
        let header =
            pancake_log::batch::Header { key: "source".into(), value: Some("golden".into()) };
        let one = NewRecord { headers: vec![header], ..record(1000 * i, "key", Some("value")) };
        log.append(batch(&[one, record(1000 * i + 1, "gone", None)]), NOW).unwrap();
    }
    log.append(produced((7, 2, 40), &["a", "b"]), NOW).unwrap();
    log.delete_before(offset(3)).unwrap();
    log.close().unwrap();
}

fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    let name = |p: &Path| p.file_name().unwrap().to_str().unwrap().to_owned();
    let mut files: Vec<_> = entries.map(|p| (name(&p), fs::read(&p).unwrap())).collect();
    files.sort();
    files
}

#[test]
fn the_first_format_opens_and_is_still_what_is_written() {
    let home = tempfile::tempdir().unwrap();
    let (old, new) = (home.path().join("old"), home.path().join("new"));
    fs::create_dir(&old).unwrap();
    for (name, bytes) in files(&kept()) {
        fs::write(old.join(name), bytes).unwrap();
    }
    write(&new);
    assert_eq!(files(&new), files(&old));
    let (log, recovery) = Log::open(Arc::new(FileStorage), &old, options()).unwrap();
    assert_eq!(recovery, Recovery::default());
    let all = records(&log);
    assert_eq!((all[0].offset, all.len()), (offset(3), 11));
    assert_eq!(all[1].headers[0].name(), "source");
    assert_eq!(log.offset_at(Timestamp::from_millis(4000)).unwrap().unwrap().1, offset(8));
    assert!(log.append(produced((7, 2, 40), &["a", "b"]), NOW).unwrap().duplicate);
}

/// Writes the kept directory, only where `PANCAKE_KEEP_FORMAT` asks for one of a new format.
#[test]
fn write_the_kept_directory() {
    if std::env::var_os("PANCAKE_KEEP_FORMAT").is_none() {
        return;
    }
    assert!(!kept().exists(), "what was kept is never written again");
    write(&kept());
}
