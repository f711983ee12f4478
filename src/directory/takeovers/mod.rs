//! `TakeoverService`: who decides what becomes of a create that met a user of somebody else, and takes links back.

mod end;
mod entry;
mod meet;
mod rules;
mod undo;

use super::{
    Directory, Error, Reply,
    core::{Call, Edit},
    grants, links, record,
    sight::Sight,
    users,
};
use crate::{
    api::v1::{
        Connection, ErrorReason, ListTakeoversRequest, ListTakeoversResponse, ResolveTakeoverRequest, ResolveTakeoverResponse, Takeover,
        UndoTakeoverRequest, UndoTakeoverResponse, change_event::Action, link::Reason, takeover::State,
        takeover_service_server::TakeoverService,
    },
    feed::append,
    store::Work,
};
use std::sync::Arc;
use tonic::{Request, Response};

pub(super) use end::{all as forget, of_connection, of_user as end_of_user};
pub(super) use meet::{Met, meet, waiting};
pub(super) use rules::check;

/// The takeovers of an organization.
#[derive(Debug, Clone)]
pub struct Takeovers(pub(super) Arc<Directory>);

#[tonic::async_trait]
impl TakeoverService for Takeovers {
    async fn list_takeovers(&self, request: Request<ListTakeoversRequest>) -> Reply<ListTakeoversResponse> {
        let (call, message) = Call::of(request)?;
        let mut reader = self.0.read(&message.organization_id, message.consistency.as_ref()).await?;
        let read_at = self.0.read_at(&reader);
        let page = (message.page_size, message.page_token.as_str());
        let query: [&[u8]; 2] = [message.connection_id.as_bytes(), &[u8::from(message.show_resolved)]];
        let sight = Sight::of(&call);
        let keep = |entry: &Takeover| {
            sight.sees_connection(&entry.connection_id)
                && (message.show_resolved || entry.state() == State::Waiting)
                && (message.connection_id.is_empty() || entry.connection_id == message.connection_id)
        };
        let (mut takeovers, next_page_token) = record::list(&self.0, &call, &mut reader, &query, page, keep).await?;
        if sight.is_narrow() {
            // Whom it meets is not its own yet, and so not told.
            let view = sight.view(&mut reader).await?;
            let met = takeovers.iter().map(|entry| entry.user_id.clone()).collect();
            let seen = reader.seen(&view, met).await.map_err(Error::from)?;
            takeovers.retain(|entry| seen.contains(&entry.user_id));
        }
        Ok(Response::new(ListTakeoversResponse { takeovers, next_page_token, read_at }))
    }

    async fn resolve_takeover(&self, request: Request<ResolveTakeoverRequest>) -> Reply<ResolveTakeoverResponse> {
        let (call, message) = Call::writing(request)?;
        let ((user, connection), approve) = (named(&message.user_id, &message.connection_id)?, message.approve);
        grants::require_person(&call.caller)?;
        let directory = Arc::clone(&self.0);
        let edit = move |work: &mut Work| -> Edit<Takeover> {
            let (row, entry) = (work.user(&user), entry::find(work, &connection, &user));
            let (row, entry) = (row?, entry?.ok_or_else(|| Error::not_found("takeover"))?);
            match (entry.state(), approve) {
                (State::Approved, true) | (State::Rejected, false) => return Ok(entry),
                (State::Waiting, false) => return Ok(entry::resolve(work, entry, State::Rejected)),
                (State::Waiting | State::Rejected, true) => {}
                _ => return Err(Error::not_found("takeover").into()),
            }
            let row = row.ok_or_else(|| Error::not_found("user"))?;
            record::find::<Connection>(&directory, work, &connection)?;
            if !links::is_linked(&row.user, &connection) {
                let mut after = row.user.clone();
                links::link(&mut after, &connection, Reason::Approved, &entry.matched_attribute, work.now());
                links::made_at(&mut after, &connection, work.revision());
                let after = work.put_user(after, row.name_key.clone());
                append::user(work, Action::Linked, Some(&row.user), Some(&after.user), Vec::new());
            }
            Ok(entry::resolve(work, entry, State::Approved))
        };
        let written = self.0.write(&call, &message.organization_id, message.write, edit).await?;
        let committed_at = written.committed_at;
        Ok(Response::new(ResolveTakeoverResponse { committed_at, takeover: Some(written.answer) }))
    }

    async fn undo_takeover(&self, request: Request<UndoTakeoverRequest>) -> Reply<UndoTakeoverResponse> {
        let (call, message) = Call::writing(request)?;
        Ok(Response::new(undo::undo(&self.0, &call, message).await?))
    }
}

/// A connection that was refused a user, from which one was taken, or that waits for one, does not come to it by giving it an
/// externalId either.
///
/// # Errors
/// `POLICY`.
pub(super) fn may_link(work: &mut Work, connection: &str, user: &str) -> Edit<()> {
    let (detail, policy) = match entry::find(work, connection, user)?.map(|entry| entry.state()) {
        Some(State::Rejected) => ("An administrator refused this connection to manage the user.", "TAKEOVER_REJECTED"),
        Some(State::Waiting) => ("An administrator has yet to agree that this connection manages the user.", "TAKEOVER_WAITING"),
        _ => return Ok(()),
    };
    Err(Error::new(ErrorReason::Policy, detail).with("policy", policy).into())
}

/// Whether an administrator refused the user to the connection, or took it back.
pub(super) fn is_refused(work: &mut Work, connection: &str, user: &str) -> Edit<bool> {
    Ok(entry::find(work, connection, user)?.is_some_and(|entry| entry.state() == State::Rejected))
}

fn named(user: &str, connection: &str) -> super::Result<(String, String)> {
    Ok((users::required(user, "user_id")?, users::required(connection, "connection_id")?))
}
