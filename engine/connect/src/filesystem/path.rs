//! Where a table's files lie.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::read::FileError;

/// Reads a path or a `file:` address; other schemes are not known.
pub(super) fn parse(text: &str) -> Option<PathBuf> {
    let path = match text.split_once(':') {
        Some(("file", path)) => match path.strip_prefix("//") {
            Some(with_host) => with_host.strip_prefix("localhost").unwrap_or(with_host),
            None => path,
        },
        Some((scheme, rest)) if rest.starts_with("//") && !scheme.contains('/') => return None,
        _ => text,
    };
    (!path.is_empty()).then(|| PathBuf::from(path))
}

/// The file, or the visible files of the directory, sorted by name.
pub(super) fn files(path: &Path) -> Result<Vec<PathBuf>, FileError> {
    let read = |source: std::io::Error| match source.kind() {
        ErrorKind::NotFound => FileError::Absent { path: path.to_owned() },
        _ => FileError::Read { path: path.to_owned(), source },
    };
    if !fs::metadata(path).map_err(read)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(read)? {
        let entry = entry.map_err(read)?;
        let name = entry.file_name();
        let is_hidden = name.to_string_lossy().starts_with(['.', '_']);
        if !is_hidden && entry.path().is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_path(text: &str, path: Option<&str>) {
        assert_eq!(parse(text), path.map(PathBuf::from), "{text}");
    }

    #[test]
    fn paths_come_with_and_without_a_scheme() {
        check_path("/tmp/orders", Some("/tmp/orders"));
        check_path("orders.json", Some("orders.json"));
        check_path("file:///tmp/orders", Some("/tmp/orders"));
        check_path("file:/tmp/orders", Some("/tmp/orders"));
        check_path("s3://bucket/orders", None);
        check_path("", None);
    }
}
