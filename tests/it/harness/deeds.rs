//! What stories do over and over, in one line each: over gRPC, in one organization.

use super::{Clients, shapes};
use futures_util::StreamExt as _;
use roster::api::v1::{
    Connection, CreateGroupRequest, CreateUserRequest, DeleteUserRequest, GetGroupRequest, GetUserRequest, Group, ListGroupMembersRequest,
    ListUsersRequest, MemberDelta, ModifyGroupMembersRequest, ModifyGroupMembersResponse, PatchOperation, PatchUserRequest,
    PatchUserResponse, PrincipalRef, Revision, StreamReplaceGroupRequest, User, UserRef,
    stream_replace_group_request::{Chunk, Header, Part},
};
use tonic::Status;

/// A place to work at: an organization, and clients that may enter it.
#[derive(Clone)]
pub struct Desk {
    /// The organization's id.
    pub organization: String,
    clients: Clients,
}

impl Desk {
    pub fn new(organization: &str, clients: Clients) -> Self {
        Desk { organization: organization.to_owned(), clients }
    }

    pub fn grpc(&self) -> Clients {
        self.clients.clone()
    }

    /// The same clients in another organization.
    pub fn within(&self, organization: &str) -> Desk {
        Desk::new(organization, self.grpc())
    }

    pub async fn create_user(&self, user: User) -> User {
        self.try_create_user(user).await.unwrap().0
    }

    pub async fn try_create_user(&self, user: User) -> Result<(User, Revision), Status> {
        let request = CreateUserRequest { organization_id: self.organization.clone(), user: Some(user), ..CreateUserRequest::default() };
        let answer = self.grpc().users.create_user(request).await?.into_inner();
        Ok((answer.user.unwrap(), answer.committed_at.unwrap()))
    }

    pub async fn try_get_user(&self, user: UserRef) -> Result<User, Status> {
        let request = GetUserRequest { organization_id: self.organization.clone(), user: Some(user), ..GetUserRequest::default() };
        Ok(self.grpc().users.get_user(request).await?.into_inner().user.unwrap())
    }

    /// The user as it is now, by id.
    pub async fn user(&self, id: &str) -> User {
        self.try_get_user(shapes::by_id(id)).await.unwrap()
    }

    pub async fn patch_user(&self, id: &str, operations: Vec<PatchOperation>) -> Result<PatchUserResponse, Status> {
        let request = PatchUserRequest {
            organization_id: self.organization.clone(),
            user_id: id.to_owned(),
            operations,
            ..PatchUserRequest::default()
        };
        Ok(self.grpc().users.patch_user(request).await?.into_inner())
    }

    pub async fn delete_user(&self, id: &str) {
        let request =
            DeleteUserRequest { organization_id: self.organization.clone(), user_id: id.to_owned(), ..DeleteUserRequest::default() };
        self.grpc().users.delete_user(request).await.unwrap();
    }

    /// Users named `{prefix}0`, `{prefix}1`, …, created together; their ids in this order.
    pub async fn crowd(&self, prefix: &str, size: usize) -> Vec<String> {
        let users = self.grpc().users;
        let creates = (0..size).map(|i| {
            let (mut users, user) = (users.clone(), shapes::user(&format!("{prefix}{i}")));
            let organization_id = self.organization.clone();
            async move {
                let request = CreateUserRequest { organization_id, user: Some(user), ..CreateUserRequest::default() };
                users.create_user(request).await.unwrap().into_inner().user.unwrap().id
            }
        });
        futures_util::stream::iter(creates).buffered(32).collect().await
    }

    pub async fn create_group(&self, display_name: &str, members: Vec<PrincipalRef>) -> Group {
        let request = CreateGroupRequest {
            organization_id: self.organization.clone(),
            group: Some(shapes::group(display_name)),
            members,
            ..CreateGroupRequest::default()
        };
        self.grpc().groups.create_group(request).await.unwrap().into_inner().group.unwrap()
    }

    /// Sets the members of a group to these users, in one commit and as a stream, however many they are.
    pub async fn fill_group(&self, id: &str, users: &[String]) {
        let header = Header {
            organization_id: self.organization.clone(),
            group_id: id.to_owned(),
            expected_members: Some(users.len().try_into().unwrap()),
            ..Header::default()
        };
        let members = users.iter().map(|id| shapes::principal(id)).collect();
        let parts = [Part::Header(header), Part::Chunk(Chunk { members })].map(|part| StreamReplaceGroupRequest { part: Some(part) });
        self.grpc().groups.stream_replace_group(tokio_stream::iter(parts)).await.unwrap();
    }

    /// The group as it is now, by id.
    pub async fn group(&self, id: &str) -> Group {
        let request = GetGroupRequest {
            organization_id: self.organization.clone(),
            group: Some(shapes::group_by_id(id)),
            ..GetGroupRequest::default()
        };
        self.grpc().groups.get_group(request).await.unwrap().into_inner().group.unwrap()
    }

    pub async fn modify(&self, group_id: &str, deltas: Vec<MemberDelta>) -> Result<ModifyGroupMembersResponse, Status> {
        let request = ModifyGroupMembersRequest {
            organization_id: self.organization.clone(),
            group_id: group_id.to_owned(),
            deltas,
            ..ModifyGroupMembersRequest::default()
        };
        Ok(self.grpc().groups.modify_group_members(request).await?.into_inner())
    }

    /// The ids of a group's direct members, in order of id; every page of them.
    pub async fn members(&self, group_id: &str) -> Vec<String> {
        let mut ids = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListGroupMembersRequest {
                organization_id: self.organization.clone(),
                group_id: group_id.to_owned(),
                page_size: 5_000,
                page_token,
                ..ListGroupMembersRequest::default()
            };
            let answer = self.grpc().groups.list_group_members(request).await.unwrap().into_inner();
            ids.extend(answer.members.iter().map(|m| shapes::principal_id(m.member.as_ref().unwrap()).to_owned()));
            page_token = answer.next_page_token;
            if page_token.is_empty() {
                ids.sort();
                return ids;
            }
        }
    }

    /// Sets these fields of a connection, named by its id.
    pub async fn update_connection(&self, connection: Connection, paths: &[&str]) -> Result<Connection, Status> {
        let request = shapes::connection_update(&self.organization, connection, paths);
        Ok(self.grpc().provisioning.update_connection(request).await?.into_inner().connection.unwrap())
    }

    /// The organization's latest revision.
    pub async fn head(&self) -> u64 {
        let request =
            ListUsersRequest { organization_id: self.organization.clone(), list: shapes::page(1, "", ""), ..ListUsersRequest::default() };
        self.grpc().users.list_users(request).await.unwrap().into_inner().read_at.unwrap().number
    }
}
