//! `TransferService`: a whole organization out of one store and into another.

mod admit;
mod bring;
mod bring_people;
mod bring_policy;
mod export;
mod import;
mod record;
mod running;
mod token;

use super::{
    Credentials, Error, Reply, Result,
    core::{Call, Directory},
};
use crate::{
    access::Resolver as _,
    api::{
        BoxStream,
        v1::{
            ErrorReason, ExportDirectoryRequest, ExportDirectoryResponse, ImportDirectoryRequest, ImportDirectoryResponse,
            transfer_service_server::TransferService,
        },
    },
    limits,
    store::SYSTEM,
};
use running::Exports;
use std::{sync::Arc, time::Instant};
use tonic::{Request, Response, Streaming};

/// How records are written.
const FORMAT: u32 = 1;

/// Organizations as streams of records.
#[derive(Debug, Clone)]
pub struct Transfers {
    directory: Arc<Directory>,
    credentials: Credentials,
    exports: Exports,
}

/// When it was last asked whether a stream's credential stands, and what had been changed by then.
#[derive(Debug)]
struct Asked {
    generation: u64,
    at: Instant,
}

impl Asked {
    /// A stream begins: before it was let in somebody asked, but since then its header may have been long in coming.
    fn never() -> Self {
        Asked { generation: u64::MAX, at: Instant::now() }
    }
}

impl Transfers {
    pub(super) fn new(directory: Arc<Directory>, credentials: Credentials) -> Self {
        Transfers { directory, credentials, exports: Exports::default() }
    }

    /// Whether the credential that a stream was opened with is still good for it: asked when this process changed something that
    /// credentials hang on, and every second otherwise.
    async fn check_again(&self, asked: &mut Asked, call: &Call, scope: &str, organization: &str) -> Result<()> {
        let generation = self.credentials.generation();
        if asked.generation == generation && asked.at.elapsed() < limits::TRANSFER_STANDING {
            return Ok(());
        }
        let at = Instant::now();
        let caller = self.credentials.again(&call.caller.token_id).await?;
        if !caller.scopes.has(scope) {
            return Err(Error::scope_missing(scope));
        }
        if !caller.may_enter(organization) {
            return Err(Error::organization_denied());
        }
        *asked = Asked { generation, at };
        Ok(())
    }
}

/// Refuses who does not see and may not write all of an organization, and the organization that is the server's own.
fn admit(call: &Call, organization: &str) -> Result<()> {
    if call.caller.connection.is_some() {
        let why = "A connection neither sees nor writes all of its organization; use a service account.";
        return Err(Error::new(ErrorReason::Policy, why).with("policy", "CONNECTION"));
    }
    if organization == SYSTEM {
        return Err(Error::value("organization_id", "The organization \"system\" is the server's own; it is not transferred."));
    }
    Ok(())
}

#[tonic::async_trait]
impl TransferService for Transfers {
    type ExportDirectoryStream = BoxStream<ExportDirectoryResponse>;
    type ImportDirectoryStream = BoxStream<ImportDirectoryResponse>;

    async fn export_directory(&self, request: Request<ExportDirectoryRequest>) -> Reply<Self::ExportDirectoryStream> {
        let (call, request) = Call::of(request)?;
        Ok(Response::new(Box::pin(export::begin(self, call, request).await?)))
    }

    async fn import_directory(&self, request: Request<Streaming<ImportDirectoryRequest>>) -> Reply<Self::ImportDirectoryStream> {
        let (call, stream) = Call::of(request)?;
        Ok(Response::new(Box::pin(import::begin(self, call, stream).await?)))
    }
}
