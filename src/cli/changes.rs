//! `roster changes …`: JSON lines, for programs and for looking on.

use super::{
    Done, Failure,
    connect::{ClientSettings, refused},
    output::{self, Form, Reader, Shown},
};
use crate::api::v1::{self, change_service_client::ChangeServiceClient, watch_changes_request::Start, watch_changes_response::Message};
use clap::{Args, Subcommand, ValueEnum};
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// How long to wait where the server does not say.
const AGAIN: Duration = Duration::from_secs(1);

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Follow changes as they happen, one JSON message a line; goes on by itself when a stream ends
    Watch {
        #[command(flatten)]
        from: From,
        #[command(flatten)]
        which: Which,
        /// Also what was there before each change.
        #[arg(long)]
        before: bool,
    },
    /// Print the changes that are kept, one commit a line, and at last the token to go on from
    List {
        /// The token that an earlier command ended with. Default: from the oldest change that is kept.
        #[arg(long, value_name = "TOKEN", default_value = "", hide_default_value = true)]
        after: String,
        #[command(flatten)]
        which: Which,
    },
    /// Show from where to where changes are kept
    Revisions {
        #[command(flatten)]
        form: Form,
    },
}

/// Where to begin: there is no silent "from now on".
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct From {
    /// Go on after this token.
    #[arg(long, value_name = "TOKEN")]
    after: Option<String>,
    /// From now on.
    #[arg(long)]
    latest: bool,
    /// The present state first.
    #[arg(long)]
    snapshot: bool,
    /// From the oldest change that is kept.
    #[arg(long)]
    earliest: bool,
}

#[derive(Debug, Args)]
pub(super) struct Which {
    /// Only changes of this kind; may be given more than once.
    #[arg(long = "kind", value_name = "KIND")]
    kinds: Vec<Kind>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    User,
    Group,
    Membership,
    Role,
    RoleAssignment,
    Connection,
    Token,
    Organization,
    Schema,
    ServiceAccount,
    Takeover,
}

impl Which {
    fn kinds(&self) -> Vec<i32> {
        use v1::ResourceKind as K;
        let kind = |kind: &Kind| match kind {
            Kind::User => K::User,
            Kind::Group => K::Group,
            Kind::Membership => K::Membership,
            Kind::Role => K::Role,
            Kind::RoleAssignment => K::RoleAssignment,
            Kind::Connection => K::Connection,
            Kind::Token => K::Token,
            Kind::Organization => K::Organization,
            Kind::Schema => K::Schema,
            Kind::ServiceAccount => K::ServiceAccount,
            Kind::Takeover => K::Takeover,
        };
        self.kinds.iter().map(|k| kind(k).into()).collect()
    }
}

impl Shown for v1::WatchChangesResponse {
    const MESSAGE: &'static str = "roster.v1.WatchChangesResponse";
    const COLUMNS: &'static [&'static str] = &["TOKEN"];

    fn cells(&self) -> Vec<String> {
        vec![self.resume_token.clone()]
    }
}

impl Shown for v1::Commit {
    const MESSAGE: &'static str = "roster.v1.Commit";
    const COLUMNS: &'static [&'static str] = &["REVISION", "TIME"];

    fn cells(&self) -> Vec<String> {
        vec![number(self.revision.as_ref()), output::time(self.commit_time.as_ref())]
    }
}

impl Shown for v1::GetRevisionsResponse {
    const MESSAGE: &'static str = "roster.v1.GetRevisionsResponse";
    const COLUMNS: &'static [&'static str] = &["EARLIEST", "LATEST", "DAYS KEPT", "COMMITS KEPT"];

    fn cells(&self) -> Vec<String> {
        let days = self.retention.as_ref().map_or(0, |kept| kept.seconds / 86_400).to_string();
        vec![number(self.earliest.as_ref()), number(self.latest.as_ref()), days, self.retained_commits.to_string()]
    }
}

fn number(revision: Option<&v1::Revision>) -> String {
    revision.map(|revision| revision.number.to_string()).unwrap_or_default()
}

/// One line, at once.
fn line(value: &serde_json::Value) -> Result<Reader, Failure> {
    output::write(&format!("{value}\n"))
}

pub(super) async fn run(verb: Verb, client: &ClientSettings) -> Done {
    let session = client.open().await?;
    let organization_id = session.organization().await?;
    let mut service = ChangeServiceClient::new(session.channel).max_decoding_message_size(crate::limits::MESSAGE_BYTES);
    match verb {
        Verb::Revisions { form } => {
            let answer = service.get_revisions(v1::GetRevisionsRequest { organization_id }).await.map_err(refused)?;
            output::one(form, &answer.into_inner())
        }
        Verb::List { after, which } => {
            let kinds = which.kinds();
            let mut request =
                v1::ListChangesRequest { organization_id, resume_token: after, kinds, page_size: 1_000, ..Default::default() };
            loop {
                let answer = service.list_changes(request.clone()).await.map_err(refused)?.into_inner();
                for commit in &answer.commits {
                    if line(&output::json(commit)?)? == Reader::Gone {
                        return Ok(());
                    }
                }
                if answer.resume_token == request.resume_token {
                    return line(&serde_json::json!({ "resume_token": answer.resume_token })).map(|_| ());
                }
                request.resume_token = answer.resume_token;
            }
        }
        Verb::Watch { from, which, before } => {
            let kinds = which.kinds();
            let start = Some(from.start());
            let request = v1::WatchChangesRequest { organization_id, start, kinds, include_before: before, ..Default::default() };
            follow(service, request).await
        }
    }
}

impl From {
    fn start(self) -> Start {
        match self {
            From { after: Some(token), .. } => Start::ResumeToken(token),
            From { snapshot: true, .. } => Start::Snapshot(true),
            From { earliest: true, .. } => Start::Earliest(true),
            From { .. } => Start::Latest(true),
        }
    }
}

/// Prints what comes, and comes again when a stream ends.
async fn follow(mut service: ChangeServiceClient<super::connect::Authorized>, mut request: v1::WatchChangesRequest) -> Done {
    loop {
        let mut stream = match service.watch_changes(request.clone()).await {
            Ok(answer) => answer.into_inner(),
            Err(status) => {
                wait(status).await?;
                continue;
            }
        };
        loop {
            match stream.message().await {
                Ok(Some(message)) => {
                    if line(&output::json(&message)?)? == Reader::Gone {
                        return Ok(());
                    }
                    // A stream that has ended goes on where it was.
                    if !matches!(message.message, Some(Message::Ending(_))) {
                        request.start = Some(Start::ResumeToken(message.resume_token));
                    }
                }
                Ok(None) => break,
                Err(status) => {
                    wait(status).await?;
                    break;
                }
            }
        }
    }
}

/// Waits as long as the server says, where coming again helps.
async fn wait(status: Status) -> Result<(), Failure> {
    if status.code() != Code::Unavailable {
        return Err(refused(status));
    }
    let delay = status.get_details_retry_info().and_then(|info| info.retry_delay).unwrap_or(AGAIN);
    tokio::time::sleep(delay).await;
    Ok(())
}
