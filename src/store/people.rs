//! Users, groups and edges as an edit sees them. See [`Work`].

#![allow(clippy::missing_errors_doc, reason = "every question answers `Miss` until what it asks for was read")]

use super::{GroupRow, MEMBER_GROUP, MEMBER_USER, Miss, UserRow, Work};
use crate::{
    api::v1::{Group, User},
    clock::{Micros, micros},
};
use std::{collections::BTreeSet, sync::Arc};

impl Work {
    /// Whether the running edit leaves what another connection owns as it is, and does the rest.
    pub fn leaves_owned(&self) -> bool {
        self.leaves_owned
    }

    /// The running edit left one attribute as it is.
    pub fn left_one(&mut self) {
        self.left = self.left.saturating_add(1);
    }

    /// A user by id.
    ///
    /// # Errors
    /// [`Miss`] until it was read; so for all that follow.
    pub fn user(&mut self, id: &str) -> Result<Option<Arc<UserRow>>, Miss> {
        self.users.get(id)
    }

    /// The id of the user with this folded name.
    pub fn user_named(&mut self, key: &str) -> Result<Option<String>, Miss> {
        self.names.get(key)
    }

    /// The ids of the resources that hold this key.
    pub fn holders(&mut self, kind: i64, key: &str) -> Result<BTreeSet<String>, Miss> {
        self.holders.get(&(kind, key.to_owned()))
    }

    /// Stores a user, new or changed; answers it as it will be read. Unless its id is a new one, ask for it first: what was
    /// never read is taken for new.
    pub fn put_user(&mut self, user: User, name_key: String) -> Arc<UserRow> {
        let now = self.now();
        self.place_user(user, name_key, now)
    }

    /// The same as an import brings it: it changed last when its meta says.
    pub fn bring_user(&mut self, user: User, name_key: String) -> Arc<UserRow> {
        let updated_at = user.meta.as_ref().and_then(|meta| meta.update_time.as_ref()).map_or(self.now(), micros);
        self.place_user(user, name_key, updated_at)
    }

    fn place_user(&mut self, user: User, name_key: String, updated_at: Micros) -> Arc<UserRow> {
        let id = user.id.clone();
        let old = self.users.peek(&id).cloned().flatten();
        // Who was brought back was made when it was made.
        let made_at = user.meta.as_ref().and_then(|meta| meta.create_time.as_ref()).map(micros);
        let created_at = old.as_ref().map(|o| o.created_at).or(made_at).unwrap_or(self.now());
        let row = Arc::new(UserRow::new(user, name_key, (created_at, updated_at), self.revision(), self.life()));
        self.follow_user(&id, old.as_deref(), Some(&row));
        self.users.set(id, Some(row.clone()));
        row
    }

    /// Removes a user's row; its edges are removed one by one before.
    pub fn drop_user(&mut self, id: &str) {
        let old = self.users.peek(id).cloned().flatten();
        self.follow_user(id, old.as_deref(), None);
        self.users.set(id.to_owned(), None);
    }

    fn follow_user(&mut self, id: &str, old: Option<&UserRow>, new: Option<&UserRow>) {
        if let Some(old) = old
            && new.is_none_or(|n| n.name_key != old.name_key)
        {
            self.names.follow(old.name_key.clone(), |_| None);
        }
        if let Some(new) = new {
            self.names.follow(new.name_key.clone(), |_| Some(id.to_owned()));
        }
        self.follow_keys(id, old.map_or(&[], |o| &o.keys), new.map_or(&[], |n| &n.keys));
        self.kinds.follow(id.to_owned(), |_| new.map(|_| MEMBER_USER));
    }

    pub(super) fn follow_keys(&mut self, id: &str, old: &[(i64, String)], new: &[(i64, String)]) {
        for key in old.iter().filter(|k| !new.contains(k)) {
            self.follow_view(id, key, false);
            self.holders.follow(key.clone(), |mut ids| {
                ids.remove(id);
                ids
            });
        }
        for key in new.iter().filter(|k| !old.contains(k)) {
            self.follow_view(id, key, true);
            self.holders.follow(key.clone(), |mut ids| {
                ids.insert(id.to_owned());
                ids
            });
        }
    }

    /// A group by id.
    pub fn group(&mut self, id: &str) -> Result<Option<Arc<GroupRow>>, Miss> {
        self.groups.get(id)
    }

    /// Stores a group with its attributes, new or changed, and how many members it gains; answers it as it will be read.
    /// Unless its id is a new one, ask for it first: what was never read is taken for new.
    pub fn put_group(&mut self, group: Group, gained: i64) -> Arc<GroupRow> {
        let now = self.now();
        self.place_group(group, gained, now)
    }

    /// The same as an import brings it, without members: it changed last when its meta says.
    pub fn bring_group(&mut self, group: Group) -> Arc<GroupRow> {
        self.follow_maker(&group);
        let updated_at = group.meta.as_ref().and_then(|meta| meta.update_time.as_ref()).map_or(self.now(), micros);
        self.place_group(group, 0, updated_at)
    }

    /// Of a group that was asked for: it has one member more, and its times stay. Answers it as it will be read.
    pub fn gain_member(&mut self, id: &str) -> Option<Arc<GroupRow>> {
        let (row, version) = (self.groups.peek(id).cloned().flatten()?, self.revision());
        let row = Arc::new(GroupRow { member_count: row.member_count + 1, version, ..row.as_ref().clone() });
        self.groups.set(id.to_owned(), Some(Arc::clone(&row)));
        Some(row)
    }

    fn place_group(&mut self, group: Group, gained: i64, updated_at: Micros) -> Arc<GroupRow> {
        let id = group.id.clone();
        let old = self.groups.peek(&id).cloned().flatten();
        let (created_at, count) = old.as_ref().map_or((self.now(), 0), |o| (o.created_at, o.member_count));
        // What was brought back was made when it was made.
        let made_at = group.meta.as_ref().and_then(|meta| meta.create_time.as_ref()).map(micros);
        let created_at = if old.is_some() { created_at } else { made_at.unwrap_or(created_at) };
        let (left_at, set_at) = old.as_ref().map_or((0, 0), |o| (o.left_at, o.set_at));
        let row = GroupRow::new(group, count + gained, (created_at, updated_at), self.revision(), self.life());
        let row = Arc::new(GroupRow { left_at, set_at, ..row });
        self.follow_keys(&id, old.as_deref().map_or(&[], |o| &o.keys), &row.keys);
        self.follow_name(&id, old.as_deref(), Some(&row));
        self.kinds.follow(id.clone(), |_| Some(MEMBER_GROUP));
        self.groups.set(id, Some(row.clone()));
        row
    }

    /// Of a group that this edit stores: who left it by this edit may come back into it.
    pub fn await_member(&mut self, id: &str) {
        let at = self.revision();
        self.mark_group(id, |row| row.left_at = at);
    }

    /// Of a group that this edit stores: nobody who left it before comes back into it.
    pub fn await_nobody(&mut self, id: &str) {
        let at = self.revision();
        self.mark_group(id, |row| row.set_at = at);
    }

    fn mark_group(&mut self, id: &str, mark: impl FnOnce(&mut GroupRow)) {
        if let Some(row) = self.groups.peek(id).cloned().flatten() {
            let mut row = row.as_ref().clone();
            mark(&mut row);
            self.groups.set(id.to_owned(), Some(Arc::new(row)));
        }
    }

    /// Removes a group's row; its edges are removed one by one before.
    pub fn drop_group(&mut self, id: &str) {
        let old = self.groups.peek(id).cloned().flatten();
        self.follow_keys(id, old.as_deref().map_or(&[], |o| &o.keys), &[]);
        self.follow_name(id, old.as_deref(), None);
        self.kinds.follow(id.to_owned(), |_| None);
        self.groups.set(id.to_owned(), None);
    }

    /// The ids of the groups with this folded display name.
    pub fn groups_named(&mut self, key: &str) -> Result<BTreeSet<String>, Miss> {
        self.group_names.get(key)
    }

    fn follow_name(&mut self, id: &str, old: Option<&GroupRow>, new: Option<&GroupRow>) {
        let names = [(old, false), (new, true)].into_iter().filter_map(|(row, stays)| Some((row?.name_key.clone(), stays)));
        for (name, stays) in names {
            self.group_names.follow(name, |mut ids| {
                if stays {
                    ids.insert(id.to_owned())
                } else {
                    ids.remove(id)
                };
                ids
            });
        }
    }

    /// The kind of each principal, `None` for one that does not exist. All are asked for before it stops.
    pub fn kinds(&mut self, ids: &[String]) -> Result<Vec<Option<i64>>, Miss> {
        let found: Vec<_> = ids.iter().map(|id| self.kinds.get(id.as_str())).collect();
        found.into_iter().collect()
    }

    /// Whether each principal is a direct member, and as what. All are asked for before it stops.
    pub fn edges(&mut self, group: &str, members: &[String]) -> Result<Vec<Option<i64>>, Miss> {
        let whole = self.rosters.peek(group).is_some();
        let found: Vec<_> = members
            .iter()
            .map(|member| {
                let key = (group.to_owned(), member.clone());
                // In a roster that was read whole, what is not there is known to be absent.
                if whole { Ok(self.edges.peek(&key).copied().flatten()) } else { self.edges.get(&key) }
            })
            .collect();
        found.into_iter().collect()
    }

    /// All direct members of a group: cost follows its size, so only for what replaces or removes them all.
    pub fn roster(&mut self, group: &str) -> Result<Vec<(String, i64)>, Miss> {
        self.rosters.get(group)?;
        let from = (group.to_owned(), String::new());
        let of_group = self.edges.range(&from).take_while(|((g, _), _)| g == group);
        Ok(of_group.filter_map(|((_, member), kind)| kind.map(|kind| (member.clone(), kind))).collect())
    }

    /// The groups a principal is a direct member of.
    pub fn memberships(&mut self, member: &str) -> Result<Vec<String>, Miss> {
        self.memberships.get(member)?;
        let from = (member.to_owned(), String::new());
        let of_member = self.by_member.range(&from).take_while(|((m, _), _)| m == member);
        Ok(of_member.filter_map(|((_, group), kind)| kind.map(|_| group.clone())).collect())
    }

    /// Adds (with the member's kind) or removes an edge. Its group is to be stored again, since its version changes.
    pub fn set_edge(&mut self, group: &str, member: &str, kind: Option<i64>) {
        self.edges.set((group.to_owned(), member.to_owned()), kind);
        self.by_member.set((member.to_owned(), group.to_owned()), kind);
        self.follow_planted(group, member, kind.is_some() && self.plants(group));
    }
}
