//! How a connection has fared: each call is noted in memory, merged into a row every few seconds, and judged when it is read.

mod verdict;

use super::{
    Directory,
    notes::{Noted, Notes},
};
use crate::{
    access::{Caller, Witness},
    api::{
        Method, method,
        v1::{
            Connection, ConnectionStatus, ErrorReason,
            connection_status::{Failure, State},
        },
    },
    clock::{Clock, timestamp},
    limits,
    store::{Fault, Reader, Store},
    telemetry::{self, metrics},
    tolerances::PROFILES,
};
use prost::Message as _;
use std::collections::HashMap;
use tonic::{Status, metadata::MetadataMap};
use tonic_types::StatusExt as _;
use verdict::{Note, merged, shown};

/// How connections fare, as far as it was noted and is not written yet.
#[derive(Debug, Clone)]
pub(super) struct Statuses {
    notes: Notes<Fares>,
    clock: Clock,
}

/// A row for each connection, by (organization, connection).
struct Fares(Store);

impl Noted for Fares {
    type Key = (String, String);
    type Note = Note;
    const NAME: &'static str = "statuses";

    fn organization((organization, _): &Self::Key) -> &str {
        organization
    }

    /// What is newer says more.
    fn join(_newer: &mut Note, _older: Note) {}

    async fn write(&self, organization: &str, notes: &[(Self::Key, Note)]) -> Result<(), Fault> {
        let (ids, notes): (Vec<&str>, Vec<&Note>) = notes.iter().map(|((_, id), note)| (id.as_str(), note)).unzip();
        let merge = |at: usize, kept: &[u8]| match notes.get(at) {
            // What cannot be read is begun anew: it is history, and no state of anything.
            Some(note) => merged(ConnectionStatus::decode(kept).unwrap_or_default(), note).encode_to_vec(),
            None => kept.to_vec(),
        };
        self.0.merge_statuses(organization, &ids, merge).await
    }
}

/// What a call was, for its connection.
enum Went {
    /// It was let in.
    In(&'static str),
    /// It went well; whether it was to change something.
    Well(bool),
    /// It was refused: why, and whether it was to change something.
    Refused(String, bool),
}

impl Witness for Statuses {
    /// A façade says which provider it hears, and what it refused itself since the last call.
    fn entered(&self, caller: &Caller, metadata: &MetadataMap) {
        let Some(connection) = caller.connection.as_deref() else { return };
        let told = |name| metadata.get(name).and_then(|told| told.to_str().ok()).unwrap_or_default();
        let provider = PROFILES.iter().find(|profile| **profile == told(telemetry::PROVIDER)).copied().unwrap_or_default();
        self.note(connection, Went::In(provider));
        if let Some((reason, write)) = refused_by_facade(told(telemetry::REFUSED)) {
            metrics::refusal("FACADE");
            self.note(connection, Went::Refused(reason, write));
        }
    }

    fn answered(&self, connection: &Connection, method: &Method, refused: Option<&Status>) {
        let write = !method.read_only;
        match refused {
            // A façade asks this before each call: it says nothing of how that goes.
            None if method.path == method::provisioning_service::GET_CALLER.path => {}
            None => self.note(connection, Went::Well(write)),
            Some(status) => {
                let reason = reason_of(status);
                // What is not there, or is of another version, is an answer.
                if !matches!(reason, ErrorReason::NotFound | ErrorReason::EtagMismatch | ErrorReason::RedundantChange) {
                    self.refused(connection, reason, write);
                }
            }
        }
    }
}

/// `400 invalidSyntax write`: what a façade refused without asking the directory.
fn refused_by_facade(told: &str) -> Option<(String, bool)> {
    let mut words = told.split(' ');
    let status = words.next().filter(|status| status.len() == 3 && status.starts_with(['4', '5']))?;
    status.parse::<u16>().ok()?;
    let (mut reason, mut write) = (status.to_owned(), false);
    for word in words.take(2) {
        match word {
            "write" => write = true,
            kind if kind.len() <= 32 && kind.bytes().all(|b| b.is_ascii_alphabetic()) && !kind.is_empty() => {
                reason.push(' ');
                reason.push_str(kind);
            }
            _ => {}
        }
    }
    Some((reason, write))
}

/// The contract's reason of a refusal.
fn reason_of(status: &Status) -> ErrorReason {
    let details = status.get_error_details();
    let named = details.error_info().and_then(|info| ErrorReason::from_str_name(&format!("ERROR_REASON_{}", info.reason)));
    named.unwrap_or(ErrorReason::Internal)
}

impl Statuses {
    pub(super) fn new(store: Store, clock: Clock) -> Self {
        Statuses { notes: Notes::new(Fares(store)), clock }
    }

    /// Notes that a connection was refused.
    pub(super) fn refused(&self, connection: &Connection, reason: ErrorReason, write: bool) {
        let name = reason.as_str_name().trim_start_matches("ERROR_REASON_");
        metrics::refusal(name);
        self.note(connection, Went::Refused(name.to_owned(), write));
    }

    fn note(&self, connection: &Connection, went: Went) {
        let (now, key) = (self.clock.now(), (connection.organization_id.clone(), connection.id.clone()));
        self.notes.note(|notes| {
            let note = notes.entry(key).or_default();
            note.used = now;
            match went {
                Went::In("") => {}
                Went::In(provider) => note.provider = provider,
                Went::Well(write) => {
                    note.succeeded = now;
                    if write {
                        note.wrote = now;
                    }
                }
                Went::Refused(reason, write) => note.failed = Some(Failure { reason, time: Some(timestamp(now)), write }),
            }
        });
    }

    /// Writes what waits.
    ///
    /// # Errors
    /// When the store cannot answer; what waited still waits then, unless something newer was noted.
    pub(super) async fn flush(&self) -> Result<(), Fault> {
        self.notes.flush().await
    }
}

/// Fills in how these connections have fared.
pub(super) async fn fill(reader: &mut Reader, connections: &mut [Connection]) -> Result<(), Fault> {
    let ids = connections.iter().map(|connection| connection.id.clone()).collect();
    let rows: HashMap<String, Vec<u8>> = reader.statuses(ids).await?.into_iter().collect();
    for connection in connections {
        connection.status = Some(shown(connection, rows.get(&connection.id).map(Vec::as_slice)));
    }
    Ok(())
}

/// Counts the connections of all organizations by state, for the metrics.
pub(super) async fn count(directory: &Directory) -> Result<(), Fault> {
    let mut counts = [
        ("never_used", State::NeverUsed, 0),
        ("healthy", State::Healthy, 0),
        ("failing", State::Failing, 0),
        ("disabled", State::Disabled, 0),
    ];
    let mut after = String::new();
    loop {
        let rows = directory.store.connections_everywhere(&after, limits::PAGE_MAX).await?;
        let Some((last, ..)) = rows.last() else { break };
        after.clone_from(last);
        for (_, record, row) in &rows {
            let Ok(connection) = Connection::decode(record.as_slice()) else { continue };
            let state = shown(&connection, row.as_deref()).state();
            counts.iter_mut().filter(|(_, counted, _)| *counted == state).for_each(|(.., count)| *count += 1);
        }
    }
    for (name, _, count) in counts {
        metrics::connections(name, count);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_facade_tells_is_read_as_far_as_it_has_its_form() {
        assert_eq!(refused_by_facade("400 invalidSyntax write"), Some(("400 invalidSyntax".into(), true)));
        assert_eq!(refused_by_facade("413"), Some(("413".into(), false)));
        assert_eq!(refused_by_facade("400 write"), Some(("400".into(), true)));
        assert_eq!(refused_by_facade("400 <b>x</b>"), Some(("400".into(), false)));
        for odd in ["", "200", "4000 x", "4xx", "write"] {
            assert_eq!(refused_by_facade(odd), None, "{odd}");
        }
    }
}
