//! What surrounds every request on either face: an id, one log line, and a net under panics.

use crate::{
    api::method,
    clock::Clock,
    telemetry::{Served, metrics},
};
use http::{HeaderName, HeaderValue, Method, Request, Response};
use std::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};
use tonic::Code;
use tower::{Layer, Service};
use tracing::Instrument;

/// The answer's header that names the request; the log has the same id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives every request an id and writes one line about it.
#[derive(Debug, Clone)]
pub(super) struct RequestLayer {
    pub(super) face: &'static str,
    pub(super) clock: Clock,
}

impl<S> Layer<S> for RequestLayer {
    type Service = Requests<S>;

    fn layer(&self, inner: S) -> Requests<S> {
        Requests { inner, layer: self.clone() }
    }
}

/// A router whose requests have ids.
#[derive(Debug, Clone)]
pub(super) struct Requests<S> {
    inner: S,
    layer: RequestLayer,
}

impl<S, B, R> Service<Request<B>> for Requests<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let next = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, next);
        let id = self.layer.clock.new_id();
        let started = Instant::now();
        let (face, subject, method) = (self.layer.face, subject(request.uri().path()), verb(request.method()));
        let span = tracing::info_span!("request", id, face, subject);
        let answer = async move {
            let mut response = inner.call(request).await?;
            let (took, status) = (started.elapsed(), response.status().as_u16());
            let milliseconds = took.as_millis();
            // gRPC says how a refused call went in a header; a stream or a good call has none here.
            let grpc = response.headers().get("grpc-status").map(|code| Code::from_bytes(code.as_bytes()));
            let Served { organization, connection, provider } = response.extensions_mut().remove().unwrap_or_default();
            let code = grpc.map_or(0, i32::from);
            tracing::info!(method, status, grpc = code, organization, connection, provider, milliseconds, "answered");
            let status = match (face, grpc) {
                ("grpc", code) => format!("{:?}", code.unwrap_or(Code::Ok)),
                _ => status.to_string(),
            };
            metrics::request(face, subject, method, status, took);
            if let Ok(id) = HeaderValue::from_str(&id) {
                response.headers_mut().insert(REQUEST_ID, id);
            }
            Ok(response)
        };
        Box::pin(answer.instrument(span))
    }
}

/// A request's method, from a closed list.
fn verb(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

/// What a request was about, from a closed list: safe to log.
///
/// A gRPC method of the contract is its path; a SCIM request is its endpoint; everything else is "other".
fn subject(path: &str) -> &'static str {
    const ENDPOINTS: [&str; 14] = [
        "Users",
        "Groups",
        "Bulk",
        "Me",
        "Schemas",
        "ResourceTypes",
        "ServiceProviderConfig",
        ".search",
        "openapi.json",
        "alive",
        "now",
        "proto",
        "ready",
        "readyz",
    ];
    if let Some(method) = method::ALL.iter().find(|method| method.path == path) {
        return method.path;
    }
    path.split('/').find_map(|part| ENDPOINTS.into_iter().find(|endpoint| endpoint.eq_ignore_ascii_case(part))).unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row 46 (Bitwarden)
    #[test]
    fn a_log_line_names_the_endpoint_and_nothing_the_client_wrote() {
        assert_eq!(subject("/roster.v1.UserService/GetUser"), "/roster.v1.UserService/GetUser");
        assert_eq!(subject("/scim/v2/acme/Users/ann@example.com"), "Users");
        assert_eq!(subject("/readyz"), "readyz");
        assert_eq!(subject("/roster.v1.UserService/ann@example.com"), "other");
        assert_eq!(subject("/"), "other");
    }
}
