//! Vertices that run in one thread: what one hands on goes straight into the next, with no queue between.
//!
//! * A snapshot of the chain is consistent without further ado, because between two arrivals nothing is under way in it.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use pancake_types::Watermark;

use super::{
    channel::Msg, job::TaskError, mailbox::States, metrics::NodeMetrics, outputs::Outputs,
};
use crate::{
    ChangeBatch, CheckpointId, Operator, OperatorError, OperatorId, Output, Sink, SinkError,
    checkpoint::NodeState, operator::Emitted,
};

/// Where something is handed on to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A vertex of the same chain, and which of its inputs.
    Node(usize, usize),
    /// An edge out of the chain.
    Edge(usize),
}

/// What is handed on inside a chain.
#[derive(Clone, Debug)]
pub(crate) enum Flow {
    Data(ChangeBatch),
    Watermark(Watermark),
    Idle,
    End,
}

/// What a vertex of a chain does.
pub(crate) enum NodeKind {
    Operator(Box<dyn Operator>),
    Sink(Box<dyn Sink>),
}

/// A vertex in a chain.
pub(crate) struct Node {
    pub(crate) id: OperatorId,
    pub(crate) name: String,
    pub(crate) kind: NodeKind,
    pub(crate) targets: Arc<[Target]>,
    pub(crate) mark: Watermark,
    pub(crate) prepared: Vec<Vec<u8>>,
    pub(crate) metrics: Arc<NodeMetrics>,
}

/// The operators and sinks of one subtask.
#[derive(Default)]
pub(crate) struct Chain {
    pub(crate) nodes: Vec<Node>,
    pub(crate) outputs: Outputs,
    /// The next checkpoint that a sink may prepare for at the end.
    pub(crate) next_checkpoint: CheckpointId,
}

impl Chain {
    /// Hands something to each of some targets, in order.
    pub(crate) fn hand_on(&mut self, targets: &[Target], flow: &Flow) -> Result<(), TaskError> {
        for target in targets {
            self.deliver(*target, flow.clone())?;
        }
        Ok(())
    }

    /// Hands something to one target and lets it run through the chain.
    pub(crate) fn deliver(&mut self, target: Target, flow: Flow) -> Result<(), TaskError> {
        match target {
            Target::Edge(edge) => self.leave(edge, flow),
            Target::Node(index, input) => self.enter(index, input, flow),
        }
    }

    fn leave(&mut self, edge: usize, flow: Flow) -> Result<(), TaskError> {
        match flow {
            Flow::Data(batch) => {
                return self.outputs.send(edge, batch).map_err(|source| TaskError::Operator {
                    vertex: "exchange".to_owned(),
                    source,
                });
            }
            Flow::Watermark(mark) => self.outputs.broadcast(edge, &Msg::Watermark(mark)),
            Flow::Idle => self.outputs.broadcast(edge, &Msg::Idle),
            Flow::End => self.outputs.broadcast(edge, &Msg::End),
        }
        Ok(())
    }

    fn enter(&mut self, index: usize, input: usize, flow: Flow) -> Result<(), TaskError> {
        let next = self.next_checkpoint;
        let Some(node) = self.nodes.get_mut(index) else { return Ok(()) };
        let mut out = Output::new();
        let passed_on = match &flow {
            Flow::Idle | Flow::End => Some(flow.clone()),
            Flow::Data(_) | Flow::Watermark(_) => None,
        };
        node.take(input, flow, next, &mut out)?;
        let targets = Arc::clone(&node.targets);
        let mut rows = 0;
        let emitted = out.take();
        for emitted in &emitted {
            if let Emitted::Data(batch) = emitted {
                rows += batch.num_rows() as u64;
            }
        }
        node.metrics.rows_out.fetch_add(rows, Relaxed);
        for emitted in emitted {
            let flow = match emitted {
                Emitted::Data(batch) => Flow::Data(batch),
                Emitted::Watermark(mark) => Flow::Watermark(mark),
            };
            self.hand_on(&targets, &flow)?;
        }
        passed_on.map_or(Ok(()), |flow| self.hand_on(&targets, &flow))
    }

    /// Snapshots all vertices of the chain.
    pub(crate) fn snapshot(&mut self, checkpoint: CheckpointId) -> Result<States, TaskError> {
        self.next_checkpoint = checkpoint.next();
        self.nodes.iter_mut().map(|node| node.snapshot(Some(checkpoint))).collect()
    }

    /// The states after the end; sinks have prepared by then.
    pub(crate) fn last_states(&mut self) -> Result<States, TaskError> {
        self.nodes.iter_mut().map(|node| node.snapshot(None)).collect()
    }

    /// Lets the sinks commit what was prepared up to a durable checkpoint.
    pub(crate) fn commit(&mut self, checkpoint: CheckpointId) -> Result<(), TaskError> {
        for node in &mut self.nodes {
            node.metrics.checkpoint.store(checkpoint.get(), Relaxed);
            if let NodeKind::Sink(sink) = &mut node.kind {
                sink.commit(checkpoint).map_err(|source| TaskError::sink(&node.name, source))?;
            }
        }
        Ok(())
    }

    pub(crate) fn show_gauges(&self) {
        for node in &self.nodes {
            let gauges = match &node.kind {
                NodeKind::Operator(operator) => operator.gauges(),
                NodeKind::Sink(sink) => sink.gauges(),
            };
            node.metrics.set_gauges(gauges, None);
        }
    }
}

impl Node {
    fn take(
        &mut self,
        input: usize,
        flow: Flow,
        next: CheckpointId,
        out: &mut Output,
    ) -> Result<(), TaskError> {
        if let Flow::Data(batch) = &flow {
            self.metrics.rows_in.fetch_add(batch.num_rows() as u64, Relaxed);
        }
        if let Flow::Watermark(mark) = &flow {
            self.mark = *mark;
            self.metrics.watermark.store(mark.millis(), Relaxed);
        }
        match &mut self.kind {
            NodeKind::Operator(operator) => {
                let taken = match flow {
                    Flow::Data(batch) => operator.on_batch(input, batch, out),
                    Flow::Watermark(mark) => operator.on_watermark(mark, out),
                    Flow::End => operator.on_end(out),
                    Flow::Idle => Ok(()),
                };
                taken.map_err(|source| TaskError::operator(&self.name, source))
            }
            NodeKind::Sink(sink) => {
                let failed = |source| TaskError::sink(&self.name, source);
                match flow {
                    Flow::Data(batch) => {
                        sink.write(&batch).map_err(failed)?;
                        self.metrics.rows_out.fetch_add(batch.num_rows() as u64, Relaxed);
                    }
                    Flow::End => self.prepared = vec![sink.prepare(next).map_err(failed)?],
                    Flow::Watermark(_) | Flow::Idle => {}
                }
                Ok(())
            }
        }
    }

    fn snapshot(
        &mut self,
        checkpoint: Option<CheckpointId>,
    ) -> Result<(OperatorId, Vec<u8>), TaskError> {
        let state = match &mut self.kind {
            NodeKind::Operator(operator) => {
                let state = operator.snapshot();
                let state = state.map_err(|source| TaskError::operator(&self.name, source))?;
                NodeState::Operator { mark: self.mark, state }
            }
            NodeKind::Sink(sink) => {
                if let Some(checkpoint) = checkpoint {
                    let prepared = sink.prepare(checkpoint);
                    let prepared =
                        prepared.map_err(|source| TaskError::sink(&self.name, source))?;
                    self.prepared = vec![prepared];
                }
                NodeState::Sink { prepared: self.prepared.clone() }
            }
        };
        Ok((self.id.clone(), state.encode()))
    }

    /// Takes a state back before the first row.
    pub(crate) fn restore(&mut self, state: NodeState) -> Result<(), TaskError> {
        match (&mut self.kind, state) {
            (NodeKind::Operator(operator), NodeState::Operator { mark, state }) => {
                self.mark = mark;
                self.metrics.watermark.store(mark.millis(), Relaxed);
                let restored = operator.restore(state).and_then(|()| match mark {
                    Watermark::MIN => Ok(()),
                    // It has seen this watermark and emitted what it made final.
                    mark => operator.on_watermark(mark, &mut Output::new()),
                });
                restored.map_err(|source| TaskError::operator(&self.name, source))
            }
            (NodeKind::Sink(sink), NodeState::Sink { prepared }) => {
                self.prepared.clone_from(&prepared);
                sink.restore(prepared).map_err(|source| TaskError::sink(&self.name, source))
            }
            _ => Err(TaskError::StateKind { vertex: self.name.clone() }),
        }
    }
}

impl TaskError {
    fn operator(vertex: &str, source: OperatorError) -> Self {
        Self::Operator { vertex: vertex.to_owned(), source }
    }

    fn sink(vertex: &str, source: SinkError) -> Self {
        Self::Sink { vertex: vertex.to_owned(), source }
    }
}
