//! What the operator's environment says of a connection, put into the directory.

use super::{StartError, bootstrap::ORGANIZATION};
use crate::{
    api::v1::{
        Connection, RoleMapping,
        connection::{AllowedAction, Deprovision, Takeover, Visibility},
        role_mapping::Source,
    },
    config::{BadSetting, Environment},
    directory::Services,
};
use tonic::Code;

/// The role whose holders administer an organization.
const ADMIN: &str = "admin";
/// What a provider may do that may not delete users.
const ALL_BUT_DELETION: [AllowedAction; 4] =
    [AllowedAction::CreateUsers, AllowedAction::UpdateUsers, AllowedAction::DeactivateUsers, AllowedAction::WriteGroups];

/// Describes the connection, or switches a described one off if the environment says nothing of it any more.
pub(super) async fn settle(services: &Services, environment: Option<&Environment>) -> Result<(), StartError> {
    let token = environment.and_then(|environment| environment.token.as_ref());
    services.environment(ORGANIZATION, environment.map(described), token).await.map_err(|error| match error.code() {
        Code::NotFound => {
            BadSetting(format!("SCIM_ENABLED and its like describe a connection of the organization {ORGANIZATION:?}, and there is none."))
                .into()
        }
        // What it maps is the one thing in it that a rule can refuse.
        Code::FailedPrecondition => BadSetting(format!(
            "ADMIN_GROUP would leave the organization {ORGANIZATION:?} without an administrator: set it as it was, or grant the role \
             {ADMIN:?} to somebody first."
        ))
        .into(),
        _ => StartError::Other(format!("The connection of the environment could not be kept: {}", error.detail)),
    })
}

fn described(environment: &Environment) -> Connection {
    let mapping = |group: &String| RoleMapping {
        source: Some(Source::GroupDisplayName(group.clone())),
        role_id: ADMIN.to_owned(),
        scope: String::new(),
    };
    Connection {
        display_name: "Environment".to_owned(),
        enabled: environment.enabled,
        // What is deleted can be brought back while it is kept: 204 and 404 are what the provider sees.
        on_delete: Deprovision::SoftDelete.into(),
        // Users alone are kept from deletion: groups are not spoken of.
        allowed_actions: if environment.allow_user_deletion { Vec::new() } else { ALL_BUT_DELETION.map(i32::from).to_vec() },
        takeover: if environment.allow_user_creation_conflicts { Takeover::UnmanagedOnly } else { Takeover::Never }.into(),
        takeover_match_attributes: vec!["emails".to_owned()],
        visibility: Visibility::Organization.into(),
        role_mappings: environment.admin_group.iter().map(mapping).collect(),
        ..Connection::default()
    }
}
