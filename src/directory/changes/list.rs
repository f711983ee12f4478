//! `ListChanges`: the feed pulled, waiting a while if there is nothing yet.

use super::{
    super::{Error, Result, core::Call, page},
    Changes, crowded,
    shown::Wanted,
    span,
    standing::Standing,
};
use crate::{
    api::v1::{ListChangesRequest, ListChangesResponse},
    feed::token::{Token, invalid},
    limits,
    store::{Place, Reader},
};
use prost::Message as _;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// What is gathered into one answer.
struct Answer {
    place: Place,
    /// Whether a fragment of the commit at `place` was told.
    open: bool,
    response: ListChangesResponse,
    size: usize,
    bytes: usize,
    full: bool,
}

pub(super) async fn list(changes: &Changes, call: &Call, request: ListChangesRequest) -> Result<ListChangesResponse> {
    let (directory, organization) = (&changes.directory, request.organization_id.as_str());
    if request.resume_token.len() > limits::RESUME_TOKEN_BYTES {
        return Err(Error::too_large("resume_token", limits::RESUME_TOKEN_BYTES, "bytes"));
    }
    let size = page::size(request.page_size, limits::PAGE_DEFAULT, limits::PAGE_MAX)?;
    let wait = span("max_wait", request.max_wait, Duration::ZERO, limits::LIST_WAIT_MOST)?.unwrap_or_default();
    let until = Instant::now() + wait.min(limits::LIST_WAIT);
    let given = match request.resume_token.as_str() {
        "" => None,
        text => Some(Token::open(&directory.store, organization, text)?),
    };
    if given.as_ref().and_then(|token| token.snapshot.as_ref()).is_some_and(|snapshot| snapshot.complete_at.is_none()) {
        // The rest of a starting state is told by a stream.
        return Err(invalid());
    }
    let standing = (!wait.is_zero()).then(|| changes.wardens.watch(&call.caller, organization).ok_or_else(crowded));
    let (mut standing, mut has_waited) = (standing.transpose()?, false);
    let mut bell = directory.store.bell(organization);
    let mut reader = directory.read(organization, None).await?;
    let wanted = Wanted::new(&request.kinds, Vec::new(), false, None, &reader.schemas().await?)?;
    let place = given.as_ref().map_or_else(|| Place::behind(reader.compacted()), Token::place);
    let open = given.as_ref().is_some_and(|token| token.open);
    changes.reach(&reader, place)?;
    let mut answer = Answer { place, open, response: ListChangesResponse::default(), size, bytes: 0, full: false };
    loop {
        bell.borrow_and_update();
        answer.fill(changes, call, &wanted, reader).await?;
        let due = Instant::now() >= until;
        let over = standing.as_ref().is_some_and(Standing::over);
        if due || over || answer.full || !answer.response.commits.is_empty() || changes.drain.is_cancelled() {
            if has_waited {
                // Asked after what is answered was read: what was written after the credential ended is not told.
                changes.wardens.require(&call.caller, organization).await?;
            }
            let unmoved = given.as_ref().filter(|token| token.place() == answer.place).map(|_| request.resume_token);
            let token = || Token::at(&directory.store, answer.place, None).amid(answer.open).seal(&directory.store, organization);
            answer.response.resume_token = unmoved.unwrap_or_else(token);
            return Ok(answer.response);
        }
        tokio::select! {
            rung = bell.changed() => if rung.is_err() {
                bell = directory.store.bell(organization);
            },
            () = sleep_until(until.min(Instant::now() + limits::FEED_POLL)) => {}
            () = changes.drain.cancelled() => {}
            () = ended(standing.as_mut()) => {}
        }
        has_waited = true;
        reader = directory.read(organization, None).await?;
        changes.reach(&reader, answer.place)?;
    }
}

/// Waits until the credential ends, of a call that waits at all.
async fn ended(standing: Option<&mut Standing>) {
    match standing {
        Some(standing) => standing.end().await,
        None => std::future::pending().await,
    }
}

impl Answer {
    /// Takes what there is, until it is enough for one answer.
    async fn fill(&mut self, changes: &Changes, call: &Call, wanted: &Wanted, mut reader: Reader) -> Result<()> {
        let (directory, organization) = (&changes.directory, reader.organization().to_owned());
        for _ in 0..limits::LIST_READS {
            let pieces = reader.feed_after(self.place).await?;
            if pieces.is_empty() {
                return Ok(());
            }
            for piece in pieces {
                let fragment = piece.from.index > 0 || !piece.last();
                let commit = wanted.commit(directory, call, &organization, &piece, self.open).await?;
                let open = !piece.last() && (self.open || commit.is_some());
                if let Some(commit) = commit {
                    let bytes = commit.encoded_len();
                    let first = self.response.commits.is_empty();
                    if !first && (fragment || self.bytes + bytes > limits::PAGE_BYTES) {
                        self.full = true;
                        return Ok(());
                    }
                    self.bytes += bytes;
                    self.response.commits.push(commit);
                    self.full = fragment || self.response.commits.len() >= self.size;
                }
                (self.place, self.open) = (piece.to, open);
                if self.full {
                    return Ok(());
                }
            }
        }
        // Much was passed over: the caller may call again.
        self.full = true;
        Ok(())
    }
}
