//! `roster token …`

use super::{
    Done,
    connect::{ClientSettings, refused},
    output::{self, Form, Shown},
};
use crate::{
    api::v1::{self, provisioning_service_client::ProvisioningServiceClient},
    clock::{Clock, timestamp},
};
use clap::{Args, Subcommand};
use serde_json::json;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Issue a token. Its text is shown once
    #[command(visible_alias = "issue")]
    Create {
        #[command(flatten)]
        owner: Owner,
        /// What it may do, for example users.read; several by commas. "scim" is what an identity provider needs.
        #[arg(long, value_name = "SCOPE", value_delimiter = ',', required = true)]
        scopes: Vec<String>,
        /// Days it lives: at least 1, at most what the server allows (365 unless its operator says otherwise).
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..=crate::limits::TOKEN_DAYS_MOST))]
        days: Option<i64>,
        /// What it is for.
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        description: String,
        #[command(flatten)]
        form: Form,
    },
    /// List tokens; never their secrets
    List {
        /// Only tokens of this connection.
        #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
        connection: String,
        /// Only tokens of this service account.
        #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
        service_account: String,
        #[command(flatten)]
        form: Form,
    },
    /// Issue a token in the place of another. Its text is shown once
    Rotate {
        /// The id of the token to replace.
        id: String,
        /// Minutes the old token goes on working.
        #[arg(long, value_name = "MINUTES", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..=525_600))]
        overlap_minutes: i64,
        #[command(flatten)]
        form: Form,
    },
    /// Make a token worthless, within a second
    #[command(visible_alias = "delete")]
    Revoke {
        /// The token's id.
        id: String,
    },
}

/// Whose token.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Owner {
    /// A connection's.
    #[arg(long, value_name = "ID")]
    connection: Option<String>,
    /// A service account's.
    #[arg(long, value_name = "ID")]
    service_account: Option<String>,
}

impl Shown for v1::Token {
    const MESSAGE: &'static str = "roster.v1.Token";
    const COLUMNS: &'static [&'static str] = &["ID", "OWNER", "SCOPES", "EXPIRES", "REVOKED", "LAST USE", "DESCRIPTION"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            format!("{}{}", self.connection_id, self.service_account_id),
            self.scopes.join(","),
            output::time(self.expire_time.as_ref()),
            output::time(self.revoke_time.as_ref()),
            output::time(self.last_use_time.as_ref()),
            self.description.clone(),
        ]
    }
}

pub(super) async fn run(verb: Verb, client: &ClientSettings) -> Done {
    let session = client.open().await?;
    let organization_id = session.organization().await?;
    let mut service = ProvisioningServiceClient::new(session.channel);
    match verb {
        Verb::Create { owner, scopes, days, description, form } => {
            const DAY: i64 = 24 * 3600 * 1_000_000;
            let request = v1::IssueTokenRequest {
                organization_id,
                connection_id: owner.connection.unwrap_or_default(),
                service_account_id: owner.service_account.unwrap_or_default(),
                scopes,
                expire_time: days.map(|days| timestamp(Clock::system().now() + days * DAY)),
                description,
                write: None,
            };
            let answer = service.issue_token(request).await.map_err(refused)?.into_inner();
            reveal(form, &answer.token.unwrap_or_default(), &answer.secret)
        }
        Verb::List { connection, service_account, form } => {
            let mut request = v1::ListTokensRequest {
                organization_id,
                connection_id: connection,
                service_account_id: service_account,
                page_size: 1_000,
                ..Default::default()
            };
            let mut tokens = Vec::new();
            loop {
                let page = service.list_tokens(request.clone()).await.map_err(refused)?.into_inner();
                tokens.extend(page.tokens);
                if page.next_page_token.is_empty() {
                    return output::list(form, &tokens);
                }
                request.page_token = page.next_page_token;
            }
        }
        Verb::Rotate { id, overlap_minutes, form } => {
            let overlap = Some(prost_types::Duration { seconds: overlap_minutes * 60, nanos: 0 });
            let request = v1::RotateTokenRequest { organization_id, token_id: id, overlap, write: None };
            let answer = service.rotate_token(request).await.map_err(refused)?.into_inner();
            reveal(form, &answer.token.unwrap_or_default(), &answer.secret)
        }
        Verb::Revoke { id } => {
            let request = v1::RevokeTokenRequest { organization_id, token_id: id, write: None };
            service.revoke_token(request).await.map_err(refused)?;
            Ok(())
        }
    }
}

/// The only place that prints a secret: a line of its own for people, the answer's shape for programs.
fn reveal(form: Form, token: &v1::Token, secret: &str) -> Done {
    if form.json {
        return output::print(&json!({ "token_id": token.id, "secret": secret, "token": output::json(token)? }));
    }
    output::one(form, token)?;
    output::say(format!("\nThe token, shown this once:\n{secret}"))
}
