//! `roster group …`

use super::{
    Done, Failure,
    connect::{ClientSettings, refused},
    output::{self, Form, Shown},
    user::external_id,
};
use crate::api::v1::{self, group_ref::Ref, group_service_client::GroupServiceClient, principal_ref::Principal};
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Show one group
    Get {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        form: Form,
    },
    /// List groups
    List {
        /// A SCIM filter, for example 'displayName sw "eng"'.
        #[arg(long, value_name = "FILTER", default_value = "", hide_default_value = true)]
        filter: String,
        /// What to order by, for example 'displayName'.
        #[arg(long, value_name = "ATTRIBUTE", default_value = "", hide_default_value = true)]
        order_by: String,
        /// Groups to show at most.
        #[arg(long, value_name = "COUNT", default_value_t = 100)]
        limit: usize,
        #[command(flatten)]
        form: Form,
    },
    /// List the members of a group
    Members {
        /// The group's id.
        id: String,
        /// Also members of groups that are members.
        #[arg(long)]
        transitive: bool,
        #[command(flatten)]
        form: Form,
    },
}

/// Exactly one way to name a group.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Which {
    /// By id.
    id: Option<String>,
    /// By displayName.
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    /// By externalId, written CONNECTION/VALUE.
    #[arg(long, value_name = "CONNECTION/VALUE")]
    external_id: Option<String>,
}

impl Which {
    fn reference(self) -> Result<v1::GroupRef, Failure> {
        let reference = match (self.id, self.display_name, self.external_id) {
            (Some(id), ..) => Ref::Id(id),
            (_, Some(name), _) => Ref::DisplayName(name),
            (.., Some(text)) => Ref::ExternalId(external_id(&text)?),
            _ => return Err(Failure::settings("Which group? Give an id, --display-name or --external-id.")),
        };
        Ok(v1::GroupRef { r#ref: Some(reference) })
    }
}

impl Shown for v1::Group {
    const MESSAGE: &'static str = "roster.v1.Group";
    const COLUMNS: &'static [&'static str] = &["ID", "DISPLAY NAME", "MEMBERS", "CHANGED"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.display_name.clone(),
            self.direct_member_count.to_string(),
            output::time(self.meta.as_ref().and_then(|meta| meta.update_time.as_ref())),
        ]
    }
}

impl Shown for v1::GroupMember {
    const MESSAGE: &'static str = "roster.v1.GroupMember";
    const COLUMNS: &'static [&'static str] = &["ID", "KIND", "DISPLAY"];

    fn cells(&self) -> Vec<String> {
        let (id, kind) = match self.member.clone().and_then(|member| member.principal) {
            Some(Principal::UserId(id)) => (id, "user"),
            Some(Principal::GroupId(id)) => (id, "group"),
            Some(Principal::ServiceAccountId(id)) => (id, "service account"),
            Some(Principal::AnyId(id)) => (id, ""),
            None => (String::new(), ""),
        };
        vec![id, kind.to_owned(), self.display.clone()]
    }
}

pub(super) async fn run(verb: Verb, client: &ClientSettings) -> Done {
    match verb {
        Verb::Get { which, form } => {
            let group = Some(which.reference()?);
            let session = client.open().await?;
            let organization_id = session.organization().await?;
            let request = v1::GetGroupRequest { organization_id, group, ..v1::GetGroupRequest::default() };
            let answer = GroupServiceClient::new(session.channel).get_group(request).await.map_err(refused)?;
            output::one(form, &answer.into_inner().group.unwrap_or_default())
        }
        Verb::List { filter, order_by, limit, form } => {
            let session = client.open().await?;
            let organization_id = session.organization().await?;
            let mut service = GroupServiceClient::new(session.channel);
            let filter = (!filter.is_empty()).then(|| v1::Filter { expression: filter, ..v1::Filter::default() });
            let mut groups: Vec<v1::Group> = Vec::new();
            let mut page_token = String::new();
            while groups.len() < limit {
                let page_size = i32::try_from((limit - groups.len()).min(1_000)).unwrap_or(1_000);
                let list = v1::ListOptions { page_size, page_token, order_by: order_by.clone(), ..v1::ListOptions::default() };
                let request = v1::ListGroupsRequest {
                    organization_id: organization_id.clone(),
                    filter: filter.clone(),
                    list: Some(list),
                    ..v1::ListGroupsRequest::default()
                };
                let page = service.list_groups(request).await.map_err(refused)?.into_inner();
                groups.extend(page.groups);
                page_token = page.next_page_token;
                if page_token.is_empty() {
                    break;
                }
            }
            output::list(form, &groups)
        }
        Verb::Members { id, transitive, form } => {
            let session = client.open().await?;
            let organization_id = session.organization().await?;
            let request =
                v1::StreamGroupMembersRequest { organization_id, group_id: id, transitive, ..v1::StreamGroupMembersRequest::default() };
            let mut stream = GroupServiceClient::new(session.channel).stream_group_members(request).await.map_err(refused)?.into_inner();
            let mut members = Vec::new();
            while let Some(chunk) = stream.message().await.map_err(refused)? {
                members.extend(chunk.members);
            }
            output::list(form, &members)
        }
    }
}
