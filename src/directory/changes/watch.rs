//! `WatchChanges`: one stream, driven by whoever takes from it. What it has not taken waits in the table, not in memory.

use super::{
    super::{Error, Result, core::Call},
    Changes, crowded,
    shown::Wanted,
    snapshot,
    standing::Standing,
    start,
};
use crate::{
    access::Caller,
    api::v1::{
        ChangeEvent, Checkpoint, Commit, ErrorReason, ResourceKind, SnapshotComplete, StreamEnding, WatchChangesRequest,
        WatchChangesResponse, principal_ref::Principal, stream_ending::Reason, watch_changes_response::Message,
    },
    feed::{Following, Next, token::Snapshot, token::Token},
    limits,
    store::{Piece, Place},
    telemetry::metrics,
};
use futures_util::{Stream, stream};
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep_until};
use tonic::Status;

/// How long a client may wait before it comes again, where many may come at once.
const SPREAD: Duration = Duration::from_secs(5);

#[allow(clippy::struct_excessive_bools, reason = "each says another thing, and any of them may hold beside the others")]
struct Watch {
    changes: Changes,
    call: Call,
    organization: String,
    wanted: Wanted,
    interval: Duration,
    standing: Standing,
    following: Following,
    /// Everything before it was told.
    place: Place,
    /// Set until the starting state is complete.
    snapshot: Option<Snapshot>,
    /// Read from the table, to be told next.
    read: VecDeque<Arc<Piece>>,
    /// Whether a fragment of the commit at `place` was told.
    open: bool,
    /// Commits passed over since something was said.
    passed: usize,
    /// When something was said.
    said: Instant,
    /// Whether it is to say at once where it is.
    greets: bool,
    /// Whether its credential, or whose it is, has changed at `place`.
    doubt: bool,
    /// Whether what comes next is not kept any more.
    slow: bool,
    /// How long it lives at most.
    until: Instant,
    /// What it ends with, when it has said why.
    end: Option<Error>,
}

/// Begins a stream.
pub(super) async fn begin(
    changes: &Changes,
    call: Call,
    request: WatchChangesRequest,
) -> Result<impl Stream<Item = std::result::Result<WatchChangesResponse, Status>> + Send + use<>> {
    let organization = request.organization_id.clone();
    let mut reader = changes.directory.read(&organization, None).await?;
    let begin = start::check(changes, &mut reader, request).await?;
    let standing = changes.wardens.watch(&call.caller, &organization).ok_or_else(crowded)?;
    let following = changes.feed.follow(&organization, reader.revision()).ok_or_else(crowded)?;
    drop(reader);
    let now = Instant::now();
    // Streams that were opened together do not end together.
    let age = changes.options.stream_age.mul_f64(0.9 + 0.2 * changes.directory.clock.chance());
    let watch = Watch {
        changes: changes.clone(),
        call,
        organization,
        wanted: begin.wanted,
        interval: begin.interval,
        standing,
        following,
        place: begin.place,
        snapshot: begin.snapshot,
        read: VecDeque::new(),
        open: begin.open,
        passed: 0,
        said: now,
        greets: begin.greets,
        doubt: false,
        slow: false,
        until: now + age,
        end: None,
    };
    Ok(stream::unfold(Some(watch), |watch| async {
        let mut watch = watch?;
        match watch.next().await {
            Ok(message) => Some((Ok(message), Some(watch))),
            Err(error) => Some((Err(Status::from(error)), None)),
        }
    }))
}

/// Whether an event is about the credential of a caller, or about the account whose it is.
fn concerns(caller: &Caller, event: &ChangeEvent) -> bool {
    let id = event.resource_id.as_str();
    match event.kind() {
        ResourceKind::Token => id == caller.token_id,
        ResourceKind::ServiceAccount => {
            let principal = caller.principal.as_ref().and_then(|principal| principal.principal.as_ref());
            matches!(principal, Some(Principal::ServiceAccountId(own)) if own == id)
        }
        _ => false,
    }
}

impl Watch {
    /// The next message; the error it ends with.
    async fn next(&mut self) -> Result<WatchChangesResponse> {
        loop {
            if let Some(end) = self.end.take() {
                return Err(end);
            }
            if std::mem::take(&mut self.doubt) && !self.stands().await {
                return Ok(self.ending(Reason::CredentialExpired));
            }
            if let Some(reason) = self.due() {
                return Ok(self.ending(reason));
            }
            if std::mem::take(&mut self.greets) || self.said.elapsed() >= self.interval || self.passed >= limits::CHECKPOINT_COMMITS {
                let revision = self.changes.directory.revision(&self.organization, self.place.revision);
                return Ok(self.say(Message::Checkpoint(Checkpoint { revision })));
            }
            if let Some(message) = self.told().await? {
                return Ok(self.say(message));
            }
        }
    }

    /// What is to be told next; `None` after waiting, or when what came is not for this reader.
    async fn told(&mut self) -> Result<Option<Message>> {
        match self.snapshot.as_ref().map(|snapshot| snapshot.complete_at) {
            Some(None) => return self.chunk().await,
            Some(Some(complete_at)) if self.place.index == 0 && self.place.revision >= complete_at => {
                self.snapshot = None;
                let revision = self.changes.directory.revision(&self.organization, self.place.revision);
                return Ok(Some(Message::SnapshotComplete(SnapshotComplete { revision })));
            }
            _ => {}
        }
        match self.piece().await? {
            Some(piece) => Ok(self.commit(&piece).await?.map(Message::Commit)),
            None => Ok(None),
        }
    }

    async fn chunk(&mut self) -> Result<Option<Message>> {
        let directory = &self.changes.directory;
        let Some(at) = &mut self.snapshot else { return Ok(None) };
        let mut reader = directory.read(&self.organization, None).await?;
        let reading = snapshot::Reading { directory, call: &self.call, wanted: &self.wanted };
        Ok(snapshot::next(&reading, &mut reader, at).await?.map(Message::SnapshotChunk))
    }

    /// What follows; `None` after waiting for it, or when the stream is to end.
    async fn piece(&mut self) -> Result<Option<Arc<Piece>>> {
        if let Some(piece) = self.read.pop_front() {
            return Ok(Some(piece));
        }
        match self.following.after(self.place) {
            Next::Piece(piece) => return Ok(Some(piece)),
            Next::End => self.wait().await,
            Next::Table => {
                let mut reader = self.changes.directory.read(&self.organization, None).await?;
                if self.place.revision < reader.compacted() {
                    self.slow = true;
                    return Ok(None);
                }
                metrics::read_again();
                self.read = reader.feed_after(self.place).await?.into_iter().map(Arc::new).collect();
                if self.read.is_empty() {
                    self.wait().await;
                }
            }
        }
        Ok(None)
    }

    async fn commit(&mut self, piece: &Piece) -> Result<Option<Commit>> {
        let directory = &self.changes.directory;
        let schemas = i32::from(ResourceKind::Schema);
        if piece.events.iter().any(|event| event.kind == schemas) {
            let mut reader = directory.read(&self.organization, None).await?;
            self.wanted.among(reader.schemas().await?)?;
        }
        self.doubt |= piece.events.iter().any(|event| concerns(&self.call.caller, event));
        let commit = self.wanted.commit(directory, &self.call, &self.organization, piece, self.open).await?;
        self.place = piece.to;
        self.open = !piece.last() && (self.open || commit.is_some());
        self.passed += usize::from(piece.last());
        Ok(commit)
    }

    async fn wait(&mut self) {
        tokio::select! {
            () = self.following.more() => {}
            () = self.standing.end() => {}
            () = self.changes.drain.cancelled() => {}
            () = sleep_until(self.until.min(self.said + self.interval)) => {}
        }
    }

    /// Whether the credential works after what was told of it last; where nobody can say now, it is asked again soon.
    async fn stands(&self) -> bool {
        match self.changes.wardens.require(&self.call.caller, &self.organization).await {
            Ok(_) => true,
            Err(error) => matches!(error.reason, ErrorReason::StoreUnavailable | ErrorReason::Internal),
        }
    }

    /// Why the stream is to end now.
    fn due(&self) -> Option<Reason> {
        if self.standing.over() {
            return Some(Reason::CredentialExpired);
        }
        if self.slow {
            return Some(Reason::SlowConsumer);
        }
        if self.changes.drain.is_cancelled() {
            return Some(Reason::Draining);
        }
        (Instant::now() >= self.until).then_some(Reason::MaxAge)
    }

    /// Says why the stream ends; after that it does.
    fn ending(&mut self, reason: Reason) -> WatchChangesResponse {
        let spread = SPREAD.mul_f64(self.changes.directory.clock.chance());
        let retry_after = if matches!(reason, Reason::Draining | Reason::MaxAge) { spread } else { Duration::ZERO };
        let name = reason.as_str_name().trim_start_matches("REASON_");
        metrics::stream_ended(name);
        let why = "The server ended the stream on purpose; go on from the last resume token.";
        self.end = Some(Error::new(ErrorReason::StreamEnded, why).with("ending", name).after(retry_after));
        let retry_after = prost_types::Duration::try_from(retry_after).ok();
        self.say(Message::Ending(StreamEnding { reason: reason.into(), retry_after }))
    }

    fn say(&mut self, message: Message) -> WatchChangesResponse {
        (self.said, self.passed) = (Instant::now(), 0);
        let store = &self.changes.directory.store;
        let resume_token = Token::at(store, self.place, self.snapshot.clone()).amid(self.open).seal(store, &self.organization);
        WatchChangesResponse { message: Some(message), resume_token }
    }
}
