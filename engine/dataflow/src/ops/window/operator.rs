//! The windowed aggregate itself.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch, TimestampMillisecondArray},
    datatypes::{Int64Type, SchemaRef},
};
use pancake_types::Watermark;

use super::{WindowAggregateSpec, panes::Panes};
use crate::{
    ChangeBatch, Gauges, Operator, OperatorError, OperatorState, Output, RowKind,
    codec::{Malformed, Reader, Writer},
    ops::{
        accumulator::Selected,
        groups::{Groups, Layout},
        keys::BatchKeys,
    },
    watermark::rowtimes,
};

const NAME: &str = "the window aggregate";
/// Rows of an output batch, at most.
const OUTPUT_ROWS_MAX: usize = 8192;

/// Aggregates per window and key, and emits each window once, when it is final.
#[derive(Debug)]
pub struct WindowAggregate {
    spec: WindowAggregateSpec,
    schema: SchemaRef,
    layout: Layout,
    panes: Panes,
    open: BTreeMap<i64, Groups>,
    mark: i64,
    late_rows: u64,
    scratch: Scratch,
}

/// Vectors that are used again for every batch.
#[derive(Debug, Default)]
struct Scratch {
    by_pane: Vec<(i64, Vec<u32>)>,
    groups: Vec<u32>,
}

impl WindowAggregate {
    /// An aggregate without rows, or the error that says what in its spec makes no sense.
    pub fn new(spec: WindowAggregateSpec) -> Result<Self, OperatorError> {
        Ok(Self {
            schema: spec.output_schema()?,
            layout: Layout::new(&spec.input, &spec.keys, &spec.aggregates, false)?,
            panes: Panes::new(spec.window, spec.offset_ms)?,
            spec,
            open: BTreeMap::new(),
            mark: i64::MIN,
            late_rows: 0,
            scratch: Scratch::default(),
        })
    }

    /// Sorts the rows of a batch by pane; late ones and those without a time are counted and left out.
    fn sort_rows(&mut self, times: &ArrayRef) {
        let times = times.as_primitive::<Int64Type>();
        let by_pane = &mut self.scratch.by_pane;
        by_pane.clear();
        let mut at = usize::MAX;
        let (mut start, mut end) = (0, 0);
        for (row, time) in times.values().iter().enumerate() {
            if times.is_null(row) {
                self.late_rows += 1;
                continue;
            }
            if at == usize::MAX || *time < start || *time >= end {
                start = self.panes.pane_of(*time);
                end = start.saturating_add(self.panes.slice);
                if self.mark >= self.panes.last_end(start).saturating_sub(1) {
                    self.late_rows += 1;
                    at = usize::MAX;
                    continue;
                }
                at = by_pane.iter().position(|(pane, _)| *pane == start).unwrap_or_else(|| {
                    by_pane.push((start, Vec::new()));
                    by_pane.len() - 1
                });
            }
            if let Some((_, rows)) = by_pane.get_mut(at) {
                rows.push(row as u32);
            }
        }
    }

    fn aggregate(&mut self, batch: &ChangeBatch, keys: &BatchKeys) -> Result<(), OperatorError> {
        for (pane, rows) in &self.scratch.by_pane {
            let groups = self.open.entry(*pane).or_insert_with(|| self.layout.groups());
            groups.intern(keys, rows, &mut self.scratch.groups);
            let selected = Selected { rows, groups: &self.scratch.groups, signs: None };
            groups.update(batch, selected)?;
        }
        Ok(())
    }

    /// Emits all windows that end at or before a watermark and were not emitted yet.
    fn fire(&mut self, mark: i64, out: &mut Output) -> Result<(), OperatorError> {
        let mut first_open = i64::MIN;
        if self.mark > i64::MIN {
            first_open = self.panes.first_open_end(self.mark);
        }
        while let Some(first) = self.open.first_key_value().map(|(pane, _)| *pane) {
            let end = self.panes.first_end(first).max(first_open);
            if end.saturating_sub(1) > mark {
                break;
            }
            self.emit(self.panes.start_of(end), end, out)?;
            // What is in no later window is done with.
            while let Some(entry) = self.open.first_entry() {
                if self.panes.last_end(*entry.key()) > end {
                    break;
                }
                entry.remove();
            }
            first_open = end.saturating_add(self.panes.slice);
        }
        Ok(())
    }

    fn emit(&self, start: i64, end: i64, out: &mut Output) -> Result<(), OperatorError> {
        let mut panes = self.open.range(start..end).map(|(_, groups)| groups);
        let Some(first) = panes.next() else { return Ok(()) };
        let merged;
        let groups = match panes.next() {
            None => first,
            Some(second) => {
                let mut all = first.clone();
                all.merge(second);
                panes.for_each(|groups| all.merge(groups));
                merged = all;
                &merged
            }
        };
        for order in groups.keys.sorted().chunks(OUTPUT_ROWS_MAX) {
            let mut columns = self.layout.output(groups, order)?;
            for time in [start, end, end.saturating_sub(1)] {
                columns.push(Arc::new(TimestampMillisecondArray::from_value(time, order.len())));
            }
            out.emit(RecordBatch::try_new(Arc::clone(&self.schema), columns)?);
        }
        Ok(())
    }

    fn decode_entries(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        let mut from = Reader::new(bytes);
        self.mark = self.mark.max(from.i64()?);
        while !from.is_empty() {
            let pane = from.i64()?;
            let groups = self.open.entry(pane).or_insert_with(|| self.layout.groups());
            groups.decode(&mut from)?;
        }
        Ok(())
    }
}

impl Operator for WindowAggregate {
    fn on_batch(
        &mut self,
        _input: usize,
        batch: ChangeBatch,
        _out: &mut Output,
    ) -> Result<(), OperatorError> {
        if let Some(kind) = batch.kinds().find(|kind| *kind != RowKind::Insert) {
            return Err(OperatorError::Retraction { operator: NAME, kind });
        }
        let times = rowtimes(&batch, self.spec.rowtime)?;
        let keys = self.layout.keys.read(&batch)?;
        self.sort_rows(&times);
        self.aggregate(&batch, &keys)
    }

    fn on_watermark(&mut self, mark: Watermark, out: &mut Output) -> Result<(), OperatorError> {
        if mark.millis() > self.mark {
            self.fire(mark.millis(), out)?;
            self.mark = mark.millis();
        }
        out.emit_watermark(mark);
        Ok(())
    }

    fn snapshot(&mut self) -> Result<OperatorState, OperatorError> {
        let mut writers: BTreeMap<u16, Writer> = BTreeMap::new();
        for (pane, groups) in &self.open {
            for (group, key_group) in self.layout.key_groups(groups)?.into_iter().enumerate() {
                let writer = writers.entry(key_group).or_insert_with(|| {
                    let mut writer = Writer::default();
                    // Panes of windows that were emitted in part must not be emitted again.
                    writer.i64(self.mark);
                    writer
                });
                writer.i64(*pane);
                groups.encode(group as u32, writer);
            }
        }
        let keyed = writers.into_iter().map(|(group, writer)| (group, writer.into_bytes()));
        let plain = vec![self.late_rows.to_le_bytes().to_vec()];
        Ok(OperatorState { keyed: keyed.collect(), plain })
    }

    fn restore(&mut self, state: OperatorState) -> Result<(), OperatorError> {
        let unreadable = |_| OperatorError::State { operator: NAME, reason: "it is cut short" };
        for plain in &state.plain {
            self.late_rows += Reader::new(plain).u64().map_err(unreadable)?;
        }
        for (_, bytes) in &state.keyed {
            self.decode_entries(bytes).map_err(unreadable)?;
        }
        Ok(())
    }

    fn gauges(&self) -> Gauges {
        let (mut bytes, mut keys) = (0, 0);
        for groups in self.open.values() {
            bytes += groups.bytes();
            keys += groups.len();
        }
        Gauges {
            windows_open: self.panes.windows_open(self.open.keys().copied(), self.mark),
            late_rows: self.late_rows,
            state_bytes: bytes as u64,
            keys: keys as u64,
            ..Gauges::default()
        }
    }
}
