//! `roster organization …`

use super::{
    Done,
    connect::{ClientSettings, refused},
    output::{self, Form, Shown},
};
use crate::api::v1::{self, organization::State, organization_service_client::OrganizationServiceClient};
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Create an organization
    Create {
        /// Its short name for addresses: a-z, 0-9 and "-", beginning with a letter.
        key: String,
        /// The name to show.
        #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
        display_name: String,
        #[command(flatten)]
        form: Form,
    },
    /// Show one organization, by id or key
    Get {
        /// Its id or key.
        organization: String,
        #[command(flatten)]
        form: Form,
    },
    /// List the organizations this token may enter
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Change a setting of an organization
    Update {
        /// Its id or key.
        organization: String,
        /// Whether groups that would be in themselves are refused.
        #[arg(long, value_name = "on|off", action = clap::ArgAction::Set, value_parser = super::rules::switch)]
        refuse_group_cycles: bool,
        #[command(flatten)]
        form: Form,
    },
    /// Refuse every call of an organization's own callers; nothing is lost
    Suspend {
        /// Its id or key.
        organization: String,
        #[command(flatten)]
        form: Form,
    },
    /// Let a suspended organization work again
    Resume {
        /// Its id or key.
        organization: String,
        #[command(flatten)]
        form: Form,
    },
}

impl Shown for v1::Organization {
    const MESSAGE: &'static str = "roster.v1.Organization";
    const COLUMNS: &'static [&'static str] = &["ID", "KEY", "DISPLAY NAME", "STATE", "CREATED"];

    fn cells(&self) -> Vec<String> {
        let state = if self.state() == State::Suspended { "suspended" } else { "active" };
        vec![
            self.id.clone(),
            self.key.clone(),
            self.display_name.clone(),
            state.to_owned(),
            output::time(self.meta.as_ref().and_then(|meta| meta.create_time.as_ref())),
        ]
    }
}

pub(super) async fn run(verb: Verb, client: &ClientSettings) -> Done {
    let session = client.open().await?;
    let mut service = OrganizationServiceClient::new(session.channel.clone());
    match verb {
        Verb::Create { key, display_name, form } => {
            let organization = Some(v1::Organization { key, display_name, ..v1::Organization::default() });
            let request = v1::CreateOrganizationRequest { organization, write: None };
            let answer = service.create_organization(request).await.map_err(refused)?;
            output::one(form, &answer.into_inner().organization.unwrap_or_default())
        }
        Verb::Get { organization, form } => {
            let organization_id = session.organization_named(&organization).await?;
            let answer =
                service.get_organization(v1::GetOrganizationRequest { organization_id, consistency: None }).await.map_err(refused)?;
            output::one(form, &answer.into_inner().organization.unwrap_or_default())
        }
        Verb::List { form } => {
            let mut list = v1::ListOptions { page_size: 1_000, ..v1::ListOptions::default() };
            let mut organizations = Vec::new();
            loop {
                let request = v1::ListOrganizationsRequest { list: Some(list.clone()), ..Default::default() };
                let page = service.list_organizations(request).await.map_err(refused)?.into_inner();
                organizations.extend(page.organizations);
                if page.next_page_token.is_empty() {
                    return output::list(form, &organizations);
                }
                list.page_token = page.next_page_token;
            }
        }
        Verb::Update { organization, refuse_group_cycles, form } => {
            let id = session.organization_named(&organization).await?;
            let request = v1::UpdateOrganizationRequest {
                organization: Some(v1::Organization { id, refuse_group_cycles, ..v1::Organization::default() }),
                update_mask: Some(prost_types::FieldMask { paths: vec!["refuse_group_cycles".to_owned()] }),
                ..v1::UpdateOrganizationRequest::default()
            };
            set_state(service.update_organization(request).await, form)
        }
        Verb::Suspend { organization, form } => {
            let id = session.organization_named(&organization).await?;
            set_state(service.update_organization(change(id, State::Suspended)).await, form)
        }
        Verb::Resume { organization, form } => {
            let id = session.organization_named(&organization).await?;
            set_state(service.update_organization(change(id, State::Active)).await, form)
        }
    }
}

fn change(id: String, state: State) -> v1::UpdateOrganizationRequest {
    v1::UpdateOrganizationRequest {
        organization: Some(v1::Organization { id, state: state.into(), ..v1::Organization::default() }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["state".to_owned()] }),
        ..v1::UpdateOrganizationRequest::default()
    }
}

fn set_state(answer: Result<tonic::Response<v1::UpdateOrganizationResponse>, tonic::Status>, form: Form) -> Done {
    output::one(form, &answer.map_err(refused)?.into_inner().organization.unwrap_or_default())
}
