//! `roster load`: asks a server for one thing again and again, for `scripts/bench`. Hidden, since it is no command for
//! administrators.

mod http;
mod watch;

use super::{
    Done, Failure,
    connect::{Authorized, ClientSettings, refused},
    output,
};
use crate::api::v1::{
    self, batch_check_access_request::Item, batch_check_access_request::item::Asked, group_service_client::GroupServiceClient,
    member_delta::Action, principal_ref::Principal, role_service_client::RoleServiceClient, user_ref::Ref,
    user_service_client::UserServiceClient,
};
use clap::{Args, ValueEnum};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tonic::{Status, client::Grpc, codegen::http::uri::PathAndQuery};
use tonic_prost::ProstCodec;

/// Users asked for by one batch.
const BATCH: usize = 100;
/// The floor's path; see `server/echo.rs`.
const ECHO: &str = "/roster.bench.Echo/Echo";

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    Echo,
    GetUser,
    BatchGetUsers,
    CreateUser,
    Member,
    CheckAccess,
    ScimGet,
    ScimPost,
}

#[derive(Debug, Args)]
pub(super) struct Load {
    /// What is asked for.
    what: What,
    /// Calls under way at once.
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    in_flight: usize,
    /// How long.
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    seconds: f64,
    /// Streams of changes that are followed meanwhile.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    watchers: usize,
    /// Ids of users, one a line.
    #[arg(long, value_name = "FILE")]
    ids: Option<PathBuf>,
    /// The group that members are added to, one after the other, and removed from.
    #[arg(long, value_name = "ID", default_value = "")]
    group: String,
    /// The SCIM base URL.
    #[arg(long, value_name = "URL", default_value = "")]
    base: String,
    /// The token for it.
    #[arg(long, value_name = "TOKEN", env = "ROSTER_SCIM_TOKEN", hide_env_values = true, default_value = "")]
    scim_token: String,
    #[command(flatten)]
    client: ClientSettings,
}

/// What all that ask share.
struct Target {
    load: Load,
    organization_id: String,
    ids: Vec<String>,
    next: AtomicUsize,
    /// What new names begin with.
    run: String,
}

pub(super) async fn run(load: Load) -> Done {
    let session = load.client.open().await?;
    let organization_id = session.organization().await?;
    let ids = match &load.ids {
        Some(file) => {
            let text = std::fs::read_to_string(file).map_err(|error| Failure::settings(format!("--ids cannot be read: {error}.")))?;
            text.lines().map(str::to_owned).collect()
        }
        None => Vec::new(),
    };
    if ids.is_empty() && !matches!(load.what, What::Echo | What::CreateUser | What::ScimPost) {
        return Err(Failure::settings("--ids is needed for this."));
    }
    let (count, seconds) = (load.in_flight, load.seconds);
    let run = format!("load-{}", crate::clock::Clock::system().new_id());
    let target = Arc::new(Target { load, organization_id, ids, next: AtomicUsize::new(0), run });
    let watchers = watch::Watchers::open(&target, &session.channel).await?;
    let begun = Instant::now();
    let until = begun + Duration::from_secs_f64(seconds);
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..count {
        let (target, channel) = (Arc::clone(&target), session.channel.clone());
        asking.spawn(async move {
            let mut asker = Asker::new(&target, channel).await?;
            let mut took = Vec::new();
            while Instant::now() < until {
                let begun = Instant::now();
                asker.ask(&target).await?;
                took.push(begun.elapsed());
            }
            Ok::<_, Failure>(took)
        });
    }
    let mut took = Vec::new();
    while let Some(some) = asking.join_next().await {
        took.extend(some.map_err(|error| Failure::refused(format!("The load ended early: {error}.")))??);
    }
    let seconds = begun.elapsed().as_secs_f64();
    let mut delays = watchers.see(took.len()).await?;
    let told = serde_json::json!({
        "calls": took.len(),
        "seconds": seconds,
        "p50_us": part(&mut took, 50),
        "p99_us": part(&mut took, 99),
        "deliveries": delays.len(),
        "delivery_p50_us": part(&mut delays, 50),
        "delivery_p99_us": part(&mut delays, 99),
    });
    output::say(told.to_string())
}

/// The time, in microseconds, that so many of a hundred stay below; 0 without any.
fn part(times: &mut [Duration], hundredths: usize) -> u128 {
    times.sort_unstable();
    times.get(times.len() * hundredths / 100).map_or(0, Duration::as_micros)
}

/// One that asks, again and again.
struct Asker {
    channel: Authorized,
    users: UserServiceClient<Authorized>,
    groups: GroupServiceClient<Authorized>,
    roles: RoleServiceClient<Authorized>,
    http: Option<http::Connection>,
}

impl Asker {
    async fn new(target: &Target, channel: Authorized) -> Result<Asker, Failure> {
        let http = match target.load.what {
            What::ScimGet | What::ScimPost => Some(http::Connection::open(&target.load.base, &target.load.scim_token).await?),
            _ => None,
        };
        let (users, groups) = (UserServiceClient::new(channel.clone()), GroupServiceClient::new(channel.clone()));
        Ok(Asker { users, groups, roles: RoleServiceClient::new(channel.clone()), channel, http })
    }

    async fn ask(&mut self, target: &Target) -> Done {
        let turn = target.next.fetch_add(1, Ordering::Relaxed);
        // A step that meets everybody, in no order that a cache would like.
        let id = |turn: usize| target.ids.get(turn.wrapping_mul(7_919) % target.ids.len().max(1)).cloned().unwrap_or_default();
        let organization_id = target.organization_id.clone();
        let by_id = |id| v1::UserRef { r#ref: Some(Ref::Id(id)) };
        let principal = |id| Some(v1::PrincipalRef { principal: Some(Principal::UserId(id)) });
        match target.load.what {
            What::Echo => self.echo().await.map_err(refused),
            What::GetUser => {
                let request = v1::GetUserRequest { organization_id, user: Some(by_id(id(turn))), ..v1::GetUserRequest::default() };
                self.users.get_user(request).await.map(drop).map_err(refused)
            }
            What::BatchGetUsers => {
                let users = (0..BATCH).map(|n| by_id(id(turn.wrapping_mul(BATCH).wrapping_add(n)))).collect();
                let request = v1::BatchGetUsersRequest { organization_id, users, ..v1::BatchGetUsersRequest::default() };
                self.users.batch_get_users(request).await.map(drop).map_err(refused)
            }
            What::CreateUser => {
                let user_name = format!("{}-{turn}@example.com", target.run);
                let email = v1::MultiValue { value: Some(user_name.clone()), r#type: Some("work".into()), ..v1::MultiValue::default() };
                let user = Some(v1::User { user_name, emails: vec![email], active: Some(true), ..v1::User::default() });
                let request = v1::CreateUserRequest { organization_id, user, ..v1::CreateUserRequest::default() };
                self.users.create_user(request).await.map(drop).map_err(refused)
            }
            What::Member => {
                // In, and out again: the group stays as large as it is.
                let action = if turn.is_multiple_of(2) { Action::Add } else { Action::Remove };
                let delta = v1::MemberDelta { action: action.into(), member: principal(id(turn / 2)) };
                let (group_id, deltas) = (target.load.group.clone(), vec![delta]);
                let request =
                    v1::ModifyGroupMembersRequest { organization_id, group_id, deltas, ..v1::ModifyGroupMembersRequest::default() };
                self.groups.modify_group_members(request).await.map(drop).map_err(refused)
            }
            What::CheckAccess => {
                let asked = Some(Asked::GroupId(target.load.group.clone()));
                let items = vec![Item { principal: principal(id(turn)), asked, scope: String::new() }];
                let request = v1::BatchCheckAccessRequest { organization_id, items, ..v1::BatchCheckAccessRequest::default() };
                self.roles.batch_check_access(request).await.map(drop).map_err(refused)
            }
            What::ScimGet => self.http("GET", &format!("/Users/{}", id(turn)), "", 200).await,
            What::ScimPost => {
                let name = format!("{}-{turn}@example.com", target.run);
                let body = serde_json::json!({
                    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                    "userName": name,
                    "externalId": name,
                    "emails": [{ "value": name, "type": "work", "primary": true }],
                    "active": true,
                });
                self.http("POST", "/Users", &body.to_string(), 201).await
            }
        }
    }

    async fn echo(&mut self) -> Result<(), Status> {
        let mut grpc = Grpc::new(&mut self.channel);
        grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let codec = ProstCodec::<(), v1::User>::default();
        grpc.unary(tonic::Request::new(()), PathAndQuery::from_static(ECHO), codec).await.map(drop)
    }

    async fn http(&mut self, method: &str, path: &str, body: &str, expected: u16) -> Done {
        let Some(http) = &mut self.http else { return Err(Failure::settings("--base is needed for this.")) };
        match http.ask(method, path, body).await? {
            status if status == expected => Ok(()),
            status => Err(Failure::refused(format!("{method} {path} is answered with {status}."))),
        }
    }
}
