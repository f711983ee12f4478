//! What is recorded of a takeover: one entry for a connection and a user, while it waits or has been decided.

use super::{
    super::{
        Error,
        core::Edit,
        record::{self, Noun},
    },
    rules::Match,
};
use crate::{
    api::v1::{Connection, ResourceKind, ResourceMeta, Takeover, change_event::Action, takeover::State},
    clock::timestamp,
    store::{RecordKind, Work},
};
use prost::Message as _;

impl Noun for Takeover {
    const STORED: RecordKind = RecordKind::Takeover;
    const KIND: ResourceKind = ResourceKind::Takeover;
    const NAME: &'static str = "takeover";

    fn id(&self) -> &str {
        &self.id
    }

    fn meta(&mut self) -> Option<&mut Option<ResourceMeta>> {
        None
    }

    fn key(&self) -> Option<String> {
        Some(key(&self.connection_id, &self.user_id))
    }
}

fn key(connection: &str, user: &str) -> String {
    // The user first: what is recorded of it is found by that, and ends with it.
    format!("{user} {connection}")
}

/// The entry of this connection and this user.
pub(super) fn find(work: &mut Work, connection: &str, user: &str) -> Edit<Option<Takeover>> {
    let Some(id) = work.record_keyed(RecordKind::Takeover, &key(connection, user))? else { return Ok(None) };
    let Some(record) = work.record(RecordKind::Takeover, &id)? else { return Ok(None) };
    Ok(Some(Takeover::decode(record.body.as_slice()).map_err(|_| Error::internal())?))
}

/// A create waits from now on.
pub(super) fn wait(work: &mut Work, id: &str, connection: &Connection, found: &Match) {
    let entry = Takeover { state: State::Waiting.into(), create_time: Some(timestamp(work.now())), ..found.entry(id, connection) };
    put(work, &entry, Action::Created);
}

/// It was decided.
pub(super) fn resolve(work: &mut Work, mut entry: Takeover, state: State) -> Takeover {
    entry.state = state.into();
    entry.resolve_time = Some(timestamp(work.now()));
    put(work, &entry, Action::Updated);
    entry
}

/// It has no meaning any more.
pub(super) fn forget(work: &mut Work, entry: &Takeover) {
    record::remove::<Takeover>(work, &entry.id);
}

fn put(work: &mut Work, entry: &Takeover, action: Action) {
    record::keep(work, entry, None);
    record::tell::<Takeover>(work, &entry.id, action, Vec::new());
}
