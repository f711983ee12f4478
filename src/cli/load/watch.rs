//! Streams of changes that are followed while writes go on: each has to be told every one of them.

use super::{Authorized, Failure, Target, refused, v1};
use crate::api::v1::{change_service_client::ChangeServiceClient, watch_changes_request::Start, watch_changes_response::Message};
use crate::clock::{self, Clock};
use std::time::Duration;
use tokio::{sync::watch, task::JoinSet};
use tonic::Streaming;

/// How long the last writes may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Watchers {
    following: JoinSet<Result<Vec<Duration>, Failure>>,
    /// How many events there are to be seen, once that is known.
    expected: watch::Sender<Option<usize>>,
}

impl Watchers {
    /// As many streams as the load asks for, each open before anything is written.
    pub(super) async fn open(target: &Target, channel: &Authorized) -> Result<Watchers, Failure> {
        let (expected, known) = watch::channel(None);
        let mut following = JoinSet::new();
        for _ in 0..target.load.watchers {
            let request = v1::WatchChangesRequest {
                organization_id: target.organization_id.clone(),
                start: Some(Start::Latest(true)),
                kinds: vec![v1::ResourceKind::User.into()],
                ..v1::WatchChangesRequest::default()
            };
            let mut stream = ChangeServiceClient::new(channel.clone()).watch_changes(request).await.map_err(refused)?.into_inner();
            // The checkpoint that says from where on it tells.
            stream.message().await.map_err(refused)?;
            following.spawn(follow(stream, known.clone()));
        }
        Ok(Watchers { following, expected })
    }

    /// Waits until every stream has told so many events; how long after its commit each arrived.
    pub(super) async fn see(mut self, expected: usize) -> Result<Vec<Duration>, Failure> {
        self.expected.send_replace(Some(expected));
        let mut delays = Vec::new();
        let all = async {
            while let Some(one) = self.following.join_next().await {
                delays.extend(one.map_err(|error| Failure::refused(format!("A watcher ended early: {error}.")))??);
            }
            Ok(())
        };
        match tokio::time::timeout(PATIENCE, all).await {
            Ok(seen) => seen.map(|()| delays),
            Err(_) => Err(Failure::refused(format!("Not every watcher was told of {expected} changes within {PATIENCE:?}."))),
        }
    }
}

async fn follow(
    mut stream: Streaming<v1::WatchChangesResponse>,
    mut known: watch::Receiver<Option<usize>>,
) -> Result<Vec<Duration>, Failure> {
    let mut delays = Vec::new();
    let mut expected = None;
    while expected.is_none_or(|expected| delays.len() < expected) {
        tokio::select! {
            message = stream.message() => match message.map_err(refused)?.and_then(|message| message.message) {
                Some(Message::Commit(commit)) => {
                    let made = commit.commit_time.as_ref().map_or(0, clock::micros);
                    let delay = Duration::from_micros(u64::try_from(Clock::system().now() - made).unwrap_or(0));
                    delays.extend(std::iter::repeat_n(delay, commit.events.len()));
                }
                Some(Message::Ending(_)) | None => return Err(Failure::refused("A stream of changes ended.".to_owned())),
                Some(_) => {}
            },
            changed = known.changed(), if expected.is_none() => match changed {
                Ok(()) => expected = *known.borrow(),
                Err(_) => break,
            },
        }
    }
    Ok(delays)
}
