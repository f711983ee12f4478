//! Writing what a batch changed: set by set, a constant number of statements whatever the number of edits.

use super::{
    Connection, Fault, Rows, Text, Tombstone, Work,
    fate::{Fate, fate},
    requests, users,
    work::Change,
    writes::{
        CHANGES_OF, DROP_DEVIATIONS, DROP_EDGES, DROP_GROUPS, DROP_KEYS, DROP_RECORDS, DROP_STATUSES, DROP_TOMBSTONES, DROP_USERS,
        FREE_NAMES, NEW_HEADS, PUT_CHANGES, PUT_COMMITS, PUT_EDGES, PUT_GROUPS, PUT_KEYS, PUT_RECORDS, PUT_TOMBSTONES, PUT_USERS,
        REWRITE_CHANGES, SET_HEAD,
    },
};
use crate::api::v1::{ChangeEvent, change_event::Detail};
use prost::Message as _;

impl Work {
    /// Writes everything and sets the head. Rows that are referred to come before those that refer to them.
    pub(super) async fn flush(&mut self, on: &mut Connection<'_>) -> Result<(), Fault> {
        let mut keys = KeyChanges::default();
        self.flush_edges_away(on).await?;
        self.flush_whole_away(on).await?;
        let users_gained = self.flush_users(on, &mut keys).await?;
        let groups_gained = self.flush_groups(on, &mut keys).await?;
        self.flush_tombstones(on, &mut keys).await?;
        let organization = self.organization.clone();
        set(on, DROP_KEYS, &organization, keys.dropped.len(), || keys_of(&keys.dropped)).await?;
        set(on, PUT_KEYS, &organization, keys.put.len(), || keys_of(&keys.put)).await?;
        self.flush_edges(on).await?;
        let nests = self.nests() || self.whole.nests();
        self.flush_whole(on).await?;
        if !self.new_heads.is_empty() {
            on.statement(NEW_HEADS).rows(Rows::new().text(self.new_heads.iter().map(String::as_str))).execute().await?;
        }
        self.nested.flush(on).await?;
        self.flush_records(on).await?;
        self.flush_grants(on).await?;
        self.flush_feed(on).await?;
        self.flush_requests(on).await?;
        self.flush_erased(on).await?;
        let head = on.statement(SET_HEAD).bind(organization).bind(self.made).bind(users_gained).bind(groups_gained);
        head.bind(nests.then_some(self.made)).bind(self.schemas_changed()).bind(self.roles_changed().map(|(at, _)| at)).execute().await?;
        Ok(())
    }

    async fn flush_users(&mut self, on: &mut Connection<'_>, keys: &mut KeyChanges) -> Result<i64, Fault> {
        let (mut put, mut dropped, mut renamed, mut gained) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for (id, after) in self.users.written() {
            let before = self.users.was(id);
            let old = before.and_then(Option::as_deref);
            match fate(before, after) {
                Fate::Same => {}
                Fate::Drop => {
                    gained -= 1;
                    dropped.push(id.clone());
                    keys.change(id, old.map_or(&[], |o| &o.keys), &[]);
                }
                Fate::Put(row) => {
                    gained += i64::from(old.is_none());
                    if old.is_some_and(|o| o.name_key != row.name_key) {
                        renamed.push(id.clone());
                    }
                    keys.change(id, old.map_or(&[], |o| &o.keys), &row.keys);
                    put.push(row);
                }
            }
        }
        let organization = self.organization.clone();
        set(on, DROP_USERS, &organization, dropped.len(), || Rows::new().text(dropped)).await?;
        set(on, FREE_NAMES, &organization, renamed.len(), || Rows::new().text(renamed)).await?;
        set(on, PUT_USERS, &organization, put.len(), || {
            Rows::new()
                .text(put.iter().map(|r| r.user.id.as_str()))
                .text(put.iter().map(|r| r.name_key.as_str()))
                .text(put.iter().map(|r| users::display_of(&r.user)))
                .integer(put.iter().map(|r| i64::from(r.user.active.unwrap_or(false))))
                .integer(put.iter().map(|r| r.created_at))
                .integer(put.iter().map(|r| r.updated_at))
                .integer(put.iter().map(|r| r.version))
                .blob(put.iter().map(|r| Some(r.user.encode_to_vec())))
        })
        .await?;
        Ok(gained)
    }

    async fn flush_groups(&mut self, on: &mut Connection<'_>, keys: &mut KeyChanges) -> Result<i64, Fault> {
        let (mut put, mut dropped, mut gained) = (Vec::new(), Vec::new(), 0);
        for (id, after) in self.groups.written() {
            let before = self.groups.was(id);
            let old = before.and_then(Option::as_deref);
            match fate(before, after) {
                Fate::Same => {}
                Fate::Drop => {
                    gained -= 1;
                    dropped.push(id.clone());
                    keys.change(id, old.map_or(&[], |o| &o.keys), &[]);
                }
                Fate::Put(row) => {
                    gained += i64::from(old.is_none());
                    keys.change(id, old.map_or(&[], |o| &o.keys), &row.keys);
                    put.push(row);
                }
            }
        }
        let organization = self.organization.clone();
        set(on, DROP_GROUPS, &organization, dropped.len(), || Rows::new().text(dropped)).await?;
        set(on, PUT_GROUPS, &organization, put.len(), || {
            Rows::new()
                .text(put.iter().map(|r| r.group.id.as_str()))
                .text(put.iter().map(|r| r.name_key.as_str()))
                .text(put.iter().map(|r| r.group.display_name.as_str()))
                .integer(put.iter().map(|r| r.member_count))
                .integer(put.iter().map(|r| r.created_at))
                .integer(put.iter().map(|r| r.updated_at))
                .integer(put.iter().map(|r| r.version))
                .integer(put.iter().map(|r| r.left_at))
                .integer(put.iter().map(|r| r.set_at))
                .blob(put.iter().map(|r| Some(r.group.encode_to_vec())))
        })
        .await?;
        Ok(gained)
    }

    /// Whether what callers are resolved from is written.
    pub(super) fn writes_records(&self) -> bool {
        self.records.written().any(|(at, _)| at.0 != super::RecordKind::Alarm as i64)
    }

    /// Whether an edge between groups came or went.
    fn nests(&self) -> bool {
        let group = Some(super::MEMBER_GROUP);
        self.edges.written().any(|(k, after)| {
            let before = self.edges.was(k).copied().flatten();
            before != *after && (before == group || *after == group)
        })
    }

    /// Removed edges go before the groups they belong to.
    async fn flush_edges_away(&mut self, on: &mut Connection<'_>) -> Result<(), Fault> {
        let gone: Vec<_> = self
            .edges
            .written()
            .filter(|(k, v)| v.is_none() && self.edges.was(k).is_some_and(Option::is_some))
            .map(|(k, _)| k.clone())
            .collect();
        set(on, DROP_EDGES, &self.organization, gone.len(), || {
            Rows::new().text(gone.iter().map(|e| e.0.as_str())).text(gone.iter().map(|e| e.1.as_str()))
        })
        .await
    }

    async fn flush_edges(&mut self, on: &mut Connection<'_>) -> Result<(), Fault> {
        let new: Vec<_> = self
            .edges
            .written()
            .filter(|(k, _)| !self.edges.was(k).is_some_and(Option::is_some))
            .filter_map(|(k, v)| v.map(|kind| (k.clone(), kind)))
            .collect();
        set(on, PUT_EDGES, &self.organization, new.len(), || {
            let rows = Rows::new().text(new.iter().map(|e| e.0.0.as_str())).text(new.iter().map(|e| e.0.1.as_str()));
            rows.integer(new.iter().map(|e| e.1)).integer(new.iter().map(|e| i64::from(self.is_planted(&e.0))))
        })
        .await
    }

    async fn flush_records(&mut self, on: &mut Connection<'_>) -> Result<(), Fault> {
        let (mut put, mut dropped) = (Vec::new(), Vec::new());
        for (at, after) in self.records.written() {
            match fate(self.records.was(at), after) {
                Fate::Same => {}
                Fate::Drop => dropped.push(at.clone()),
                Fate::Put(record) => put.push((at.0, record)),
            }
        }
        set(on, DROP_RECORDS, &self.organization, dropped.len(), || {
            Rows::new().integer(dropped.iter().map(|r| r.0)).text(dropped.iter().map(|r| r.1.as_str()))
        })
        .await?;
        let connections: Vec<String> =
            dropped.iter().filter(|r| r.0 == super::RecordKind::Connection as i64).map(|r| r.1.clone()).collect();
        set(on, DROP_DEVIATIONS, &self.organization, connections.len(), || Rows::new().text(connections.clone())).await?;
        set(on, DROP_STATUSES, &self.organization, connections.len(), || Rows::new().text(connections)).await?;
        set(on, PUT_RECORDS, &self.organization, put.len(), || {
            Rows::new()
                .integer(put.iter().map(|r| r.0))
                .text(put.iter().map(|r| r.1.id.as_str()))
                .maybe(put.iter().map(|r| r.1.key.clone()))
                .blob(put.iter().map(|r| r.1.secret.clone()))
                .integer(put.iter().map(|r| r.1.version))
                .blob(put.iter().map(|r| Some(r.1.body.clone())))
        })
        .await
    }

    async fn flush_tombstones(&mut self, on: &mut Connection<'_>, keys: &mut KeyChanges) -> Result<(), Fault> {
        let (mut put, mut dropped) = (Vec::new(), Vec::new());
        for (id, after) in self.tombstones.written() {
            let before = self.tombstones.was(id);
            let old = before.and_then(Option::as_deref).map(Tombstone::keys).unwrap_or_default();
            match fate(before, after) {
                Fate::Same => {}
                Fate::Drop => {
                    keys.change(id, &old, &[]);
                    dropped.push(id.clone());
                }
                Fate::Put(tombstone) => {
                    keys.change(id, &old, &tombstone.keys());
                    put.push((id.clone(), tombstone));
                }
            }
        }
        set(on, DROP_TOMBSTONES, &self.organization, dropped.len(), || Rows::new().text(dropped)).await?;
        set(on, PUT_TOMBSTONES, &self.organization, put.len(), || {
            Rows::new()
                .text(put.iter().map(|t| t.0.as_str()))
                .integer(put.iter().map(|t| t.1.kind()))
                .integer(put.iter().map(|t| t.1.deleted_at))
                .integer(put.iter().map(|t| t.1.purge_at))
                .blob(put.iter().map(|t| Some(t.1.body())))
        })
        .await
    }

    async fn flush_feed(&mut self, on: &mut Connection<'_>) -> Result<(), Fault> {
        let commits = std::mem::take(&mut self.commits);
        set(on, PUT_COMMITS, &self.organization, commits.len(), || {
            Rows::new()
                .integer(commits.iter().map(|c| c.0))
                .integer(commits.iter().map(|c| c.1))
                .blob(commits.iter().map(|c| Some(c.2.clone())))
        })
        .await?;
        let changes: Vec<Change> = std::mem::take(&mut self.changes);
        set(on, PUT_CHANGES, &self.organization, changes.len(), || rows_of(changes)).await
    }

    /// Empties the events of erased users, and the answers that told of them: who changed when stays, what they were goes.
    async fn flush_erased(&mut self, on: &mut Connection<'_>) -> Result<(), Fault> {
        let erased = self.erased.clone();
        set(on, requests::EMPTY, &self.organization, erased.len(), || Rows::new().text(erased.iter().map(String::as_str))).await?;
        for id in erased {
            let rows: Vec<(i64, i64, i64, i64, String, Vec<u8>)> =
                on.statement(CHANGES_OF).bind(self.organization.clone()).bind(id).all().await?;
            let mut emptied = Vec::new();
            for (revision, index, kind, action, resource_id, body) in rows {
                let mut event = ChangeEvent::decode(body.as_slice())?;
                if let Some(Detail::User(_)) = event.detail.take() {
                    emptied.push(Change { revision, index, kind, action, resource_id, body: event.encode_to_vec() });
                }
            }
            set(on, REWRITE_CHANGES, &self.organization, emptied.len(), || rows_of(emptied)).await?;
        }
        Ok(())
    }
}

fn rows_of(changes: Vec<Change>) -> Rows {
    Rows::new()
        .integer(changes.iter().map(|c| c.revision))
        .integer(changes.iter().map(|c| c.index))
        .integer(changes.iter().map(|c| c.kind))
        .integer(changes.iter().map(|c| c.action))
        .text(changes.iter().map(|c| c.resource_id.as_str()))
        .blob(changes.into_iter().map(|c| Some(c.body)))
}

#[derive(Default)]
struct KeyChanges {
    put: Vec<(i64, String, String)>,
    dropped: Vec<(i64, String, String)>,
}

impl KeyChanges {
    fn change(&mut self, id: &str, old: &[(i64, String)], new: &[(i64, String)]) {
        let named = |k: &(i64, String)| (k.0, k.1.clone(), id.to_owned());
        self.dropped.extend(old.iter().filter(|k| !new.contains(k)).map(named));
        self.put.extend(new.iter().filter(|k| !old.contains(k)).map(named));
    }
}

fn keys_of(keys: &[(i64, String, String)]) -> Rows {
    Rows::new().integer(keys.iter().map(|k| k.0)).text(keys.iter().map(|k| k.1.as_str())).text(keys.iter().map(|k| k.2.as_str()))
}

/// Runs a set statement unless the set is empty.
pub(super) async fn set(
    on: &mut Connection<'_>,
    text: Text,
    organization: &str,
    rows: usize,
    make: impl FnOnce() -> Rows,
) -> Result<(), Fault> {
    if rows > 0 {
        on.statement(text).bind(organization.to_owned()).rows(make()).execute().await?;
    }
    Ok(())
}
