//! The calls behind `roster role …`.

use super::{
    super::{
        Done, Failure,
        connect::{Authorized, refused},
        output::{self, Form},
    },
    Holder,
};
use crate::api::v1::{
    self,
    batch_check_access_request::{Item, item::Asked},
    batch_check_access_response::result::Result as Outcome,
    get_role_request,
    role_service_client::RoleServiceClient,
};

/// Where roles are asked about.
pub(super) struct Desk {
    pub(super) service: RoleServiceClient<Authorized>,
    pub(super) organization_id: String,
}

impl Desk {
    /// The id of the role with this key.
    pub(super) async fn id_of(&mut self, key: String) -> Result<String, Failure> {
        let role = Some(get_role_request::Role::RoleKey(key));
        let request = v1::GetRoleRequest { organization_id: self.organization_id.clone(), role, consistency: None };
        Ok(self.service.get_role(request).await.map_err(refused)?.into_inner().role.unwrap_or_default().id)
    }

    pub(super) async fn list(&mut self, form: Form) -> Done {
        let mut request = v1::ListRolesRequest { organization_id: self.organization_id.clone(), page_size: 1_000, ..Default::default() };
        let mut roles = Vec::new();
        loop {
            let page = self.service.list_roles(request.clone()).await.map_err(refused)?.into_inner();
            roles.extend(page.roles);
            if page.next_page_token.is_empty() {
                return output::list(form, &roles);
            }
            request.page_token = page.next_page_token;
        }
    }

    pub(super) async fn modify(
        &mut self,
        add: Vec<v1::RoleAssignment>,
        remove_assignment_ids: Vec<String>,
    ) -> Result<v1::ModifyRoleAssignmentsResponse, Failure> {
        let organization_id = self.organization_id.clone();
        let request = v1::ModifyRoleAssignmentsRequest { organization_id, add, remove_assignment_ids, write: None };
        Ok(self.service.modify_role_assignments(request).await.map_err(refused)?.into_inner())
    }

    pub(super) async fn grants(&mut self, key: String, form: Form) -> Done {
        let role_id = if key.is_empty() { String::new() } else { self.id_of(key).await? };
        let organization_id = self.organization_id.clone();
        let mut request = v1::ListRoleAssignmentsRequest { organization_id, role_id, page_size: 1_000, ..Default::default() };
        let mut grants = Vec::new();
        loop {
            let page = self.service.list_role_assignments(request.clone()).await.map_err(refused)?.into_inner();
            grants.extend(page.assignments);
            if page.next_page_token.is_empty() {
                return output::list(form, &grants);
            }
            request.page_token = page.next_page_token;
        }
    }

    pub(super) async fn effective(&mut self, holder: Holder, form: Form) -> Done {
        let mut request = v1::ListEffectiveRolesRequest {
            organization_id: self.organization_id.clone(),
            principal: Some(holder.reference()),
            explain: true,
            page_size: 1_000,
            ..v1::ListEffectiveRolesRequest::default()
        };
        let mut roles = Vec::new();
        loop {
            let page = self.service.list_effective_roles(request.clone()).await.map_err(refused)?.into_inner();
            roles.extend(page.roles);
            if page.next_page_token.is_empty() {
                return output::list(form, &roles);
            }
            request.page_token = page.next_page_token;
        }
    }

    pub(super) async fn holders(&mut self, key: String, form: Form) -> Done {
        let role_id = self.id_of(key).await?;
        let organization_id = self.organization_id.clone();
        let mut request = v1::ListRoleHoldersRequest { organization_id, role_id, page_size: 1_000, ..Default::default() };
        let mut holders = Vec::new();
        loop {
            let page = self.service.list_role_holders(request.clone()).await.map_err(refused)?.into_inner();
            holders.extend(page.holders);
            if page.next_page_token.is_empty() {
                return output::list(form, &holders);
            }
            request.page_token = page.next_page_token;
        }
    }

    pub(super) async fn check(&mut self, key: String, holder: Holder, scope: String) -> Done {
        let item = Item { principal: Some(holder.reference()), asked: Some(Asked::RoleKey(key)), scope };
        let organization_id = self.organization_id.clone();
        let request = v1::BatchCheckAccessRequest { organization_id, items: vec![item], ..v1::BatchCheckAccessRequest::default() };
        let answer = self.service.batch_check_access(request).await.map_err(refused)?.into_inner();
        match answer.results.into_iter().next().and_then(|result| result.result) {
            Some(Outcome::Decision(decision)) if decision.allowed => output::say("yes"),
            Some(Outcome::Decision(_)) => Err(Failure::refused("No.")),
            Some(Outcome::Error(error)) => Err(Failure::refused(error.message)),
            None => Err(Failure::refused("The server gave no answer.")),
        }
    }
}
