//! Several changes of one membership as what comes of them: who is added and removed again, or removed and added again,
//! has not moved.

use super::{
    super::{core::Edit, sight::Sight},
    change::Step,
    membership::{self, Moved},
    refer::Named,
};
use crate::store::Work;
use std::collections::{BTreeMap, BTreeSet};

/// Adds and removes, in this order, what is left of them in the end. Every member that is added must exist, even if it does
/// not stay.
pub(super) fn take(work: &mut Work, sight: &Sight, group: &str, steps: &[Step]) -> Edit<Moved> {
    let added: Vec<&Named> = steps.iter().flat_map(|step| if let Step::Add(members) = step { members.as_slice() } else { &[] }).collect();
    let ids: BTreeSet<&str> = steps.iter().flat_map(ids_of).collect();
    let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
    let added_ids: Vec<String> = added.iter().map(|member| member.id.clone()).collect();
    let (kinds, edges) = (membership::kinds(work, sight, &added_ids), work.edges(group, &ids));
    let (kinds, edges) = (kinds?, edges?);
    for (member, kind) in added.iter().zip(kinds) {
        membership::check_kind(member, kind)?;
    }
    let before: BTreeMap<&str, bool> = ids.iter().map(String::as_str).zip(edges.iter().map(Option::is_some)).collect();
    let (mut after, mut moved) = (before.clone(), Moved::default());
    for step in steps {
        let is_in = matches!(step, Step::Add(_));
        for id in ids_of(step) {
            if after.insert(id, is_in) == Some(is_in) {
                moved.kept += 1;
                moved.redundant.get_or_insert_with(|| id.to_owned());
            }
        }
    }
    let turned = |id: &&str, now: bool| after.get(id) == Some(&now) && before.get(id) == Some(&!now);
    let gone: Vec<String> = before.keys().filter(|id| turned(id, false)).map(|id| (*id).to_owned()).collect();
    let mut named = BTreeSet::new();
    let come: Vec<Named> =
        added.into_iter().filter(|member| turned(&member.id.as_str(), true) && named.insert(member.id.as_str())).cloned().collect();
    let absent = ids.iter().filter(|id| after.get(id.as_str()) == Some(&false) && before.get(id.as_str()) == Some(&false));
    moved.forgotten = membership::forget(work, group, absent)?;
    moved.removed = membership::remove(work, sight, group, &gone)?.removed;
    moved.added = membership::add(work, sight, group, &come)?.added;
    Ok(moved)
}

fn ids_of(step: &Step) -> Vec<&str> {
    match step {
        Step::Add(members) | Step::Replace(members) => members.iter().map(|member| member.id.as_str()).collect(),
        Step::Remove(ids) => ids.iter().map(String::as_str).collect(),
        // The only one of its edit, and never among several.
        Step::Whole(_) => Vec::new(),
    }
}
