//! Where a stream begins, and what it is to tell.

use super::{
    super::{Error, Result},
    Changes,
    shown::Wanted,
    span,
};
use crate::{
    api::v1::{WatchChangesRequest, watch_changes_request::Start},
    feed::token::{Snapshot, Token, invalid},
    limits,
    store::{Place, Reader},
};
use std::time::Duration;

/// A stream as it was asked for, checked.
pub(super) struct Begin {
    pub(super) wanted: Wanted,
    /// How often it says where it is.
    pub(super) interval: Duration,
    pub(super) place: Place,
    pub(super) snapshot: Option<Snapshot>,
    /// Whether a fragment of the commit at the place was told.
    pub(super) open: bool,
    /// Whether it says so at once.
    pub(super) greets: bool,
}

/// Checks a request against the feed as it is now.
pub(super) async fn check(changes: &Changes, reader: &mut Reader, request: WatchChangesRequest) -> Result<Begin> {
    let interval = span("checkpoint_interval", request.checkpoint_interval, limits::CHECKPOINT_LEAST, limits::CHECKPOINT_MOST)?;
    let interval = interval.unwrap_or(limits::CHECKPOINT);
    let schemas = reader.schemas().await?;
    let wanted = Wanted::new(&request.kinds, request.resource_ids, request.include_before, request.selection, &schemas)?;
    let begin = |place: Place, snapshot| (place, snapshot, false);
    let mut open = false;
    let (place, snapshot, greets) = match request.start.ok_or_else(|| Error::missing("start"))? {
        Start::ResumeToken(text) => {
            let token = resumed(changes, reader, &text)?;
            if token.snapshot.as_ref().is_some_and(|snapshot| snapshot.selected != wanted.digest()) {
                return Err(invalid());
            }
            open = token.open;
            begin(token.place(), token.snapshot)
        }
        Start::Latest(true) => (Place::behind(reader.revision()), None, true),
        Start::Snapshot(true) => {
            begin(Place::behind(reader.revision()), Some(Snapshot { selected: wanted.digest(), ..Snapshot::default() }))
        }
        Start::Earliest(true) => begin(Place::behind(reader.compacted()), None),
        Start::Latest(false) | Start::Snapshot(false) | Start::Earliest(false) => {
            return Err(Error::value("start", "start takes a resume token, or true for one of the others."));
        }
    };
    Ok(Begin { wanted, interval, place, snapshot, open, greets })
}

fn resumed(changes: &Changes, reader: &Reader, text: &str) -> Result<Token> {
    if text.is_empty() {
        return Err(Error::missing("resume_token"));
    }
    if text.len() > limits::RESUME_TOKEN_BYTES {
        return Err(Error::too_large("resume_token", limits::RESUME_TOKEN_BYTES, "bytes"));
    }
    let token = Token::open(&changes.directory.store, reader.organization(), text)?;
    changes.reach(reader, token.place())?;
    Ok(token)
}
