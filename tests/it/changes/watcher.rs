//! A stream of changes as a story reads it.

use crate::harness::deeds::Desk;
use roster::api::v1::{
    ListChangesRequest, ListChangesResponse, WatchChangesRequest, WatchChangesResponse, watch_changes_request::Start,
    watch_changes_response::Message,
};
use std::time::Duration;
use tonic::{Status, Streaming};

/// Longer than any message takes.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Watcher {
    stream: Streaming<WatchChangesResponse>,
    /// The last message's.
    pub token: String,
}

/// What a stream asks for, in the desk's organization.
pub fn asked(desk: &Desk, start: Start) -> WatchChangesRequest {
    WatchChangesRequest { organization_id: desk.organization.clone(), start: Some(start), ..WatchChangesRequest::default() }
}

pub async fn watch(desk: &Desk, start: Start) -> Watcher {
    watch_as(desk, asked(desk, start)).await.unwrap()
}

pub async fn watch_as(desk: &Desk, request: WatchChangesRequest) -> Result<Watcher, Status> {
    let stream = desk.grpc().changes.watch_changes(request).await?.into_inner();
    Ok(Watcher { stream, token: String::new() })
}

pub async fn pull(desk: &Desk, token: &str) -> ListChangesResponse {
    let request =
        ListChangesRequest { organization_id: desk.organization.clone(), resume_token: token.to_owned(), ..ListChangesRequest::default() };
    desk.grpc().changes.list_changes(request).await.unwrap().into_inner()
}

impl Watcher {
    /// The next message, or the status it ended with.
    pub async fn try_next(&mut self) -> Result<WatchChangesResponse, Status> {
        let next = tokio::time::timeout(PATIENCE, self.stream.message()).await.expect("a message comes");
        let message = next?.expect("a stream ends with a status");
        assert!(!message.resume_token.is_empty() && message.resume_token.len() <= 1_024);
        self.token.clone_from(&message.resume_token);
        Ok(message)
    }

    pub async fn next(&mut self) -> Message {
        self.try_next().await.unwrap().message.unwrap()
    }

    /// The next commit; checkpoints are passed over.
    pub async fn commit(&mut self) -> roster::api::v1::Commit {
        loop {
            match self.next().await {
                Message::Commit(commit) => return commit,
                Message::Checkpoint(_) => {}
                other => panic!("a commit was to come: {other:?}"),
            }
        }
    }

    /// The revision of the next message, which is to be a checkpoint.
    pub async fn checkpoint(&mut self) -> u64 {
        match self.next().await {
            Message::Checkpoint(checkpoint) => checkpoint.revision.unwrap().number,
            other => panic!("a checkpoint was to come: {other:?}"),
        }
    }
}
