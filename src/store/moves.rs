//! What the running edit did so far, for a judgement of the whole; and taking it back.

use super::{Book, GroupRow, MEMBER_GROUP, Tombstone, UserRow, Work};
use std::{collections::BTreeSet, sync::Arc};

/// A row before and after the edit.
pub type Turn<T> = (Option<Arc<T>>, Option<Arc<T>>);

/// What an edit did to people, groups and roles.
#[derive(Debug, Default)]
pub struct Moves {
    /// Users that came, changed or went.
    pub users: Vec<Turn<UserRow>>,
    /// Groups that came, changed or went, also by their membership alone.
    pub groups: Vec<Turn<GroupRow>>,
    /// Group and member of edges that came (`true`) or went.
    pub edges: Vec<(String, String, bool)>,
    /// Whether one of them is an edge between groups.
    pub nests: bool,
    /// Id of each user or group that was remembered or is not any more, and the tombstone before.
    pub tombstones: Vec<(String, Option<Arc<Tombstone>>)>,
    /// A membership that was set whole.
    pub whole: Option<WholeMoves>,
    /// Groups whose members are all named by the edit, whoever put them there before.
    pub named: BTreeSet<String>,
    /// What decided about roles before, if that changed.
    pub book: Option<Arc<Book>>,
}

/// What setting a membership whole comes to.
#[derive(Debug)]
pub struct WholeMoves {
    /// The group.
    pub group: String,
    /// Who goes.
    pub gone: BTreeSet<String>,
    /// Who comes, with the kind.
    pub came: Vec<(String, i64)>,
}

impl Work {
    /// What the running edit did so far.
    pub fn moves(&self) -> Moves {
        let users = self.users.touched().map(|(_, before, after)| (before.cloned().flatten(), after.clone())).collect();
        let groups = self.groups.touched().map(|(_, before, after)| (before.cloned().flatten(), after.clone())).collect();
        let edge = |((group, member), before, after): (&(String, String), Option<&Option<i64>>, &Option<i64>)| {
            let (was, is) = (before.is_some_and(Option::is_some), after.is_some());
            (was != is).then(|| (group.clone(), member.clone(), is))
        };
        let between = |kind: Option<&Option<i64>>| kind.is_some_and(|kind| *kind == Some(MEMBER_GROUP));
        Moves {
            users,
            groups,
            nests: self.edges.touched().any(|(_, before, after)| between(before) != between(Some(after))),
            edges: self.edges.touched().filter_map(edge).collect(),
            tombstones: self.tombstones.touched().map(|(id, before, _)| (id.clone(), before.cloned().flatten())).collect(),
            whole: self.whole_moves(),
            named: self.planted.named().clone(),
            book: self.grants.book_before(),
        }
    }

    /// Whether the organization ever had a grant, a role of its own or a mapping.
    pub fn has_roles(&self) -> bool {
        self.grants.some()
    }

    /// The version of a user or group before the running edit wrote it; `None` if it was not there, or is not written.
    pub fn version_before(&self, id: &str) -> Option<i64> {
        let user = self.users.touched().find(|(key, ..)| *key == id).and_then(|(_, before, _)| before?.as_ref().map(|row| row.version));
        let group =
            || self.groups.touched().find(|(key, ..)| *key == id).and_then(|(_, before, _)| before?.as_ref().map(|row| row.version));
        user.or_else(group)
    }

    /// Takes back what the running edit did: it may be run again.
    pub fn retract(&mut self) {
        self.undo();
        self.left = 0;
    }
}
