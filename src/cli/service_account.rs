//! `roster service-account …`

use super::{
    Done,
    connect::{ClientSettings, refused},
    output::{self, Form, Shown},
};
use crate::api::v1::{self, service_account_service_client::ServiceAccountServiceClient};
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Create a service account. Give it a token with `roster token create`
    Create {
        /// The name to show.
        display_name: String,
        #[command(flatten)]
        form: Form,
    },
    /// Show one service account
    Get {
        /// Its id.
        id: String,
        #[command(flatten)]
        form: Form,
    },
    /// List the service accounts of the organization
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Refuse every call of a service account; nothing is lost
    Disable {
        /// Its id.
        id: String,
        #[command(flatten)]
        form: Form,
    },
    /// Let a disabled service account work again
    Enable {
        /// Its id.
        id: String,
        #[command(flatten)]
        form: Form,
    },
    /// Remove a service account and revoke its tokens
    Delete {
        /// Its id.
        id: String,
    },
}

impl Shown for v1::ServiceAccount {
    const MESSAGE: &'static str = "roster.v1.ServiceAccount";
    const COLUMNS: &'static [&'static str] = &["ID", "DISPLAY NAME", "ENABLED", "CREATED"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.display_name.clone(),
            if self.disabled { "no".into() } else { "yes".into() },
            output::time(self.meta.as_ref().and_then(|meta| meta.create_time.as_ref())),
        ]
    }
}

pub(super) async fn run(verb: Verb, client: &ClientSettings) -> Done {
    let session = client.open().await?;
    let organization_id = session.organization().await?;
    let mut service = ServiceAccountServiceClient::new(session.channel);
    let (disabled, id, form) = match verb {
        Verb::Create { display_name, form } => {
            let service_account = Some(v1::ServiceAccount { display_name, ..v1::ServiceAccount::default() });
            let request = v1::CreateServiceAccountRequest { organization_id, service_account, write: None };
            let answer = service.create_service_account(request).await.map_err(refused)?;
            return output::one(form, &answer.into_inner().service_account.unwrap_or_default());
        }
        Verb::Get { id, form } => {
            let request = v1::GetServiceAccountRequest { organization_id, service_account_id: id, consistency: None };
            let answer = service.get_service_account(request).await.map_err(refused)?;
            return output::one(form, &answer.into_inner().service_account.unwrap_or_default());
        }
        Verb::List { form } => {
            let mut request = v1::ListServiceAccountsRequest { organization_id, page_size: 1_000, ..Default::default() };
            let mut accounts = Vec::new();
            loop {
                let page = service.list_service_accounts(request.clone()).await.map_err(refused)?.into_inner();
                accounts.extend(page.service_accounts);
                if page.next_page_token.is_empty() {
                    return output::list(form, &accounts);
                }
                request.page_token = page.next_page_token;
            }
        }
        Verb::Delete { id } => {
            let request =
                v1::DeleteServiceAccountRequest { organization_id, service_account_id: id, ..v1::DeleteServiceAccountRequest::default() };
            service.delete_service_account(request).await.map_err(refused)?;
            return Ok(());
        }
        Verb::Disable { id, form } => (true, id, form),
        Verb::Enable { id, form } => (false, id, form),
    };
    let request = v1::UpdateServiceAccountRequest {
        organization_id,
        service_account: Some(v1::ServiceAccount { id, disabled, ..v1::ServiceAccount::default() }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["disabled".to_owned()] }),
        ..v1::UpdateServiceAccountRequest::default()
    };
    let answer = service.update_service_account(request).await.map_err(refused)?;
    output::one(form, &answer.into_inner().service_account.unwrap_or_default())
}
