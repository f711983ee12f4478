//! The HTTP face: the façade, `/alive`, `/now`, `/ready` and `/proto/`, over hyper's own connection builder because axum's sets no timer.

use super::{
    Health,
    body::Paced,
    excuse::Excuse,
    gate::Gate,
    published,
    requests::RequestLayer,
    stream::{Stream, Version},
};
use crate::{clock::Clock, limits};
use axum::{
    Router,
    body::Body,
    extract::State,
    http::{Response, StatusCode, header},
    routing::get,
};
use hyper::service::Service as HyperService;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use std::any::Any;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::{Service, ServiceBuilder};
use tower_http::catch_panic::CatchPanicLayer;

/// Accepts, serves and drains; returns when the last connection has ended.
pub(super) async fn serve(gate: Gate, listener: TcpListener, facade: Router, health: Health, clock: Clock, stop: CancellationToken) {
    // Whether the server is there and ready is said to anybody, and without asking who it is.
    let now = {
        let clock = clock.clone();
        get(async move || format!("{}\n", clock.text()))
    };
    let ready = get(ready).with_state(health);
    let router = Router::new().route("/alive", now.clone()).route("/now", now).route("/ready", ready.clone()).route("/readyz", ready);
    let router = router.merge(published::router()).fallback_service(facade);
    // Around the whole router, never per route: what is routed was seen by all of them.
    let service = ServiceBuilder::new()
        .layer(RequestLayer { face: "http", clock })
        .layer(CatchPanicLayer::custom(apologize))
        .map_request(|request: http::Request<hyper::body::Incoming>| request.map(Paced::new))
        .service(router);
    host(gate, listener, service, stop).await;
}

/// Accepts and serves whatever is behind it, and drains.
pub(super) async fn host<S, B>(gate: Gate, listener: TcpListener, service: S, stop: CancellationToken)
where
    S: Service<http::Request<hyper::body::Incoming>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    S::Error: Into<tonic::codegen::StdError>,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<tonic::codegen::StdError>,
{
    let connections = TaskTracker::new();
    let drained = connections.clone();
    let stopping = stop.clone();
    gate.accept(listener, stop, move |stream, version| {
        let (peer, inner) = (stream.peer(), service.clone());
        // Who is at the other end is known of every request that comes over it.
        let seen = ServiceBuilder::new().map_request(move |mut request: http::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(peer);
            request
        });
        connections.track_future(converse(stream, version, TowerToHyperService::new(seen.service(inner)), stopping.clone()))
    })
    .await;
    drained.close();
    drained.wait().await;
}

/// One connection, to its end; asked to stop, it finishes what it is at.
async fn converse<S, B>(stream: Stream, version: Version, service: S, stop: CancellationToken)
where
    S: HyperService<http::Request<hyper::body::Incoming>, Response = Response<B>> + Send,
    S::Future: Send + 'static,
    S::Error: Into<tonic::codegen::StdError>,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<tonic::codegen::StdError>,
{
    let builder = builder(version);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(Excuse::new(stream)), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, "a connection broke");
    }
}

fn builder(version: Version) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HEAD_TIME)
        // Up to twice the bounds the façade refuses, by the words of its own; beyond that hyper does.
        .max_headers(2 * limits::HEADERS)
        .max_buf_size(2 * limits::HEAD_BYTES as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits::CONCURRENT_STREAMS)
        .max_header_list_size(2 * limits::HEAD_BYTES)
        .keep_alive_interval(limits::KEEPALIVE_EVERY)
        .keep_alive_timeout(limits::KEEPALIVE_WAIT);
    match version {
        Version::One => builder.http1_only(),
        Version::Two => builder.http2_only(),
    }
}

/// Whether requests should be sent here: what keeps the data answers and the server is not draining.
async fn ready(State(health): State<Health>) -> (StatusCode, &'static str) {
    match health.obstacle().await {
        None => (StatusCode::OK, "ready\n"),
        Some(obstacle) => (StatusCode::SERVICE_UNAVAILABLE, obstacle),
    }
}

/// What a client sees of a panic: a SCIM error, and nothing of the cause.
fn apologize(_cause: Box<dyn Any + Send>) -> Response<Body> {
    const ANSWER: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"500","detail":"A fault of the server; the log says more under this request's id."}"#;
    tracing::error!("a request panicked");
    let mut response = Response::new(Body::from(ANSWER));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/scim+json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;
    use tower::{ServiceExt as _, service_fn};

    #[tokio::test]
    async fn a_panic_is_a_scim_error_that_tells_nothing_of_its_cause() {
        let panics = service_fn(|_: http::Request<Body>| async move {
            assert!(std::env::args().count() == 0, "the secret cause");
            Ok::<_, std::convert::Infallible>(Response::new(Body::empty()))
        });
        let service = ServiceBuilder::new().layer(CatchPanicLayer::custom(apologize)).service(panics);
        let answer = service.oneshot(http::Request::new(Body::empty())).await.unwrap();
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/scim+json");
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let body = std::str::from_utf8(&body).unwrap();
        assert!(body.contains("\"status\":\"500\"") && !body.contains("secret"), "{body}");
    }
}
