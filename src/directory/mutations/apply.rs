//! Doing the writes of a request: as one commit, or each by itself.

use super::{
    super::{
        Error, Result,
        core::{Call, Directory, answering},
        groups::Standing,
        repeats::{Once, kept_since},
        takeovers,
    },
    batch::{self, Batch},
    edits::Outcome,
    plan::{self, Naming, Unit},
    together::{Came, Edits, MUTATION, Outcomes, together},
};
use crate::api::v1::{
    ApplyMutationsRequest, ApplyMutationsResponse, ErrorReason, Revision, WriteOptions, apply_mutations_request::Mode,
    apply_mutations_response::Result as Done,
};
use std::collections::{BTreeMap, BTreeSet};

/// How often writes are tried with the ids that the try before came to; one more is enough while nobody else writes.
const TRIES: usize = 4;
/// The answer, and of writes done each by itself the first refusal that says something of the connection.
pub(super) async fn apply(
    directory: &Directory,
    call: &Call,
    request: ApplyMutationsRequest,
) -> Result<(ApplyMutationsResponse, Option<Error>)> {
    let (mode, options) = (request.mode(), request.write.clone());
    let max_errors = usize::try_from(request.max_errors).map_err(|_| Error::value("max_errors", "max_errors is negative."))?;
    let batch = batch::read(directory, call, request)?;
    let naming: Vec<Naming> = batch.writes.iter().map(batch::naming).collect();
    let units = plan::plan(&batch.needs, &naming, &batch.stands);
    let (results, refused) = match mode {
        Mode::Unspecified => return Err(Error::missing("mode")),
        Mode::Atomic => (at_once(directory, call, batch, &units, options).await?, None),
        Mode::BestEffort => one_by_one(directory, call, batch, &units, max_errors, options).await?,
    };
    Ok((ApplyMutationsResponse { results }, refused))
}

/// What is not there, or is of another version, is an answer; so is what another refusal brings with it.
fn says_something(error: &Error) -> bool {
    let follows = error.metadata.iter().any(|(key, _)| *key == "unresolved");
    !follows && !matches!(error.reason, ErrorReason::NotFound | ErrorReason::EtagMismatch | ErrorReason::RedundantChange)
}

fn refused_with() -> Error {
    Error::value("mutations", "A write that this one names was refused.").with("unresolved", "refused")
}

/// Why writes that are done together were not done.
enum Failed {
    /// These are to blame.
    Writes(BTreeMap<usize, Error>),
    /// None of them is.
    All(Error),
}

/// What came of the writes of these units, in one commit, and its revision. Where a create that others name comes to a resource
/// that has an id already, they are told that one, and all is tried again.
async fn commit(
    directory: &Directory,
    call: &Call,
    batch: &mut Batch,
    (part, units): (usize, &[Unit]),
    standing: Standing,
    options: Option<&WriteOptions>,
) -> std::result::Result<(BTreeMap<usize, Outcome>, Option<Revision>), Failed> {
    let writes: Vec<usize> = units.iter().flat_map(|unit| &unit.writes).copied().collect();
    for _ in 0..TRIES {
        let mut edits = Edits::new();
        for unit in units {
            edits.extend(batch.edits(call, unit, standing).map_err(Failed::Writes)?);
        }
        let edit = answering(together(edits, batch.offered(&writes)), Outcomes::from);
        let written = directory.write_part(call, &batch.organization, options.cloned(), part, edit).await.map_err(|mut error| {
            let guilty = error.metadata.iter().position(|(key, _)| *key == MUTATION).map(|at| error.metadata.remove(at).1);
            match guilty.and_then(|index| index.parse().ok()) {
                Some(index) => Failed::Writes([(index, error)].into()),
                None => Failed::All(error),
            }
        })?;
        match Came::from(written.answer) {
            Came::Done(outcomes) => return Ok((outcomes, written.committed_at)),
            Came::Older(older) => older.into_iter().for_each(|(write, id)| batch.rename(write, &id)),
        }
    }
    Err(Failed::All(Error::unavailable()))
}

/// One commit, or nothing.
async fn at_once(directory: &Directory, call: &Call, mut batch: Batch, units: &[Unit], options: Option<WriteOptions>) -> Result<Vec<Done>> {
    match commit(directory, call, &mut batch, (0, units), Standing::Among, options.as_ref()).await {
        Ok((outcomes, at)) => Ok(outcomes.into_values().map(|outcome| done(outcome, at.clone())).collect()),
        Err(Failed::All(error)) => Err(error),
        Err(Failed::Writes(wrong)) => {
            let (index, error) = wrong.into_iter().next().ok_or_else(Error::internal)?;
            Err(error.with(MUTATION, index.to_string()))
        }
    }
}

/// Each unit by itself: those that can be done are done.
async fn one_by_one(
    directory: &Directory,
    call: &Call,
    mut batch: Batch,
    units: &[Unit],
    max_errors: usize,
    options: Option<WriteOptions>,
) -> Result<(Vec<Done>, Option<Error>)> {
    refuse_reused(directory, call, &batch.organization).await?;
    let mut results: BTreeMap<usize, Done> = BTreeMap::new();
    let (mut failed, mut telling) = (BTreeSet::new(), None);
    for (part, unit) in units.iter().enumerate() {
        if max_errors > 0 && failed.len() >= max_errors {
            break;
        }
        let names_refused = unit.writes.iter().filter_map(|write| batch.needs.get(*write)).any(|needs| !needs.is_disjoint(&failed));
        let tried = if names_refused {
            Err(unit.writes.iter().map(|write| (*write, refused_with())).collect())
        } else {
            try_unit(directory, call, &mut batch, (part, unit), options.as_ref()).await
        };
        match tried {
            Ok(done) => results.extend(done),
            Err(mut errors) => {
                for write in &unit.writes {
                    let error = errors.remove(write).unwrap_or_else(refused_with);
                    results.insert(*write, Done { error: Some(error.to_rpc()), ..Done::default() });
                    telling = telling.or_else(|| Some(error).filter(says_something));
                }
                failed.extend(&unit.writes);
            }
        }
    }
    let skipped = || Done { skipped: true, ..Done::default() };
    Ok(((0..batch.ids.len()).map(|write| results.remove(&write).unwrap_or_else(skipped)).collect(), telling))
}

/// Each unit looks for what it came to before; a request with other content may have had others.
async fn refuse_reused(directory: &Directory, call: &Call, organization: &str) -> Result<()> {
    let Some(once) = Once::of(call, 0) else { return Ok(()) };
    let (caller, request_id) = once.name();
    let asked = directory.read(organization, None).await?.asked(caller, request_id, kept_since(directory.clock.now())).await?;
    asked.map_or(Ok(()), |digest| once.check(&digest))
}

/// What came of each write of a unit, or why those failed that made it fail.
async fn try_unit(
    directory: &Directory,
    call: &Call,
    batch: &mut Batch,
    (part, unit): (usize, &Unit),
    options: Option<&WriteOptions>,
) -> std::result::Result<BTreeMap<usize, Done>, BTreeMap<usize, Error>> {
    let standing = if unit.writes.len() == 1 { Standing::Alone } else { Standing::Among };
    match commit(directory, call, batch, (part, std::slice::from_ref(unit)), standing, options).await {
        Ok((outcomes, at)) => {
            for (write, outcome) in &outcomes {
                if outcome.waits {
                    return Err([(*write, takeovers::waiting())].into());
                }
                batch.rename(*write, &outcome.id);
            }
            Ok(outcomes.into_iter().map(|(write, outcome)| (write, done(outcome, at.clone()))).collect())
        }
        Err(Failed::Writes(wrong)) => Err(wrong),
        // No edit was to blame, so all of them are told.
        Err(Failed::All(error)) => Err(unit.writes.iter().map(|write| (*write, error.clone())).collect()),
    }
}

fn done(outcome: Outcome, committed_at: Option<Revision>) -> Done {
    Done { resource_id: outcome.id, etag: outcome.etag, error: None, skipped: false, committed_at }
}
