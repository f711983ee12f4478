//! The exports that run on this node, and how one of them is taken.

use super::super::{Error, Result};
use crate::{
    api::v1::{ErrorReason, stream_ending::Reason},
    limits,
};
use futures_util::{Stream, StreamExt as _};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

/// How many exports run, by organization: each holds a snapshot of the store.
#[derive(Debug, Clone, Default)]
pub(super) struct Exports(Arc<Mutex<HashMap<String, usize>>>);

/// An export's place among those that run; given back when this is dropped.
#[derive(Debug)]
pub(super) struct Running {
    exports: Exports,
    organization: String,
}

impl Exports {
    /// Takes a place for an export of this organization.
    ///
    /// # Errors
    /// `RATE` where [`limits::EXPORTS_PER_ORGANIZATION`] or [`limits::EXPORTS`] are running.
    pub(super) fn admit(&self, organization: &str) -> Result<Running> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_it = running.get(organization).copied().unwrap_or_default();
        if of_it >= limits::EXPORTS_PER_ORGANIZATION || running.values().sum::<usize>() >= limits::EXPORTS {
            let why = "Too many exports are running; come again when one has ended.";
            return Err(Error::new(ErrorReason::Rate, why).after(limits::WATCH_AGAIN));
        }
        running.insert(organization.to_owned(), of_it + 1);
        Ok(Running { exports: self.clone(), organization: organization.to_owned() })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut running = self.exports.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = running.get(&self.organization).map_or(0, |of_it| of_it.saturating_sub(1));
        if left == 0 {
            running.remove(&self.organization);
        } else {
            running.insert(self.organization.clone(), left);
        }
    }
}

/// A stream whose answers are told, and how it ends.
type Told<T> = std::result::Result<T, Status>;

/// Hands on what a stream tells, one answer ahead of whoever takes it. When nobody takes any for so long, the stream is let go of with
/// all that it holds, and ends with `STREAM_ENDED` behind what was told.
pub(super) fn taken<T: Send + 'static>(told: impl Stream<Item = Told<T>> + Send + 'static, patience: Duration) -> ReceiverStream<Told<T>> {
    // A place for an answer, and one that is kept for the end.
    let (to, taker) = mpsc::channel(2);
    tokio::spawn(hand_on(told, to, patience));
    ReceiverStream::new(taker)
}

async fn hand_on<T: Send + 'static>(told: impl Stream<Item = Told<T>> + Send, to: mpsc::Sender<Told<T>>, patience: Duration) {
    let Ok(end) = to.clone().reserve_owned().await else { return };
    let mut told = Box::pin(told);
    loop {
        let place = match timeout(patience, to.reserve()).await {
            Ok(Ok(place)) => place,
            Ok(Err(_)) => return,
            Err(_) => break,
        };
        let next = tokio::select! {
            next = told.next() => next,
            // Nobody will take it.
            () = to.closed() => return,
        };
        match next {
            Some(answer) => place.send(answer),
            None => return,
        }
    }
    // Whoever comes again for the rest finds a place.
    drop(told);
    let why = "Nobody took from the export for too long; go on from the last resume token.";
    let name = Reason::SlowConsumer.as_str_name().trim_start_matches("REASON_");
    end.send(Err(Error::new(ErrorReason::StreamEnded, why).with("ending", name).after(Duration::ZERO).into()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use tokio_util::sync::CancellationToken;
    use tonic_types::StatusExt as _;

    #[test]
    fn one_organization_does_not_take_every_place() {
        let exports = Exports::default();
        let refused = |organization: &str| exports.admit(organization).unwrap_err().reason == ErrorReason::Rate;
        let (first, second) = (exports.admit("a").unwrap(), exports.admit("a").unwrap());
        assert!(refused("a"));
        let (_third, _fourth) = (exports.admit("b").unwrap(), exports.admit("c").unwrap());
        assert!(refused("d"));
        drop((first, second));
        let _places = (exports.admit("d").unwrap(), exports.admit("a").unwrap());
        assert!(refused("b"));
    }

    #[tokio::test]
    async fn what_nobody_takes_is_let_go_of_and_ends_behind_what_was_told() {
        let held = CancellationToken::new();
        let guard = held.clone().drop_guard();
        let source = stream::unfold((guard, 0), |(guard, at)| async move { Some((Ok(at), (guard, at + 1))) });

        let mut taker = taken(source, Duration::ZERO);
        held.cancelled().await;

        assert_eq!(taker.next().await.unwrap().unwrap(), 0);
        let end = taker.next().await.unwrap().unwrap_err();
        assert_eq!(end.code(), tonic::Code::Unavailable);
        let info = end.get_details_error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.metadata["ending"].as_str()), ("STREAM_ENDED", "SLOW_CONSUMER"));
        assert!(taker.next().await.is_none());
    }

    #[tokio::test]
    async fn what_is_taken_comes_whole_and_what_nobody_waits_for_is_let_go_of() {
        let all = taken(stream::iter((0..100).map(Ok)), Duration::from_mins(1)).map(Told::unwrap).collect::<Vec<_>>().await;
        assert_eq!(all, (0..100).collect::<Vec<_>>());

        let held = CancellationToken::new();
        let guard = held.clone().drop_guard();
        let endless = stream::unfold(guard, |guard| async move {
            std::future::pending::<()>().await;
            Some((Ok(()), guard))
        });
        drop(taken(endless, Duration::from_mins(1)));
        held.cancelled().await;
    }
}
