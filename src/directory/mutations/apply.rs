//! Doing the writes of a request: as one commit, or each by itself.

use super::{
    super::{
        Error, Result,
        core::{Call, Directory, answering},
        groups::Standing,
        repeats::{Once, kept_since},
    },
    batch::{self, Batch},
    edits::Outcome,
    plan::{self, Naming, Unit},
    progress::{Progress, done},
    rehearse::rehearse,
    together::{Came, Edits, MUTATION, Outcomes, together},
};
use crate::api::v1::{
    ApplyMutationsRequest, ApplyMutationsResponse, Revision, WriteOptions, apply_mutations_request::Mode,
    apply_mutations_response::Result as Done,
};
use std::collections::BTreeMap;

/// How often writes are tried with the ids that the try before came to; one more is enough while nobody else writes.
pub(super) const TRIES: usize = 4;

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
        Mode::BestEffort => one_by_one(directory, call, batch, units, max_errors, options).await?,
    };
    Ok((ApplyMutationsResponse { results }, refused))
}

/// Why writes that are done together were not done.
pub(super) enum Failed {
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
        let written = directory.write_part(call, &batch.organization, options.cloned(), part, edit).await.map_err(blamed)?;
        match Came::from(written.answer) {
            Came::Done(outcomes) => return Ok((outcomes, written.committed_at)),
            Came::Older(older) => older.into_iter().for_each(|(write, id)| batch.rename(write, &id)),
        }
    }
    Err(Failed::All(Error::unavailable()))
}

/// Which write a refusal of several is about.
pub(super) fn blamed(mut error: Error) -> Failed {
    let guilty = error.metadata.iter().position(|(key, _)| *key == MUTATION).map(|at| error.metadata.remove(at).1);
    match guilty.and_then(|index| index.parse().ok()) {
        Some(index) => Failed::Writes([(index, error)].into()),
        None => Failed::All(error),
    }
}

impl Unit {
    /// Why those of its writes failed that made it fail.
    pub(super) fn blame(&self, failed: Failed) -> BTreeMap<usize, Error> {
        match failed {
            Failed::Writes(wrong) => wrong,
            // No edit was to blame, so all of them are told.
            Failed::All(error) => self.writes.iter().map(|write| (*write, error.clone())).collect(),
        }
    }
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
    batch: Batch,
    units: Vec<Unit>,
    max_errors: usize,
    options: Option<WriteOptions>,
) -> Result<(Vec<Done>, Option<Error>)> {
    refuse_reused(directory, call, &batch.organization).await?;
    if let Some(options) = options.clone().filter(|options| options.validate_only) {
        return rehearse(directory, call, batch, units, max_errors, options).await;
    }
    let mut progress = Progress::new(batch, max_errors);
    for (part, unit) in units.iter().enumerate() {
        if progress.is_over() {
            break;
        }
        if !progress.is_refused(unit) {
            let standing = if unit.writes.len() == 1 { Standing::Alone } else { Standing::Among };
            let units = std::slice::from_ref(unit);
            let tried = commit(directory, call, &mut progress.batch, (part, units), standing, options.as_ref()).await;
            progress.take(unit, tried.map_err(|failed| unit.blame(failed)));
        }
    }
    Ok(progress.end())
}

/// Each unit looks for what it came to before; a request with other content may have had others.
async fn refuse_reused(directory: &Directory, call: &Call, organization: &str) -> Result<()> {
    let Some(once) = Once::of(call, 0) else { return Ok(()) };
    let (caller, request_id) = once.name();
    let asked = directory.read(organization, None).await?.asked(caller, request_id, kept_since(directory.clock.now())).await?;
    asked.map_or(Ok(()), |digest| once.check(&digest))
}
