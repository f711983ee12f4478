//! An answer's body that ends at a deadline.

use http::HeaderMap;
use http_body::{Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll},
};
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::{Status, body::Body, codegen::Bytes};

/// A body that is dropped, and what works for it with it, when its time is over; it ends with a status then.
pub(super) struct Bounded {
    /// None when it has ended.
    inner: Option<Body>,
    until: Instant,
    timer: Option<Pin<Box<Sleep>>>,
    status: Status,
}

impl Bounded {
    /// Ends `inner` at `until` with this status.
    pub(super) fn new(inner: Body, until: Instant, status: Status) -> Self {
        Bounded { inner: Some(inner), until, timer: None, status }
    }
}

impl http_body::Body for Bounded {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let Some(inner) = &mut this.inner else { return Poll::Ready(None) };
        if let Poll::Ready(frame) = http_body::Body::poll_frame(Pin::new(inner), cx) {
            return Poll::Ready(frame);
        }
        // Answers that are there at once never pay for a timer.
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until(this.until)));
        if timer.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        this.inner = None;
        let mut trailers = HeaderMap::new();
        Poll::Ready(Some(this.status.add_header(&mut trailers).map(|()| Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map_or_else(|| SizeHint::with_exact(0), http_body::Body::size_hint)
    }
}
