//! How far writes are that are done each by itself: those that can be done are done.

use super::{
    super::{Error, takeovers},
    batch::Batch,
    edits::Outcome,
    plan::Unit,
};
use crate::api::v1::{ErrorReason, Revision, apply_mutations_response::Result as Done};
use std::collections::{BTreeMap, BTreeSet};

/// What came of the writes of a unit, each with its index, and the revision; or why those failed that made it fail.
pub(super) type Tried = Result<(BTreeMap<usize, Outcome>, Option<Revision>), BTreeMap<usize, Error>>;

/// The writes of a request, and what came of those that were tried.
pub(super) struct Progress {
    pub(super) batch: Batch,
    max_errors: usize,
    results: BTreeMap<usize, Done>,
    failed: BTreeSet<usize>,
    telling: Option<Error>,
}

impl Progress {
    pub(super) fn new(batch: Batch, max_errors: usize) -> Self {
        Progress { batch, max_errors, results: BTreeMap::new(), failed: BTreeSet::new(), telling: None }
    }

    /// Whether more writes were refused than the caller wants to hear of.
    pub(super) fn is_over(&self) -> bool {
        self.max_errors > 0 && self.failed.len() >= self.max_errors
    }

    /// Refuses a unit that names a write which was refused.
    pub(super) fn is_refused(&mut self, unit: &Unit) -> bool {
        let named = unit.writes.iter().filter_map(|write| self.batch.needs.get(*write));
        let is_refused = named.into_iter().any(|needs| !needs.is_disjoint(&self.failed));
        if is_refused {
            self.take(unit, Err(unit.writes.iter().map(|write| (*write, refused_with())).collect()));
        }
        is_refused
    }

    /// Takes what came of a unit.
    pub(super) fn take(&mut self, unit: &Unit, tried: Tried) {
        let waits = |(outcomes, at): (BTreeMap<usize, Outcome>, _)| match outcomes.iter().find(|(_, outcome)| outcome.waits) {
            Some((write, _)) => Err(BTreeMap::from([(*write, takeovers::waiting())])),
            None => Ok((outcomes, at)),
        };
        match tried.and_then(waits) {
            Ok((outcomes, at)) => {
                for (write, outcome) in outcomes {
                    self.batch.rename(write, &outcome.id);
                    self.results.insert(write, done(outcome, at.clone()));
                }
            }
            Err(mut errors) => {
                for write in &unit.writes {
                    let error = errors.remove(write).unwrap_or_else(refused_with);
                    self.results.insert(*write, Done { error: Some(error.to_rpc()), ..Done::default() });
                    self.telling = self.telling.take().or_else(|| Some(error).filter(says_something));
                }
                self.failed.extend(&unit.writes);
            }
        }
    }

    /// One result for each write, in order, and the first refusal that says something of the connection.
    pub(super) fn end(mut self) -> (Vec<Done>, Option<Error>) {
        let skipped = || Done { skipped: true, ..Done::default() };
        let results = (0..self.batch.ids.len()).map(|write| self.results.remove(&write).unwrap_or_else(skipped));
        (results.collect(), self.telling)
    }
}

/// What is not there, or is of another version, is an answer; so is what another refusal brings with it.
fn says_something(error: &Error) -> bool {
    let follows = error.metadata.iter().any(|(key, _)| *key == "unresolved");
    !follows && !matches!(error.reason, ErrorReason::NotFound | ErrorReason::EtagMismatch | ErrorReason::RedundantChange)
}

fn refused_with() -> Error {
    Error::value("mutations", "A write that this one names was refused.").with("unresolved", "refused")
}

/// What came of a write, as it is told.
pub(super) fn done(outcome: Outcome, committed_at: Option<Revision>) -> Done {
    Done { resource_id: outcome.id, etag: outcome.etag, error: None, skipped: false, committed_at }
}
