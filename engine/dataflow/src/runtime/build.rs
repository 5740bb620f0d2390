//! From a graph to tasks: which vertices share a thread, which channels lie between them, what each one restores.

mod plan;

use std::sync::Arc;

use pancake_types::Clock;

use super::{
    chain::{Chain, Node, NodeKind, Target},
    channel::{Channel, ChannelLimits, Signal},
    coordinator::{Coordinator, Member, Policy},
    gate::Gate,
    job::{JobOptions, JobShared, Restore, StartError, VertexInfo},
    mailbox::{Inbox, Mailbox},
    metrics::{EdgeStats, NodeMetrics, TaskMetrics},
    outputs::OutEdge,
    reader::Reader,
    scheduler::{Scheduler, Task},
    subtask::{Head, Subtask, Ties, ToRestore, Turns},
};
use crate::{
    BoxError, CheckpointId, JobGraph, OperatorId, SourceVertex, SubtaskContext, Vertex, VertexKind,
    checkpoint::{CheckpointStore, NodeState, Restored},
    watermark::SplitClocks,
};
use plan::Plan;

/// A job that is ready to be scheduled.
pub(crate) struct Built {
    pub(crate) tasks: Vec<Box<dyn Task>>,
    pub(crate) shared: Arc<JobShared>,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) vertices: Vec<VertexInfo>,
    pub(crate) edges: Vec<EdgeStats>,
    pub(crate) nodes: Vec<Arc<NodeMetrics>>,
}

/// Checks a graph and makes its tasks.
pub(crate) fn build(
    graph: &JobGraph,
    options: &JobOptions,
    scheduler: &dyn Scheduler,
) -> Result<Built, StartError> {
    let plan = Plan::new(graph)?;
    let clock: Arc<dyn Clock> = match scheduler.clock() {
        Some(clock) => Arc::new(clock),
        None => Arc::clone(&options.clock),
    };
    let (store, restored, next) = open_checkpoints(graph, options)?;
    let wiring = Wiring::new(&plan, options, clock);
    let inbox = Arc::new(Inbox::default());
    let mut signals = wiring.signals.clone();
    signals.push(Arc::clone(&inbox.signal));
    let restored_from = restored.as_ref().map(|restored| restored.checkpoint);
    let shared = Arc::new(JobShared::new(signals, restored_from));
    let mut builder =
        Builder { plan: &plan, wiring: &wiring, options, restored, nodes: Vec::new() };
    let (mut tasks, mut members): (Vec<Box<dyn Task>>, _) = (Vec::new(), Vec::new());
    for (index, place) in plan.tasks.iter().enumerate() {
        let signal = wiring.signal(index);
        let mailbox = Arc::new(Mailbox::new(&signal));
        let (inputs, now) = (wiring.inputs_of(index), wiring.clock.monotonic());
        let metrics = Arc::new(TaskMetrics::new(inputs, &signal, now));
        let (head, chain, to_restore) = builder.task(index, &metrics)?;
        let is_source = matches!(head, Head::Reader(_));
        members.push(Member {
            mailbox: Arc::clone(&mailbox),
            is_source,
            subtask: place.subtask,
            finished: None,
        });
        let (shared, inbox) = (Arc::clone(&shared), Arc::clone(&inbox));
        let clock = Arc::clone(&wiring.clock);
        let ties = Ties { index, shared, inbox, mailbox, signal, metrics, clock };
        let turns = scheduler.seed().map(|seed| Turns(seed.wrapping_add(index as u64)));
        tasks.push(Box::new(Subtask::new(head, chain, ties, to_restore).with_turns(turns)));
    }
    let nodes = builder.nodes;
    let policy = policy(graph, options, store, next);
    let clock = Arc::clone(&wiring.clock);
    let (job, box_) = (Arc::clone(&shared), Arc::clone(&inbox));
    tasks.push(Box::new(Coordinator::new(policy, members, job, box_, Arc::clone(&clock))));
    Ok(Built {
        tasks,
        shared,
        inbox,
        clock,
        vertices: infos(graph),
        edges: plan.edge_stats(),
        nodes,
    })
}

fn policy(
    graph: &JobGraph,
    options: &JobOptions,
    store: Option<CheckpointStore>,
    next: CheckpointId,
) -> Policy {
    let checkpoints = options.checkpoints.as_ref();
    Policy {
        job: graph.name.clone(),
        store,
        interval: checkpoints.and_then(|checkpoints| checkpoints.interval),
        timeout: checkpoints.map_or(std::time::Duration::MAX, |checkpoints| checkpoints.timeout),
        next,
    }
}

fn infos(graph: &JobGraph) -> Vec<VertexInfo> {
    let info = |vertex: &Vertex| VertexInfo {
        id: vertex.id.clone(),
        name: vertex.name.clone(),
        kind: match vertex.kind {
            VertexKind::Source(_) => "source",
            VertexKind::Operator(_) => "operator",
            VertexKind::Sink(_) => "sink",
        },
    };
    graph.vertices().iter().map(info).collect()
}

type Opened = (Option<CheckpointStore>, Option<Restored>, CheckpointId);

fn open_checkpoints(graph: &JobGraph, options: &JobOptions) -> Result<Opened, StartError> {
    let Some(options) = &options.checkpoints else {
        return Ok((None, None, CheckpointId::new(1)));
    };
    let storage = Arc::clone(&options.storage);
    let store = CheckpointStore::new(storage, options.dir.clone(), options.keep);
    let next = store.list()?.last().map_or(CheckpointId::new(1), |last| last.next());
    let restored = match options.restore {
        Restore::Nothing => None,
        Restore::Latest => store.read_latest()?,
        Restore::From(checkpoint) => Some(store.read(checkpoint)?),
    };
    if let Some(restored) = &restored {
        let known = |id: &OperatorId| graph.vertices().iter().any(|vertex| vertex.id == *id);
        if let Some(vertex) = restored.vertices.keys().find(|id| !known(id)) {
            let (checkpoint, vertex) = (restored.checkpoint, vertex.clone());
            return Err(StartError::LeftOver { checkpoint, vertex });
        }
    }
    Ok((Some(store), restored, next))
}

/// The channels of one writing subtask along one edge, by reading subtask.
type Row = Vec<Arc<Channel>>;

/// Channels and signals between tasks.
struct Wiring {
    clock: Arc<dyn Clock>,
    signals: Vec<Arc<Signal>>,
    /// Per edge of the plan, per writing subtask; nothing for a chained edge.
    channels: Vec<Vec<Row>>,
    /// Per task, which input of its head each of its channels feeds.
    inputs: Vec<Vec<(usize, Arc<Channel>)>>,
}

impl Wiring {
    fn new(plan: &Plan<'_>, options: &JobOptions, clock: Arc<dyn Clock>) -> Self {
        let signals: Vec<_> = plan.tasks.iter().map(|_| Arc::new(Signal::default())).collect();
        let limits = ChannelLimits {
            messages_max: options.queue_messages_max.max(1),
            rows_max: options.queue_rows_max.max(1),
        };
        let mut wiring =
            Self { clock, inputs: vec![Vec::new(); signals.len()], signals, channels: Vec::new() };
        for edge in 0..plan.edges.len() {
            let mut writers = Vec::new();
            for (writer, readers) in plan.routes(edge) {
                let mut row = Vec::new();
                for reader in readers {
                    let (from, to) = (wiring.signal(writer), wiring.signal(reader));
                    let channel = Arc::new(Channel::new(limits, &from, &to));
                    if let Some(inputs) = wiring.inputs.get_mut(reader) {
                        inputs.push((plan.input_of(edge), Arc::clone(&channel)));
                    }
                    row.push(channel);
                }
                writers.push(row);
            }
            wiring.channels.push(writers);
        }
        wiring
    }

    fn signal(&self, task: usize) -> Arc<Signal> {
        self.signals.get(task).map(Arc::clone).unwrap_or_default()
    }

    fn inputs_of(&self, task: usize) -> Vec<Arc<Channel>> {
        let inputs = self.inputs.get(task).into_iter().flatten();
        inputs.map(|(_, channel)| Arc::clone(channel)).collect()
    }
}

struct Builder<'a> {
    plan: &'a Plan<'a>,
    wiring: &'a Wiring,
    options: &'a JobOptions,
    restored: Option<Restored>,
    nodes: Vec<Arc<NodeMetrics>>,
}

impl Builder<'_> {
    fn task(
        &mut self,
        index: usize,
        metrics: &Arc<TaskMetrics>,
    ) -> Result<(Head, Chain, ToRestore), StartError> {
        let place = self.plan.place(index);
        let mut chain = Chain::default();
        let mut to_restore = ToRestore::default();
        let vertex = self.plan.vertex(place.vertex);
        let context = SubtaskContext { subtask: place.subtask, parallelism: vertex.parallelism };
        let head = if let VertexKind::Source(source) = &vertex.kind {
            if let Some(NodeState::Source(splits)) = self.state(vertex, context)? {
                to_restore.splits = splits;
            }
            let node = self.metrics(vertex, context, metrics, true);
            let targets =
                self.targets(place.vertex, context, metrics, (&mut chain, &mut to_restore))?;
            Head::Reader(Box::new(self.reader(vertex, source, context, (targets, node))?))
        } else {
            let wanted = (&mut chain, &mut to_restore);
            self.node(place.vertex, context, metrics, wanted)?;
            let inputs = self.wiring.inputs.get(index).cloned().unwrap_or_default();
            Head::Gate(Gate::new(inputs))
        };
        Ok((head, chain, to_restore))
    }

    fn reader(
        &self,
        vertex: &Vertex,
        source: &SourceVertex,
        context: SubtaskContext,
        (targets, metrics): (Arc<[Target]>, Arc<NodeMetrics>),
    ) -> Result<Reader, StartError> {
        let failed = |source| failed_vertex(vertex, source);
        let prepare = source.prepare.as_ref().map(|make| make(context));
        Ok(Reader {
            id: vertex.id.clone(),
            name: vertex.name.clone(),
            source: (source.factory)(context).map_err(failed)?,
            prepare: prepare.transpose().map_err(failed)?,
            clocks: SplitClocks::new(source.watermark.clone()),
            rows_max: self.options.batch_rows_max.max(1),
            targets,
            metrics,
            counted: None,
        })
    }

    /// Adds a vertex to a chain, and behind it all that are chained to it.
    fn node(
        &mut self,
        vertex: usize,
        context: SubtaskContext,
        metrics: &Arc<TaskMetrics>,
        (chain, to_restore): (&mut Chain, &mut ToRestore),
    ) -> Result<usize, StartError> {
        let definition = self.plan.vertex(vertex);
        let failed = |source| failed_vertex(definition, source);
        let kind = match &definition.kind {
            VertexKind::Operator(make) => NodeKind::Operator(make(context).map_err(failed)?),
            VertexKind::Sink(make) => NodeKind::Sink(make(context).map_err(failed)?),
            VertexKind::Source(_) => return Err(failed("a source cannot be fed".into())),
        };
        let index = chain.nodes.len();
        if let Some(state) = self.state(definition, context)? {
            to_restore.nodes.push((index, state));
        }
        chain.nodes.push(Node {
            id: definition.id.clone(),
            name: definition.name.clone(),
            kind,
            targets: Arc::from([]),
            mark: pancake_types::Watermark::MIN,
            prepared: Vec::new(),
            metrics: self.metrics(definition, context, metrics, index == 0),
        });
        let targets = self.targets(vertex, context, metrics, (chain, to_restore))?;
        if let Some(node) = chain.nodes.get_mut(index) {
            node.targets = targets;
        }
        Ok(index)
    }

    fn targets(
        &mut self,
        vertex: usize,
        context: SubtaskContext,
        metrics: &Arc<TaskMetrics>,
        (chain, to_restore): (&mut Chain, &mut ToRestore),
    ) -> Result<Arc<[Target]>, StartError> {
        let mut targets = Vec::new();
        for edge in self.plan.edges_from(vertex) {
            if self.plan.is_chained(edge) {
                let next = self.plan.target_of(edge);
                let node = self.node(next, context, metrics, (chain, to_restore))?;
                targets.push(Target::Node(node, self.plan.input_of(edge)));
                continue;
            }
            let rows = self.wiring.channels.get(edge).and_then(|edge| edge.get(context.subtask));
            let channels = rows.into_iter().flatten().map(Arc::clone);
            let exchange = self.plan.exchange(edge).clone();
            // Subtasks begin their turns at different targets, so that few batches spread too.
            let out = OutEdge { exchange, channels: channels.collect(), next: context.subtask };
            targets.push(Target::Edge(chain.outputs.add(out)));
        }
        Ok(targets.into())
    }

    fn metrics(
        &mut self,
        vertex: &Vertex,
        context: SubtaskContext,
        task: &Arc<TaskMetrics>,
        is_head: bool,
    ) -> Arc<NodeMetrics> {
        let node = Arc::new(NodeMetrics::new(&vertex.id, context.subtask, task, is_head));
        self.nodes.push(Arc::clone(&node));
        node
    }

    fn state(
        &self,
        vertex: &Vertex,
        context: SubtaskContext,
    ) -> Result<Option<NodeState>, StartError> {
        let Some(restored) = &self.restored else { return Ok(None) };
        restored.state_for(&vertex.id, context).map_err(|_| StartError::Kind {
            checkpoint: restored.checkpoint,
            vertex: vertex.id.clone(),
        })
    }
}

fn failed_vertex(vertex: &Vertex, source: BoxError) -> StartError {
    StartError::Vertex { vertex: vertex.name.clone(), source }
}
