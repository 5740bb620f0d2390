//! A file of lines, some of them at a time.
//!
//! * Empty lines are passed over; lines are counted from one, as an editor shows them.
//! * A line is a row: a quoted field of a CSV file cannot hold a line break.

use std::{
    fs::File,
    io::{BufRead, BufReader, ErrorKind},
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;

use super::read::FileError;
use crate::format::Format;

const BUFFER_BYTES: usize = 256 * 1024;
/// Longest line.
const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// An open file and the lines read last.
pub(super) struct TextFile {
    path: PathBuf,
    reader: Box<dyn BufRead + Send>,
    line: u64,
    text: Vec<u8>,
    /// Number, start and end of each line in `text`.
    lines: Vec<(u64, usize, usize)>,
}

impl TextFile {
    pub(super) fn open(path: &Path, format: &Format, position: u64) -> Result<Self, FileError> {
        let file = File::open(path).map_err(|source| match source.kind() {
            ErrorKind::NotFound => FileError::Absent { path: path.to_owned() },
            _ => FileError::Read { path: path.to_owned(), source },
        })?;
        let reader: Box<dyn BufRead + Send> = if path.extension().is_some_and(|e| e == "gz") {
            Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(file)))
        } else {
            Box::new(BufReader::with_capacity(BUFFER_BYTES, file))
        };
        let (text, lines) = (Vec::new(), Vec::new());
        let mut opened = Self { path: path.to_owned(), reader, line: 0, text, lines };
        let is_headed = matches!(format, Format::Csv(csv) if csv.ignore_first_line);
        let first = position.max(u64::from(is_headed));
        while opened.line < first && opened.read_line()? {
            opened.text.clear();
        }
        Ok(opened)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Lines read so far.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Reads up to so many lines; `false` at the end of the file.
    pub(super) fn fill(&mut self, lines_max: usize) -> Result<bool, FileError> {
        self.text.clear();
        self.lines.clear();
        while self.lines.len() < lines_max {
            let start = self.text.len();
            if !self.read_line()? {
                break;
            }
            let line = self.text.get(start..).unwrap_or_default().trim_ascii_end();
            if !line.is_empty() {
                self.lines.push((self.line, start, start + line.len()));
            }
        }
        Ok(!self.lines.is_empty())
    }

    /// The lines of the last [`TextFile::fill`] with their numbers.
    pub(super) fn lines(&self) -> Vec<(u64, &[u8])> {
        let text = |(line, start, end): &(u64, usize, usize)| {
            (*line, self.text.get(*start..*end).unwrap_or_default())
        };
        self.lines.iter().map(text).collect()
    }

    fn read_line(&mut self) -> Result<bool, FileError> {
        let before = self.text.len();
        let limit = LINE_BYTES_MAX as u64;
        let read = std::io::Read::take(&mut self.reader, limit).read_until(b'\n', &mut self.text);
        let read = read.map_err(|source| FileError::Read { path: self.path.clone(), source })?;
        if read == 0 {
            return Ok(false);
        }
        self.line += 1;
        if self.text.len() - before >= LINE_BYTES_MAX {
            let reason = format!("the line is longer than {LINE_BYTES_MAX} bytes");
            return Err(FileError::Malformed { path: self.path.clone(), line: self.line, reason });
        }
        Ok(true)
    }
}
