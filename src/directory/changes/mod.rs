//! `ChangeService`.

mod list;
mod retention;
mod shown;
mod snapshot;
mod standing;
mod start;
mod watch;

use super::{
    Credentials, Error, Reply, Result,
    core::{Call, Directory},
};
use crate::{
    api::{
        BoxStream,
        v1::{
            ErrorReason, GetRevisionsRequest, GetRevisionsResponse, ListChangesRequest, ListChangesResponse, WatchChangesRequest,
            WatchChangesResponse, change_service_server::ChangeService,
        },
    },
    feed::{Feed, token::Token},
    limits,
    store::{Place, Reader},
};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response};

pub use retention::Retention;
use standing::Wardens;

/// How the feed is kept and told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedOptions {
    /// Days that changes are kept.
    pub days: i64,
    /// Commits of an organization that are kept at most; absent = as many as there are.
    pub most: Option<i64>,
    /// How long a stream lives, give or take a tenth.
    pub stream_age: Duration,
}

impl Default for FeedOptions {
    fn default() -> Self {
        FeedOptions { days: limits::FEED_DAYS, most: Some(limits::FEED_COMMITS), stream_age: limits::STREAM_AGE }
    }
}

/// The history of organizations.
#[derive(Debug, Clone)]
pub struct Changes {
    directory: Arc<Directory>,
    feed: Feed,
    wardens: Wardens,
    options: FeedOptions,
    /// Streams end when this does.
    drain: CancellationToken,
}

impl Changes {
    /// Over a directory, with those who know its credentials.
    pub(super) fn new(directory: Arc<Directory>, credentials: Credentials, options: FeedOptions) -> Self {
        let feed = Feed::new(directory.store.clone(), directory.clock.clone());
        let wardens = Wardens::new(credentials, directory.clock.clone());
        Changes { directory, feed, wardens, options, drain: CancellationToken::new() }
    }

    /// Ends the streams: each says so first.
    pub fn drain(&self) {
        self.drain.cancel();
    }

    /// What lets go of old changes.
    pub fn retention(&self) -> Retention {
        Retention::new(Arc::clone(&self.directory), self.options.clone())
    }

    /// Refuses places that are not there: before what is kept, or behind what was ever written.
    fn reach(&self, reader: &Reader, place: Place) -> Result<()> {
        let head = reader.revision();
        if place.revision > head || (place.index > 0 && place.revision == head) {
            return Err(Error::new(ErrorReason::RevisionUnknown, "The resume token names a revision that was never made."));
        }
        if place.revision < reader.compacted() {
            let store = &self.directory.store;
            let earliest = Token::at(store, Place::behind(reader.compacted()), None).seal(store, reader.organization());
            let why = "The changes after the resume token are not kept any more; take a snapshot.";
            return Err(Error::new(ErrorReason::RevisionCompacted, why).with("earliest", earliest));
        }
        Ok(())
    }
}

/// Who does not see all of an organization gets none of its history.
fn require_whole_sight(call: &Call) -> Result<()> {
    if call.caller.connection.is_none() {
        return Ok(());
    }
    let why = "A connection does not see all of its organization, so it gets none of its history; use a service account.";
    Err(Error::new(ErrorReason::Policy, why).with("policy", "CONNECTION"))
}

/// What is refused where too much is open.
fn crowded() -> Error {
    let why = "Too many streams are open, or pulls are waiting; close some, or come again later.";
    Error::new(ErrorReason::Rate, why).after(limits::WATCH_AGAIN)
}

/// A span of time from the contract, within bounds.
fn span(field: &'static str, given: Option<prost_types::Duration>, least: Duration, most: Duration) -> Result<Option<Duration>> {
    let Some(given) = given else { return Ok(None) };
    let refused = || Error::value(field, format!("{field} takes {} s to {} s.", least.as_secs(), most.as_secs()));
    // The contract's form has both parts of one sign, and less than a second in nanos.
    if !(0..1_000_000_000).contains(&given.nanos) {
        return Err(refused());
    }
    let span = Duration::try_from(given).map_err(|_| refused())?;
    if (least..=most).contains(&span) { Ok(Some(span)) } else { Err(refused()) }
}

#[tonic::async_trait]
impl ChangeService for Changes {
    type WatchChangesStream = BoxStream<WatchChangesResponse>;

    async fn watch_changes(&self, request: Request<WatchChangesRequest>) -> Reply<Self::WatchChangesStream> {
        let (call, request) = Call::of(request)?;
        require_whole_sight(&call)?;
        Ok(Response::new(Box::pin(watch::begin(self, call, request).await?)))
    }

    async fn list_changes(&self, request: Request<ListChangesRequest>) -> Reply<ListChangesResponse> {
        let (call, request) = Call::of(request)?;
        require_whole_sight(&call)?;
        Ok(Response::new(list::list(self, &call, request).await?))
    }

    async fn get_revisions(&self, request: Request<GetRevisionsRequest>) -> Reply<GetRevisionsResponse> {
        let (_, request) = Call::of(request)?;
        let reader = self.directory.read(&request.organization_id, None).await?;
        let (compacted, head) = (reader.compacted(), reader.revision());
        Ok(Response::new(GetRevisionsResponse {
            earliest: if compacted < head { self.directory.revision(reader.organization(), compacted + 1) } else { None },
            latest: self.directory.revision(reader.organization(), head),
            retention: Some(prost_types::Duration { seconds: self.options.days.saturating_mul(86_400), nanos: 0 }),
            retained_commits: self.options.most.unwrap_or(0),
        }))
    }
}
