//! Which groups are in which groups, as an edit sees it, and whether an organization refuses circles of them.

#![allow(clippy::missing_errors_doc, reason = "every question of an edit answers `Miss` until what it asks for was read")]

use super::{Connection, Fault, MEMBER_GROUP, Miss, Text, Work, cells::Cells, members::NESTED, work::Undo};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

const SET_RULE: Text = Text::same("UPDATE heads SET refuse_cycles = $2 WHERE organization_id = $1");

/// What a batch knows of groups in groups.
#[derive(Debug)]
pub(super) struct Nested {
    /// One cell: group and member of every edge between groups. They are few, and read where a rule asks for them alone.
    edges: Cells<(), Arc<Vec<(String, String)>>>,
    /// Whether the organization refuses groups that are in themselves.
    pub(super) refuses: bool,
    /// The same of others, as edits in `system` set it.
    rules: Cells<String, bool>,
}

impl Nested {
    pub(super) fn new() -> Self {
        Nested { edges: Cells::new(), refuses: false, rules: Cells::new() }
    }

    pub(super) fn wants(&self) -> bool {
        self.edges.wants()
    }

    pub(super) fn each(&mut self, f: &mut dyn FnMut(&mut dyn Undo)) {
        f(&mut self.rules);
    }

    pub(super) async fn load(&mut self, on: &mut Connection<'_>, organization: &str) -> Result<(), Fault> {
        if !self.edges.take_wanted().is_empty() {
            let edges = on.statement(NESTED).bind(organization.to_owned()).all().await?;
            self.edges.load((), Arc::new(edges));
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
        let read = self.nested.edges.get(&())?;
        let mut above: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (group, member) in read.iter() {
            above.entry(member).or_default().insert(group);
        }
        for ((group, member), kind) in self.edges.written() {
            if *kind == Some(MEMBER_GROUP) {
                above.entry(member).or_default().insert(group);
            } else if let Some(groups) = above.get_mut(member.as_str()) {
                groups.remove(group.as_str());
            }
        }
        let (mut found, mut next) = (BTreeSet::from([group]), vec![group]);
        while let Some(member) = next.pop() {
            next.extend(above.get(member).into_iter().flatten().filter(|group| found.insert(group)));
        }
        Ok(found.into_iter().map(str::to_owned).collect())
    }
}
