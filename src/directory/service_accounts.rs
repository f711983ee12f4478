//! `ServiceAccountService`.

use super::{
    Directory, Error, Reply,
    core::Call,
    fields::{self, Field},
    grants::require_own,
    precondition, record,
    record::Noun,
    roles, tokens,
};
use crate::{
    api::v1::{
        CreateServiceAccountRequest, CreateServiceAccountResponse, DeleteServiceAccountRequest, DeleteServiceAccountResponse,
        GetServiceAccountRequest, GetServiceAccountResponse, ListServiceAccountsRequest, ListServiceAccountsResponse, ResourceKind,
        ResourceMeta, ServiceAccount, UpdateServiceAccountRequest, UpdateServiceAccountResponse, change_event::Action,
        service_account_service_server::ServiceAccountService,
    },
    store::RecordKind,
};
use std::sync::Arc;
use tonic::{Request, Response};

/// The service accounts of a directory.
#[derive(Debug, Clone)]
pub struct ServiceAccounts(pub(super) Arc<Directory>);

impl Noun for ServiceAccount {
    const STORED: RecordKind = RecordKind::ServiceAccount;
    const KIND: ResourceKind = ResourceKind::ServiceAccount;
    const NAME: &'static str = "service account";

    fn id(&self) -> &str {
        &self.id
    }

    fn meta(&mut self) -> Option<&mut Option<ResourceMeta>> {
        Some(&mut self.meta)
    }
}

const FIELDS: &[Field<ServiceAccount>] =
    &[("display_name", |to, from| to.display_name.clone_from(&from.display_name)), ("disabled", |to, from| to.disabled = from.disabled)];
const OUTPUT_ONLY: &[&str] = &["id", "organization_id", "meta"];

#[tonic::async_trait]
impl ServiceAccountService for ServiceAccounts {
    async fn create_service_account(&self, request: Request<CreateServiceAccountRequest>) -> Reply<CreateServiceAccountResponse> {
        let (call, message) = Call::writing(request)?;
        let given = message.service_account.ok_or_else(|| Error::missing("service_account"))?;
        let organization_id = message.organization_id.clone();
        let account = ServiceAccount { id: self.0.clock.new_id(), organization_id, meta: None, ..given };
        record::check_name("service_account.display_name", &account.display_name, true)?;
        let directory = Arc::clone(&self.0);
        let written = self
            .0
            .write(&call, &message.organization_id, message.write, move |work| {
                record::put(&directory, work, account.clone(), Action::Created, Vec::new())
            })
            .await?;
        let committed_at = written.committed_at;
        Ok(Response::new(CreateServiceAccountResponse { service_account: Some(written.answer), committed_at }))
    }

    async fn get_service_account(&self, request: Request<GetServiceAccountRequest>) -> Reply<GetServiceAccountResponse> {
        let message = request.into_inner();
        let mut reader = self.0.read(&message.organization_id, message.consistency.as_ref()).await?;
        let read_at = self.0.read_at(&reader);
        let account = record::get(&self.0, &mut reader, &message.service_account_id).await?;
        Ok(Response::new(GetServiceAccountResponse { service_account: Some(account), read_at }))
    }

    async fn list_service_accounts(&self, request: Request<ListServiceAccountsRequest>) -> Reply<ListServiceAccountsResponse> {
        let (call, message) = Call::of(request)?;
        let mut reader = self.0.read(&message.organization_id, message.consistency.as_ref()).await?;
        let read_at = self.0.read_at(&reader);
        let page = (message.page_size, message.page_token.as_str());
        let (service_accounts, next_page_token) = record::list(&self.0, &call, &mut reader, &[], page, |_| true).await?;
        Ok(Response::new(ListServiceAccountsResponse { service_accounts, next_page_token, read_at }))
    }

    async fn update_service_account(&self, request: Request<UpdateServiceAccountRequest>) -> Reply<UpdateServiceAccountResponse> {
        let (call, message) = Call::writing(request)?;
        let given = message.service_account.ok_or_else(|| Error::missing("service_account"))?;
        require_own(&call.caller, "")?;
        let (mask, precondition) = (message.update_mask, message.precondition);
        precondition::check_form(precondition.as_ref())?;
        let directory = Arc::clone(&self.0);
        let written = self
            .0
            .write(&call, &message.organization_id, message.write, move |work| {
                let mut account: ServiceAccount = record::find_if(&directory, work, &given.id, precondition.as_ref())?;
                let changed = fields::take(&mut account, &given, mask.as_ref(), FIELDS, OUTPUT_ONLY)?;
                record::check_name("service_account.display_name", &account.display_name, true)?;
                if changed.is_empty() {
                    return Ok(account);
                }
                record::put(&directory, work, account, Action::Updated, changed)
            })
            .await?;
        let committed_at = written.committed_at;
        Ok(Response::new(UpdateServiceAccountResponse { service_account: Some(written.answer), committed_at }))
    }

    async fn delete_service_account(&self, request: Request<DeleteServiceAccountRequest>) -> Reply<DeleteServiceAccountResponse> {
        let (call, message) = Call::writing(request)?;
        require_own(&call.caller, "")?;
        let (id, precondition) = (message.service_account_id, message.precondition);
        precondition::check_form(precondition.as_ref())?;
        let owned = tokens::owned_by(&self.0, &message.organization_id, |token| token.service_account_id == id).await?;
        let directory = Arc::clone(&self.0);
        let written = self
            .0
            .write(&call, &message.organization_id, message.write, move |work| {
                let _there: ServiceAccount = record::find_if(&directory, work, &id, precondition.as_ref())?;
                tokens::revoke_all(&directory, work, &owned)?;
                roles::end_grants(work, &id)?;
                record::remove::<ServiceAccount>(work, &id);
                Ok(())
            })
            .await?;
        Ok(Response::new(DeleteServiceAccountResponse { committed_at: written.committed_at }))
    }
}
