//! A deadline for calls that name none.

use crate::{api::method, limits::CALL_TIME};
use http::{Request, Response};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use tonic::{Status, body::Body};
use tower::{Layer, Service};

/// Ends the work of a call after [`CALL_TIME`] unless the client named a deadline (tonic honours that one) or uploads
/// a stream, which may take as long as it moves. For a streamed answer the time runs until its first message.
#[derive(Debug, Clone, Copy)]
pub(super) struct DeadlineLayer;

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadline<S>;

    fn layer(&self, inner: S) -> Deadline<S> {
        Deadline(inner)
    }
}

/// A router whose calls end.
#[derive(Debug, Clone)]
pub(super) struct Deadline<S>(S);

impl<S, B> Service<Request<B>> for Deadline<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let path = request.uri().path();
        let unbounded = request.headers().contains_key("grpc-timeout")
            || path.starts_with("/grpc.")
            || method::ALL.iter().any(|method| method.uploads && method.path == path);
        let answer = self.0.call(request);
        if unbounded {
            return Box::pin(answer);
        }
        Box::pin(async move {
            match tokio::time::timeout(CALL_TIME, answer).await {
                Ok(answer) => answer,
                Err(_) => Ok(Status::deadline_exceeded("The call took longer than 30 s and named no deadline of its own.").into_http()),
            }
        })
    }
}
