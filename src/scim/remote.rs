//! The service traits over a channel: the façade in front of a remote directory.

use crate::{
    api::{BoxStream, v1},
    limits::CALL_TIME,
};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::sync::oneshot;
use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming, transport::Channel};

/// A generated client that is a service. Metadata (the caller's own token, the deadline) travels along.
#[derive(Debug, Clone)]
pub struct Remote<C>(pub C);

include!(concat!(env!("OUT_DIR"), "/remote.rs"));

fn boxed<T: Send + 'static>(stream: Streaming<T>) -> BoxStream<T> {
    Box::pin(stream)
}

/// Ends a call that takes too long, whatever holds it up: making the connection, waiting for a place on it, the directory.
/// For a streamed answer the time runs until it begins.
async fn timed<T>(call: impl Future<Output = Result<Response<T>, Status>>) -> Result<Response<T>, Status> {
    match tokio::time::timeout(CALL_TIME, call).await {
        Ok(answer) => answer,
        Err(_) => Err(Status::unavailable("the directory did not answer in time")),
    }
}

/// Forwards a client stream. A broken upload must break the call, never end it well: a generated client's
/// stream cannot carry an error, so on an error the stream stays pending and the call is dropped, which resets it.
async fn upload<T, R, F>(request: Request<Streaming<T>>, call: impl FnOnce(Request<Upload<T>>) -> F) -> Result<Response<R>, Status>
where
    F: Future<Output = Result<Response<R>, Status>>,
{
    let (broken, why) = oneshot::channel();
    let request = request.map(|from| Upload { from, broken: Some(broken) });
    tokio::select! {
        biased;
        Ok(status) = why => Err(status),
        answer = call(request) => answer,
    }
}

struct Upload<T> {
    from: Streaming<T>,
    broken: Option<oneshot::Sender<Status>>,
}

impl<T> Stream for Upload<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        match Pin::new(&mut self.from).poll_next(cx) {
            Poll::Ready(Some(Err(status))) => {
                if let Some(broken) = self.broken.take() {
                    // Nobody listens any more only if the call is already over.
                    let _ = broken.send(status);
                }
                Poll::Pending
            }
            Poll::Ready(Some(Ok(message))) => Poll::Ready(Some(message)),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}
