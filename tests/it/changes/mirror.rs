//! A consumer that keeps what it is told, and what the directory lists, to be held against each other.

use super::watcher::{Watcher, watch};
use crate::harness::{
    deeds::Desk,
    shapes::{page, principal_id},
};
use roster::api::v1::{
    ChangeEvent, Commit, Group, ListGroupsRequest, ListRoleAssignmentsRequest, ListRolesRequest, ListUsersRequest, ResourceMeta, Role,
    RoleAssignment, User,
    change_event::{Action, Detail},
    watch_changes_request::Start,
    watch_changes_response::Message,
};
use std::collections::{BTreeMap, BTreeSet};

/// Everything the feed tells of, by id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    pub users: BTreeMap<String, User>,
    pub groups: BTreeMap<String, Group>,
    /// (group, member).
    pub edges: BTreeSet<(String, String)>,
    /// Without those that are built in.
    pub roles: BTreeMap<String, Role>,
    pub grants: BTreeMap<String, RoleAssignment>,
}

/// A consumer. It insists on what the feed promises: no gap, no repetition, no other order.
#[derive(Debug, Clone, Default)]
pub struct Mirror {
    pub state: State,
    /// The commit that was told last, and whether wholly.
    pub at: Option<(u64, bool)>,
    /// The index of the next event of a commit that was told in part.
    next: u32,
    pub complete: bool,
    pub token: String,
}

/// What a person or group is named by must fit what is told of it.
fn meta(meta: &mut Option<ResourceMeta>, commit: &Commit, etag: &str) {
    let meta = meta.get_or_insert_default();
    etag.clone_into(&mut meta.etag);
    meta.update_time = commit.commit_time;
    meta.last_revision = Some(roster::api::v1::Revision { number: commit.revision.as_ref().unwrap().number, token: String::new() });
}

impl Mirror {
    /// Takes a message in.
    pub fn take(&mut self, message: &roster::api::v1::WatchChangesResponse) {
        self.token.clone_from(&message.resume_token);
        match message.message.as_ref().unwrap() {
            Message::Commit(commit) => self.commit(commit),
            Message::SnapshotChunk(chunk) => {
                assert!(!self.complete && self.at.is_none(), "the starting state comes first");
                let state = &mut self.state;
                state.users.extend(chunk.users.iter().map(|user| (user.id.clone(), user.clone())));
                state.groups.extend(chunk.groups.iter().map(|group| (group.id.clone(), group.clone())));
                let edge = |edge: &roster::api::v1::snapshot_chunk::Edge| (edge.group_id.clone(), id_of(edge.member.as_ref()));
                state.edges.extend(chunk.memberships.iter().map(edge));
                state.roles.extend(chunk.roles.iter().filter(|role| !role.built_in).map(|role| (role.id.clone(), role.clone())));
                state.grants.extend(chunk.role_assignments.iter().map(|grant| (grant.id.clone(), grant.clone())));
            }
            Message::SnapshotComplete(done) => {
                assert!(!self.complete);
                let revision = done.revision.as_ref().unwrap().number;
                assert!(self.at.is_none_or(|at| at == (revision, true)));
                (self.complete, self.at) = (true, Some((revision, true)));
            }
            Message::Checkpoint(checkpoint) => {
                let revision = checkpoint.revision.as_ref().unwrap().number;
                assert!(self.at.is_none_or(|(at, whole)| revision == if whole { at } else { at - 1 }), "{revision} {:?}", self.at);
            }
            Message::Ending(_) => {}
        }
    }

    pub fn commit(&mut self, commit: &Commit) {
        let revision = commit.revision.as_ref().unwrap().number;
        match self.at {
            None => {}
            Some((at, true)) => assert_eq!(revision, at + 1, "no gap, no repetition, no other order"),
            Some((at, false)) => assert_eq!(revision, at, "a commit goes on"),
        }
        for event in &commit.events {
            assert_eq!(event.index, self.next, "commit {revision}");
            self.next += 1;
            self.event(commit, event);
        }
        assert!(self.next > 0, "commit {revision} is empty");
        if commit.last_fragment {
            self.next = 0;
        }
        self.at = Some((revision, commit.last_fragment));
    }

    fn event(&mut self, commit: &Commit, event: &ChangeEvent) {
        let (state, id) = (&mut self.state, event.resource_id.clone());
        match event.detail.as_ref() {
            Some(Detail::User(change)) => {
                match &change.after {
                    Some(user) => state.users.insert(id, user.clone()),
                    None => state.users.remove(&id),
                };
            }
            Some(Detail::Group(change)) => {
                match &change.after {
                    Some(group) => state.groups.insert(id, group.clone()),
                    None => state.groups.remove(&id),
                };
            }
            Some(Detail::Membership(change)) => {
                let edge = (id.clone(), id_of(change.member.as_ref()));
                if event.action() == Action::Added {
                    state.edges.insert(edge)
                } else {
                    state.edges.remove(&edge)
                };
                if let Some(group) = state.groups.get_mut(&id) {
                    meta(&mut group.meta, commit, &event.etag);
                }
            }
            Some(Detail::Role(change)) => {
                match &change.after {
                    Some(role) => state.roles.insert(id, role.clone()),
                    None => state.roles.remove(&id),
                };
            }
            Some(Detail::RoleAssignment(change)) => {
                match event.action() {
                    Action::Removed => state.grants.remove(&id),
                    _ => state.grants.insert(id, change.assignment.clone().unwrap()),
                };
            }
            // Of a purged user nothing is told any more but that it was there, and went.
            Some(Detail::Alarm(_)) | None => {
                if event.action() == Action::Purged {
                    state.users.remove(&id);
                }
            }
        }
    }

    /// What it keeps, a group's size counted by its edges.
    pub fn counted(&self) -> State {
        let mut state = self.state.clone();
        for (id, group) in &mut state.groups {
            group.direct_member_count = i64::try_from(self.state.edges.iter().filter(|(of, _)| of == id).count()).unwrap();
        }
        state
    }
}

fn id_of(member: Option<&roster::api::v1::PrincipalRef>) -> String {
    principal_id(member.unwrap()).to_owned()
}

/// Everything the directory lists, and its latest revision.
pub async fn listed(desk: &Desk) -> (State, u64) {
    let (mut clients, mut state) = (desk.grpc(), State::default());
    let organization_id = || desk.organization.clone();
    let mut token = String::new();
    loop {
        let request = ListUsersRequest { organization_id: organization_id(), list: page(1_000, &token, ""), ..Default::default() };
        let answer = clients.users.list_users(request).await.unwrap().into_inner();
        state.users.extend(answer.users.into_iter().map(|user| (user.id.clone(), user)));
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    loop {
        let request = ListGroupsRequest { organization_id: organization_id(), list: page(1_000, &token, ""), ..Default::default() };
        let answer = clients.groups.list_groups(request).await.unwrap().into_inner();
        state.groups.extend(answer.groups.into_iter().map(|group| (group.id.clone(), group)));
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    for id in state.groups.keys() {
        state.edges.extend(desk.members(id).await.into_iter().map(|member| (id.clone(), member)));
    }
    let request = ListRolesRequest { organization_id: organization_id(), page_size: 1_000, ..Default::default() };
    let roles = clients.roles.list_roles(request).await.unwrap().into_inner().roles;
    state.roles.extend(roles.into_iter().filter(|role| !role.built_in).map(|role| (role.id.clone(), role)));
    let mut request = ListRoleAssignmentsRequest { organization_id: organization_id(), page_size: 1_000, ..Default::default() };
    loop {
        let answer = clients.roles.list_role_assignments(request.clone()).await.unwrap().into_inner();
        state.grants.extend(answer.assignments.into_iter().map(|grant| (grant.id.clone(), grant)));
        request.page_token = answer.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    (state, desk.head().await)
}

/// Takes messages in until this revision is told whole.
pub async fn read_to(mirror: &mut Mirror, watcher: &mut Watcher, revision: u64) {
    while mirror.at.is_none_or(|(at, whole)| at < revision || !whole) {
        mirror.take(&watcher.try_next().await.unwrap());
    }
}

/// What is replayed, from the beginning and from a starting state, is what is listed.
pub async fn agrees(desk: &Desk) {
    let (listed, head) = listed(desk).await;
    for start in [Start::Earliest(true), Start::Snapshot(true)] {
        let (mut mirror, mut watcher) = (Mirror::default(), watch(desk, start.clone()).await);
        read_to(&mut mirror, &mut watcher, head).await;
        let counted = mirror.counted();
        assert_eq!(counted.users, listed.users, "{start:?}");
        assert_eq!(counted.groups, listed.groups, "{start:?}");
        assert_eq!(counted, listed, "{start:?}");
    }
}
