//! The mass-change alarm of a connection: what it ends is counted with the commits, so that every node counts the same.
//!
//! What an edit ended is read off the changes it tells the feed, so that no way of ending things can pass it by. A connection
//! without an alarm costs nothing; one with an alarm costs a record where something ends, and nothing elsewhere.

use super::{
    Error,
    core::{Call, Edit},
    links,
};
use crate::{
    api::v1::{
        AlarmChange, ChangeEvent, Connection, ErrorReason, MassChangeAlarm, ResourceKind, User, change_event::Action, change_event::Detail,
    },
    clock::{Micros, timestamp},
    limits,
    store::{Record, RecordKind, Work},
    telemetry::metrics,
};
use prost::Message;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

/// What is counted of a connection's window.
#[derive(Clone, PartialEq, Message)]
struct Tally {
    /// In microseconds since 1970.
    #[prost(int64, tag = "1")]
    since: i64,
    #[prost(uint32, tag = "2")]
    deactivations: u32,
    #[prost(uint32, tag = "3")]
    deletions: u32,
    #[prost(uint32, tag = "4")]
    removals: u32,
    /// Whether the alarm rose in this window.
    #[prost(bool, tag = "5")]
    raised: bool,
}

impl Tally {
    /// What the running edit of a connection ended.
    fn of(work: &Work, connection: &str) -> Tally {
        let mut tally = Tally { removals: count(work.whole_removed()), ..Tally::default() };
        for (kind, action) in work.logged() {
            let (Ok(kind), Ok(action)) = (ResourceKind::try_from(kind), Action::try_from(action)) else { continue };
            match (kind, action) {
                (ResourceKind::User, Action::Deactivated) => tally.deactivations += 1,
                (ResourceKind::User | ResourceKind::Group, Action::SoftDeleted | Action::Purged | Action::Unlinked) => tally.deletions += 1,
                (ResourceKind::Membership, Action::Removed) => tally.removals = tally.removals.saturating_add(1),
                _ => {}
            }
        }
        if tally.deactivations > 0 {
            // Whom a delete deactivates it lets go as well, and the feed tells the one of them.
            let turns = work.moves().users.into_iter().filter_map(|(before, after)| Some((before?, after?)));
            let ends = |user: &User| links::is_unlinked(user, connection);
            let active = |user: &User| user.active.unwrap_or(false);
            let ended =
                turns.filter(|(before, after)| active(&before.user) && !active(&after.user) && ends(&after.user) && !ends(&before.user));
            tally.deletions = tally.deletions.saturating_add(count(ended.count()));
        }
        tally
    }

    fn plus(&self, more: &Tally) -> Tally {
        Tally {
            deactivations: self.deactivations.saturating_add(more.deactivations),
            deletions: self.deletions.saturating_add(more.deletions),
            removals: self.removals.saturating_add(more.removals),
            ..*self
        }
    }

    fn ended(&self) -> [u32; 3] {
        [self.deactivations, self.deletions, self.removals]
    }
}

/// The alarm of the caller's connection, if it has one, around an edit.
#[derive(Debug, Clone)]
pub(super) struct Alarm {
    connection: String,
    thresholds: MassChangeAlarm,
    window: Micros,
    raised: Arc<AtomicBool>,
}

impl Alarm {
    pub(super) fn of(call: &Call) -> Option<Alarm> {
        let connection: &Connection = call.caller.connection.as_deref()?;
        let thresholds = connection.mass_change_alarm?;
        let window = window(&thresholds).as_micros();
        let window = Micros::try_from(window).unwrap_or(Micros::MAX);
        Some(Alarm { connection: connection.id.clone(), thresholds, window, raised: Arc::default() })
    }

    /// Counts what the edit that has just run ended; refuses it if it is held.
    pub(super) fn count(&self, work: &mut Work) -> Edit<()> {
        self.raised.store(false, Relaxed);
        let ended = Tally::of(work, &self.connection);
        let limits = [self.thresholds.deactivations, self.thresholds.deletions, self.thresholds.removals];
        if ended.ended().iter().zip(limits).all(|(count, limit)| *count == 0 || limit == 0) {
            return Ok(());
        }
        let kept = work.record(RecordKind::Alarm, &self.connection)?;
        let kept = kept.map(|record| Tally::decode(record.body.as_slice())).transpose().map_err(|_| Error::internal())?;
        let now = work.now();
        let before = kept.filter(|tally| now < tally.since.saturating_add(self.window)).unwrap_or(Tally { since: now, ..Tally::default() });
        let until = before.since.saturating_add(self.window);
        let past = |tally: &Tally| tally.ended().iter().zip(limits).any(|(count, limit)| limit > 0 && *count > limit);
        if self.thresholds.hold && ended.deactivations == 0 {
            let held =
                [("deletions", ended.deletions, before.deletions, limits[1]), ("removals", ended.removals, before.removals, limits[2])];
            if let Some((what, .., limit)) = held.into_iter().find(|(_, more, so_far, limit)| *more > 0 && *limit > 0 && so_far > limit) {
                return Err(held_back(what, limit, until.saturating_sub(now)).into());
            }
        }
        let mut after = before.plus(&ended);
        if !after.raised && past(&after) {
            after.raised = true;
            self.raised.store(true, Relaxed);
            self.tell(work, &after, until);
        }
        let body = after.encode_to_vec();
        work.put_record(RecordKind::Alarm, Record { id: self.connection.clone(), key: None, secret: None, version: 0, body });
        Ok(())
    }

    fn tell(&self, work: &mut Work, tally: &Tally, until: Micros) {
        let event = ChangeEvent {
            index: work.next_index(),
            kind: ResourceKind::Connection.into(),
            action: Action::Alarmed.into(),
            resource_id: self.connection.clone(),
            etag: work.etag(),
            changed_attributes: Vec::new(),
            detail: Some(Detail::Alarm(AlarmChange {
                deactivations: tally.deactivations,
                deletions: tally.deletions,
                removals: tally.removals,
                window_start: Some(timestamp(tally.since)),
                window_end: Some(timestamp(until)),
            })),
        };
        work.log(event.kind, event.action, &self.connection, event.encode_to_vec());
    }

    /// Says in the log that the edit, which is committed, raised it.
    pub(super) fn say(&self, organization: &str) {
        if self.raised.load(Relaxed) {
            let MassChangeAlarm { deactivations, deletions, removals, .. } = self.thresholds;
            let connection = self.connection.as_str();
            metrics::alarm();
            tracing::warn!(organization, connection, deactivations, deletions, removals, "a connection ended more than its alarm allows");
        }
    }
}

fn held_back(what: &'static str, limit: u32, left: Micros) -> Error {
    let left = Duration::from_micros(u64::try_from(left).unwrap_or(0));
    let detail = format!("The connection's mass_change_alarm holds further {what}: more than {limit} in its window.");
    Error::new(ErrorReason::Held, detail).with("held", what).with("limit", limit.to_string()).after(left)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn window(alarm: &MassChangeAlarm) -> Duration {
    alarm.window.map_or(limits::ALARM_WINDOW, |window| Duration::try_from(window).unwrap_or(limits::ALARM_WINDOW))
}

/// The border: an alarm that watches something, over a window within its bounds.
///
/// # Errors
/// `INVALID_VALUE` naming the field.
pub(super) fn check(alarm: Option<&MassChangeAlarm>) -> super::Result<()> {
    const WINDOW: &str = "connection.mass_change_alarm.window";
    let Some(alarm) = alarm else { return Ok(()) };
    if alarm.deactivations == 0 && alarm.deletions == 0 && alarm.removals == 0 {
        return Err(Error::value("connection.mass_change_alarm", "connection.mass_change_alarm watches nothing; leave it out for none."));
    }
    if alarm.hold && alarm.deletions == 0 && alarm.removals == 0 {
        let why = "connection.mass_change_alarm.hold holds deletions and removals, and neither is watched.";
        return Err(Error::value("connection.mass_change_alarm.hold", why));
    }
    let fits = |window: prost_types::Duration| {
        Duration::try_from(window).is_ok_and(|window| (limits::ALARM_WINDOW_MIN..=limits::ALARM_WINDOW_MAX).contains(&window))
    };
    if alarm.window.is_none_or(fits) { Ok(()) } else { Err(Error::value(WINDOW, format!("{WINDOW} is 1 minute to 7 days."))) }
}

/// A connection that is deleted has ended nothing.
pub(super) fn forget(work: &mut Work, connection: &str) -> Edit<()> {
    if work.record(RecordKind::Alarm, connection)?.is_some() {
        work.drop_record(RecordKind::Alarm, connection);
    }
    Ok(())
}
