//! `roster connection …`

use super::{
    Done,
    connect::{ClientSettings, refused},
    output::{self, Form, Shown},
    permissions::{self, Permissions},
    rules::{self, Rules},
};
use super::{lifecycle::Lifecycle, mappings::Mappings};
use crate::api::v1::{self, provisioning_service_client::ProvisioningServiceClient};
use crate::clock;
use clap::Subcommand;
use std::collections::BTreeMap;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Create a connection: a place for one identity provider. Give it a token with `roster token create`
    Create {
        /// The name to show.
        display_name: String,
        /// Which provider's ways to be lenient with: default, strict, entra, okta, jumpcloud, onelogin, …
        #[arg(long, value_name = "PROFILE", default_value = "", hide_default_value = true)]
        profile: String,
        #[command(flatten)]
        policy: Policy,
        #[command(flatten)]
        form: Form,
    },
    /// Change a connection's name, profile, tolerances or policy; what is not given stays
    Update {
        /// Its id.
        id: String,
        /// The name to show.
        #[arg(long, value_name = "NAME")]
        display_name: Option<String>,
        /// Which provider's ways to be lenient with.
        #[arg(long, value_name = "PROFILE")]
        profile: Option<String>,
        #[command(flatten)]
        policy: Policy,
        #[command(flatten)]
        form: Form,
    },
    /// Show what its provider sent beside the RFCs and was let through, counted
    Report {
        /// Its id.
        id: String,
        /// Days to count, today among them: 1 to 90.
        #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=90))]
        days: u16,
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

/// All that a connection may and does; a flag that is not given leaves its setting as it is.
#[derive(Debug, clap::Args)]
pub(super) struct Policy {
    #[command(flatten)]
    switches: Switches,
    #[command(flatten)]
    lifecycle: Lifecycle,
    #[command(flatten)]
    permissions: Permissions,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    mappings: Mappings,
}

impl Policy {
    /// The fields these flags change, by their names in the contract.
    fn paths() -> impl Iterator<Item = &'static str> {
        let lists = ["tolerances"].into_iter().chain(Lifecycle::FIELDS).chain(permissions::PATHS);
        lists.chain(rules::PATHS).chain(Mappings::FIELDS)
    }

    fn apply(self, connection: &mut v1::Connection) {
        self.switches.apply(&mut connection.tolerances);
        self.lifecycle.apply(connection);
        self.permissions.apply(connection);
        self.rules.apply(connection);
        self.mappings.apply(connection);
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct Switches {
    /// Switch one tolerance, whatever the profile says of it: NAME=on, NAME=off, or NAME=profile to follow the profile again.
    /// May be given several times.
    #[arg(long, value_name = "NAME=on|off", value_parser = switch)]
    tolerance: Vec<(String, Option<bool>)>,
}

fn switch(text: &str) -> Result<(String, Option<bool>), String> {
    match text.split_once('=') {
        Some((name, "on")) => Ok((name.to_owned(), Some(true))),
        Some((name, "off")) => Ok((name.to_owned(), Some(false))),
        Some((name, "profile")) => Ok((name.to_owned(), None)),
        _ => Err("give NAME=on, NAME=off or NAME=profile".to_owned()),
    }
}

impl Switches {
    fn apply(self, tolerances: &mut BTreeMap<String, bool>) {
        for (name, on) in self.tolerance {
            match on {
                Some(on) => tolerances.insert(name, on),
                None => tolerances.remove(&name),
            };
        }
    }
}

impl Shown for v1::Deviation {
    const MESSAGE: &'static str = "roster.v1.Deviation";
    const COLUMNS: &'static [&'static str] = &["COUNT", "TOLERANCE", "LAST", "WHAT"];

    fn cells(&self) -> Vec<String> {
        vec![self.count.to_string(), self.tolerance.clone(), output::time(self.last_time.as_ref()), self.description.clone()]
    }
}

impl Shown for v1::Connection {
    const MESSAGE: &'static str = "roster.v1.Connection";
    const COLUMNS: &'static [&'static str] = &["ID", "DISPLAY NAME", "PROFILE", "ENABLED", "STATUS", "SCIM BASE URL"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.display_name.clone(),
            self.profile.clone(),
            if self.enabled { "yes".into() } else { "no".into() },
            self.status.as_ref().map_or_else(String::new, fares),
            self.scim_base_url.clone(),
        ]
    }
}

/// How a connection fares, in a few words.
fn fares(status: &v1::ConnectionStatus) -> String {
    use v1::connection_status::State;
    let since = output::time(status.since.as_ref());
    let why = status.last_error.as_ref().map_or("", |error| error.reason.as_str());
    let state = match status.state() {
        State::Unspecified => String::new(),
        State::NeverUsed => "never used".to_owned(),
        State::Healthy => format!("healthy since {since}"),
        State::Failing => format!("failing since {since}: {why}"),
        State::Disabled => "disabled".to_owned(),
    };
    match (status.provider.as_str(), status.suggested_profile.as_str()) {
        ("", _) => state,
        (provider, "") => format!("{state} ({provider})"),
        (provider, profile) => format!("{state} ({provider}; try the profile {profile})"),
    }
}

pub(super) async fn run(verb: Verb, client: &ClientSettings) -> Done {
    let session = client.open().await?;
    let organization_id = session.organization().await?;
    let mut service = ProvisioningServiceClient::new(session.channel);
    let (enabled, id, form) = match verb {
        Verb::Create { display_name, profile, policy, form } => {
            let mut connection = v1::Connection { display_name, profile, ..v1::Connection::default() };
            policy.apply(&mut connection);
            let connection = Some(connection);
            let request = v1::CreateConnectionRequest { organization_id, connection, write: None };
            let answer = service.create_connection(request).await.map_err(refused)?;
            return output::one(form, &answer.into_inner().connection.unwrap_or_default());
        }
        Verb::Get { id, form } => {
            let request = v1::GetConnectionRequest { organization_id, connection_id: id, consistency: None };
            let answer = service.get_connection(request).await.map_err(refused)?;
            return output::one(form, &answer.into_inner().connection.unwrap_or_default());
        }
        Verb::List { form } => {
            let mut request = v1::ListConnectionsRequest { organization_id, page_size: 1_000, ..Default::default() };
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
        Verb::Update { id, display_name, profile, policy, form } => {
            let request = v1::GetConnectionRequest { organization_id: organization_id.clone(), connection_id: id, consistency: None };
            let mut connection = service.get_connection(request).await.map_err(refused)?.into_inner().connection.unwrap_or_default();
            // What was read is what is switched: nobody else's change is lost.
            let etag = connection.meta.as_ref().map_or_else(String::new, |meta| meta.etag.clone());
            let precondition = Some(v1::Precondition { if_match: vec![etag], if_none_match: Vec::new() });
            connection.display_name = display_name.unwrap_or(connection.display_name);
            connection.profile = profile.unwrap_or(connection.profile);
            policy.apply(&mut connection);
            let paths = ["display_name", "profile"].into_iter().chain(Policy::paths()).map(str::to_owned).collect();
            let update_mask = Some(prost_types::FieldMask { paths });
            let request =
                v1::UpdateConnectionRequest { organization_id, connection: Some(connection), update_mask, precondition, write: None };
            let answer = service.update_connection(request).await.map_err(refused)?;
            return output::one(form, &answer.into_inner().connection.unwrap_or_default());
        }
        Verb::Report { id, days, form } => {
            let since = clock::Clock::system().now() - (i64::from(days) - 1) * 24 * 3600 * 1_000_000;
            let since = Some(clock::timestamp(since));
            let request = v1::GetDeviationReportRequest { organization_id, connection_id: id, since };
            let report = service.get_deviation_report(request).await.map_err(refused)?.into_inner();
            return output::list(form, &report.deviations);
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
