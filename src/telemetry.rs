//! Logs: what is written, and what never is.
//!
//! Lines carry ids, names from closed lists, counts and durations. Never a header, a body, a filter, a query string or
//! a path as the client wrote it: any of these may hold a secret or a person. They go to stderr; stdout is for answers.

use crate::config::{BadSetting, LogFormat, LogSettings};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

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
    Ok(())
}

/// What a request was about, from a closed list: safe to log.
///
/// A gRPC method of the contract is its path; a SCIM request is its endpoint; everything else is "other".
pub fn subject(path: &str) -> &'static str {
    const ENDPOINTS: [&str; 9] = ["Users", "Groups", "Bulk", "Me", "Schemas", "ResourceTypes", "ServiceProviderConfig", "alive", "readyz"];
    if let Some(method) = crate::api::method::ALL.iter().find(|method| method.path == path) {
        return method.path;
    }
    path.split('/').find_map(|part| ENDPOINTS.into_iter().find(|endpoint| endpoint.eq_ignore_ascii_case(part))).unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_names_the_endpoint_and_nothing_the_client_wrote() {
        assert_eq!(subject("/roster.v1.UserService/GetUser"), "/roster.v1.UserService/GetUser");
        assert_eq!(subject("/scim/v2/acme/Users/ann@example.com"), "Users");
        assert_eq!(subject("/readyz"), "readyz");
        assert_eq!(subject("/roster.v1.UserService/ann@example.com"), "other");
        assert_eq!(subject("/"), "other");
    }
}
