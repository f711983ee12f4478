//! `UserService`.

mod answer;
mod end;
mod manager;
mod read;
mod restore;
mod write;

use super::{
    core::{Call, Directory},
    list,
};
use crate::api::v1::{
    BatchGetUsersRequest, BatchGetUsersResponse, CreateUserRequest, CreateUserResponse, DeleteUserRequest, DeleteUserResponse,
    GetUserRequest, GetUserResponse, ListUsersRequest, ListUsersResponse, PatchUserRequest, PatchUserResponse, PurgeUserRequest,
    PurgeUserResponse, ReplaceUserRequest, ReplaceUserResponse, UndeleteUserRequest, UndeleteUserResponse, UpdateUserRequest,
    UpdateUserResponse, user_service_server::UserService,
};
use std::sync::Arc;

pub(super) use answer::Shown;
pub(super) use end::{bare, deletion, erase, leave_groups, policy};
pub(super) use manager::hide_from as hide_managers;
pub(super) use read::decode;
use tonic::{Request, Response, Status};
pub(super) use write::{changed, check_unique, creation, patching, replacement, required};

/// Users of an organization.
#[derive(Debug, Clone)]
pub struct Users(pub(super) Arc<Directory>);

#[tonic::async_trait]
impl UserService for Users {
    async fn get_user(&self, request: Request<GetUserRequest>) -> Result<Response<GetUserResponse>, Status> {
        let (call, request) = Call::of(request)?;
        Ok(Response::new(read::get(&self.0, &call, request).await?))
    }

    async fn batch_get_users(&self, request: Request<BatchGetUsersRequest>) -> Result<Response<BatchGetUsersResponse>, Status> {
        let (call, request) = Call::of(request)?;
        Ok(Response::new(read::batch_get(&self.0, &call, request).await?))
    }

    async fn list_users(&self, request: Request<ListUsersRequest>) -> Result<Response<ListUsersResponse>, Status> {
        let (call, request) = Call::of(request)?;
        Ok(Response::new(list::users(&self.0, &call, request).await?))
    }

    async fn create_user(&self, request: Request<CreateUserRequest>) -> Result<Response<CreateUserResponse>, Status> {
        let (call, request) = Call::writing(request)?;
        Ok(Response::new(write::create(&self.0, &call, request).await.map_err(|error| error.inside("user"))?))
    }

    async fn update_user(&self, request: Request<UpdateUserRequest>) -> Result<Response<UpdateUserResponse>, Status> {
        let (call, request) = Call::writing(request)?;
        Ok(Response::new(write::update(&self.0, &call, request).await.map_err(|error| error.inside("user"))?))
    }

    async fn replace_user(&self, request: Request<ReplaceUserRequest>) -> Result<Response<ReplaceUserResponse>, Status> {
        let (call, request) = Call::writing(request)?;
        Ok(Response::new(write::replace(&self.0, &call, request).await.map_err(|error| error.inside("user"))?))
    }

    async fn patch_user(&self, request: Request<PatchUserRequest>) -> Result<Response<PatchUserResponse>, Status> {
        let (call, request) = Call::writing(request)?;
        Ok(Response::new(write::patch(&self.0, &call, request).await.map_err(|error| error.because_of("operations"))?))
    }

    async fn delete_user(&self, request: Request<DeleteUserRequest>) -> Result<Response<DeleteUserResponse>, Status> {
        let (call, request) = Call::writing(request)?;
        Ok(Response::new(end::delete(&self.0, &call, request).await?))
    }

    async fn undelete_user(&self, request: Request<UndeleteUserRequest>) -> Result<Response<UndeleteUserResponse>, Status> {
        let (call, request) = Call::writing(request)?;
        Ok(Response::new(end::undelete(&self.0, &call, request).await?))
    }

    async fn purge_user(&self, request: Request<PurgeUserRequest>) -> Result<Response<PurgeUserResponse>, Status> {
        let (call, request) = Call::writing(request)?;
        Ok(Response::new(end::purge(&self.0, &call, request).await?))
    }
}
