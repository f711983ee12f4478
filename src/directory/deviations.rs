//! What identity providers send beside the RFCs, counted: a façade tells it with its calls, it is gathered in memory and
//! written every few seconds, and it can be read at any time.

use super::{
    Directory, Error, Reply,
    core::Call,
    notes::{Noted, Notes},
    record,
    sight::Sight,
    times,
};
use crate::{
    access::{Caller, Witness},
    api::v1::{Connection, Deviation, GetDeviationReportRequest, GetDeviationReportResponse},
    clock::{Clock, Micros, timestamp},
    limits,
    store::{Fault, Store, Uses},
    telemetry::metrics,
    tolerances::{METADATA, TABLE, Tolerance},
};
use std::collections::BTreeMap;
use tonic::{Request, Response, metadata::MetadataMap};

/// A day, the grain of the counts.
const DAY: Micros = 24 * 3600 * 1_000_000;
/// What a report covers unless it is asked for more.
const REPORTED_DAYS: i64 = 7;
/// Bytes of metadata that are read: every tolerance with a long number fits.
const METADATA_BYTES: usize = 1024;

/// The uses of tolerances that were told and not written yet.
#[derive(Debug, Clone)]
pub(super) struct Deviations {
    notes: Notes<Counts>,
    clock: Clock,
}

/// Totals by day.
struct Counts {
    store: Store,
    clock: Clock,
}

impl Noted for Counts {
    type Key = Key;
    type Note = Tally;
    const NAME: &'static str = "deviations";

    fn organization(key: &Key) -> &str {
        &key.0
    }

    fn join(newer: &mut Tally, older: Tally) {
        newer.add(older);
    }

    async fn write(&self, _organization: &str, notes: &[(Key, Tally)]) -> Result<(), Fault> {
        let oldest = self.clock.now().div_euclid(DAY) - limits::DEVIATION_DAYS;
        self.store.add_deviations(notes.iter().map(|(key, tally)| uses(key, *tally)).collect(), oldest).await
    }
}

/// Organization, connection, day, tolerance: the order of rows in the store.
type Key = (String, String, i64, &'static str);

#[derive(Debug, Clone, Copy)]
struct Tally {
    uses: i64,
    first: Micros,
    last: Micros,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.uses = self.uses.saturating_add(other.uses);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

impl Witness for Deviations {
    /// Only a connection has deviations, and only of itself. What cannot be read is no reason to refuse a call.
    fn entered(&self, caller: &Caller, metadata: &MetadataMap) {
        let Some(told) = metadata.get(METADATA) else { return };
        let connection = caller.connection_id();
        let (false, Ok(told)) = (connection.is_empty(), told.to_str()) else { return };
        tracing::debug!(connection, used = told, "tolerated");
        self.note(&caller.organization, connection, &read(told));
    }
}

/// `text_booleans=2,capital_op=1`: what is known of it, each name once.
fn read(told: &str) -> BTreeMap<&'static str, i64> {
    let told = if told.len() > METADATA_BYTES { "" } else { told };
    let one = |pair: &str| {
        let (name, count) = pair.split_once('=')?;
        let row = Tolerance::named(name.trim())?.row()?;
        let count: u32 = count.trim().parse().ok().filter(|count| *count > 0)?;
        Some((row.name, i64::from(count.min(limits::DEVIATIONS_PER_CALL))))
    };
    told.split(',').filter_map(one).collect()
}

impl Deviations {
    pub(super) fn new(store: Store, clock: Clock) -> Self {
        Deviations { notes: Notes::new(Counts { store, clock: clock.clone() }), clock }
    }

    /// A write of a connection left what another connection owns.
    pub(super) fn left_owned(&self, caller: &Caller, times: u32) {
        let row = Tolerance::OwnedAttributes.row().filter(|_| times > 0 && caller.connection.is_some());
        if let Some(row) = row {
            self.note(&caller.organization, caller.connection_id(), &BTreeMap::from([(row.name, i64::from(times))]));
        }
    }

    fn note(&self, organization: &str, connection: &str, used: &BTreeMap<&'static str, i64>) {
        if used.is_empty() {
            return;
        }
        let now = self.clock.now();
        self.notes.note(|notes| {
            for (&name, &uses) in used {
                metrics::deviation(name, uses);
                let tally = Tally { uses, first: now, last: now };
                let key = (organization.to_owned(), connection.to_owned(), now.div_euclid(DAY), name);
                notes.entry(key).and_modify(|there| there.add(tally)).or_insert(tally);
            }
        });
    }

    /// Writes what waits.
    ///
    /// # Errors
    /// When the store cannot answer; what waited still waits then.
    pub(super) async fn flush(&self) -> Result<(), Fault> {
        self.notes.flush().await
    }
}

fn uses((organization, connection, day, tolerance): &Key, tally: Tally) -> Uses {
    Uses {
        organization: organization.clone(),
        connection: connection.clone(),
        day: *day,
        tolerance: (*tolerance).to_owned(),
        uses: tally.uses,
        first_at: tally.first,
        last_at: tally.last,
    }
}

/// `GetDeviationReport`. What waits is written first, so that nothing is missing and nothing counts twice.
pub(super) async fn report(directory: &Directory, request: Request<GetDeviationReportRequest>) -> Reply<GetDeviationReportResponse> {
    let (call, message) = Call::of(request)?;
    directory.deviations.flush().await.map_err(Error::from)?;
    let mut reader = directory.read(&message.organization_id, None).await?;
    Sight::of(&call).check_connection(&message.connection_id)?;
    let connection: Connection = record::get(directory, &mut reader, &message.connection_id).await?;
    let since = times::given("since", message.since.as_ref())?;
    let since = since.unwrap_or_else(|| directory.clock.now() - REPORTED_DAYS * DAY).div_euclid(DAY);
    let rows = reader.deviations(&connection.id, since).await.map_err(Error::from)?;
    let deviations = rows.into_iter().map(|(tolerance, count, first, last)| Deviation {
        description: TABLE.iter().find(|row| row.name == tolerance).map_or_else(String::new, |row| row.about.to_owned()),
        tolerance,
        count,
        first_time: Some(timestamp(first)),
        last_time: Some(timestamp(last)),
    });
    Ok(Response::new(GetDeviationReportResponse { deviations: deviations.collect(), since: Some(timestamp(since.saturating_mul(DAY))) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_read_as_far_as_it_is_known_and_bounded() {
        let told = "text_booleans=2, capital_op=1,nonsense=3,add_by_filter=x,dotted_urn,no_operations=0,path_keys=-1,bare_value=4294967295";
        let bound = i64::from(limits::DEVIATIONS_PER_CALL);
        assert_eq!(read(told), BTreeMap::from([("text_booleans", 2), ("capital_op", 1), ("bare_value", bound)]));
        assert!(read(&"text_booleans=1,".repeat(METADATA_BYTES)).is_empty());
    }

    #[test]
    fn everything_that_can_be_told_fits() {
        let longest: Vec<String> = TABLE.iter().map(|row| format!("{}={}", row.name, u32::MAX)).collect();
        assert!(longest.join(",").len() <= METADATA_BYTES);
    }
}
