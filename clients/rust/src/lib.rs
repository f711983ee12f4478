//! What both programs here share: the generated client, a channel, a token on every call, and what to do when a call fails.

use std::{error::Error, time::Duration};
use tonic::{
    Code, Request, Status,
    metadata::AsciiMetadataValue,
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt as _;
use v1::provisioning_service_client::ProvisioningServiceClient;

#[allow(clippy::all, reason = "generated from the contract")]
mod generated {
    pub mod roster {
        pub mod v1 {
            tonic::include_proto!("roster.v1");
        }
    }
    pub mod google {
        pub mod rpc {
            tonic::include_proto!("google.rpc");
        }
    }
}
pub use generated::roster::v1;

/// What a program here may fail with.
pub type Done<T = ()> = Result<T, Box<dyn Error>>;

/// A channel whose calls carry a token.
pub type Authorized = InterceptedService<Channel, Bearer>;

const ATTEMPTS: u32 = 5;

/// What both programs take.
#[derive(Debug, Clone, clap::Args)]
pub struct Arguments {
    /// Where gRPC is served.
    #[arg(long, default_value = "http://127.0.0.1:50051")]
    pub endpoint: String,
    /// A token.
    #[arg(long, env = "ROSTER_TOKEN", hide_env_values = true)]
    pub token: String,
    /// An organization's id; the token's own unless given.
    #[arg(long)]
    pub organization: Option<String>,
}

/// Adds the token to every call.
#[derive(Clone)]
pub struct Bearer(AsciiMetadataValue);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// A channel, and the organization to work in: as asked for, or the caller's own. "https://…" needs the feature "tls".
pub async fn connect(arguments: &Arguments) -> Done<(Authorized, String)> {
    let channel = Endpoint::from_shared(arguments.endpoint.clone())?.connect().await?;
    let channel = InterceptedService::new(channel, Bearer(format!("Bearer {}", arguments.token).parse()?));
    let mut provisioning = ProvisioningServiceClient::new(channel.clone());
    let caller = read(async || provisioning.get_caller(v1::GetCallerRequest {}).await).await?.into_inner();
    let home = caller.organization.unwrap_or_default().id;
    println!("caller: home organization {home}, scopes {}", caller.scopes.join(", "));
    Ok((channel, arguments.organization.clone().unwrap_or(home)))
}

/// The contract's `ErrorReason` of a refused call, such as "NOT_FOUND": switch on this, never on the text.
pub fn reason_of(status: &Status) -> Option<String> {
    status.get_details_error_info().filter(|info| info.domain == "roster.v1").map(|info| info.reason)
}

/// Sends a read again when the server was not there. tonic reads no service config; this is what the published one
/// (`GET /proto/service_config.json`) has other clients do with calls that have no side effects.
pub async fn read<T>(call: impl AsyncFnMut() -> Result<T, Status>) -> Result<T, Status> {
    repeat(call, |code| code == Code::Unavailable).await
}

/// Sends a write until the server has answered it. The `request_id` that is in it makes that safe: whether or not the write
/// was done when the answer was lost, it is done once.
pub async fn write<T>(call: impl AsyncFnMut() -> Result<T, Status>) -> Result<T, Status> {
    repeat(call, |code| matches!(code, Code::Unavailable | Code::DeadlineExceeded)).await
}

async fn repeat<T>(mut call: impl AsyncFnMut() -> Result<T, Status>, again: impl Fn(Code) -> bool) -> Result<T, Status> {
    let mut attempt = 1;
    loop {
        match call().await {
            Err(status) if attempt < ATTEMPTS && again(status.code()) => pause(Duration::from_millis(100 << attempt)).await,
            answer => return answer,
        }
        attempt += 1;
    }
}

/// Waits for at most this long: at random, so that clients do not come back all at once.
pub async fn pause(most: Duration) {
    let dice = f64::from(uuid::Uuid::new_v4().as_fields().0) / f64::from(u32::MAX);
    tokio::time::sleep(most.mul_f64(0.5 + dice / 2.0)).await;
}
