//! The stream of some files: one after the other, each a split.

use std::{collections::VecDeque, path::PathBuf};

use pancake_dataflow::{
    BoxError, Gauges, Polled, Source, SourceError, SourceOutput, SplitId, SplitState, Waker,
};

use super::read::{FileError, FileReader, OpenFile};

/// Reads this subtask's files.
pub(super) struct FilesSource {
    table: String,
    reader: FileReader,
    waiting: VecDeque<(SplitId, PathBuf, u64)>,
    open: Option<(SplitId, OpenFile)>,
    finished: Vec<SplitState>,
}

impl FilesSource {
    pub(super) fn new(table: &str, files: Vec<PathBuf>, reader: FileReader) -> Self {
        let split = |path: PathBuf| (SplitId::new(path.display().to_string()), path, 0);
        Self {
            table: table.to_owned(),
            reader,
            waiting: files.into_iter().map(split).collect(),
            open: None,
            finished: Vec::new(),
        }
    }

    /// The file being read, or the next one.
    fn take_file(&mut self) -> Result<Option<(SplitId, OpenFile)>, SourceError> {
        if let Some(open) = self.open.take() {
            return Ok(Some(open));
        }
        let Some((split, path, position)) = self.waiting.pop_front() else { return Ok(None) };
        let opened = self.reader.open(&path, position);
        let file = opened.map_err(|error| failed(&split, error))?;
        Ok(Some((split, file)))
    }
}

fn failed(split: &SplitId, error: FileError) -> SourceError {
    match error {
        FileError::Malformed { line, reason, .. } => {
            let source = BoxError::from(reason);
            SourceError::Decode { split: split.clone(), row: line, source }
        }
        error => SourceError::Read { split: split.clone(), source: error.into() },
    }
}

/// What a finished file's position is: no file has so many lines.
const DONE: u64 = u64::MAX;

fn state(split: &SplitId, position: u64) -> SplitState {
    SplitState { split: split.clone(), position: position.to_le_bytes().to_vec() }
}

impl Source for FilesSource {
    fn set_waker(&mut self, _waker: Waker) {}

    fn open(&mut self, restored: Vec<SplitState>) -> Result<Vec<SplitId>, SourceError> {
        for (split, _, position) in &mut self.waiting {
            if let Some(state) = restored.iter().find(|state| state.split == *split) {
                let bytes = state.position.as_slice().try_into();
                let wrong = |_| SourceError::Position { split: split.clone() };
                *position = u64::from_le_bytes(bytes.map_err(wrong)?);
            }
        }
        let finished = &mut self.finished;
        self.waiting.retain(|(split, _, position)| {
            if *position == DONE {
                finished.push(state(split, DONE));
            }
            *position != DONE
        });
        tracing::debug!(table = self.table, files = self.waiting.len(), "files found");
        Ok(self.waiting.iter().map(|(split, _, _)| split.clone()).collect())
    }

    fn poll(&mut self, rows_max: usize, out: &mut SourceOutput) -> Result<Polled, SourceError> {
        let Some((split, mut file)) = self.take_file()? else { return Ok(Polled::Finished) };
        let read = self.reader.next(&mut file, rows_max);
        if let Some(batch) = read.map_err(|error| failed(&split, error))? {
            out.emit(&split, batch);
            self.open = Some((split, file));
        } else {
            out.finish_split(&split);
            self.finished.push(state(&split, DONE));
        }
        Ok(Polled::Emitted)
    }

    fn snapshot(&mut self) -> Result<Vec<SplitState>, SourceError> {
        let waiting = self.waiting.iter().map(|(split, _, position)| state(split, *position));
        let open = self.open.iter().map(|(split, file)| state(split, file.position()));
        Ok(waiting.chain(open).chain(self.finished.iter().cloned()).collect())
    }

    fn gauges(&self) -> Gauges {
        Gauges { skipped_rows: self.reader.skipped.count(), ..Gauges::default() }
    }

    fn first_skipped(&self) -> Option<String> {
        self.reader.skipped.first().map(str::to_owned)
    }
}
