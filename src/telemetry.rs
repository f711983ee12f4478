//! Logs and [`metrics`]: what is written, and what never is.
//!
//! Lines carry ids, names from closed lists, counts and durations. Never a header, a body, a filter, a query string or
//! a path as the client wrote it: any of these may hold a secret or a person. They go to stderr; stdout is for answers.

pub mod metrics;

use crate::config::{BadSetting, LogFormat, LogSettings};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// The call metadata by which a façade says which identity provider it hears, by the name of a profile.
pub const PROVIDER: &str = "roster-provider";
/// The call metadata by which a façade says what it refused without asking: status, scimType, and "write" if it was one.
pub const REFUSED: &str = "roster-refused";

/// What a face knows of a request once it is answered, for its line in the log: the answer carries it as an extension.
#[derive(Debug, Clone, Default)]
pub struct Served {
    /// The organization's id.
    pub organization: String,
    /// The connection's id; empty for a service account.
    pub connection: String,
    /// Which identity provider the headers speak of, from a closed list; empty = none.
    pub provider: &'static str,
}

/// Starts logging; later calls in one process change nothing.
///
/// # Errors
/// For a filter that cannot be read.
pub fn start(settings: &LogSettings) -> Result<(), BadSetting> {
    let filter = EnvFilter::builder()
        .parse(&settings.filter)
        .map_err(|error| BadSetting(format!("--log is {:?}, which is no filter: {error}.", settings.filter)))?;
    let registry = tracing_subscriber::registry().with(filter);
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(false);
    let started = match settings.format {
        LogFormat::Text => {
            use std::io::IsTerminal as _;
            registry.with(lines.with_ansi(std::io::stderr().is_terminal())).try_init()
        }
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
    };
    // A subscriber that is there already belongs to a test or to an embedding program.
    drop(started);
    // A panic's message may hold what it tripped over; its place is enough to find it.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a panic: this is a fault of the server");
    }));
    Ok(())
}
