//! `roster takeover …`

use super::{
    Done,
    connect::{ClientSettings, refused},
    output::{self, Form, Shown},
};
use crate::api::v1::{self, takeover_service_client::TakeoverServiceClient};
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// List the takeovers that wait for a decision, oldest first
    List {
        /// Only those of this connection.
        #[arg(long, value_name = "CONNECTION", default_value = "", hide_default_value = true)]
        connection: String,
        /// Also those that were approved or rejected.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        form: Form,
    },
    /// Let a connection have a user
    Approve(Which),
    /// Refuse a connection a user
    Reject(Which),
    /// Take a link back: the connection no longer manages the user
    Undo {
        /// The user's id.
        user: String,
        /// The connection's id.
        connection: String,
        /// Also make the user's attributes what they were before the takeover.
        #[arg(long)]
        restore: bool,
        #[command(flatten)]
        form: Form,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// The user's id.
    user: String,
    /// The connection's id.
    connection: String,
    #[command(flatten)]
    form: Form,
}

impl Shown for v1::Takeover {
    const MESSAGE: &'static str = "roster.v1.Takeover";
    const COLUMNS: &'static [&'static str] = &["USER", "CONNECTION", "MATCHED", "STATE", "CREATED"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.user_id.clone(),
            self.connection_id.clone(),
            self.matched_attribute.clone(),
            self.state().as_str_name().trim_start_matches("STATE_").to_lowercase(),
            output::time(self.create_time.as_ref()),
        ]
    }
}

pub(super) async fn run(verb: Verb, client: &ClientSettings) -> Done {
    let session = client.open().await?;
    let organization_id = session.organization().await?;
    let mut service = TakeoverServiceClient::new(session.channel);
    let (which, approve) = match verb {
        Verb::List { connection, all, form } => {
            let mut request = v1::ListTakeoversRequest {
                organization_id,
                connection_id: connection,
                page_size: 1_000,
                show_resolved: all,
                ..Default::default()
            };
            let mut takeovers = Vec::new();
            loop {
                let page = service.list_takeovers(request.clone()).await.map_err(refused)?.into_inner();
                takeovers.extend(page.takeovers);
                if page.next_page_token.is_empty() {
                    return output::list(form, &takeovers);
                }
                request.page_token = page.next_page_token;
            }
        }
        Verb::Undo { user, connection, restore, form } => {
            let request = v1::UndoTakeoverRequest {
                organization_id,
                user_id: user,
                connection_id: connection,
                restore_attributes: restore,
                write: None,
            };
            let answer = service.undo_takeover(request).await.map_err(refused)?;
            return output::one(form, &answer.into_inner().user.unwrap_or_default());
        }
        Verb::Approve(which) => (which, true),
        Verb::Reject(which) => (which, false),
    };
    let request =
        v1::ResolveTakeoverRequest { organization_id, user_id: which.user, connection_id: which.connection, approve, write: None };
    let answer = service.resolve_takeover(request).await.map_err(refused)?;
    output::one(which.form, &answer.into_inner().takeover.unwrap_or_default())
}
