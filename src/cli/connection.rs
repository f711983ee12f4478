//! `roster connection …`

use super::{
    Done,
    connect::{ClientSettings, refused},
    output::{self, Form, Shown},
};
use crate::api::v1::{self, provisioning_service_client::ProvisioningServiceClient};
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Create a connection: a place for one identity provider. Give it a token with `roster token create`
    Create {
        /// The name to show.
        display_name: String,
        /// Which provider's ways to be lenient with: default, strict, okta, entra or jumpcloud.
        #[arg(long, value_name = "PROFILE", default_value = "", hide_default_value = true)]
        profile: String,
        #[command(flatten)]
        form: Form,
    },
    /// Show one connection
    Get {
        /// Its id.
        id: String,
        #[command(flatten)]
        form: Form,
    },
    /// List the connections of the organization
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Refuse every call of a connection; nothing is lost
    Disable {
        /// Its id.
        id: String,
        #[command(flatten)]
        form: Form,
    },
    /// Let a disabled connection work again
    Enable {
        /// Its id.
        id: String,
        #[command(flatten)]
        form: Form,
    },
    /// Remove a connection and revoke its tokens. What it provisioned stays
    Delete {
        /// Its id.
        id: String,
    },
}

impl Shown for v1::Connection {
    const MESSAGE: &'static str = "roster.v1.Connection";
    const COLUMNS: &'static [&'static str] = &["ID", "DISPLAY NAME", "PROFILE", "ENABLED", "SCIM BASE URL"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.display_name.clone(),
            self.profile.clone(),
            if self.enabled { "yes".into() } else { "no".into() },
            self.scim_base_url.clone(),
        ]
    }
}

pub(super) async fn run(verb: Verb, client: &ClientSettings) -> Done {
    let session = client.open().await?;
    let organization_id = session.organization().await?;
    let mut service = ProvisioningServiceClient::new(session.channel);
    let (enabled, id, form) = match verb {
        Verb::Create { display_name, profile, form } => {
            let connection = Some(v1::Connection { display_name, profile, ..v1::Connection::default() });
            let request = v1::CreateConnectionRequest { organization_id, connection, write: None };
            let answer = service.create_connection(request).await.map_err(refused)?;
            return output::one(form, &answer.into_inner().connection.unwrap_or_default());
        }
        Verb::Get { id, form } => {
            let request = v1::GetConnectionRequest { organization_id, connection_id: id };
            let answer = service.get_connection(request).await.map_err(refused)?;
            return output::one(form, &answer.into_inner().connection.unwrap_or_default());
        }
        Verb::List { form } => {
            let mut request = v1::ListConnectionsRequest { organization_id, page_size: 1_000, page_token: String::new() };
            let mut connections = Vec::new();
            loop {
                let page = service.list_connections(request.clone()).await.map_err(refused)?.into_inner();
                connections.extend(page.connections);
                if page.next_page_token.is_empty() {
                    return output::list(form, &connections);
                }
                request.page_token = page.next_page_token;
            }
        }
        Verb::Delete { id } => {
            let request = v1::DeleteConnectionRequest { organization_id, connection_id: id, ..v1::DeleteConnectionRequest::default() };
            service.delete_connection(request).await.map_err(refused)?;
            return Ok(());
        }
        Verb::Disable { id, form } => (false, id, form),
        Verb::Enable { id, form } => (true, id, form),
    };
    let request = v1::UpdateConnectionRequest {
        organization_id,
        connection: Some(v1::Connection { id, enabled, ..v1::Connection::default() }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["enabled".to_owned()] }),
        ..v1::UpdateConnectionRequest::default()
    };
    let answer = service.update_connection(request).await.map_err(refused)?;
    output::one(form, &answer.into_inner().connection.unwrap_or_default())
}
