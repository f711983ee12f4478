//! `GroupService`.

mod change;
mod end;
mod members;
mod membership;
mod net;
mod read;
mod refer;
mod restore;
mod upload;
mod write;

use super::{
    core::{Call, Directory},
    list,
};
use crate::api::{
    BoxStream,
    v1::{
        BatchGetGroupsRequest, BatchGetGroupsResponse, BatchListPrincipalGroupsRequest, BatchListPrincipalGroupsResponse,
        CreateGroupRequest, CreateGroupResponse, DeleteGroupRequest, DeleteGroupResponse, GetGroupRequest, GetGroupResponse,
        ListGroupMembersRequest, ListGroupMembersResponse, ListGroupsRequest, ListGroupsResponse, ModifyGroupMembersRequest,
        ModifyGroupMembersResponse, PatchGroupRequest, PatchGroupResponse, ReplaceGroupRequest, ReplaceGroupResponse,
        StreamGroupMembersRequest, StreamGroupMembersResponse, StreamReplaceGroupRequest, StreamReplaceGroupResponse, UpdateGroupRequest,
        UpdateGroupResponse, group_service_server::GroupService,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status, Streaming};

pub(super) use change::{Standing, changed};
pub(super) use end::{deletion, erase};
pub(super) use membership::{bring, show_again, touch};
pub(super) use read::Shown;
pub(super) use refer::principals;
pub(super) use write::{creation, moving, patching, replacement};

/// Groups and their membership edges.
#[derive(Debug, Clone)]
pub struct Groups(pub(super) Arc<Directory>);

#[tonic::async_trait]
impl GroupService for Groups {
    async fn get_group(&self, request: Request<GetGroupRequest>) -> Result<Response<GetGroupResponse>, Status> {
        let (call, request) = Call::of(request)?;
        Ok(Response::new(read::get(&self.0, &call, request).await?))
    }

    async fn batch_get_groups(&self, request: Request<BatchGetGroupsRequest>) -> Result<Response<BatchGetGroupsResponse>, Status> {
        let (call, request) = Call::of(request)?;
        Ok(Response::new(read::batch_get(&self.0, &call, request).await?))
    }

    async fn list_groups(&self, request: Request<ListGroupsRequest>) -> Result<Response<ListGroupsResponse>, Status> {
        let (call, request) = Call::of(request)?;
        Ok(Response::new(list::groups(&self.0, &call, request).await?))
    }

    async fn create_group(&self, request: Request<CreateGroupRequest>) -> Result<Response<CreateGroupResponse>, Status> {
        let (call, request) = Call::writing(request)?;
        Ok(Response::new(write::create(&self.0, &call, request).await.map_err(|error| error.inside("group"))?))
    }

    async fn update_group(&self, request: Request<UpdateGroupRequest>) -> Result<Response<UpdateGroupResponse>, Status> {
        let (call, request) = Call::writing(request)?;
        Ok(Response::new(write::update(&self.0, &call, request).await.map_err(|error| error.inside("group"))?))
    }

    async fn patch_group(&self, request: Request<PatchGroupRequest>) -> Result<Response<PatchGroupResponse>, Status> {
        let (call, request) = Call::writing(request)?;
        Ok(Response::new(write::patch(&self.0, &call, request).await.map_err(|error| error.because_of("operations"))?))
    }

    async fn replace_group(&self, request: Request<ReplaceGroupRequest>) -> Result<Response<ReplaceGroupResponse>, Status> {
        let (call, request) = Call::writing(request)?;
        Ok(Response::new(write::replace(&self.0, &call, request).await.map_err(|error| error.inside("group"))?))
    }

    async fn stream_replace_group(
        &self,
        request: Request<Streaming<StreamReplaceGroupRequest>>,
    ) -> Result<Response<StreamReplaceGroupResponse>, Status> {
        let (call, stream) = Call::of(request)?;
        Ok(Response::new(write::replace_streamed(&self.0, &call, stream).await?))
    }

    async fn delete_group(&self, request: Request<DeleteGroupRequest>) -> Result<Response<DeleteGroupResponse>, Status> {
        let (call, request) = Call::writing(request)?;
        Ok(Response::new(end::delete(&self.0, &call, request).await?))
    }

    async fn modify_group_members(
        &self,
        request: Request<ModifyGroupMembersRequest>,
    ) -> Result<Response<ModifyGroupMembersResponse>, Status> {
        let (call, request) = Call::writing(request)?;
        Ok(Response::new(write::modify_members(&self.0, &call, request).await?))
    }

    async fn list_group_members(&self, request: Request<ListGroupMembersRequest>) -> Result<Response<ListGroupMembersResponse>, Status> {
        let (call, request) = Call::of(request)?;
        Ok(Response::new(members::list(&self.0, &call, request).await?))
    }

    type StreamGroupMembersStream = BoxStream<StreamGroupMembersResponse>;

    async fn stream_group_members(
        &self,
        request: Request<StreamGroupMembersRequest>,
    ) -> Result<Response<Self::StreamGroupMembersStream>, Status> {
        let (call, request) = Call::of(request)?;
        Ok(Response::new(members::stream(self.0.clone(), call, request).await?))
    }

    async fn batch_list_principal_groups(
        &self,
        request: Request<BatchListPrincipalGroupsRequest>,
    ) -> Result<Response<BatchListPrincipalGroupsResponse>, Status> {
        let (call, request) = Call::of(request)?;
        Ok(Response::new(members::groups_of_principals(&self.0, &call, request).await?))
    }
}
