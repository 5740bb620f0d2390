//! Opens a file of a data set where it comes from: a directory or an HTTP server, from any byte on.
//!
//! * A server that does not know `Range` answers from the start; the caller is told where the bytes begin.
//! * `HTTP_PROXY` is not used for loopback; nothing is decompressed on the way.

use std::{
    fs::File,
    io::{ErrorKind, Read, Seek, SeekFrom},
    path::Path,
    time::Duration,
};

use ureq::{
    Agent,
    http::{StatusCode, Uri, header},
};

use super::DatasetError;

const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// A server that says nothing for so long has stopped.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// Bytes of a file, beginning at `start`.
pub(super) struct Opened {
    pub(super) start: u64,
    pub(super) bytes: Box<dyn Read + Send>,
}

/// Opens a file of a directory at a byte.
pub(super) fn open_file(path: &Path, from: u64) -> Result<Opened, DatasetError> {
    let mut file = File::open(path).map_err(|source| match source.kind() {
        ErrorKind::NotFound => DatasetError::NotInMirror { path: path.to_owned() },
        _ => DatasetError::Read { path: path.to_owned(), source },
    })?;
    file.seek(SeekFrom::Start(from))
        .map_err(|source| DatasetError::Read { path: path.to_owned(), source })?;
    Ok(Opened { start: from, bytes: Box::new(file) })
}

/// Asks a server for a file from a byte on.
pub(super) fn open_url(url: &str, from: u64) -> Result<Opened, DatasetError> {
    let offline = |reason: String| DatasetError::Offline { url: url.to_owned(), reason };
    let mut request = agent(url).get(url);
    if from > 0 {
        request = request.header(header::RANGE, format!("bytes={from}-"));
    }
    let response = request.call().map_err(|error| offline(error.to_string()))?;
    let status = response.status();
    let start = match status {
        StatusCode::OK => 0,
        StatusCode::PARTIAL_CONTENT => {
            let range = response.headers().get(header::CONTENT_RANGE);
            range.and_then(|range| first_byte(range.to_str().ok()?)).unwrap_or(from)
        }
        _ => return Err(DatasetError::Refused { url: url.to_owned(), status: status.as_u16() }),
    };
    Ok(Opened { start, bytes: Box::new(response.into_body().into_reader()) })
}

/// `bytes 100-199/200` begins at 100.
fn first_byte(content_range: &str) -> Option<u64> {
    content_range.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

fn agent(url: &str) -> Agent {
    let mut config = Agent::config_builder()
        .timeout_connect(Some(CONNECT_LIMIT))
        .timeout_recv_response(Some(SILENCE_LIMIT))
        .timeout_per_read(Some(SILENCE_LIMIT))
        .http_status_as_error(false)
        .accept_encoding("identity");
    if is_loopback(url) {
        config = config.proxy(None);
    }
    config.build().new_agent()
}

fn is_loopback(url: &str) -> bool {
    let uri = url.parse::<Uri>().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_known_in_all_its_spellings() {
        for url in ["http://localhost:1/a", "http://127.0.0.1:1/a", "http://[::1]:1/a"] {
            assert!(is_loopback(url), "{url}");
        }
        assert!(!is_loopback("https://example.org/localhost"));
    }

    #[test]
    fn a_content_range_says_where_the_bytes_begin() {
        assert_eq!(first_byte("bytes 100-199/200"), Some(100));
        assert_eq!(first_byte("items 1-2"), None);
    }
}
