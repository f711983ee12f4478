//! `roster user …`

use super::{
    Done, Failure,
    connect::{Authorized, ClientSettings, refused},
    output::{self, Form, Shown},
};
use crate::api::v1::{self, user_ref::Ref, user_service_client::UserServiceClient};
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Show one user
    Get {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        form: Form,
    },
    /// Create a user that no identity provider knows yet, as a service does when somebody signs in first
    Create {
        /// What the user signs in with.
        user_name: String,
        /// The work e-mail address.
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// The name to show.
        #[arg(long, value_name = "NAME")]
        display_name: Option<String>,
        #[command(flatten)]
        form: Form,
    },
    /// Say that a person has finished setting up the account that was made for them; it does not change who may sign in
    CompleteSetup {
        /// The user's id.
        id: String,
        #[command(flatten)]
        form: Form,
    },
    /// Delete a user softly: out of sight, to be brought back by `undelete` until it is erased by schedule
    Delete {
        /// The user's id.
        id: String,
    },
    /// List users
    List {
        /// A SCIM filter, for example 'active eq true and userName sw "a"'.
        #[arg(long, value_name = "FILTER", default_value = "", hide_default_value = true)]
        filter: String,
        /// What to order by, for example 'userName' or 'meta.lastModified desc'.
        #[arg(long, value_name = "ATTRIBUTE", default_value = "", hide_default_value = true)]
        order_by: String,
        /// Also users that were deleted softly and are not erased yet.
        #[arg(long)]
        deleted: bool,
        /// Users to show at most.
        #[arg(long, value_name = "COUNT", default_value_t = 100)]
        limit: usize,
        #[command(flatten)]
        form: Form,
    },
    /// Bring back a user that was deleted, with its memberships
    Undelete {
        /// Its id.
        id: String,
        #[command(flatten)]
        form: Form,
    },
    /// Erase a user for good, living or deleted, with what earlier changes told of it
    Purge {
        /// Its id.
        id: String,
    },
}

/// Exactly one way to name a user.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Which {
    /// By id.
    id: Option<String>,
    /// By userName, in any letter case.
    #[arg(long, value_name = "NAME")]
    user_name: Option<String>,
    /// By e-mail address.
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// By externalId, written CONNECTION/VALUE.
    #[arg(long, value_name = "CONNECTION/VALUE")]
    external_id: Option<String>,
}

impl Which {
    fn reference(self) -> Result<v1::UserRef, Failure> {
        let reference = match (self.id, self.user_name, self.email, self.external_id) {
            (Some(id), ..) => Ref::Id(id),
            (_, Some(name), ..) => Ref::UserName(name),
            (_, _, Some(address), _) => Ref::Email(address),
            (.., Some(text)) => Ref::ExternalId(external_id(&text)?),
            _ => return Err(Failure::settings("Which user? Give an id, --user-name, --email or --external-id.")),
        };
        Ok(v1::UserRef { r#ref: Some(reference) })
    }
}

/// `CONNECTION/VALUE`; without a connection it is the caller's own.
pub(super) fn external_id(text: &str) -> Result<v1::ExternalId, Failure> {
    let (connection, value) = text.split_once('/').unwrap_or(("", text));
    if value.is_empty() {
        return Err(Failure::settings("--external-id takes CONNECTION/VALUE."));
    }
    Ok(v1::ExternalId { connection_id: connection.to_owned(), value: value.to_owned() })
}

impl Shown for v1::User {
    const MESSAGE: &'static str = "roster.v1.User";
    const COLUMNS: &'static [&'static str] = &["ID", "USER NAME", "DISPLAY NAME", "E-MAIL", "ACTIVE", "CHANGED"];

    fn cells(&self) -> Vec<String> {
        let email = self.emails.iter().find(|email| email.primary == Some(true)).or_else(|| self.emails.first());
        vec![
            self.id.clone(),
            self.user_name.clone(),
            self.display_name.clone().unwrap_or_default(),
            email.and_then(|email| email.value.clone()).unwrap_or_default(),
            match &self.meta {
                Some(meta) if meta.delete_time.is_some() => "deleted".into(),
                _ if self.active == Some(true) => "yes".into(),
                _ => "no".into(),
            },
            output::time(self.meta.as_ref().and_then(|meta| meta.update_time.as_ref())),
        ]
    }
}

async fn open(client: &ClientSettings) -> Result<(UserServiceClient<Authorized>, String), Failure> {
    let session = client.open().await?;
    let organization_id = session.organization().await?;
    Ok((UserServiceClient::new(session.channel), organization_id))
}

pub(super) async fn run(verb: Verb, client: &ClientSettings) -> Done {
    match verb {
        Verb::Create { user_name, email, display_name, form } => {
            let (mut service, organization_id) = open(client).await?;
            let work = |address| v1::MultiValue {
                value: Some(address),
                r#type: Some("work".to_owned()),
                primary: Some(true),
                ..v1::MultiValue::default()
            };
            let user = v1::User { user_name, display_name, emails: email.map(work).into_iter().collect(), ..v1::User::default() };
            let request = v1::CreateUserRequest { organization_id, user: Some(user), ..v1::CreateUserRequest::default() };
            output::one(form, &service.create_user(request).await.map_err(refused)?.into_inner().user.unwrap_or_default())
        }
        Verb::CompleteSetup { id, form } => {
            let (mut service, organization_id) = open(client).await?;
            let request = v1::UpdateUserRequest {
                organization_id,
                user: Some(v1::User { id, setup_state: v1::user::SetupState::Complete.into(), ..v1::User::default() }),
                update_mask: Some(prost_types::FieldMask { paths: vec!["setup_state".to_owned()] }),
                ..v1::UpdateUserRequest::default()
            };
            output::one(form, &service.update_user(request).await.map_err(refused)?.into_inner().user.unwrap_or_default())
        }
        Verb::Delete { id } => {
            let (mut service, organization_id) = open(client).await?;
            let request = v1::DeleteUserRequest { organization_id, user_id: id, ..v1::DeleteUserRequest::default() };
            service.delete_user(request).await.map(drop).map_err(refused)
        }
        Verb::Get { which, form } => {
            let user = Some(which.reference()?);
            let session = client.open().await?;
            let organization_id = session.organization().await?;
            let request = v1::GetUserRequest { organization_id, user, ..v1::GetUserRequest::default() };
            let answer = UserServiceClient::new(session.channel).get_user(request).await.map_err(refused)?;
            output::one(form, &answer.into_inner().user.unwrap_or_default())
        }
        Verb::Undelete { id, form } => {
            let session = client.open().await?;
            let request = v1::UndeleteUserRequest { organization_id: session.organization().await?, user_id: id, write: None };
            let answer = UserServiceClient::new(session.channel).undelete_user(request).await.map_err(refused)?;
            output::one(form, &answer.into_inner().user.unwrap_or_default())
        }
        Verb::Purge { id } => {
            let session = client.open().await?;
            let request = v1::PurgeUserRequest { organization_id: session.organization().await?, user_id: id, write: None };
            UserServiceClient::new(session.channel).purge_user(request).await.map_err(refused)?;
            Ok(())
        }
        Verb::List { filter, order_by, deleted, limit, form } => {
            let session = client.open().await?;
            let organization_id = session.organization().await?;
            let mut service = UserServiceClient::new(session.channel);
            let filter = (!filter.is_empty()).then(|| v1::Filter { expression: filter, ..v1::Filter::default() });
            let mut users: Vec<v1::User> = Vec::new();
            let mut page_token = String::new();
            while users.len() < limit {
                let page_size = i32::try_from((limit - users.len()).min(1_000)).unwrap_or(1_000);
                let order_by = order_by.clone();
                let list = v1::ListOptions { page_size, page_token, order_by, show_deleted: deleted, ..v1::ListOptions::default() };
                let request = v1::ListUsersRequest {
                    organization_id: organization_id.clone(),
                    filter: filter.clone(),
                    list: Some(list),
                    ..v1::ListUsersRequest::default()
                };
                let page = service.list_users(request).await.map_err(refused)?.into_inner();
                users.extend(page.users);
                page_token = page.next_page_token;
                if page_token.is_empty() {
                    break;
                }
            }
            output::list(form, &users)
        }
    }
}
