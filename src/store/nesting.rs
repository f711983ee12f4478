//! Which groups are in which groups, as an edit sees it, and whether an organization refuses circles of them. What the database
//! has is kept in memory under the revision that last changed it.

#![allow(clippy::missing_errors_doc, reason = "every question of an edit answers `Miss` until what it asks for was read")]

use super::{Connection, Fault, MEMBER_GROUP, Miss, Text, Work, cells::Cells, members::NESTED, work::Undo};
use crate::limits;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

const SET_RULE: Text = Text::same("UPDATE heads SET refuse_cycles = $2 WHERE organization_id = $1");

/// Group → the groups that are its members.
type Nest = HashMap<String, Vec<String>>;

/// The nests of the organizations asked about lately, each with the revision it was read for.
#[derive(Debug, Default)]
pub(super) struct Nests(Mutex<HashMap<String, (i64, Arc<Nest>)>>);

impl Nests {
    /// The nest at a revision of the head, as the transaction has it.
    pub(super) async fn at(&self, on: &mut Connection<'_>, organization: &str, revision: i64) -> Result<Arc<Nest>, Fault> {
        if let Some(nest) = self.locked().get(organization).filter(|(at, _)| *at == revision).map(|(_, nest)| nest.clone()) {
            return Ok(nest);
        }
        let mut nest = Nest::new();
        for (group, member) in on.statement(NESTED).bind(organization.to_owned()).all::<(String, String)>().await? {
            nest.entry(group).or_default().push(member);
        }
        let nest = Arc::new(nest);
        let mut known = self.locked();
        if known.len() >= limits::NESTING_GRAPHS {
            known.clear();
        }
        known.insert(organization.to_owned(), (revision, nest.clone()));
        Ok(nest)
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, HashMap<String, (i64, Arc<Nest>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a batch knows of groups in groups.
#[derive(Debug)]
pub(super) struct Nested {
    /// One cell: every edge between groups. They are few, and asked for where a rule needs them alone.
    nest: Cells<(), Arc<Nest>>,
    /// The revision of the head that last changed one.
    revision: i64,
    /// Whether the organization refuses groups that are in themselves.
    pub(super) refuses: bool,
    /// The same of others, as edits in `system` set it.
    rules: Cells<String, bool>,
}

impl Nested {
    pub(super) fn new() -> Self {
        Nested { nest: Cells::new(), revision: 0, refuses: false, rules: Cells::new() }
    }

    pub(super) fn begin(&mut self, revision: i64, refuses: bool) {
        (self.revision, self.refuses) = (revision, refuses);
    }

    pub(super) fn wants(&self) -> bool {
        self.nest.wants()
    }

    pub(super) fn each(&mut self, f: &mut dyn FnMut(&mut dyn Undo)) {
        f(&mut self.rules);
    }

    pub(super) async fn load(&mut self, on: &mut Connection<'_>, organization: &str, nests: &Nests) -> Result<(), Fault> {
        if !self.nest.take_wanted().is_empty() {
            self.nest.load((), nests.at(on, organization, self.revision).await?);
        }
        Ok(())
    }

    pub(super) async fn flush(&self, on: &mut Connection<'_>) -> Result<(), Fault> {
        for (organization, refuses) in self.rules.written() {
            on.statement(SET_RULE).bind(organization.clone()).bind(i64::from(*refuses)).execute().await?;
        }
        Ok(())
    }
}

impl Work {
    /// Whether the organization refuses groups that are in themselves.
    pub fn refuses_cycles(&self) -> bool {
        self.nested.refuses
    }

    /// Has an organization refuse them from now on, or not any more; only in the organization `system`.
    pub fn set_refuses_cycles(&mut self, organization: &str, refuses: bool) {
        self.nested.rules.set(organization.to_owned(), refuses);
    }

    /// The group itself and all that it is in, directly or through others.
    pub fn holding(&mut self, group: &str) -> Result<BTreeSet<String>, Miss> {
        let inside = self.nest_now()?;
        let mut above: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (group, member) in inside.iter().flat_map(|(group, members)| members.iter().map(move |member| (group, member))) {
            above.entry(member).or_default().push(group);
        }
        Ok(reached(BTreeSet::from([group.to_owned()]), |member| above.get(member).into_iter().flatten().copied()))
    }

    /// These groups and all inside them, at any depth.
    pub fn groups_below(&mut self, tops: BTreeSet<String>) -> Result<BTreeSet<String>, Miss> {
        let inside = self.nest_now()?;
        Ok(reached(tops, |group| inside.get(group).into_iter().flatten().map(String::as_str)))
    }

    /// The groups in groups as the edits left them.
    fn nest_now(&mut self) -> Result<Arc<Nest>, Miss> {
        let read = self.nested.nest.get(&())?;
        let set = self.whole_moves();
        let knows = |group: &str, member: &str| read.get(group).is_some_and(|members| members.iter().any(|m| m == member));
        let differs = |((group, member), kind): &(&(String, String), &Option<i64>)| (**kind == Some(MEMBER_GROUP)) != knows(group, member);
        let edges: Vec<_> = self.edges.written().filter(differs).map(|((group, member), kind)| (group, member, kind.is_some())).collect();
        if edges.is_empty() && set.is_none() {
            return Ok(read);
        }
        let mut nest = Nest::clone(&read);
        for (group, member, came) in edges {
            let members = nest.entry(group.clone()).or_default();
            members.retain(|other| other != member);
            if came {
                members.push(member.clone());
            }
        }
        if let Some(set) = set {
            let members = nest.entry(set.group).or_default();
            members.retain(|member| !set.gone.contains(member));
            members.extend(set.came.into_iter().filter(|(_, kind)| *kind == MEMBER_GROUP).map(|(member, _)| member));
        }
        Ok(Arc::new(nest))
    }
}

/// These and all that the steps lead to.
fn reached<'n, S: Iterator<Item = &'n str>>(from: BTreeSet<String>, step: impl Fn(&str) -> S) -> BTreeSet<String> {
    let (mut next, mut found) = (from.iter().cloned().collect::<Vec<_>>(), from);
    while let Some(group) = next.pop() {
        for reached in step(&group) {
            if found.insert(reached.to_owned()) {
                next.push(reached.to_owned());
            }
        }
    }
    found
}
