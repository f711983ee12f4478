//! What is made of the notes: a row that every node adds to, and a word for it.

use crate::{
    api::v1::{
        Connection, ConnectionStatus,
        connection_status::{Failure, State},
    },
    clock::{Micros, micros, timestamp},
};
use prost::Message as _;

/// What happened since the last write; times in microseconds since 1970, 0 = it did not happen.
#[derive(Debug, Clone, Default)]
pub(super) struct Note {
    pub(super) used: Micros,
    pub(super) succeeded: Micros,
    pub(super) wrote: Micros,
    pub(super) failed: Option<Failure>,
    pub(super) provider: &'static str,
}

/// The row with a note added. Notes of several nodes come in any order: times only go forward.
pub(super) fn merged(mut status: ConnectionStatus, note: &Note) -> ConnectionStatus {
    let later = |kept: &mut Option<prost_types::Timestamp>, noted: Micros| {
        if noted > kept.as_ref().map_or(0, micros) {
            *kept = Some(timestamp(noted));
        }
    };
    later(&mut status.last_use_time, note.used);
    later(&mut status.last_success_time, note.succeeded);
    later(&mut status.last_write_time, note.wrote);
    if let Some(failed) = &note.failed
        && at(failed.time.as_ref()) >= status.last_error.as_ref().map_or(0, |kept| at(kept.time.as_ref()))
    {
        status.last_error = Some(failed.clone());
    }
    if !note.provider.is_empty() {
        note.provider.clone_into(&mut status.provider);
    }
    let state = judged(&status);
    if status.state() != state {
        status.set_state(state);
        status.since = match state {
            State::Failing => status.last_error.as_ref().and_then(|error| error.time),
            _ => status.last_success_time.or(status.last_use_time),
        };
    }
    status
}

/// Failing, while the last refusal is later than the last success; one of a write, than the last write that went well.
fn judged(status: &ConnectionStatus) -> State {
    let Some(error) = &status.last_error else { return State::Healthy };
    let good = if error.write { &status.last_write_time } else { &status.last_success_time };
    if at(error.time.as_ref()) >= at(good.as_ref()).max(1) { State::Failing } else { State::Healthy }
}

fn at(time: Option<&prost_types::Timestamp>) -> Micros {
    time.map_or(0, micros)
}

/// A row as callers see it, for a connection as it is now.
pub(in crate::directory) fn shown(connection: &Connection, row: Option<&[u8]>) -> ConnectionStatus {
    let mut status = row.and_then(|row| ConnectionStatus::decode(row).ok()).unwrap_or_default();
    if status.last_use_time.is_none() {
        status.set_state(State::NeverUsed);
    }
    if !connection.enabled {
        status.set_state(State::Disabled);
        status.since = None;
    }
    let profile = connection.profile.as_str();
    let fits = profile == status.provider || (status.provider == "entra" && profile == "entra-legacy");
    status.suggested_profile = if fits { String::new() } else { status.provider.clone() };
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Micros = 1_000_000;

    fn failed(seconds: Micros, write: bool) -> Note {
        let failed = Failure { reason: "POLICY".into(), time: Some(timestamp(seconds * SECOND)), write };
        Note { used: seconds * SECOND, failed: Some(failed), ..Note::default() }
    }

    fn went_well(seconds: Micros, write: bool) -> Note {
        let at = seconds * SECOND;
        Note { used: at, succeeded: at, wrote: if write { at } else { 0 }, ..Note::default() }
    }

    fn after(notes: &[Note]) -> (State, Option<Micros>) {
        let status = notes.iter().fold(ConnectionStatus::default(), merged);
        (status.state(), status.since.as_ref().map(|since| micros(since) / SECOND))
    }

    #[test]
    fn a_refused_write_is_mended_by_a_write_alone() {
        assert_eq!(after(&[went_well(1, false), went_well(2, true)]), (State::Healthy, Some(1)));
        assert_eq!(after(&[went_well(1, true), failed(2, true), went_well(3, false)]), (State::Failing, Some(2)));
        assert_eq!(after(&[went_well(1, true), failed(2, true), failed(3, true), went_well(4, true)]), (State::Healthy, Some(4)));
        assert_eq!(after(&[failed(2, false), went_well(3, false)]), (State::Healthy, Some(3)));
    }

    #[test]
    fn notes_of_two_nodes_come_in_any_order() {
        assert_eq!(after(&[went_well(5, true), failed(2, true)]).0, State::Healthy);
        assert_eq!(after(&[failed(5, true), went_well(2, true)]).0, State::Failing);
    }

    #[test]
    fn a_profile_is_suggested_where_another_one_is_set() {
        let shown = |provider: &str, profile: &str| {
            let row = ConnectionStatus { provider: provider.into(), ..ConnectionStatus::default() }.encode_to_vec();
            shown(&Connection { profile: profile.into(), enabled: true, ..Connection::default() }, Some(&row)).suggested_profile
        };
        assert_eq!(
            (shown("okta", ""), shown("okta", "okta"), shown("entra", "entra-legacy"), shown("", "okta")),
            ("okta".into(), String::new(), String::new(), String::new())
        );
    }
}
