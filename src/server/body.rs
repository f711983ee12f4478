//! A request body that must keep coming.

use crate::limits::BODY_PAUSE;
use http_body::{Body, Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll},
};
use tokio::time::{Instant, Sleep, sleep};

/// A body that fails when nothing of it arrives for [`BODY_PAUSE`]: a slow sender holds no handler for ever, a large
/// upload that moves is not cut.
pub(super) struct Paced<B> {
    inner: B,
    pause: Option<Pin<Box<Sleep>>>,
}

impl<B> Paced<B> {
    pub(super) fn new(inner: B) -> Self {
        Paced { inner, pause: None }
    }
}

impl<B> Body for Paced<B>
where
    B: Body + Unpin,
    B::Error: Into<tonic::codegen::StdError>,
{
    type Data = B::Data;
    type Error = tonic::codegen::StdError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, Self::Error>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) {
            if let Some(pause) = &mut this.pause {
                pause.as_mut().reset(Instant::now() + BODY_PAUSE);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        // Bodies that are there at once never pay for a timer.
        let pause = this.pause.get_or_insert_with(|| Box::pin(sleep(BODY_PAUSE)));
        pause.as_mut().poll(cx).map(|()| Some(Err("the request body stood still for too long".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
