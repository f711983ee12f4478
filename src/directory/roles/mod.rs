//! `RoleService`.

mod assign;
mod bring;
mod causes;
mod checks;
mod define;
mod effective;
mod ends;
mod eyes;
mod holders;
mod list;
mod mappings;
mod principal;
mod standing;

use super::{Directory, Reply, core::Call};
use crate::api::v1::{
    BatchCheckAccessRequest, BatchCheckAccessResponse, CreateRoleRequest, CreateRoleResponse, DeleteRoleRequest, DeleteRoleResponse,
    GetRoleRequest, GetRoleResponse, ListEffectiveRolesRequest, ListEffectiveRolesResponse, ListRoleAssignmentsRequest,
    ListRoleAssignmentsResponse, ListRoleHoldersRequest, ListRoleHoldersResponse, ListRolesRequest, ListRolesResponse,
    ModifyRoleAssignmentsRequest, ModifyRoleAssignmentsResponse, UpdateRoleRequest, UpdateRoleResponse, role_service_server::RoleService,
};
use std::sync::Arc;
use tonic::{Request, Response};

pub(super) use bring::{bring, bring_grant, is_holder};
pub(super) use define::check;
pub(super) use ends::{end_grants, follow_principals};
pub(super) use list::shown;
pub(super) use mappings::{
    check as check_mappings, external_id_key, follow as follow_mappings, holds_value, name_key, names_group, value_key,
};

pub(super) use principal::{check_scope, holder};

/// Roles of an organization, who was granted them, and who holds them.
#[derive(Debug, Clone)]
pub struct Roles(pub(super) Arc<Directory>);

#[tonic::async_trait]
impl RoleService for Roles {
    async fn create_role(&self, request: Request<CreateRoleRequest>) -> Reply<CreateRoleResponse> {
        let (call, request) = Call::writing(request)?;
        Ok(Response::new(define::create(&self.0, &call, request).await?))
    }

    async fn get_role(&self, request: Request<GetRoleRequest>) -> Reply<GetRoleResponse> {
        Ok(Response::new(list::get(&self.0, request.into_inner()).await?))
    }

    async fn list_roles(&self, request: Request<ListRolesRequest>) -> Reply<ListRolesResponse> {
        let (call, request) = Call::of(request)?;
        Ok(Response::new(list::roles(&self.0, &call, request).await?))
    }

    async fn update_role(&self, request: Request<UpdateRoleRequest>) -> Reply<UpdateRoleResponse> {
        let (call, request) = Call::writing(request)?;
        Ok(Response::new(define::update(&self.0, &call, request).await?))
    }

    async fn delete_role(&self, request: Request<DeleteRoleRequest>) -> Reply<DeleteRoleResponse> {
        let (call, request) = Call::writing(request)?;
        Ok(Response::new(define::delete(&self.0, &call, request).await?))
    }

    async fn modify_role_assignments(&self, request: Request<ModifyRoleAssignmentsRequest>) -> Reply<ModifyRoleAssignmentsResponse> {
        let (call, request) = Call::writing(request)?;
        Ok(Response::new(assign::modify(&self.0, &call, request).await?))
    }

    async fn list_role_assignments(&self, request: Request<ListRoleAssignmentsRequest>) -> Reply<ListRoleAssignmentsResponse> {
        let (call, request) = Call::of(request)?;
        Ok(Response::new(list::grants(&self.0, &call, request).await?))
    }

    async fn list_effective_roles(&self, request: Request<ListEffectiveRolesRequest>) -> Reply<ListEffectiveRolesResponse> {
        let (call, request) = Call::of(request)?;
        Ok(Response::new(effective::list(&self.0, &call, request).await?))
    }

    async fn list_role_holders(&self, request: Request<ListRoleHoldersRequest>) -> Reply<ListRoleHoldersResponse> {
        let (call, request) = Call::of(request)?;
        Ok(Response::new(holders::list(&self.0, &call, request).await?))
    }

    async fn batch_check_access(&self, request: Request<BatchCheckAccessRequest>) -> Reply<BatchCheckAccessResponse> {
        let (call, request) = Call::of(request)?;
        Ok(Response::new(checks::batch(&self.0, &call, request).await?))
    }
}
