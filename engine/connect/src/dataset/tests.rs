//! Pulling from a directory and from a server that breaks, lies or starts over; the manifests; the real set.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
};

use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

use super::*;

fn sha256(bytes: &[u8]) -> String {
    let digits = Sha256::digest(bytes).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from_digit(digit.into(), 16).unwrap()).collect()
}

fn content() -> Vec<u8> {
    (0..300_000_u32).flat_map(|n| (n.wrapping_mul(2_654_435_761) >> 24).to_le_bytes()).collect()
}

fn manifest(sha256: &str) -> Manifest {
    let bytes = content().len();
    let text = format!(
        "format: 1\nname: toy\ntitle: A toy\nabout: For tests.\nlicence: {{name: CC0-1.0}}\n\
         page: https://example.org/toy\n\
         files:\n  - {{name: toy.bin, bytes: {bytes}, sha256: {sha256}, mirror: toy/toy.bin}}\n"
    );
    Manifest::parse("toy", &text).unwrap()
}

/// What the server does with one connection.
#[derive(Clone, Copy)]
enum Answer {
    /// Honours `Range` and sends at most so many bytes before it hangs up.
    Ranged { at_most: usize },
    /// Ignores `Range` and sends everything.
    Whole,
    /// Says 404.
    NotFound,
}

/// Serves the content, one answer per connection; keeps the ranges that were asked for.
fn serve(answers: Vec<Answer>) -> (String, Arc<Mutex<Vec<Option<usize>>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut from = None;
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while let Some(Ok(line)) =
                lines.next().filter(|l| l.as_ref().is_ok_and(|l| !l.is_empty()))
            {
                if let Some(range) = line.to_lowercase().strip_prefix("range: bytes=") {
                    from = range.trim_end_matches('-').parse::<usize>().ok();
                }
            }
            log.lock().unwrap().push(from);
            respond(&mut stream, answer, from);
        }
    });
    (url, asked)
}

fn respond(stream: &mut impl Write, answer: Answer, from: Option<usize>) {
    let content = content();
    let (head, body) = match (answer, from) {
        (Answer::NotFound, _) => {
            ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n".to_owned(), &content[..0])
        }
        (Answer::Ranged { at_most }, Some(from)) => {
            let rest = &content[from..];
            let range = format!("bytes {from}-{}/{}", content.len() - 1, content.len());
            let head = format!(
                "HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\nContent-Range: {range}\r\n",
                rest.len()
            );
            (head, &rest[..at_most.min(rest.len())])
        }
        (Answer::Ranged { at_most }, None) => (
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n", content.len()),
            &content[..at_most.min(content.len())],
        ),
        (Answer::Whole, _) => {
            (format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n", content.len()), &content[..])
        }
    };
    drop(stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()));
    drop(stream.write_all(body));
}

fn pull_from(manifest: &Manifest, blobs: &Path, mirror: &Mirror) -> Result<Pulled, DatasetError> {
    pull(manifest, blobs, mirror, &mut |_| ()).map(|pulled| pulled[0].clone())
}

#[test]
fn a_broken_download_goes_on_where_it_was() {
    let home = tempfile::tempdir().unwrap();
    let manifest = manifest(&sha256(&content()));
    let part = home.path().join(format!("{}.part", sha256(&content())));
    fs::write(&part, &content()[..1_000]).unwrap();
    let (url, asked) =
        serve(vec![Answer::Ranged { at_most: 500_000 }, Answer::Ranged { at_most: usize::MAX }]);
    let mut seen = Vec::new();
    let pulled =
        pull(&manifest, home.path(), &Mirror::Url(url), &mut |p| seen.push(p.done_bytes)).unwrap();
    assert_eq!(pulled[0].resumed_bytes, 1_000);
    assert_eq!(*asked.lock().unwrap(), [Some(1_000), Some(501_000)]);
    assert_eq!(fs::read(&pulled[0].path).unwrap(), content());
    assert!(!part.exists());
    assert!(seen.is_sorted() && seen.last() == Some(&(content().len() as u64)));
    assert_eq!(verify(&manifest, home.path()).unwrap(), [("toy.bin".to_owned(), FileState::Good)]);
}

#[test]
fn a_server_without_ranges_makes_it_start_over() {
    let home = tempfile::tempdir().unwrap();
    let manifest = manifest(&sha256(&content()));
    fs::write(home.path().join(format!("{}.part", sha256(&content()))), b"something else").unwrap();
    let (url, asked) = serve(vec![Answer::Whole]);
    let pulled = pull_from(&manifest, home.path(), &Mirror::Url(url)).unwrap();
    assert_eq!(*asked.lock().unwrap(), [Some(14)]);
    assert_eq!(fs::read(&pulled.path).unwrap(), content());
}

#[test]
fn a_wrong_checksum_is_refused_and_named() {
    let home = tempfile::tempdir().unwrap();
    let expected = "0".repeat(64);
    let (url, _) = serve(vec![Answer::Whole]);
    let error = pull_from(&manifest(&expected), home.path(), &Mirror::Url(url)).unwrap_err();
    let message = error.to_string();
    assert!(message.contains(&format!("expected sha256 {expected}")), "{message}");
    assert!(message.contains(&format!("got {}", sha256(&content()))), "{message}");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "nothing wrong may stay");
}

#[test]
fn a_connection_that_brings_nothing_is_given_up() {
    let home = tempfile::tempdir().unwrap();
    let manifest = manifest(&sha256(&content()));
    let (url, asked) = serve(vec![Answer::Ranged { at_most: 0 }; 4]);
    let error = pull_from(&manifest, home.path(), &Mirror::Url(url)).unwrap_err();
    assert!(matches!(error, DatasetError::Interrupted { done_bytes: 0, .. }), "{error}");
    assert_eq!(asked.lock().unwrap().len(), 3);
}

#[test]
fn what_is_there_is_not_fetched_again() {
    let (home, mirror) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let manifest = manifest(&sha256(&content()));
    fs::create_dir(mirror.path().join("toy")).unwrap();
    fs::write(mirror.path().join("toy/toy.bin"), content()).unwrap();
    let from = Mirror::parse(mirror.path().to_str().unwrap());
    assert_eq!(pull_from(&manifest, home.path(), &from).unwrap().fetched_bytes, 1_200_000);
    fs::remove_file(mirror.path().join("toy/toy.bin")).unwrap();
    assert_eq!(pull_from(&manifest, home.path(), &from).unwrap().fetched_bytes, 0);
}

#[test]
fn verify_finds_a_changed_byte() {
    let home = tempfile::tempdir().unwrap();
    let manifest = manifest(&sha256(&content()));
    let absent = verify(&manifest, home.path()).unwrap();
    assert_eq!(absent[0].1, FileState::Absent);
    let mut changed = content();
    changed[7] ^= 1;
    fs::write(home.path().join(sha256(&content())), &changed).unwrap();
    let got = sha256(&changed);
    assert_eq!(verify(&manifest, home.path()).unwrap()[0].1, FileState::Wrong { got });
}

#[track_caller]
fn check_refused(from: &Mirror, says: &str) {
    let home = tempfile::tempdir().unwrap();
    let error = pull_from(&manifest(&sha256(&content())), home.path(), from).unwrap_err();
    assert!(error.to_string().contains(says), "{error}");
}

#[test]
fn every_refusal_says_what_is_wrong() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    check_refused(&Mirror::Url(format!("http://{closed}")), "is this machine offline?");
    check_refused(&Mirror::Url(serve(vec![Answer::NotFound]).0), "HTTP status 404");
    check_refused(&Mirror::Dir(PathBuf::from("/nowhere")), "no file /nowhere/toy/toy.bin");
    check_refused(&Mirror::Origin, "its page is https://example.org/toy");
    let home = tempfile::tempdir().unwrap();
    let orders = find("orders").unwrap();
    let error = pull_from(&orders, home.path(), &Mirror::Origin).unwrap_err();
    assert!(matches!(error, DatasetError::Generated { .. }), "{error}");
    let error = find("amine").unwrap_err().to_string();
    assert!(error.contains("no data set is named `amine`; there are anime,"), "{error}");
}

#[test]
fn a_manifest_with_an_unknown_key_is_refused() {
    let text = "format: 1\nname: x\ntitle: x\nabout: x\nlicense: {name: MIT}\n";
    let error = Manifest::parse("x", text).unwrap_err().to_string();
    assert!(error.contains("unknown field `license`"), "{error}");
    let newer = "format: 2\nname: x\ntitle: x\nabout: x\nlicence: {name: MIT}\n";
    assert!(Manifest::parse("x", newer).unwrap_err().to_string().contains("newer"));
}

#[test]
fn every_manifest_is_named_as_its_folder_and_its_lists_are_whole() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets");
    let manifests = all().unwrap();
    assert!(manifests.is_sorted_by_key(|manifest| manifest.name.clone()));
    let folders = fs::read_dir(&root).unwrap().filter(|e| e.as_ref().unwrap().path().is_dir());
    assert_eq!(folders.count(), manifests.len(), "a folder is not listed");
    for manifest in manifests {
        assert!(root.join(&manifest.name).join("dataset.yaml").is_file(), "{}", manifest.name);
        for split in &manifest.splits {
            let list = fs::File::open(root.join(&manifest.name).join(&split.file)).unwrap();
            let mut text = String::new();
            GzDecoder::new(list).read_to_string(&mut text).unwrap();
            assert_eq!(sha256(text.as_bytes()), split.sha256, "{}", split.file);
            assert_eq!(text.lines().count() as u64, split.rows, "{}", split.file);
        }
        if let Some(spec) = manifest.generator {
            let blobs = PathBuf::new();
            let generators = crate::generator::Generators { blobs };
            assert!(generators.open(&spec.name, &spec.parameters).unwrap().next().is_some());
        }
    }
}

/// The real data beside the checkout, if it is there.
fn shared_data() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    if !path.join("anime/anime.zip").is_file() {
        eprintln!("skipped: no data sets at {}", path.display());
        return None;
    }
    Some(path)
}

#[test]
fn every_real_set_matches_its_manifest() {
    let Some(mirror) = shared_data() else { return };
    let home = tempfile::tempdir().unwrap();
    for manifest in all().unwrap().iter().filter(|manifest| manifest.generator.is_none()) {
        pull(manifest, home.path(), &Mirror::Dir(mirror.clone()), &mut |_| ()).unwrap();
        assert!(manifest.is_present(home.path()), "{}", manifest.name);
    }
}

#[test]
fn the_pinned_split_of_anime_is_whole() {
    let Some(mirror) = shared_data() else { return };
    let home = tempfile::tempdir().unwrap();
    let manifest = find("anime").unwrap();
    pull(&manifest, home.path(), &Mirror::Dir(mirror), &mut |_| ()).unwrap();
    let history = anime::History::open(home.path()).unwrap();
    assert_eq!(history.rows().len() as u64, manifest.tables[0].rows.unwrap());
    let part = |part| history.part(part).unwrap();
    let (train, test) = (part(anime::Part::Train), part(anime::Part::Test));
    assert_eq!(train.len() + test.len(), history.rows().len());
    let halves = [part(anime::Part::Batch), part(anime::Part::Stream)];
    assert_eq!(halves[0].len(), anime::BATCH_ROWS);
    assert_eq!(halves.concat(), train);
    let mut all = [train, test].concat();
    let mut rows = history.rows().to_vec();
    all.sort_by_key(|row| (row.user, row.item));
    rows.sort_by_key(|row| (row.user, row.item));
    assert_eq!(all, rows, "training and test rows are not all rows");

    let (train, test) = anime::ratings(home.path()).unwrap();
    assert_eq!((train.len(), test.len()), (419_943 - 84_085, 84_085));
    assert_eq!(anime::titles(home.path()).unwrap()[&1723], "Kimi no Na wa.");
}
