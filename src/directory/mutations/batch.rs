//! A request of many writes, read: names in the places of ids, and what each write needs.

use super::{
    super::{
        Error, Result,
        core::{Call, Directory},
        groups::Standing,
    },
    edits::{self, Any},
    plan::{Naming, Step, Unit},
    references::Names,
    split,
    together::Edits,
};
use crate::{
    api::v1::{ApplyMutationsRequest, Mutation, PrincipalRef, mutation::Write},
    limits,
    store::Stop,
};
use std::collections::{BTreeMap, BTreeSet};

/// Characters of a `temp_id`.
const TEMP_ID_CHARS: usize = 128;

/// A request, ready to be done.
#[derive(Clone)]
pub(super) struct Batch {
    pub(super) organization: String,
    /// The writes; those that are wrong in themselves say why.
    pub(super) writes: Vec<Result<Write>>,
    /// The ids that stand for the names in them. A create may come to an older id than the one it was offered.
    pub(super) names: BTreeMap<String, String>,
    /// The id of what each write makes, or is about.
    pub(super) ids: Vec<String>,
    /// The id that each write makes something under, if it makes something new.
    pub(super) fresh: Vec<String>,
    /// Whether what the write is about is there before the request.
    pub(super) stands: Vec<bool>,
    /// For each write, the writes it names.
    pub(super) needs: Vec<BTreeSet<usize>>,
}

/// Checks what concerns the request as a whole, and puts ids in the places of names.
pub(super) fn read(directory: &Directory, call: &Call, request: ApplyMutationsRequest) -> Result<Batch> {
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
    let fresh = ids.clone();
    let made: BTreeSet<&String> = fresh.iter().zip(&targets).filter(|(_, target)| target.is_none()).map(|(id, _)| id).collect();
    let stands = targets.iter().map(|target| target.as_ref().is_some_and(|id| !made.contains(id))).collect();
    for (id, target) in ids.iter_mut().zip(targets) {
        if let Some(target) = target {
            *id = target;
        }
    }
    Ok(Batch { organization: request.organization_id, writes, names: by_name, ids, fresh, stands, needs })
}

pub(super) fn naming(write: &Result<Write>) -> Naming {
    match write {
        Ok(Write::CreateGroup(_)) => Naming::Members,
        Ok(Write::CreateUser(_)) => Naming::Freely,
        _ => Naming::First,
    }
}

impl Batch {
    /// The edits of a unit, or what is wrong with its writes before anything is read.
    pub(super) fn edits(&self, call: &Call, unit: &Unit, standing: Standing) -> std::result::Result<Edits, BTreeMap<usize, Error>> {
        let Some(steps) = &unit.steps else { return Err(unit.writes.iter().map(|write| (*write, never_done())).collect()) };
        let (mut later, mut made) = (BTreeMap::new(), BTreeSet::new());
        let (mut edits, mut wrong) = (Edits::new(), BTreeMap::new());
        for step in steps {
            let (Step::Run(index) | Step::Begin(index) | Step::Finish(index)) = *step;
            let Some(Ok(write)) = self.writes.get(index) else {
                let error = self.writes.get(index).and_then(|write| write.clone().err()).unwrap_or_else(Error::internal);
                wrong.entry(index).or_insert(error);
                continue;
            };
            let place = edits::place_of(write);
            match self.edit(call, *step, standing, &unit.writes, &made, &mut later) {
                Ok(edit) => edits.push((index, placing(index, place, edit))),
                Err(error) => drop(wrong.entry(index).or_insert_with(|| edits::placed(index, place, error))),
            }
            made.insert(index);
        }
        if wrong.is_empty() { Ok(edits) } else { Err(wrong) }
    }

    /// The edit of a step; `made` are the writes of its unit that are done.
    fn edit(
        &self,
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
        // A unit may be tried more than once.
        let mut write = self.writes.get(index).cloned().ok_or_else(Error::internal)??;
        Names::new(&self.names).resolve(&mut write);
        if let Step::Begin(_) = step {
            let absent = unit.iter().filter(|write| !made.contains(write)).filter_map(|write| self.ids.get(*write));
            later.insert(index, split::take(&mut write, &absent.map(String::as_str).collect()));
        }
        let fresh = self.fresh.get(index).cloned().unwrap_or_default();
        edits::prepare(call, &self.organization, write, fresh, standing)
    }

    /// The ids of those of these writes that others of them name.
    pub(super) fn offered(&self, writes: &[usize]) -> BTreeMap<usize, String> {
        let named = writes.iter().filter_map(|write| self.needs.get(*write)).flatten().filter(|need| writes.contains(need));
        named.filter_map(|need| Some((*need, self.ids.get(*need)?.clone()))).collect()
    }

    /// A create brought an older resource back: whoever names it from now on means that one.
    pub(super) fn rename(&mut self, index: usize, id: &str) {
        let Some(offered) = self.ids.get(index).filter(|offered| *offered != id).cloned() else { return };
        self.names.values_mut().chain(&mut self.ids).filter(|named| **named == offered).for_each(|named| id.clone_into(named));
    }
}

/// The same edit; what it refuses says where in the request that stands.
fn placing(index: usize, place: (&'static str, &'static str), mut edit: Any) -> Any {
    Box::new(move |work| {
        edit(work).map_err(|stop| match stop {
            Stop::Refused(error) => Stop::Refused(edits::placed(index, place, error)),
            Stop::Miss => Stop::Miss,
        })
    })
}

fn never_done() -> Error {
    Error::value("mutations", "The writes name each other in a circle that cannot be resolved.").with("unresolved", "circle")
}
