//! Every setting of the server: its unit, default, bound, environment name, and why it is one.
//!
//! The command line wins over the environment, the environment over the default. What an operator may get wrong is
//! refused before anything is opened, in one sentence that names the setting.

mod environment;
mod facade;
mod feed;
mod network;
mod origins;

pub use environment::Environment;
pub use facade::{FacadeConfig, FacadeSettings};
pub use feed::{Feed, FeedSettings};
pub use network::{Network, NetworkSettings};
pub use origins::Origins;

use crate::limits;
use clap::{Args, ValueEnum};
use std::{fmt, net::SocketAddr, path::PathBuf};
use url::Url;

/// A setting that cannot be used; one sentence for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadSetting(pub String);

impl fmt::Display for BadSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadSetting {}

/// Where the data lives.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Data")]
pub struct StoreSettings {
    /// Directory for the SQLite file and bootstrap.json; created with mode 0700. One server at a time.
    #[arg(long, value_name = "DIR", env = "ROSTER_DATA_DIR", default_value = "./roster-data")]
    pub data_dir: PathBuf,

    /// A PostgreSQL URL (`postgres://user:password@host/database`) to keep the data there instead of in SQLite.
    #[arg(long, value_name = "URL", env = "ROSTER_DATABASE", hide_env_values = true)]
    pub database: Option<String>,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// What the server says about itself.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Logs")]
pub struct LogSettings {
    /// What to log: off, error, warn, info, debug or trace, also per module (`info,roster::store=debug`).
    #[arg(long = "log", value_name = "FILTER", env = "ROSTER_LOG", default_value = "info")]
    pub filter: String,

    /// Log lines for people (text) or for machines (json).
    #[arg(long = "log-format", value_name = "FORMAT", env = "ROSTER_LOG_FORMAT", default_value = "text")]
    pub format: LogFormat,
}

/// The settings of `roster serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeSettings {
    /// Where the data lives.
    #[command(flatten)]
    pub store: StoreSettings,

    /// Address of the gRPC face; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", env = "ROSTER_GRPC", default_value = "127.0.0.1:50051", help_heading = "Network")]
    pub grpc: String,

    /// Speak gRPC-Web on the gRPC face too, to pages of these origins in a browser: `https://console.example.com`, more after
    /// commas, or * for any. Default: gRPC alone.
    #[arg(long, value_name = "ORIGINS", env = "ROSTER_GRPC_WEB_ORIGINS", value_delimiter = ',', help_heading = "Network")]
    pub grpc_web_origins: Vec<String>,

    /// The SCIM face, and who may connect to both.
    #[command(flatten)]
    pub network: NetworkSettings,

    /// Days a token may live at most (1 to 3650). Unless asked for otherwise it lives that long, but never longer than 365.
    #[arg(long, value_name = "DAYS", env = "ROSTER_TOKEN_MAX_DAYS", default_value_t = limits::TOKEN_DAYS, help_heading = "Tokens")]
    pub token_max_days: i64,

    /// How the feed of changes is kept and told.
    #[command(flatten)]
    pub feed: FeedSettings,

    /// For scripts/bench: serve the bare call that everything is measured against, and let lanes take so many writes at once.
    #[arg(long, value_name = "WRITES", env = "ROSTER_BENCH", hide = true)]
    pub bench: Option<usize>,

    /// Logs.
    #[command(flatten)]
    pub log: LogSettings,
}

/// Which engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Engine {
    /// A file in the data directory.
    Sqlite(PathBuf),
    /// A server, by URL.
    Postgres(String),
}

/// Settings that have been read as far as that goes without opening anything.
#[derive(Debug, Clone)]
pub struct Config {
    /// For the SQLite file and bootstrap.json.
    pub data_dir: PathBuf,
    /// Which engine.
    pub engine: Engine,
    /// The gRPC address.
    pub grpc: SocketAddr,
    /// Whose pages may call it from a browser; absent = gRPC-Web is not spoken.
    pub grpc_web: Option<Origins>,
    /// The SCIM face, and who may connect to both.
    pub network: Network,
    /// Days a token may live at most.
    pub token_max_days: i64,
    /// The connection that `SCIM_ENABLED` and its like describe; absent = none of them is set.
    pub environment: Option<Environment>,
    /// Writes that a lane takes at once, in a server that is measured; such a one serves a bare call too.
    pub bench: Option<usize>,
    /// Variables that are set and say nothing, one sentence each for the operator.
    pub mute: Vec<String>,
    /// How the feed of changes is kept and told.
    pub feed: Feed,
}

impl StoreSettings {
    /// The engine these settings select.
    ///
    /// # Errors
    /// For a URL of another database.
    pub fn engine(&self) -> Result<Engine, BadSetting> {
        // An empty variable is what compose files and charts make of a setting that is not set.
        match self.database.as_deref().map(str::trim).filter(|url| !url.is_empty()) {
            None => Ok(Engine::Sqlite(self.data_dir.join("roster.sqlite"))),
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => match Url::parse(url) {
                Ok(_) => Ok(Engine::Postgres(url.to_owned())),
                // The URL may hold a password, so it is not repeated.
                Err(error) => Err(BadSetting(format!("--database is no URL: {error}."))),
            },
            Some(_) => {
                Err(BadSetting("--database takes a PostgreSQL URL (postgres://…); without it the data is kept in --data-dir.".into()))
            }
        }
    }
}

impl ServeSettings {
    /// Reads what can be read without opening anything.
    ///
    /// # Errors
    /// With the sentence that names the first bad setting.
    pub fn check(&self) -> Result<Config, BadSetting> {
        let network = self.network.check()?;
        if !(1..=limits::TOKEN_DAYS_MOST).contains(&self.token_max_days) {
            let bounds = format!("1 to {}", limits::TOKEN_DAYS_MOST);
            return Err(BadSetting(format!("--token-max-days is {}; it takes {bounds}.", self.token_max_days)));
        }
        if let Some(batch) = self.bench {
            within("--bench", batch, 1, limits::LANE_BATCH)?;
        }
        Ok(Config {
            bench: self.bench,
            data_dir: self.store.data_dir.clone(),
            engine: self.store.engine()?,
            grpc: address("--grpc", &self.grpc)?,
            grpc_web: Origins::read(&self.grpc_web_origins)?,
            network,
            token_max_days: self.token_max_days,
            environment: Environment::read(|name| std::env::var_os(name))?,
            mute: environment::mute(&set_variables()),
            feed: self.feed.check()?,
        })
    }
}

/// The names of all variables that are set to something.
fn set_variables() -> Vec<String> {
    std::env::vars_os().filter(|(_, value)| !value.is_empty()).filter_map(|(name, _)| name.into_string().ok()).collect()
}

fn within(name: &str, value: usize, least: usize, most: usize) -> Result<(), BadSetting> {
    if (least..=most).contains(&value) { Ok(()) } else { Err(BadSetting(format!("{name} is {value}; it takes {least} to {most}."))) }
}

fn address(name: &str, text: &str) -> Result<SocketAddr, BadSetting> {
    text.parse().map_err(|_| BadSetting(format!("{name} is {text:?}; it takes an IP address and a port, for example 127.0.0.1:8080.")))
}

/// http or https, a host, no user, nothing after the path.
fn web_url(name: &str, text: &str, example: &str) -> Result<Url, BadSetting> {
    let bad = |why: &str| BadSetting(format!("{name} {why}; it takes for example {example}."));
    let url = Url::parse(text).map_err(|_| bad("is no URL"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(bad("is no http or https URL"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(bad("has a user, a query or a fragment"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, Parser};

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        settings: ServeSettings,
    }

    fn check(arguments: &[&str]) -> Result<Config, BadSetting> {
        Line::parse_from([&["roster"], arguments].concat()).settings.check()
    }

    #[test]
    fn the_defaults_are_a_sqlite_file_here_and_loopback() {
        let config = check(&[]).unwrap();
        assert_eq!(config.engine, Engine::Sqlite("./roster-data/roster.sqlite".into()));
        assert_eq!((config.network.http.to_string(), config.grpc.to_string()), ("127.0.0.1:8080".into(), "127.0.0.1:50051".into()));
        let network = config.network;
        assert_eq!((network.public_url, network.tls, network.drain_seconds), (None, None, 10));
    }

    #[test]
    fn an_empty_database_is_none() {
        for empty in ["", " "] {
            assert_eq!(check(&["--database", empty]).unwrap().engine, Engine::Sqlite("./roster-data/roster.sqlite".into()));
        }
    }

    #[test]
    fn a_postgres_url_selects_postgres() {
        for url in ["postgres://u:p@h/d", "postgresql:///d?host=/tmp"] {
            assert_eq!(check(&["--database", url]).unwrap().engine, Engine::Postgres(url.to_owned()));
        }
    }

    #[test]
    fn a_bad_setting_is_one_sentence_that_names_it() {
        let cases: [(&[&str], &str); 15] = [
            (&["--database", "mysql://u:secret@h/d"], "--database"),
            (&["--http", "localhost"], "--http"),
            (&["--grpc", ""], "--grpc"),
            (&["--public-url", "roster.example.com"], "--public-url"),
            (&["--public-url", "ftp://roster.example.com"], "--public-url"),
            (&["--public-url", "https://u:secret@h/"], "--public-url"),
            (&["--tls-cert", "a.pem"], "--tls-key"),
            (&["--drain-seconds", "301"], "--drain-seconds"),
            (&["--connections", "0"], "--connections"),
            (&["--metrics", "9090"], "--metrics"),
            (&["--token-max-days", "0"], "--token-max-days"),
            (&["--token-max-days", "3651"], "--token-max-days"),
            (&["--changes-days", "0"], "--changes-days"),
            (&["--changes-most", "999"], "--changes-most"),
            (&["--stream-minutes", "1441"], "--stream-minutes"),
        ];
        for (arguments, name) in cases {
            let sentence = check(arguments).unwrap_err().0;
            assert!(sentence.contains(name) && sentence.ends_with('.') && !sentence.contains('\n'), "{sentence}");
            assert!(!sentence.contains("secret"), "{sentence}");
        }
    }

    #[test]
    fn a_public_url_loses_its_last_slash_and_keeps_its_path() {
        assert_eq!(check(&["--public-url", "https://h.example/"]).unwrap().network.public_url.unwrap(), "https://h.example");
        assert_eq!(check(&["--public-url", "https://h.example/id/"]).unwrap().network.public_url.unwrap(), "https://h.example/id");
    }

    #[test]
    fn every_setting_has_its_environment_name() {
        check_environment(&Line::command());
    }

    pub(super) fn check_environment(command: &clap::Command) {
        for argument in command.get_arguments().filter(|a| !a.is_global_set() && a.get_id() != "help") {
            let expected = format!("ROSTER_{}", argument.get_long().unwrap().replace('-', "_").to_uppercase());
            assert_eq!(argument.get_env().and_then(|name| name.to_str()), Some(expected.as_str()));
        }
    }
}
