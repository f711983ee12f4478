//! `ProvisioningService`: connections, tokens, schemas, and who calls.

use super::{Directory, Reply, caller, connections, deviations, schemas, tokens};
use crate::api::v1::{
    CreateConnectionRequest, CreateConnectionResponse, DeleteConnectionRequest, DeleteConnectionResponse, DeleteSchemaRequest,
    DeleteSchemaResponse, GetCallerRequest, GetCallerResponse, GetConnectionRequest, GetConnectionResponse, GetDeviationReportRequest,
    GetDeviationReportResponse, IssueTokenRequest, IssueTokenResponse, ListConnectionsRequest, ListConnectionsResponse, ListSchemasRequest,
    ListSchemasResponse, ListTokensRequest, ListTokensResponse, PutSchemaRequest, PutSchemaResponse, RevokeTokenRequest,
    RevokeTokenResponse, RotateTokenRequest, RotateTokenResponse, UpdateConnectionRequest, UpdateConnectionResponse,
    provisioning_service_server::ProvisioningService,
};
use std::sync::Arc;
use tonic::Request;

/// What identity providers need, and who they are.
#[derive(Debug, Clone)]
pub struct Provisioning(pub(super) Arc<Directory>);

#[tonic::async_trait]
impl ProvisioningService for Provisioning {
    async fn create_connection(&self, request: Request<CreateConnectionRequest>) -> Reply<CreateConnectionResponse> {
        connections::create(&self.0, request).await
    }

    async fn get_connection(&self, request: Request<GetConnectionRequest>) -> Reply<GetConnectionResponse> {
        connections::get(&self.0, request).await
    }

    async fn list_connections(&self, request: Request<ListConnectionsRequest>) -> Reply<ListConnectionsResponse> {
        connections::list(&self.0, request).await
    }

    async fn update_connection(&self, request: Request<UpdateConnectionRequest>) -> Reply<UpdateConnectionResponse> {
        connections::update(&self.0, request).await
    }

    async fn delete_connection(&self, request: Request<DeleteConnectionRequest>) -> Reply<DeleteConnectionResponse> {
        connections::delete(&self.0, request).await
    }

    async fn issue_token(&self, request: Request<IssueTokenRequest>) -> Reply<IssueTokenResponse> {
        tokens::issue(&self.0, request).await
    }

    async fn rotate_token(&self, request: Request<RotateTokenRequest>) -> Reply<RotateTokenResponse> {
        tokens::rotate(&self.0, request).await
    }

    async fn list_tokens(&self, request: Request<ListTokensRequest>) -> Reply<ListTokensResponse> {
        tokens::list(&self.0, request).await
    }

    async fn revoke_token(&self, request: Request<RevokeTokenRequest>) -> Reply<RevokeTokenResponse> {
        tokens::revoke(&self.0, request).await
    }

    async fn list_schemas(&self, request: Request<ListSchemasRequest>) -> Reply<ListSchemasResponse> {
        schemas::list(&self.0, request).await
    }

    async fn put_schema(&self, request: Request<PutSchemaRequest>) -> Reply<PutSchemaResponse> {
        schemas::put(&self.0, request).await
    }

    async fn delete_schema(&self, request: Request<DeleteSchemaRequest>) -> Reply<DeleteSchemaResponse> {
        schemas::delete(&self.0, request).await
    }

    async fn get_deviation_report(&self, request: Request<GetDeviationReportRequest>) -> Reply<GetDeviationReportResponse> {
        deviations::report(&self.0, request).await
    }

    async fn get_caller(&self, request: Request<GetCallerRequest>) -> Reply<GetCallerResponse> {
        caller::get(&self.0, &request)
    }
}
