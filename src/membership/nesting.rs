//! The graphs in memory, one per organization, each known to be right at the revision it was read for.

use super::Graph;
use crate::{
    limits,
    store::{Fault, Reader},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The nesting graphs of the organizations asked about lately.
#[derive(Debug, Default)]
pub struct Nesting {
    known: Mutex<HashMap<String, (i64, Arc<Graph>)>>,
}

impl Nesting {
    /// The graph as the snapshot has it. Read again only when an edge between groups has changed since.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn graph(&self, reader: &mut Reader) -> Result<Arc<Graph>, Fault> {
        let revision = reader.nesting_revision();
        if let Some(graph) = self.known_at(reader.organization(), revision) {
            return Ok(graph);
        }
        let graph = Arc::new(Graph::new(reader.nested().await?));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= limits::NESTING_GRAPHS {
            // Any will do: a graph that is asked for again is read again.
            let some: Vec<String> = known.keys().take(limits::NESTING_GRAPHS / 2).cloned().collect();
            for organization in some {
                known.remove(&organization);
            }
        }
        let entry = known.entry(reader.organization().to_owned()).or_insert_with(|| (revision, graph.clone()));
        // An older snapshot must not put an older graph back.
        if entry.0 < revision {
            *entry = (revision, graph.clone());
        }
        Ok(graph)
    }

    fn known_at(&self, organization: &str, revision: i64) -> Option<Arc<Graph>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(organization).filter(|(at, _)| *at == revision).map(|(_, graph)| graph.clone())
    }
}
