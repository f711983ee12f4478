//! What of the feed a reader asked for.

use super::super::{
    Error, Result,
    core::{Call, Directory},
    groups, revision, users,
};
use crate::{
    api::v1::{ChangeEvent, Commit, Group, ReadSelection, ResourceKind, Role, User, change_event::Detail},
    attributes::Schemas,
    clock::timestamp,
    limits,
    store::Piece,
};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Kinds, ids and what is shown of each.
pub(super) struct Wanted {
    kinds: BTreeSet<i32>,
    pub(super) ids: BTreeSet<String>,
    before: bool,
    selection: Option<ReadSelection>,
    users: users::Shown,
    groups: groups::Shown,
}

impl Wanted {
    /// From a request, whose bounds are checked here.
    ///
    /// # Errors
    /// `INVALID_VALUE`, `TOO_LARGE` and those of the selection.
    pub(super) fn new(kinds: &[i32], ids: Vec<String>, before: bool, selection: Option<ReadSelection>, schemas: &Schemas) -> Result<Self> {
        for (k, kind) in kinds.iter().enumerate() {
            if !ResourceKind::try_from(*kind).is_ok_and(|kind| kind != ResourceKind::Unspecified) {
                return Err(Error::value("kinds", format!("kinds names {kind}, which is no kind of resource.")));
            }
            if kinds.iter().take(k).any(|earlier| earlier == kind) {
                return Err(Error::value("kinds", format!("kinds names {kind} twice.")));
            }
        }
        if ids.len() > limits::WATCHED_IDS {
            return Err(Error::too_large("resource_ids", limits::WATCHED_IDS, "ids"));
        }
        if ids.iter().any(String::is_empty) {
            return Err(Error::value("resource_ids", "resource_ids names nothing."));
        }
        if ids.iter().any(|id| id.len() > limits::STRING_BYTES) {
            return Err(Error::too_large("resource_ids", limits::STRING_BYTES, "bytes in an id"));
        }
        let shown = (users::Shown::new(selection.as_ref())?, groups::Shown::new(selection.as_ref())?);
        let (users, groups) = (shown.0.among(schemas.clone()), shown.1.among(schemas.clone()));
        Ok(Wanted { kinds: kinds.iter().copied().collect(), ids: ids.into_iter().collect(), before, selection, users, groups })
    }

    /// The same, when other schemas are registered.
    pub(super) fn among(&mut self, schemas: Schemas) -> Result<()> {
        self.users = users::Shown::new(self.selection.as_ref())?.among(schemas.clone());
        self.groups = groups::Shown::new(self.selection.as_ref())?.among(schemas);
        Ok(())
    }

    /// Which resources are told at all: a starting state is gone on with only under the same.
    pub(super) fn digest(&self) -> Vec<u8> {
        let mut digest = Sha256::new();
        self.kinds.iter().for_each(|kind| digest.update(kind.to_be_bytes()));
        digest.update([0xff]);
        for id in &self.ids {
            digest.update((id.len() as u64).to_be_bytes());
            digest.update(id);
        }
        digest.finalize().get(..8).unwrap_or_default().to_vec()
    }

    /// Whether resources of a kind are told.
    pub(super) fn has(&self, kind: ResourceKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&i32::from(kind))
    }

    /// Whether this resource is told, if its kind is.
    pub(super) fn names(&self, id: &str) -> bool {
        self.ids.is_empty() || self.ids.contains(id)
    }

    fn takes(&self, event: &ChangeEvent) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&event.kind)) && self.names(&event.resource_id)
    }

    /// Users as the reader sees them.
    pub(super) async fn users(&self, directory: &Directory, call: &Call, users: &mut [User]) -> Result<()> {
        self.users.finish(directory, call, None, users).await
    }

    /// A group as the reader sees it.
    pub(super) fn group(&self, call: &Call, group: Group) -> Group {
        self.groups.finish(call, group)
    }

    /// What a reader sees of a piece; `None` when that is nothing. `open`: an earlier fragment of the commit was told.
    pub(super) async fn commit(
        &self,
        directory: &Directory,
        call: &Call,
        organization: &str,
        piece: &Piece,
        open: bool,
    ) -> Result<Option<Commit>> {
        let mut events = Vec::new();
        for event in piece.events.iter().filter(|event| self.takes(event)) {
            events.push(self.event(directory, call, organization, piece.revision, event.clone()).await?);
        }
        if events.is_empty() && !(open && piece.last()) {
            return Ok(None);
        }
        Ok(Some(Commit {
            revision: directory.revision(organization, piece.revision),
            commit_time: Some(timestamp(piece.committed_at)),
            actor: Some(piece.actor.clone()),
            events,
            last_fragment: piece.last(),
        }))
    }

    async fn event(
        &self,
        directory: &Directory,
        call: &Call,
        organization: &str,
        revision: i64,
        mut event: ChangeEvent,
    ) -> Result<ChangeEvent> {
        let life = directory.store.life();
        if !event.etag.is_empty() {
            // It may have been written in an earlier life.
            event.etag = life.etag(revision);
        }
        match &mut event.detail {
            Some(Detail::User(change)) => {
                if !self.before {
                    change.before = None;
                }
                let images = change.before.iter_mut().chain(&mut change.after);
                images.for_each(|user| life.renew(user.meta.as_mut()));
                self.users(directory, call, change.before.as_mut_slice()).await?;
                self.users(directory, call, change.after.as_mut_slice()).await?;
            }
            Some(Detail::Group(change)) => {
                let images = change.before.iter_mut().chain(&mut change.after);
                images.for_each(|group| life.renew(group.meta.as_mut()));
                change.before = change.before.take().filter(|_| self.before).map(|group| self.group(call, group));
                change.after = change.after.take().map(|group| self.group(call, group));
            }
            Some(Detail::Role(change)) => {
                change.before = change.before.take().filter(|_| self.before);
                let named = |role: &mut Role| organization.clone_into(&mut role.organization_id);
                change.before.iter_mut().for_each(named);
                if let Some(role) = &mut change.after {
                    named(role);
                    let meta = role.meta.get_or_insert_default();
                    (meta.etag, meta.last_revision) = (life.etag(revision), Some(revision::plain(revision)));
                }
            }
            // A membership changes its group's version.
            Some(Detail::Membership(_)) => event.etag = life.etag(revision),
            Some(Detail::RoleAssignment(_) | Detail::Alarm(_)) | None => {}
        }
        Ok(event)
    }
}
