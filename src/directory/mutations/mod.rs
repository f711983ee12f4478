//! `DirectoryService`: many writes in one request.

mod apply;
mod batch;
mod edits;
mod plan;
mod progress;
mod references;
mod rehearse;
mod split;
mod together;

use super::core::{Call, Directory};
use crate::{
    access::PartRefused,
    api::v1::{ApplyMutationsRequest, ApplyMutationsResponse, directory_service_server::DirectoryService},
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// Mixed writes in one request.
#[derive(Debug, Clone)]
pub struct Mutations(pub(super) Arc<Directory>);

#[tonic::async_trait]
impl DirectoryService for Mutations {
    async fn apply_mutations(&self, request: Request<ApplyMutationsRequest>) -> Result<Response<ApplyMutationsResponse>, Status> {
        let (call, request) = Call::writing(request)?;
        let (answer, refused) = apply::apply(&self.0, &call, request).await?;
        let mut response = Response::new(answer);
        if let Some(refused) = refused {
            response.extensions_mut().insert(PartRefused(refused.into()));
        }
        Ok(response)
    }
}
