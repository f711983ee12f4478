//! Every metric: its name, its labels, and what it says, in one place.
//!
//! Labels are from closed lists, so that nobody outside can make series. Where no recorder is installed (`--metrics` is not
//! given) each of these does nothing.

use crate::config::BadSetting;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

const REQUESTS: &str = "roster_requests_total";
const REQUEST_SECONDS: &str = "roster_request_seconds";
const BATCH_WRITES: &str = "roster_lane_batch_writes";
const COMMIT_SECONDS: &str = "roster_lane_commit_seconds";
const STORE: [&str; 5] = [
    "roster_store_statements_total",
    "roster_store_rows_read_total",
    "roster_store_rows_written_total",
    "roster_store_commits_total",
    "roster_store_writes_total",
];
const DEVIATIONS: &str = "roster_deviations_total";
const REFUSALS: &str = "roster_connection_refusals_total";
const ALARMS: &str = "roster_mass_change_alarms_total";
const CONNECTIONS: &str = "roster_connections";
const WATCHERS: &str = "roster_change_streams";
const STREAMS_ENDED: &str = "roster_change_streams_ended_total";
const READ_AGAIN: &str = "roster_change_stream_table_reads_total";
const TAIL_SECONDS: &str = "roster_change_tail_seconds";
const COMPACTED: &str = "roster_compacted_commits_total";
const EXPIRING: &str = "roster_tokens_expiring";

/// Upper bounds of the buckets of times, in seconds: from what one statement takes to what a deadline allows.
const SECONDS: &[f64] = &[0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Upper bounds of the buckets of a batch, in writes: up to [`crate::limits::LANE_BATCH`].
const WRITES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

/// What was recorded in this process, for whoever may read it.
#[derive(Debug, Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Begins to record, or joins what records already: there is one recorder in a process.
    ///
    /// # Errors
    /// When another program around this one records in its own way.
    pub fn record() -> Result<Metrics, BadSetting> {
        static RECORDER: OnceLock<Option<Metrics>> = OnceLock::new();
        let install = || {
            let builder = PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
                .and_then(|builder| builder.set_buckets_for_metric(Matcher::Full(BATCH_WRITES.to_owned()), WRITES));
            let handle = builder.and_then(PrometheusBuilder::install_recorder);
            handle.inspect_err(|error: &BuildError| tracing::error!(%error, "metrics cannot be recorded")).ok().map(Metrics)
        };
        let metrics = RECORDER.get_or_init(install).clone();
        let metrics = metrics.ok_or_else(|| BadSetting("--metrics cannot be used: another recorder is installed already.".into()))?;
        describe();
        Ok(metrics)
    }

    /// As text in Prometheus' format.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Makes room: what histograms were told since is put into their buckets. To be called every few seconds.
    pub fn tidy(&self) {
        self.0.run_upkeep();
    }
}

fn describe() {
    describe_counter!(REQUESTS, "Requests answered, by face (http, grpc), subject (endpoint or RPC), method and status.");
    describe_histogram!(REQUEST_SECONDS, "From a request's head to its answer's, by face and subject.");
    describe_histogram!(BATCH_WRITES, "Writes that a lane took into one transaction.");
    describe_histogram!(COMMIT_SECONDS, "From a lane's lock to its commit.");
    let about = ["Statements run.", "Rows read.", "Rows written.", "Transactions of the lanes that changed something.", "Writes answered."];
    for (name, about) in STORE.into_iter().zip(about) {
        describe_counter!(name, about);
    }
    describe_counter!(DEVIATIONS, "Uses of tolerances: what identity providers send beside the RFCs, by tolerance.");
    describe_counter!(REFUSALS, "Calls of connections that were refused, by reason.");
    describe_counter!(ALARMS, "Windows in which a connection ended more than its mass_change_alarm says.");
    describe_gauge!(CONNECTIONS, "Connections of all organizations, by state; refreshed every few minutes.");
    describe_gauge!(WATCHERS, "Streams of changes that are open.");
    describe_counter!(STREAMS_ENDED, "Streams of changes that the server ended on purpose, by reason.");
    describe_counter!(READ_AGAIN, "Reads of the table for streams that had fallen behind what is kept in memory.");
    describe_histogram!(TAIL_SECONDS, "From a write's arrival to its being read for those who watch.");
    describe_counter!(COMPACTED, "Commits whose changes were let go of.");
    describe_gauge!(EXPIRING, "Tokens that work and end within so many days; refreshed every few minutes.");
}

/// A request was answered. Everything but the time is from a closed list; the status is a number of HTTP or a name of gRPC.
pub fn request(face: &'static str, subject: &'static str, method: &'static str, status: String, took: Duration) {
    counter!(REQUESTS, "face" => face, "subject" => subject, "method" => method, "status" => status).increment(1);
    histogram!(REQUEST_SECONDS, "face" => face, "subject" => subject).record(took);
}

/// A lane commits so many writes together.
pub async fn batch(writes: usize, commit: impl Future<Output = ()>) {
    let begun = Instant::now();
    commit.await;
    histogram!(BATCH_WRITES).record(f64::from(u32::try_from(writes).unwrap_or(u32::MAX)));
    histogram!(COMMIT_SECONDS).record(begun.elapsed());
}

/// What the store did since it was opened: statements, rows read, rows written, commits, writes.
pub fn store(totals: [u64; 5]) {
    for (name, total) in STORE.into_iter().zip(totals) {
        counter!(name).absolute(total);
    }
}

/// A tolerance, by its name in the table, was used.
pub fn deviation(tolerance: &'static str, uses: i64) {
    counter!(DEVIATIONS, "tolerance" => tolerance).increment(u64::try_from(uses).unwrap_or(0));
}

/// A connection's call was refused, for a reason of the contract.
pub fn refusal(reason: &'static str) {
    counter!(REFUSALS, "reason" => reason).increment(1);
}

/// A connection's mass-change alarm rose.
pub fn alarm() {
    counter!(ALARMS).increment(1);
}

/// So many streams of changes more (or less) are open.
pub fn watchers(more: f64) {
    gauge!(WATCHERS).increment(more);
}

/// The server ended a stream of changes, for a reason of the contract.
pub fn stream_ended(reason: &'static str) {
    counter!(STREAMS_ENDED, "reason" => reason).increment(1);
}

/// A stream of changes reads from the table.
pub fn read_again() {
    counter!(READ_AGAIN).increment(1);
}

/// A tailer read a commit that was asked for so many microseconds ago.
pub fn tailed(micros: i64) {
    histogram!(TAIL_SECONDS).record(Duration::from_micros(u64::try_from(micros).unwrap_or(0)));
}

/// So many commits were let go of.
pub fn compacted(commits: i64) {
    counter!(COMPACTED).increment(u64::try_from(commits).unwrap_or(0));
}

/// How many connections are in a state.
pub fn connections(state: &'static str, count: u32) {
    gauge!(CONNECTIONS, "state" => state).set(f64::from(count));
}

/// How many tokens end within so many days.
pub fn expiring(days: &'static str, count: u32) {
    gauge!(EXPIRING, "days" => days).set(f64::from(count));
}
