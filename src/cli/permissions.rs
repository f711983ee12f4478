//! What a connection may do, whom it takes over and what it keeps to itself: flags of `roster connection create` and `update`.

use crate::api::v1::{
    Connection,
    connection::{AllowedAction, Takeover},
};

/// A flag that is not given leaves its setting as it is; a list that is given takes the place of the whole.
#[derive(Debug, clap::Args)]
pub(super) struct Permissions {
    /// Let the connection do this and nothing else: create, update, deactivate, delete (users) or groups; "all" lets it do
    /// everything again. May be given several times.
    #[arg(long, value_name = "ACTION", value_parser = actions)]
    allow: Vec<Actions>,
    /// What becomes of a create that meets a user of somebody else: never, approval, unmanaged or always.
    #[arg(long, value_name = "WHEN", value_parser = takeover)]
    takeover: Option<Takeover>,
    /// What makes two users the same: externalId, userName+emails, emails or userName, asked in this order; "none" for no rule.
    /// May be given several times.
    #[arg(long = "match", value_name = "RULE")]
    rules: Vec<String>,
    /// Keep an attribute of the users that the connection manages to it alone, such as title or name.familyName; "none" for none.
    /// May be given several times.
    #[arg(long = "own", value_name = "ATTRIBUTE")]
    owned: Vec<String>,
    /// Let the connection be used from this network or address and from nowhere else; "any" lets it be used from everywhere again.
    /// May be given several times.
    #[arg(long = "from", value_name = "NETWORK")]
    networks: Vec<String>,
}

/// One action; none stands for all of them.
type Actions = Option<AllowedAction>;

/// The fields these flags change, by their names in the contract.
pub(super) const PATHS: [&str; 5] = ["allowed_actions", "takeover", "takeover_match_attributes", "owned_attributes", "allowed_networks"];

impl Permissions {
    pub(super) fn apply(self, connection: &mut Connection) {
        if !self.allow.is_empty() {
            let all = self.allow.contains(&None);
            connection.allowed_actions = if all { Vec::new() } else { self.allow.into_iter().flatten().map(i32::from).collect() };
        }
        if let Some(takeover) = self.takeover {
            connection.takeover = takeover.into();
        }
        take(&mut connection.takeover_match_attributes, self.rules, "none");
        take(&mut connection.owned_attributes, self.owned, "none");
        take(&mut connection.allowed_networks, self.networks, "any");
    }
}

fn take(to: &mut Vec<String>, given: Vec<String>, nothing: &str) {
    if !given.is_empty() {
        *to = given.into_iter().filter(|name| name != nothing).collect();
    }
}

fn actions(text: &str) -> Result<Actions, String> {
    Ok(Some(match text {
        "all" => return Ok(None),
        "create" => AllowedAction::CreateUsers,
        "update" => AllowedAction::UpdateUsers,
        "deactivate" => AllowedAction::DeactivateUsers,
        "delete" => AllowedAction::DeleteUsers,
        "groups" => AllowedAction::WriteGroups,
        _ => return Err("give create, update, deactivate, delete, groups or all".to_owned()),
    }))
}

fn takeover(text: &str) -> Result<Takeover, String> {
    match text {
        "never" => Ok(Takeover::Never),
        "approval" => Ok(Takeover::RequireApproval),
        "unmanaged" => Ok(Takeover::UnmanagedOnly),
        "always" => Ok(Takeover::Always),
        _ => Err("give never, approval, unmanaged or always".to_owned()),
    }
}
