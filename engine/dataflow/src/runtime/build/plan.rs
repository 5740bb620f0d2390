//! A checked graph: which edges are chained, and which task runs which vertices.
//!
//! * An edge is chained if it goes from each subtask to one subtask of a vertex that has no other input: a forward
//!   edge, or any edge where both ends have one subtask.

use std::collections::BTreeSet;

use crate::{
    Edge, Exchange, GraphError, JobGraph, KEY_GROUPS, Vertex, VertexKind, runtime::EdgeStats,
};

/// A task: a subtask of the vertex at the head of its chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) vertex: usize,
    pub(super) subtask: usize,
}

/// A graph that can run.
pub(super) struct Plan<'a> {
    vertices: &'a [Vertex],
    pub(super) edges: &'a [Edge],
    chained: Vec<bool>,
    pub(super) tasks: Vec<Place>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(graph: &'a JobGraph) -> Result<Self, GraphError> {
        let (vertices, edges) = (graph.vertices(), graph.edges());
        check_vertices(vertices)?;
        for edge in edges {
            check_edge(vertices, edge)?;
        }
        check_connected(vertices, edges)?;
        check_acyclic(vertices, edges)?;
        let chained = edges.iter().map(|edge| can_chain(vertices, edges, edge)).collect::<Vec<_>>();
        let mut plan = Self { vertices, edges, chained, tasks: Vec::new() };
        for (index, vertex) in vertices.iter().enumerate() {
            if plan.head_of(index) == index {
                let places =
                    (0..vertex.parallelism).map(|subtask| Place { vertex: index, subtask });
                plan.tasks.extend(places);
            }
        }
        Ok(plan)
    }

    /// The vertex at the head of the chain that a vertex runs in.
    fn head_of(&self, vertex: usize) -> usize {
        let chained_in = self.edges.iter().zip(&self.chained);
        let mut above = chained_in.filter(|(edge, chained)| **chained && edge.to.0 == vertex);
        above.next().map_or(vertex, |(edge, _)| self.head_of(edge.from.0))
    }

    fn task_of(&self, vertex: usize, subtask: usize) -> usize {
        let place = Place { vertex: self.head_of(vertex), subtask };
        self.tasks.iter().position(|task| *task == place).unwrap_or(usize::MAX)
    }

    pub(super) fn place(&self, task: usize) -> Place {
        self.tasks.get(task).copied().unwrap_or(Place { vertex: usize::MAX, subtask: 0 })
    }

    pub(super) fn vertex(&self, index: usize) -> &'a Vertex {
        #[allow(clippy::indexing_slicing, reason = "indexes come from this plan alone")]
        &self.vertices[index]
    }

    pub(super) fn edges_from(&self, vertex: usize) -> Vec<usize> {
        let edges = self.edges.iter().enumerate().filter(|(_, edge)| edge.from.0 == vertex);
        edges.map(|(index, _)| index).collect()
    }

    pub(super) fn is_chained(&self, edge: usize) -> bool {
        self.chained.get(edge).copied().unwrap_or(false)
    }

    pub(super) fn target_of(&self, edge: usize) -> usize {
        self.edges.get(edge).map_or(usize::MAX, |edge| edge.to.0)
    }

    pub(super) fn input_of(&self, edge: usize) -> usize {
        self.edges.get(edge).map_or(0, |edge| edge.input)
    }

    pub(super) fn exchange(&self, edge: usize) -> &'a Exchange {
        self.edges.get(edge).map_or(&Exchange::Forward, |edge| &edge.exchange)
    }

    /// Per subtask that writes along an edge, its task and the tasks it may write to. None for a chained edge.
    pub(super) fn routes(&self, edge: usize) -> Vec<(usize, Vec<usize>)> {
        let Some(definition) = self.edges.get(edge).filter(|_| !self.is_chained(edge)) else {
            return Vec::new();
        };
        let (from, to) = (definition.from.0, definition.to.0);
        let readers = |writer: usize| match definition.exchange {
            Exchange::Forward => vec![self.task_of(to, writer)],
            Exchange::Hash(_) | Exchange::Rebalance => {
                (0..self.vertex(to).parallelism).map(|subtask| self.task_of(to, subtask)).collect()
            }
        };
        let writers = 0..self.vertex(from).parallelism;
        writers.map(|subtask| (self.task_of(from, subtask), readers(subtask))).collect()
    }

    pub(super) fn edge_stats(&self) -> Vec<EdgeStats> {
        let stats = self.edges.iter().zip(&self.chained).map(|(edge, chained)| EdgeStats {
            from: self.vertex(edge.from.0).id.clone(),
            to: self.vertex(edge.to.0).id.clone(),
            exchange: match edge.exchange {
                Exchange::Forward => "forward".to_owned(),
                Exchange::Hash(_) => "hash".to_owned(),
                Exchange::Rebalance => "rebalance".to_owned(),
            },
            chained: *chained,
        });
        stats.collect()
    }
}

fn can_chain(vertices: &[Vertex], edges: &[Edge], edge: &Edge) -> bool {
    let single = |vertex: usize| vertices.get(vertex).is_some_and(|v| v.parallelism == 1);
    let straight = edge.exchange == Exchange::Forward || (single(edge.from.0) && single(edge.to.0));
    straight && edges.iter().filter(|other| other.to == edge.to).count() == 1
}

fn check_vertices(vertices: &[Vertex]) -> Result<(), GraphError> {
    let mut seen = BTreeSet::new();
    for vertex in vertices {
        let (name, parallelism) = (vertex.name.clone(), vertex.parallelism);
        if parallelism == 0 {
            return Err(GraphError::NoSubtasks { vertex: name });
        }
        if parallelism > usize::from(KEY_GROUPS) {
            return Err(GraphError::TooManySubtasks { vertex: name, parallelism });
        }
        if !seen.insert(&vertex.id) {
            return Err(GraphError::DuplicateId { id: vertex.id.clone() });
        }
    }
    Ok(())
}

fn check_edge(vertices: &[Vertex], edge: &Edge) -> Result<(), GraphError> {
    let name = |index: usize| vertices.get(index).map_or("?", |v| v.name.as_str()).to_owned();
    let ends = (vertices.get(edge.from.0), vertices.get(edge.to.0));
    let (from_name, to_name) = (name(edge.from.0), name(edge.to.0));
    let (Some(from), Some(to)) = ends else {
        return Err(GraphError::Edge { from: from_name, to: to_name });
    };
    if matches!(from.kind, VertexKind::Sink(_)) || matches!(to.kind, VertexKind::Source(_)) {
        return Err(GraphError::Edge { from: from_name, to: to_name });
    }
    if edge.exchange == Exchange::Forward && from.parallelism != to.parallelism {
        return Err(GraphError::ForwardParallelism { from: from_name, to: to_name });
    }
    Ok(())
}

fn check_connected(vertices: &[Vertex], edges: &[Edge]) -> Result<(), GraphError> {
    for (index, vertex) in vertices.iter().enumerate() {
        let fed = edges.iter().any(|edge| edge.to.0 == index);
        let read = edges.iter().any(|edge| edge.from.0 == index);
        let whole = match vertex.kind {
            VertexKind::Source(_) => read,
            VertexKind::Operator(_) => fed && read,
            VertexKind::Sink(_) => fed,
        };
        if !whole {
            return Err(GraphError::Unconnected { vertex: vertex.name.clone() });
        }
    }
    Ok(())
}

fn check_acyclic(vertices: &[Vertex], edges: &[Edge]) -> Result<(), GraphError> {
    // Takes away vertices that nothing left feeds, until none are left or the rest is a cycle.
    let mut left: BTreeSet<usize> = (0..vertices.len()).collect();
    while !left.is_empty() {
        let fed = |to: usize| edges.iter().any(|e| e.to.0 == to && left.contains(&e.from.0));
        let free: Vec<usize> = left.iter().copied().filter(|index| !fed(*index)).collect();
        if free.is_empty() {
            let vertex = left.first().and_then(|index| vertices.get(*index));
            return Err(GraphError::Cycle { vertex: vertex.map_or("?", |v| &v.name).to_owned() });
        }
        left.retain(|index| !free.contains(index));
    }
    Ok(())
}
