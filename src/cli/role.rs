//! `roster role …`

mod desk;

use super::{
    Done, Failure,
    connect::{ClientSettings, refused},
    output::{self, Form, Shown},
};
use crate::{
    api::v1::{self, list_effective_roles_response::EffectiveRole, principal_ref::Principal, role_service_client::RoleServiceClient},
    clock::{Clock, timestamp},
};
use clap::{Args, Subcommand};
use desk::Desk;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Define a role
    Create {
        /// Its key, for example billing.admin.
        key: String,
        /// The name to show.
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        display_name: String,
        /// What it permits, in the words of your applications; several by commas.
        #[arg(long, value_name = "PERMISSION", value_delimiter = ',')]
        permissions: Vec<String>,
        /// Keys of roles it brings with it; several by commas.
        #[arg(long, value_name = "KEY", value_delimiter = ',')]
        includes: Vec<String>,
        #[command(flatten)]
        form: Form,
    },
    /// List the roles of the organization
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Remove a role, and every grant of it
    Delete {
        /// Its key.
        key: String,
    },
    /// Grant a role
    Assign {
        /// Its key.
        key: String,
        #[command(flatten)]
        holder: Holder,
        /// Where it holds; nothing = in the whole organization.
        #[arg(long, value_name = "SCOPE", default_value = "", hide_default_value = true)]
        scope: String,
        /// Days it holds; nothing = until it is withdrawn.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..=36_500))]
        days: Option<i64>,
        #[command(flatten)]
        form: Form,
    },
    /// Withdraw a grant
    Unassign {
        /// The grant's id, as assign and grants show it.
        id: String,
    },
    /// List grants: of a role, or to a holder
    Grants {
        /// The role's key; nothing = all roles.
        #[arg(default_value = "", hide_default_value = true)]
        key: String,
        #[command(flatten)]
        form: Form,
    },
    /// Show what somebody holds, and why
    Effective {
        #[command(flatten)]
        holder: Holder,
        #[command(flatten)]
        form: Form,
    },
    /// List those who hold a role, through groups too
    Holders {
        /// Its key.
        key: String,
        #[command(flatten)]
        form: Form,
    },
    /// Ask whether somebody holds a role; the exit code is 0 for yes and 1 for no
    Check {
        /// Its key.
        key: String,
        #[command(flatten)]
        holder: Holder,
        /// Where; nothing = in the whole organization.
        #[arg(long, value_name = "SCOPE", default_value = "", hide_default_value = true)]
        scope: String,
    },
}

/// Who is meant.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Holder {
    /// A user, by id.
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// A group, by id: its members hold what it holds.
    #[arg(long, value_name = "ID")]
    group: Option<String>,
    /// A service account, by id.
    #[arg(long, value_name = "ID")]
    service_account: Option<String>,
}

impl Holder {
    fn reference(self) -> v1::PrincipalRef {
        let user = self.user.map(Principal::UserId);
        let group = self.group.map(Principal::GroupId);
        v1::PrincipalRef { principal: user.or(group).or(self.service_account.map(Principal::ServiceAccountId)) }
    }
}

fn told(principal: Option<&v1::PrincipalRef>) -> String {
    match principal.and_then(|p| p.principal.as_ref()) {
        Some(Principal::UserId(id)) => format!("user {id}"),
        Some(Principal::GroupId(id)) => format!("group {id}"),
        Some(Principal::ServiceAccountId(id)) => format!("service account {id}"),
        Some(Principal::AnyId(id)) => id.clone(),
        None => String::new(),
    }
}

impl Shown for v1::Role {
    const MESSAGE: &'static str = "roster.v1.Role";
    const COLUMNS: &'static [&'static str] = &["ID", "KEY", "DISPLAY NAME", "PERMISSIONS", "INCLUDES"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.key.clone(),
            self.display_name.clone(),
            self.permissions.join(","),
            self.included_role_ids.len().to_string(),
        ]
    }
}

impl Shown for v1::RoleAssignment {
    const MESSAGE: &'static str = "roster.v1.RoleAssignment";
    const COLUMNS: &'static [&'static str] = &["ID", "ROLE", "HOLDER", "SCOPE", "EXPIRES"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.role_id.clone(),
            told(self.principal.as_ref()),
            self.scope.clone(),
            output::time(self.expire_time.as_ref()),
        ]
    }
}

impl Shown for EffectiveRole {
    const MESSAGE: &'static str = "roster.v1.ListEffectiveRolesResponse.EffectiveRole";
    const COLUMNS: &'static [&'static str] = &["ROLE", "SCOPE", "EXPIRES", "BY"];

    fn cells(&self) -> Vec<String> {
        let way = |why: &v1::Derivation| {
            let origin = if why.assignment_id.is_empty() {
                format!("connection {}", why.connection_id)
            } else {
                format!("grant {}", why.assignment_id)
            };
            let groups = why.group_path.iter().fold(String::new(), |way, group| way + " > group " + group);
            format!("{origin}{groups}")
        };
        vec![
            self.role.as_ref().map(|role| role.key.clone()).unwrap_or_default(),
            self.scope.clone(),
            output::time(self.expire_time.as_ref()),
            self.derivations.iter().map(way).collect::<Vec<_>>().join("; "),
        ]
    }
}

impl Shown for v1::PrincipalRef {
    const MESSAGE: &'static str = "roster.v1.PrincipalRef";
    const COLUMNS: &'static [&'static str] = &["HOLDER"];

    fn cells(&self) -> Vec<String> {
        vec![told(Some(self))]
    }
}

pub(super) async fn run(verb: Verb, client: &ClientSettings) -> Done {
    let session = client.open().await?;
    let organization_id = session.organization().await?;
    let mut desk = Desk { service: RoleServiceClient::new(session.channel), organization_id };
    match verb {
        Verb::Create { key, display_name, permissions, includes, form } => {
            let mut included_role_ids = Vec::with_capacity(includes.len());
            for key in includes {
                included_role_ids.push(desk.id_of(key).await?);
            }
            let role = Some(v1::Role { key, display_name, permissions, included_role_ids, ..v1::Role::default() });
            let request = v1::CreateRoleRequest { organization_id: desk.organization_id, role, write: None };
            let answer = desk.service.create_role(request).await.map_err(refused)?;
            output::one(form, &answer.into_inner().role.unwrap_or_default())
        }
        Verb::List { form } => desk.list(form).await,
        Verb::Delete { key } => {
            let role_id = desk.id_of(key).await?;
            let request = v1::DeleteRoleRequest { organization_id: desk.organization_id, role_id, ..v1::DeleteRoleRequest::default() };
            desk.service.delete_role(request).await.map_err(refused)?;
            Ok(())
        }
        Verb::Assign { key, holder, scope, days, form } => {
            let role_id = desk.id_of(key).await?;
            let expire_time = days.map(|days| timestamp(Clock::system().now() + days * 86_400 * 1_000_000));
            let principal = Some(holder.reference());
            let grant = v1::RoleAssignment { role_id, principal, scope, expire_time, ..v1::RoleAssignment::default() };
            let answer = desk.modify(vec![grant], Vec::new()).await?;
            match answer.added.first() {
                Some(grant) => output::one(form, grant),
                // It was there already.
                None => Ok(()),
            }
        }
        Verb::Unassign { id } => {
            let answer = desk.modify(Vec::new(), vec![id]).await?;
            if answer.removed == 0 { Err(Failure::refused("There is no such grant.")) } else { Ok(()) }
        }
        Verb::Grants { key, form } => desk.grants(key, form).await,
        Verb::Effective { holder, form } => desk.effective(holder, form).await,
        Verb::Holders { key, form } => desk.holders(key, form).await,
        Verb::Check { key, holder, scope } => desk.check(key, holder, scope).await,
    }
}
