//! Doing the writes of a request: as one commit, or each by itself.

use super::{
    super::{
        Error, Result,
        core::{Call, Directory},
        groups::Standing,
        takeovers,
    },
    edits::{self, Any, Outcome},
    plan::{self, Naming, Step, Unit},
    references::Names,
    split,
    together::{Edits, MUTATION, together},
};
use crate::{
    api::v1::{
        ApplyMutationsRequest, ApplyMutationsResponse, Mutation, PrincipalRef, Revision, WriteOptions, apply_mutations_request::Mode,
        apply_mutations_response::Result as Done, mutation::Write,
    },
    limits,
};
use std::collections::{BTreeMap, BTreeSet};

/// Characters of a `temp_id`.
const TEMP_ID_CHARS: usize = 128;

/// A request, ready to be done.
struct Batch {
    organization: String,
    /// The writes; those that are wrong in themselves say why.
    writes: Vec<Result<Write>>,
    /// The ids that stand for the names in them. A create may come to an older id than the one it was offered.
    names: BTreeMap<String, String>,
    /// The id of what each write makes, or is about.
    ids: Vec<String>,
    /// For each write, the writes it names.
    needs: Vec<BTreeSet<usize>>,
}

pub(super) async fn apply(directory: &Directory, call: &Call, request: ApplyMutationsRequest) -> Result<ApplyMutationsResponse> {
    let (mode, options) = (request.mode(), request.write.clone());
    let max_errors = usize::try_from(request.max_errors).map_err(|_| Error::value("max_errors", "max_errors is negative."))?;
    let batch = read(directory, call, request)?;
    let naming: Vec<Naming> = batch.writes.iter().map(naming).collect();
    let units = plan::plan(&batch.needs, &naming);
    let results = match mode {
        Mode::Unspecified => return Err(Error::missing("mode")),
        Mode::Atomic => at_once(directory, call, batch, &units, options).await?,
        Mode::BestEffort => one_by_one(directory, call, batch, &units, max_errors, options).await,
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
    let mut targets = Vec::with_capacity(ids.len());
    for Mutation { write, .. } in request.mutations {
        let write = write.ok_or_else(|| Error::missing("mutations.write"))?;
        let scope = edits::method_of(&write).scope;
        if !call.caller.scopes.has(scope) {
            return Err(Error::scope_missing(scope));
        }
        let mut names = Names::new(&by_name);
        let mut resolved = write.clone();
        names.resolve(&mut resolved);
        let creating = |name: &String| temp_ids.get(name).map(|(index, _)| *index);
        needs.push(names.used.iter().filter_map(creating).collect());
        // A target may be named too: then the id is the one that the named write makes.
        targets.push(edits::target_of(&resolved).map(str::to_owned));
        let organization = edits::organization_of(&write);
        writes.push(if !organization.is_empty() && organization != request.organization_id {
            Err(edits::foreign())
        } else if names.unknown.is_empty() {
            Ok(write)
        } else {
            Err(Error::value("mutations", "A write names a temp_id that no write of the request has."))
        });
    }
    for (id, target) in ids.iter_mut().zip(targets) {
        if let Some(target) = target {
            *id = target;
        }
    }
    Ok(Batch { organization: request.organization_id, writes, names: by_name, ids, needs })
}

fn naming(write: &Result<Write>) -> Naming {
    match write {
        Ok(Write::CreateGroup(_)) => Naming::Members,
        Ok(Write::CreateUser(_)) => Naming::Freely,
        _ => Naming::First,
    }
}

impl Batch {
    /// The edits of a unit, or what is wrong with its writes before anything is read.
    fn edits(&mut self, call: &Call, unit: &Unit, standing: Standing) -> std::result::Result<Edits, BTreeMap<usize, Error>> {
        let Some(steps) = &unit.steps else { return Err(unit.writes.iter().map(|write| (*write, never_done())).collect()) };
        let (mut later, mut made) = (BTreeMap::new(), BTreeSet::new());
        let (mut edits, mut wrong) = (Edits::new(), BTreeMap::new());
        for step in steps {
            let (Step::Run(index) | Step::Begin(index) | Step::Finish(index)) = *step;
            match self.edit(call, *step, standing, &unit.writes, &made, &mut later) {
                Ok(edit) => edits.push((index, edit)),
                Err(error) => drop(wrong.entry(index).or_insert(error)),
            }
            made.insert(index);
        }
        if wrong.is_empty() { Ok(edits) } else { Err(wrong) }
    }

    /// The edit of a step; `made` are the writes of its unit that are done.
    fn edit(
        &mut self,
        call: &Call,
        step: Step,
        standing: Standing,
        unit: &[usize],
        made: &BTreeSet<usize>,
        later: &mut BTreeMap<usize, Vec<PrincipalRef>>,
    ) -> Result<Any> {
        let (Step::Run(index) | Step::Begin(index) | Step::Finish(index)) = step;
        let id = self.ids.get(index).cloned().unwrap_or_default();
        if let Step::Finish(_) = step {
            let write = split::joining(later.remove(&index).unwrap_or_default(), &id);
            return edits::prepare(call, &self.organization, write, id, standing);
        }
        let write = self.writes.get_mut(index).ok_or_else(Error::internal)?;
        let mut write = std::mem::replace(write, Err(Error::internal()))?;
        Names::new(&self.names).resolve(&mut write);
        if let Step::Begin(_) = step {
            let absent = unit.iter().filter(|write| !made.contains(write)).filter_map(|write| self.ids.get(*write));
            later.insert(index, split::take(&mut write, &absent.map(String::as_str).collect()));
        }
        edits::prepare(call, &self.organization, write, id, standing)
    }

    /// The ids of those of these writes that others of them name.
    fn offered(&self, writes: &[usize]) -> BTreeMap<usize, String> {
        let named = writes.iter().filter_map(|write| self.needs.get(*write)).flatten().filter(|need| writes.contains(need));
        named.filter_map(|need| Some((*need, self.ids.get(*need)?.clone()))).collect()
    }

    /// A create brought an older resource back: whoever names it from now on means that one.
    fn rename(&mut self, index: usize, id: &str) {
        let Some(offered) = self.ids.get(index).filter(|offered| *offered != id).cloned() else { return };
        self.names.values_mut().chain(&mut self.ids).filter(|named| **named == offered).for_each(|named| id.clone_into(named));
    }
}

fn never_done() -> Error {
    Error::value("mutations", "The writes name each other in a circle that cannot be resolved.").with("unresolved", "circle")
}

fn refused_with() -> Error {
    Error::value("mutations", "A write that this one names was refused.").with("unresolved", "refused")
}

/// One commit, or nothing.
async fn at_once(directory: &Directory, call: &Call, mut batch: Batch, units: &[Unit], options: Option<WriteOptions>) -> Result<Vec<Done>> {
    let mut edits = Edits::new();
    let offered = batch.offered(&(0..batch.ids.len()).collect::<Vec<_>>());
    for unit in units {
        match batch.edits(call, unit, Standing::Among) {
            Ok(some) => edits.extend(some),
            Err(wrong) => {
                let (index, error) = wrong.into_iter().next().ok_or_else(Error::internal)?;
                return Err(error.with(MUTATION, index.to_string()));
            }
        }
    }
    let written = directory.write(call, &batch.organization, options, together(edits, offered)).await?;
    let revision = directory.revision(written.revision);
    Ok(written.answer.into_values().map(|outcome| done(outcome, revision.clone())).collect())
}

/// Each unit by itself: those that can be done are done.
async fn one_by_one(
    directory: &Directory,
    call: &Call,
    mut batch: Batch,
    units: &[Unit],
    max_errors: usize,
    options: Option<WriteOptions>,
) -> Vec<Done> {
    let mut results: BTreeMap<usize, Done> = BTreeMap::new();
    let mut failed = BTreeSet::new();
    for unit in units {
        if max_errors > 0 && failed.len() >= max_errors {
            break;
        }
        let names_refused = unit.writes.iter().filter_map(|write| batch.needs.get(*write)).any(|needs| !needs.is_disjoint(&failed));
        let tried = if names_refused {
            Err(unit.writes.iter().map(|write| (*write, refused_with())).collect())
        } else {
            try_unit(directory, call, &mut batch, unit, options.clone()).await
        };
        match tried {
            Ok(done) => results.extend(done),
            Err(mut errors) => {
                for write in &unit.writes {
                    let error = Some(errors.remove(write).unwrap_or_else(refused_with).to_rpc());
                    results.insert(*write, Done { error, ..Done::default() });
                }
                failed.extend(&unit.writes);
            }
        }
    }
    let skipped = || Done { skipped: true, ..Done::default() };
    (0..batch.ids.len()).map(|write| results.remove(&write).unwrap_or_else(skipped)).collect()
}

/// What came of each write of a unit, or why those failed that made it fail.
async fn try_unit(
    directory: &Directory,
    call: &Call,
    batch: &mut Batch,
    unit: &Unit,
    options: Option<WriteOptions>,
) -> std::result::Result<BTreeMap<usize, Done>, BTreeMap<usize, Error>> {
    let standing = if unit.writes.len() == 1 { Standing::Alone } else { Standing::Among };
    let edits = batch.edits(call, unit, standing)?;
    let offered = batch.offered(&unit.writes);
    match directory.write(call, &batch.organization, options, together(edits, offered)).await {
        Ok(written) => {
            for (write, outcome) in &written.answer {
                if outcome.waits {
                    return Err([(*write, takeovers::waiting())].into());
                }
                batch.rename(*write, &outcome.id);
            }
            let revision = directory.revision(written.revision);
            Ok(written.answer.into_iter().map(|(write, outcome)| (write, done(outcome, revision.clone()))).collect())
        }
        Err(mut error) => {
            let guilty = error.metadata.iter().position(|(key, _)| *key == MUTATION).map(|at| error.metadata.remove(at).1);
            match guilty.and_then(|index| index.parse().ok()) {
                Some(index) => Err([(index, error)].into()),
                // No edit was to blame, so all of them are told.
                None => Err(unit.writes.iter().map(|write| (*write, error.clone())).collect()),
            }
        }
    }
}

fn done(outcome: Outcome, committed_at: Option<Revision>) -> Done {
    Done { resource_id: outcome.id, etag: outcome.etag, error: None, skipped: false, committed_at }
}
