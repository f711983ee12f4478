//! The deadline of every call: the one it names, or one of ours.

use super::bounded::Bounded;
use crate::{
    api::{method, v1::ErrorReason},
    directory::Error,
    limits::CALL_TIME,
};
use http::{Request, Response};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, timeout_at};
use tonic::{Status, body::Body};
use tower::{Layer, Service};

/// So much earlier than the client's own clock and tonic's, which would answer `CANCELLED`, ends a call that names its deadline.
const EARLIER: Duration = Duration::from_millis(2);

/// Ends the work of a call at the deadline it names (`grpc-timeout`), or after [`CALL_TIME`] unless it uploads a stream, which may
/// take as long as it moves. A write that waits for its turn in a lane then is not done. A streamed answer ends at the deadline that
/// was named; without one the time runs until its first message.
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
        let named = request.headers().get("grpc-timeout").and_then(|value| parse(value.to_str().ok()?));
        let unbounded = path.starts_with("/grpc.") || method::ALL.iter().any(|method| method.uploads && method.path == path);
        let time = match named {
            Some(named) => Some(named.saturating_sub(EARLIER)),
            None => (!unbounded).then_some(CALL_TIME),
        };
        let answer = self.0.call(request);
        let Some(until) = time.and_then(|time| Instant::now().checked_add(time)) else { return Box::pin(answer) };
        Box::pin(async move {
            match timeout_at(until, answer).await {
                Ok(answer) if named.is_some() => answer.map(|answer| answer.map(|body| Body::new(Bounded::new(body, until, over(true))))),
                Ok(answer) => answer,
                Err(_) => Ok(over(named.is_some()).into_http()),
            }
        })
    }
}

/// What a call ends with whose time is over.
fn over(named: bool) -> Status {
    let why = if named {
        "The call took longer than the deadline it named."
    } else {
        "The call took longer than 30 s and named no deadline of its own."
    };
    Status::from(Error::new(ErrorReason::DeadlineExceeded, why))
}

/// A timeout as gRPC writes it: up to eight digits and a unit.
fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let count = Some(digits).filter(|digits| digits.len() <= 8 && digits.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(3_600 * count),
        "M" => Duration::from_secs(60 * count),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_digits_and_a_unit() {
        assert_eq!(parse("2H"), Some(Duration::from_hours(2)));
        assert_eq!(parse("99999999S"), Some(Duration::from_secs(99_999_999)));
        assert_eq!(parse("150m"), Some(Duration::from_millis(150)));
        for odd in ["", "S", "-1S", "1", "1s", "100000000S", "1.5S", "ü"] {
            assert_eq!(parse(odd), None, "{odd}");
        }
    }
}
