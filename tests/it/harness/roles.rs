//! What stories about roles do over and over.

use super::{
    deeds::Desk,
    shapes::{principal, principal_id},
};
use prost_types::Timestamp;
use roster::api::v1::{
    BatchCheckAccessRequest, Connection, CreateRoleRequest, ListEffectiveRolesRequest, ListRoleHoldersRequest,
    ModifyRoleAssignmentsRequest, ModifyRoleAssignmentsResponse, PrincipalRef, Role, RoleAssignment, RoleMapping,
    batch_check_access_request::{Item, item::Asked},
    batch_check_access_response::{Decision, result::Result as Outcome},
    list_effective_roles_response::EffectiveRole,
    principal_ref::Principal,
    role_mapping::Source,
};
use tonic::Status;

/// A role with a key and these included.
pub fn role(key: &str, included: &[&str]) -> Role {
    Role { key: key.to_owned(), included_role_ids: included.iter().map(|&id| id.to_owned()).collect(), ..Role::default() }
}

pub fn grant(role_id: &str, to: PrincipalRef) -> RoleAssignment {
    RoleAssignment { role_id: role_id.to_owned(), principal: Some(to), ..RoleAssignment::default() }
}

pub fn account(id: &str) -> PrincipalRef {
    PrincipalRef { principal: Some(Principal::ServiceAccountId(id.to_owned())) }
}

pub fn mapping(source: Source, role_id: &str) -> RoleMapping {
    RoleMapping { source: Some(source), role_id: role_id.to_owned(), scope: String::new() }
}

/// So many seconds from now.
pub fn in_seconds(seconds: i64) -> Option<Timestamp> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Some(Timestamp { seconds: i64::try_from(now.as_secs()).unwrap() + seconds, nanos: 0 })
}

impl Desk {
    pub async fn create_role(&self, role: Role) -> Role {
        self.try_create_role(role).await.unwrap()
    }

    pub async fn try_create_role(&self, role: Role) -> Result<Role, Status> {
        let request = CreateRoleRequest { organization_id: self.organization.clone(), role: Some(role), write: None };
        Ok(self.grpc().roles.create_role(request).await?.into_inner().role.unwrap())
    }

    pub async fn assign(&self, add: Vec<RoleAssignment>, remove: &[String]) -> Result<ModifyRoleAssignmentsResponse, Status> {
        let request = ModifyRoleAssignmentsRequest {
            organization_id: self.organization.clone(),
            add,
            remove_assignment_ids: remove.to_vec(),
            write: None,
        };
        Ok(self.grpc().roles.modify_role_assignments(request).await?.into_inner())
    }

    /// Grants one role; answers the grant's id.
    pub async fn grant(&self, role_id: &str, to: PrincipalRef) -> String {
        self.assign(vec![grant(role_id, to)], &[]).await.unwrap().added.remove(0).id
    }

    pub async fn effective(&self, of: PrincipalRef, scope: &str) -> Vec<EffectiveRole> {
        let request = ListEffectiveRolesRequest {
            organization_id: self.organization.clone(),
            principal: Some(of),
            scope: scope.to_owned(),
            explain: true,
            ..ListEffectiveRolesRequest::default()
        };
        self.grpc().roles.list_effective_roles(request).await.unwrap().into_inner().roles
    }

    /// The keys of the roles that a user holds.
    pub async fn roles_of(&self, user_id: &str) -> Vec<String> {
        self.effective(principal(user_id), "").await.into_iter().map(|held| held.role.unwrap().key).collect()
    }

    /// The ids of those who hold a role, page by page.
    pub async fn holders(&self, role_id: &str) -> Vec<String> {
        let mut request = ListRoleHoldersRequest {
            organization_id: self.organization.clone(),
            role_id: role_id.to_owned(),
            page_size: 2,
            ..ListRoleHoldersRequest::default()
        };
        let mut found = Vec::new();
        loop {
            let page = self.grpc().roles.list_role_holders(request.clone()).await.unwrap().into_inner();
            assert!(page.holders.len() <= 2);
            found.extend(page.holders.iter().map(|holder| principal_id(holder).to_owned()));
            if page.next_page_token.is_empty() {
                return found;
            }
            request.page_token = page.next_page_token;
        }
    }

    pub async fn check(&self, items: Vec<(PrincipalRef, Asked, &str)>) -> Vec<Result<Decision, i32>> {
        let item =
            |(of, asked, scope): (PrincipalRef, Asked, &str)| Item { principal: Some(of), asked: Some(asked), scope: scope.to_owned() };
        let request = BatchCheckAccessRequest {
            organization_id: self.organization.clone(),
            items: items.into_iter().map(item).collect(),
            explain: true,
            consistency: None,
        };
        let results = self.grpc().roles.batch_check_access(request).await.unwrap().into_inner().results;
        let read = |outcome| match outcome {
            Outcome::Decision(decision) => Ok(decision),
            Outcome::Error(error) => Err(error.code),
        };
        results.into_iter().map(|result| read(result.result.unwrap())).collect()
    }

    /// Whether a user holds the role with this key in the whole organization.
    pub async fn holds(&self, user_id: &str, key: &str) -> bool {
        self.check(vec![(principal(user_id), Asked::RoleKey(key.to_owned()), "")]).await.remove(0).unwrap().allowed
    }

    pub async fn map_roles(&self, connection_id: &str, role_mappings: Vec<RoleMapping>) -> Result<Connection, Status> {
        let connection = Connection { id: connection_id.to_owned(), role_mappings, ..Connection::default() };
        self.update_connection(connection, &["role_mappings"]).await
    }
}
