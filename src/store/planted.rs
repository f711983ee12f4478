//! Who put members where, as far as it matters: an edge is planted if somebody else wrote it than the connection that made its
//! group. Such edges are few, and found by an index of their own however large the group is.

use super::{Fault, GroupRow, Miss, Terms, Text, Work, cells::Cells, statement::Connection, work::Undo};
use crate::api::v1::{
    Group,
    link::{Reason, State},
};
use std::collections::BTreeSet;

pub(super) const PLANTED: Text = Text::twin(
    "SELECT member_id FROM members INDEXED BY members_planted WHERE organization_id = $1 AND group_id = $2 AND planted = 1 LIMIT $3",
    "SELECT member_id FROM members WHERE organization_id = $1 AND group_id = $2 AND planted = 1 LIMIT $3",
);

/// How many are looked at, one step after the other: mostly the first stays.
const STEPS: [i64; 3] = [32, 4_096, i64::MAX];

/// What a batch knows of planted edges.
#[derive(Debug)]
pub(super) struct Planted {
    /// The connection whose edit runs; empty for other callers.
    writer: String,
    /// Group and member of edges that the batch wrote, where it matters: whether they are planted.
    edges: Cells<(String, String), bool>,
    /// Group and how many at most → members by planted edges.
    found: Cells<(String, i64), Vec<String>>,
    /// Groups whose members are all named by the running edit.
    named: BTreeSet<String>,
}

impl Planted {
    pub(super) fn new() -> Self {
        Planted { writer: String::new(), edges: Cells::new(), found: Cells::new(), named: BTreeSet::new() }
    }

    pub(super) fn begin(&mut self, terms: &Terms) {
        self.writer.clone_from(&terms.connection);
    }

    pub(super) fn wants(&self) -> bool {
        self.found.wants()
    }

    pub(super) fn named(&self) -> &BTreeSet<String> {
        &self.named
    }
}

impl Undo for Planted {
    fn mark(&mut self) {
        self.named.clear();
        self.edges.mark();
    }

    fn rollback(&mut self) {
        self.named.clear();
        self.edges.rollback();
    }

    fn reset(&mut self) {
        self.named.clear();
        self.edges.reset();
    }
}

/// The connection that made a group, or brought it back with members of its own; none if that was nobody, or several.
pub fn maker(group: &Group) -> Option<&str> {
    let by = |reason: Reason| group.links.iter().filter(move |link| link.reason() == reason).map(|link| link.connection_id.as_str());
    let restored: Vec<&str> = by(Reason::Restored).collect();
    let made = if restored.is_empty() { by(Reason::Created).collect() } else { restored };
    <[&str; 1]>::try_from(made).ok().map(|[one]| one)
}

/// Whether the connection made the group and manages it.
pub fn is_made_by(group: &Group, connection: &str) -> bool {
    let linked = |link: &crate::api::v1::Link| link.connection_id == connection && link.state() == State::Linked;
    maker(group) == Some(connection) && group.links.iter().any(linked)
}

impl Work {
    /// Whether an edge of the running edit into a group is planted.
    pub(super) fn plants(&self, group: &str) -> bool {
        let row: Option<&GroupRow> = self.groups.peek(group).and_then(Option::as_deref);
        row.and_then(|row| maker(&row.group)).is_some_and(|maker| maker != self.planted.writer)
    }

    /// Whether an edge that the batch wrote is planted.
    pub(super) fn is_planted(&self, edge: &(String, String)) -> bool {
        self.planted.edges.peek(edge) == Some(&true)
    }

    pub(super) fn follow_planted(&mut self, group: &str, member: &str, planted: bool) {
        let edge = (group.to_owned(), member.to_owned());
        if planted || self.planted.edges.peek(&edge).is_some() {
            self.planted.edges.set(edge, planted);
        }
    }

    /// A group that others filled in this batch is said to be another's: they are marked as if it had been that one's before.
    pub(super) fn follow_maker(&mut self, group: &Group) {
        let before = self.groups.peek(&group.id).cloned().flatten();
        if before.is_none_or(|row| maker(&row.group) == maker(group)) || maker(group) == Some(&self.planted.writer) {
            return;
        }
        let came = self.edges.written().filter(|((id, _), kind)| *id == group.id && kind.is_some());
        let came: Vec<(String, String)> = came.map(|(edge, _)| edge.clone()).collect();
        for (group, member) in came {
            self.follow_planted(&group, &member, true);
        }
    }

    /// An edge comes back with its member. Who wrote it first nobody remembers, so it counts as planted.
    pub fn return_edge(&mut self, group: &str, member: &str, kind: i64) {
        self.set_edge(group, member, Some(kind));
        self.follow_planted(group, member, true);
    }

    /// The running edit named every member that the group has now.
    pub fn name_members(&mut self, group: &str) {
        self.planted.named.insert(group.to_owned());
    }

    /// Members of a group by planted edges, but for these: as many as are asked for, or more, or all.
    ///
    /// # Errors
    /// [`Miss`] until they were read.
    pub fn planted_in(&mut self, group: &str, but: &BTreeSet<&str>, enough: usize) -> Result<BTreeSet<String>, Miss> {
        let from = (group.to_owned(), String::new());
        let own = self.planted.edges.range(&from).take_while(|((g, _), _)| g == group).filter(|(_, planted)| **planted);
        let stays = |edge: &(String, String)| !but.contains(edge.1.as_str()) && self.edges.peek(edge).is_some_and(Option::is_some);
        let mut found: BTreeSet<String> = own.filter(|(edge, _)| stays(edge)).map(|(edge, _)| edge.1.clone()).collect();
        for most in STEPS {
            if found.len() >= enough {
                break;
            }
            let ids = self.planted.found.get(&(group.to_owned(), most))?;
            let read = i64::try_from(ids.len()).unwrap_or(i64::MAX);
            found.extend(ids.into_iter().filter(|id| {
                let edge = (group.to_owned(), id.clone());
                !but.contains(id.as_str()) && self.edges.peek(&edge) != Some(&None) && self.planted.edges.peek(&edge) != Some(&false)
            }));
            if read < most {
                break;
            }
        }
        Ok(found)
    }

    pub(super) async fn load_planted(&mut self, on: &mut Connection<'_>) -> Result<(), Fault> {
        for (group, most) in self.planted.found.take_wanted() {
            let statement = on.statement(PLANTED).bind(self.organization.clone()).bind(group.clone()).bind(most);
            let rows: Vec<(String,)> = statement.all().await?;
            self.planted.found.load((group, most), rows.into_iter().map(|(id,)| id).collect());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::v1::Link;

    fn group(links: &[(&str, Reason, State)]) -> Group {
        let link = |(id, reason, state): &(&str, Reason, State)| Link {
            connection_id: (*id).to_owned(),
            reason: (*reason).into(),
            state: (*state).into(),
            ..Link::default()
        };
        Group { links: links.iter().map(link).collect(), ..Group::default() }
    }

    #[test]
    fn a_group_is_made_by_who_created_it_or_brought_it_back_alone() {
        use Reason::{Created, ExternalId, Restored};
        use State::{Linked, Unlinked};
        for (links, made_by) in [
            (&[][..], None),
            (&[("a", ExternalId, Linked)], None),
            (&[("a", Created, Linked), ("b", ExternalId, Linked)], Some("a")),
            (&[("a", Created, Unlinked), ("b", Restored, Linked)], Some("b")),
            (&[("a", Restored, Linked), ("b", Restored, Linked)], None),
        ] {
            assert_eq!(maker(&group(links)), made_by);
        }
        assert!(is_made_by(&group(&[("a", Created, Linked)]), "a"));
        assert!(!is_made_by(&group(&[("a", Created, Unlinked)]), "a") && !is_made_by(&group(&[("a", Created, Linked)]), "b"));
    }
}
