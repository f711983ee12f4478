//! The copy, and how far it is.

use roster_quickstart::{
    Done,
    v1::{
        ChangeEvent, PrincipalRef, ResourceKind, WatchChangesResponse, change_event::Action, change_event::Detail,
        principal_ref::Principal, watch_changes_response::Message,
    },
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, Write as _},
    path::PathBuf,
};

/// A copy in one file.
pub struct Copy {
    file: PathBuf,
    kept: Kept,
}

#[derive(Default, Serialize, Deserialize)]
struct Kept {
    users: BTreeMap<String, String>,
    groups: BTreeMap<String, String>,
    members: BTreeSet<(String, String)>,
    resume_token: String,
    /// Absent until the snapshot is complete.
    revision: Option<u64>,
}

impl Copy {
    /// The one that the file has, or an empty one.
    pub fn open(file: PathBuf) -> Done<Copy> {
        let kept = match fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Kept::default(),
            Err(error) => return Err(error.into()),
        };
        Ok(Copy { file, kept })
    }

    /// Where to go on; empty at first.
    pub fn resume_token(&self) -> &str {
        &self.kept.resume_token
    }

    /// What it is of; nothing until its snapshot is complete.
    pub fn revision(&self) -> Option<u64> {
        self.kept.revision
    }

    /// Whether it is of this revision or a later one.
    pub fn is_of(&self, revision: u64) -> bool {
        self.kept.revision.is_some_and(|own| own >= revision)
    }

    /// Takes a message in: what it says and its token are stored in one step, or not at all.
    pub fn apply(&mut self, said: WatchChangesResponse) -> Done {
        match said.message {
            Some(Message::SnapshotChunk(chunk)) => {
                self.kept.users.extend(chunk.users.into_iter().map(|user| (user.id, user.user_name)));
                self.kept.groups.extend(chunk.groups.into_iter().map(|group| (group.id, group.display_name)));
                self.kept.members.extend(chunk.memberships.into_iter().map(|edge| (edge.group_id, id_of(edge.member))));
            }
            Some(Message::Commit(commit)) => {
                commit.events.into_iter().for_each(|event| self.take(event));
                // A large commit comes in fragments; it is there when the last one is.
                if commit.last_fragment && self.kept.revision.is_some() {
                    self.kept.revision = commit.revision.map(|revision| revision.number);
                }
            }
            Some(Message::SnapshotComplete(complete)) => self.kept.revision = complete.revision.map(|revision| revision.number),
            Some(Message::Checkpoint(checkpoint)) if self.kept.revision.is_some() => {
                self.kept.revision = checkpoint.revision.map(|revision| revision.number);
            }
            _ => {}
        }
        if !said.resume_token.is_empty() {
            self.kept.resume_token = said.resume_token;
        }
        self.store()
    }

    /// Begins anew.
    pub fn forget(&mut self) -> Done {
        self.kept = Kept::default();
        self.store()
    }

    /// The copy as text, for comparing.
    pub fn lines(&self) -> Vec<String> {
        let users = self.kept.users.iter().map(|(id, name)| format!("user {id} {name}"));
        let groups = self.kept.groups.iter().map(|(id, name)| format!("group {id} {name}"));
        let members = self.kept.members.iter().map(|(group, member)| format!("member {group} {member}"));
        users.chain(groups).chain(members).collect()
    }

    fn take(&mut self, event: ChangeEvent) {
        let ended = matches!(event.action(), Action::SoftDeleted | Action::Purged);
        let removed = event.action() == Action::Removed;
        match (event.kind(), event.detail) {
            (ResourceKind::Membership, Some(Detail::Membership(edge))) => {
                let edge = (edge.group_id, id_of(edge.member));
                if removed {
                    self.kept.members.remove(&edge);
                } else {
                    self.kept.members.insert(edge);
                }
            }
            (ResourceKind::User, _) if ended => drop(self.kept.users.remove(&event.resource_id)),
            (ResourceKind::Group, _) if ended => drop(self.kept.groups.remove(&event.resource_id)),
            (ResourceKind::User, Some(Detail::User(change))) => {
                self.kept.users.extend(change.after.map(|user| (event.resource_id, user.user_name)));
            }
            (ResourceKind::Group, Some(Detail::Group(change))) => {
                self.kept.groups.extend(change.after.map(|group| (event.resource_id, group.display_name)));
            }
            _ => {}
        }
    }

    /// A whole new file in place of the old one. A service keeps its copy in a database, and both in one transaction.
    fn store(&self) -> Done {
        let half = self.file.with_extension("new");
        let mut written = File::create(&half)?;
        written.write_all(&serde_json::to_vec(&self.kept)?)?;
        written.sync_all()?;
        Ok(fs::rename(half, &self.file)?)
    }
}

fn id_of(member: Option<PrincipalRef>) -> String {
    match member.and_then(|member| member.principal) {
        Some(Principal::UserId(id) | Principal::GroupId(id) | Principal::ServiceAccountId(id) | Principal::AnyId(id)) => id,
        None => String::new(),
    }
}
