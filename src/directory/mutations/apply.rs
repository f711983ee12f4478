//! Doing the writes of a request: as one commit, or each by itself.

use super::{
    super::{
        Error, Result,
        core::{Call, Directory, Edit},
    },
    edits::{self, Any, Outcome},
    plan::{self, Step},
    references::Names,
    split::{self, Rest},
};
use crate::{
    api::v1::{
        ApplyMutationsRequest, ApplyMutationsResponse, Mutation, Revision, WriteOptions, apply_mutations_request::Mode,
        apply_mutations_response::Result as Done, mutation::Write,
    },
    limits,
    store::{Stop, Work},
};
use std::collections::{BTreeMap, BTreeSet};

/// Characters of a `temp_id`.
const TEMP_ID_CHARS: usize = 128;

/// A request, ready to be done.
struct Batch {
    organization: String,
    /// The writes with ids in the places of names; those that are wrong in themselves say why.
    writes: Vec<Result<Write>>,
    /// The id of what each write makes, or is about.
    ids: Vec<String>,
    /// For each write, the creating writes it names.
    needs: Vec<BTreeSet<usize>>,
}

pub(super) async fn apply(directory: &Directory, call: &Call, request: ApplyMutationsRequest) -> Result<ApplyMutationsResponse> {
    let (mode, options) = (request.mode(), request.write.clone());
    let max_errors = usize::try_from(request.max_errors).map_err(|_| Error::value("max_errors", "max_errors is negative."))?;
    let batch = read(directory, call, request)?;
    let may_split: Vec<bool> = (0..batch.writes.len()).map(|index| batch.may_split(index)).collect();
    let (steps, never) = plan::plan(&batch.needs, &may_split);
    let results = match mode {
        Mode::Unspecified => return Err(Error::missing("mode")),
        Mode::Atomic => at_once(directory, call, batch, &steps, &never, options).await?,
        Mode::BestEffort => one_by_one(directory, call, batch, &steps, max_errors, options).await,
    };
    Ok(ApplyMutationsResponse { results })
}

/// Checks what concerns the request as a whole, and puts ids in the places of names.
fn read(directory: &Directory, call: &Call, request: ApplyMutationsRequest) -> Result<Batch> {
    if request.mutations.is_empty() {
        return Err(Error::missing("mutations"));
    }
    if request.mutations.len() > limits::MUTATIONS {
        return Err(Error::too_large("mutations", limits::MUTATIONS, "writes"));
    }
    let mut temp_ids: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let mut ids = Vec::with_capacity(request.mutations.len());
    for (index, mutation) in request.mutations.iter().enumerate() {
        if mutation.temp_id.chars().count() > TEMP_ID_CHARS {
            return Err(Error::too_large("mutations.temp_id", TEMP_ID_CHARS, "characters"));
        }
        if mutation.temp_id.starts_with(':') {
            return Err(Error::value("mutations.temp_id", "A temp_id does not begin with a colon."));
        }
        let target = mutation.write.as_ref().and_then(|w| edits::target_of(w));
        let id = target.map_or_else(|| directory.clock.new_id(), str::to_owned);
        if !mutation.temp_id.is_empty() && temp_ids.insert(mutation.temp_id.clone(), (index, id.clone())).is_some() {
            return Err(Error::value("mutations.temp_id", "Two writes have the same temp_id."));
        }
        ids.push(id);
    }
    let by_name: BTreeMap<String, String> = temp_ids.iter().map(|(name, (_, id))| (name.clone(), id.clone())).collect();
    let (mut writes, mut needs) = (Vec::with_capacity(ids.len()), Vec::with_capacity(ids.len()));
    for Mutation { write, .. } in request.mutations {
        let mut write = write.ok_or_else(|| Error::missing("mutations.write"))?;
        let scope = edits::method_of(&write).scope;
        if !call.caller.scopes.has(scope) {
            return Err(Error::scope_missing(scope));
        }
        let mut names = Names::new(&by_name);
        names.resolve(&mut write);
        let creating = |name: &String| temp_ids.get(name).map(|(index, _)| *index);
        needs.push(names.used.iter().filter_map(creating).collect());
        let organization = edits::organization_of(&write);
        writes.push(if !organization.is_empty() && organization != request.organization_id {
            Err(edits::foreign())
        } else if names.unknown.is_empty() {
            Ok(write)
        } else {
            Err(Error::value("mutations", "A write names a temp_id that no write of the request has."))
        });
    }
    // A target may be named too: then the id is the one that the named write makes.
    for (id, write) in ids.iter_mut().zip(&writes) {
        if let Some(target) = write.as_ref().ok().and_then(edits::target_of) {
            target.clone_into(id);
        }
    }
    Ok(Batch { organization: request.organization_id, writes, ids, needs })
}

impl Batch {
    /// Whether a write that creates something can be done without what it names, and the rest later: a group without members,
    /// a user without the manager.
    fn may_split(&self, index: usize) -> bool {
        let needs: Vec<&String> = self.needs.get(index).into_iter().flatten().filter_map(|need| self.ids.get(*need)).collect();
        match self.writes.get(index) {
            Some(Ok(Write::CreateGroup(_))) => true,
            Some(Ok(Write::CreateUser(request))) => {
                let manager = request.user.as_ref().and_then(split::manager);
                needs.len() == 1 && manager.is_some_and(|id| needs.iter().all(|need| *need == id))
            }
            _ => false,
        }
    }

    /// The edit of a step; `missing` are the ids that are not there yet.
    fn edit(&mut self, call: &Call, step: Step, made: &BTreeSet<usize>, rest: &mut BTreeMap<usize, Rest>) -> Result<Any> {
        let (Step::Run(index) | Step::Begin(index) | Step::Finish(index)) = step;
        let id = self.ids.get(index).cloned().unwrap_or_default();
        if let Step::Finish(_) = step {
            let write = rest.remove(&index).ok_or_else(Error::internal)?.write(&id);
            return edits::prepare(call, &self.organization, write, id);
        }
        let write = self.writes.get_mut(index).ok_or_else(Error::internal)?;
        let mut write = std::mem::replace(write, Err(Error::internal()))?;
        if let Step::Begin(_) = step {
            let needs = self.needs.get(index).into_iter().flatten().filter(|need| !made.contains(need));
            let later: BTreeSet<&str> = needs.filter_map(|need| self.ids.get(*need)).map(String::as_str).collect();
            rest.extend(Rest::take(&mut write, &later).map(|rest| (index, rest)));
        }
        edits::prepare(call, &self.organization, write, id)
    }
}

fn never_done() -> Error {
    Error::value("mutations", "The writes name each other in a circle that cannot be resolved.").with("unresolved", "circle")
}

/// One commit, or nothing.
async fn at_once(
    directory: &Directory,
    call: &Call,
    mut batch: Batch,
    steps: &[Step],
    never: &[usize],
    options: Option<WriteOptions>,
) -> Result<Vec<Done>> {
    let at = |error: Error, index: usize| error.with("mutation", index.to_string());
    if let Some(index) = never.first() {
        return Err(at(never_done(), *index));
    }
    let (mut edits, mut made, mut rest) = (Vec::with_capacity(steps.len()), BTreeSet::new(), BTreeMap::new());
    for step in steps {
        let (Step::Run(index) | Step::Begin(index) | Step::Finish(index)) = *step;
        edits.push((index, batch.edit(call, *step, &made, &mut rest).map_err(|error| at(error, index))?));
        made.insert(index);
    }
    let count = batch.ids.len();
    let edit = move |work: &mut Work| -> Edit<Vec<Outcome>> {
        let (mut outcomes, mut missed) = (vec![Outcome::default(); count], false);
        for (index, edit) in &mut edits {
            match edit(work) {
                Ok(outcome) => outcomes.get_mut(*index).into_iter().for_each(|slot| slot.clone_from(&outcome)),
                // All run, so that all say what they need; a verdict counts only when nothing is missing.
                Err(Stop::Miss) => missed = true,
                Err(Stop::Refused(_)) if missed => {}
                Err(Stop::Refused(error)) => return Err(Stop::Refused(at(error, *index))),
            }
        }
        if missed { Err(Stop::Miss) } else { Ok(outcomes) }
    };
    let written = directory.write(call, &batch.organization, options, edit).await?;
    let revision = directory.revision(written.revision);
    Ok(written.answer.into_iter().map(|outcome| done(outcome, revision.clone())).collect())
}

/// Each by itself: those that can be done are done.
async fn one_by_one(
    directory: &Directory,
    call: &Call,
    mut batch: Batch,
    steps: &[Step],
    max_errors: usize,
    options: Option<WriteOptions>,
) -> Vec<Done> {
    let mut results: Vec<Option<Done>> = vec![None; batch.ids.len()];
    let (mut made, mut failed, mut rest) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
    for step in steps {
        let (Step::Run(index) | Step::Begin(index) | Step::Finish(index)) = *step;
        if max_errors > 0 && failed.len() >= max_errors {
            break;
        }
        if failed.contains(&index) {
            continue;
        }
        let waits = !matches!(step, Step::Begin(_)) && batch.needs.get(index).is_some_and(|needs| !needs.is_disjoint(&failed));
        let tried = if waits {
            Err(Error::value("mutations", "A write that this one names was refused.").with("unresolved", "refused"))
        } else {
            try_one(directory, call, &mut batch, *step, &made, &mut rest, options.clone()).await
        };
        let result = match tried {
            Ok(result) => {
                made.insert(index);
                result
            }
            Err(error) => {
                failed.insert(index);
                let resource_id = if made.contains(&index) { batch.ids.get(index).cloned().unwrap_or_default() } else { String::new() };
                Done { resource_id, error: Some(error.to_rpc()), ..Done::default() }
            }
        };
        results.get_mut(index).into_iter().for_each(|slot| *slot = Some(result.clone()));
    }
    let stopped = max_errors > 0 && failed.len() >= max_errors;
    let left = |result: Option<Done>| {
        result.unwrap_or_else(|| {
            if stopped { Done { skipped: true, ..Done::default() } } else { Done { error: Some(never_done().to_rpc()), ..Done::default() } }
        })
    };
    results.into_iter().map(left).collect()
}

async fn try_one(
    directory: &Directory,
    call: &Call,
    batch: &mut Batch,
    step: Step,
    made: &BTreeSet<usize>,
    rest: &mut BTreeMap<usize, Rest>,
    options: Option<WriteOptions>,
) -> Result<Done> {
    let edit = batch.edit(call, step, made, rest)?;
    let written = directory.write(call, &batch.organization, options, edit).await?;
    Ok(done(written.answer, directory.revision(written.revision)))
}

fn done(outcome: Outcome, committed_at: Option<Revision>) -> Done {
    Done { resource_id: outcome.id, etag: outcome.etag, error: None, skipped: false, committed_at }
}
