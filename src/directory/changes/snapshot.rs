//! The starting state, part by part in the order of keys. Each chunk is one read of its own, so nothing is held between them.

use super::{
    super::{
        Result,
        core::{Call, Directory},
        roles, users,
    },
    shown::Wanted,
};
use crate::{
    api::v1::{ResourceKind, SnapshotChunk, snapshot_chunk::Edge},
    feed::{append, token::Snapshot},
    limits,
    store::{GroupRow, Narrow, Reader},
};
use prost::Message;

/// The parts, in their order.
const PARTS: [ResourceKind; 5] =
    [ResourceKind::User, ResourceKind::Group, ResourceKind::Membership, ResourceKind::Role, ResourceKind::RoleAssignment];

/// Who reads what.
pub(super) struct Reading<'a> {
    pub(super) directory: &'a Directory,
    pub(super) call: &'a Call,
    pub(super) wanted: &'a Wanted,
}

/// The next chunk, and how far the starting state is behind it; `None` when all parts are told.
pub(super) async fn next(reading: &Reading<'_>, reader: &mut Reader, at: &mut Snapshot) -> Result<Option<SnapshotChunk>> {
    loop {
        let part = usize::try_from(at.part).unwrap_or(usize::MAX);
        let Some(kind) = PARTS.get(part).copied() else {
            at.complete_at = Some(reader.revision());
            return Ok(None);
        };
        if reading.wanted.has(kind) {
            let chunk = match kind {
                ResourceKind::User => reading.users(reader, at).await?,
                ResourceKind::Group => reading.groups(reader, at).await?,
                ResourceKind::Membership => reading.edges(reader, at).await?,
                ResourceKind::Role => reading.roles(reader, at).await?,
                _ => reading.grants(reader, at).await?,
            };
            if chunk.is_some() {
                return Ok(chunk);
            }
        }
        *at = Snapshot { part: at.part.saturating_add(1), selected: std::mem::take(&mut at.selected), ..Snapshot::default() };
    }
}

/// Those of these users (or groups) that are there, in order, as far as they fill a message.
async fn filling(reader: &mut Reader, groups: bool, ids: Vec<String>) -> Result<Vec<String>> {
    let mut sizes = reader.sizes(groups, ids).await?;
    sizes.sort();
    let mut bytes = 0;
    let fits = |(_, size): &(String, usize)| {
        let before = bytes;
        bytes += size;
        before < limits::FEED_MESSAGE_BYTES
    };
    Ok(sizes.into_iter().take_while(fits).map(|(id, _)| id).collect())
}

/// Those of these that fit into one message; at least one.
fn fitting<T: Message>(items: Vec<T>) -> Vec<T> {
    let mut bytes = 0;
    let fits = |item: &T| {
        let before = bytes;
        bytes += item.encoded_len();
        before < limits::FEED_MESSAGE_BYTES
    };
    items.into_iter().take_while(fits).collect()
}

impl Reading<'_> {
    /// The ids that are asked for, after this one; `None` when all are.
    fn ids(&self, after: &str) -> Option<Vec<String>> {
        let ids = &self.wanted.ids;
        (!ids.is_empty()).then(|| ids.iter().filter(|id| id.as_str() > after).take(limits::SNAPSHOT_RESOURCES).cloned().collect())
    }

    async fn users(&self, reader: &mut Reader, at: &mut Snapshot) -> Result<Option<SnapshotChunk>> {
        let rows = match self.ids(&at.after) {
            Some(ids) => {
                let ids = filling(reader, false, ids).await?;
                reader.users(ids).await?
            }
            None => reader.scan_users(&Narrow::default(), &at.after, limits::SNAPSHOT_RESOURCES).await?.0,
        };
        let mut users = rows.iter().map(|(_, body)| users::decode(reader.life(), body)).collect::<Result<Vec<_>>>()?;
        users.sort_by(|a, b| a.id.cmp(&b.id));
        let mut users = fitting(users);
        let Some(last) = users.last() else { return Ok(None) };
        at.after.clone_from(&last.id);
        self.wanted.users(self.directory, self.call, &mut users).await?;
        Ok(Some(SnapshotChunk { users, ..SnapshotChunk::default() }))
    }

    async fn groups(&self, reader: &mut Reader, at: &mut Snapshot) -> Result<Option<SnapshotChunk>> {
        let mut groups = if let Some(ids) = self.ids(&at.after) {
            let ids = filling(reader, true, ids).await?;
            reader.groups(ids).await?
        } else {
            let (rows, _) = reader.scan_groups(&Narrow::default(), &at.after, limits::SNAPSHOT_RESOURCES).await?;
            rows.iter().map(GroupRow::message).collect()
        };
        groups.sort_by(|a, b| a.id.cmp(&b.id));
        let groups = fitting(groups);
        let Some(last) = groups.last() else { return Ok(None) };
        at.after.clone_from(&last.id);
        let groups = groups.into_iter().map(|group| self.wanted.group(self.call, group)).collect();
        Ok(Some(SnapshotChunk { groups, ..SnapshotChunk::default() }))
    }

    async fn edges(&self, reader: &mut Reader, at: &mut Snapshot) -> Result<Option<SnapshotChunk>> {
        let mut edges = Vec::new();
        if self.wanted.ids.is_empty() {
            edges = reader.edges_after(&at.after, &at.member, limits::SNAPSHOT_EDGES).await?;
        } else {
            for group in self.wanted.ids.iter().filter(|id| id.as_str() >= at.after.as_str()) {
                let member = if *group == at.after { at.member.as_str() } else { "" };
                let of_group = reader.edges_of(group, member, limits::SNAPSHOT_EDGES).await?;
                edges.extend(of_group.into_iter().map(|(member, kind)| (group.clone(), member, kind)));
                if edges.len() >= limits::SNAPSHOT_EDGES {
                    break;
                }
            }
        }
        let Some((group, member, _)) = edges.last() else { return Ok(None) };
        (at.after, at.member) = (group.clone(), member.clone());
        let edge = |(group_id, member, kind): (String, String, i64)| Edge { group_id, member: Some(append::principal(&member, kind)) };
        Ok(Some(SnapshotChunk { memberships: edges.into_iter().map(edge).collect(), ..SnapshotChunk::default() }))
    }

    async fn roles(&self, reader: &mut Reader, at: &mut Snapshot) -> Result<Option<SnapshotChunk>> {
        let book = reader.book().await?;
        let mut rows: Vec<_> = book.roles().filter(|row| row.role.id > at.after && self.wanted.names(&row.role.id)).collect();
        rows.sort_by(|a, b| a.role.id.cmp(&b.role.id));
        let roles = fitting(rows.into_iter().map(|row| roles::shown(self.directory.store.life(), reader.organization(), row)).collect());
        let Some(last) = roles.last() else { return Ok(None) };
        at.after.clone_from(&last.id);
        Ok(Some(SnapshotChunk { roles, ..SnapshotChunk::default() }))
    }

    async fn grants(&self, reader: &mut Reader, at: &mut Snapshot) -> Result<Option<SnapshotChunk>> {
        loop {
            let grants = reader.grants_after("", &at.after, limits::SNAPSHOT_EDGES).await?;
            let Some(last) = grants.last() else { return Ok(None) };
            at.after.clone_from(&last.id);
            let role_assignments: Vec<_> = grants.iter().filter(|grant| self.wanted.names(&grant.id)).map(append::assignment).collect();
            if !role_assignments.is_empty() {
                return Ok(Some(SnapshotChunk { role_assignments, ..SnapshotChunk::default() }));
            }
        }
    }
}
