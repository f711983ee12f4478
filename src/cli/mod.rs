//! The command line: one file per command. Every command that serves nothing and opens no store is an ordinary gRPC client.

mod changes;
mod connect;
mod connection;
mod export;
mod group;
mod import;
mod lifecycle;
mod lines;
mod load;
mod mappings;
mod migrate;
mod organization;
mod output;
mod permissions;
mod recover;
mod restored;
mod role;
mod rules;
mod scim;
mod serve;
mod service_account;
mod signals;
mod stored;
mod takeover;
mod token;
mod user;

use crate::config::{FacadeSettings, ServeSettings, StoreSettings};
use clap::{Parser, Subcommand, error::ErrorKind};
use connect::ClientSettings;
use std::{ffi::OsString, io::Write as _, process::ExitCode};

/// Exit code of a command that was refused or could not be carried out.
const REFUSED: u8 = 1;
/// Exit code for settings and arguments that cannot be used.
const BAD_SETTINGS: u8 = 2;

/// Roster: a gRPC-first identity directory that identity providers provision over SCIM 2.0.
#[derive(Debug, Parser)]
#[command(
    name = "roster",
    version,
    arg_required_else_help = true,
    after_help = "Start with `roster serve`: the first start prints the base URL and the token to paste into an identity provider.\n\n\
                  Next to a running server, commands such as `roster user list` find it by themselves: unless --endpoint or --token \
                  (ROSTER_ENDPOINT, ROSTER_TOKEN) says otherwise, they read bootstrap.json in --data-dir (ROSTER_DATA_DIR, ./roster-data).\n\n\
                  Exit codes: 0 done, 1 refused or failed, 2 settings or arguments that cannot be used."
)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server: SCIM over HTTP, everything over gRPC
    Serve(Box<ServeSettings>),
    /// Run the SCIM face alone, in front of a directory that `roster serve` serves elsewhere
    Scim(Box<FacadeSettings>),
    /// Bring the database's schema up to date, and exit
    Migrate(StoreSettings),
    /// Issue a token for a new administrator, if all are lost; a server that keeps its data in SQLite must be stopped first
    Recover(StoreSettings),
    /// After a backup was brought back, with every server stopped: have revisions, resume tokens and versions of before refused
    Restored(StoreSettings),
    /// Show, list, make and end users
    User(Noun<user::Verb>),
    /// Show or list groups and their members
    Group(Noun<group::Verb>),
    /// Manage organizations (tenants)
    #[command(visible_alias = "org")]
    Organization(Noun<organization::Verb>),
    /// Manage connections: one per identity provider
    Connection(Noun<connection::Verb>),
    /// Manage service accounts: programs that call over gRPC
    ServiceAccount(Noun<service_account::Verb>),
    /// Manage roles: who was granted them, and who holds them
    Role(Noun<role::Verb>),
    /// Manage the tokens of connections and service accounts
    Token(Noun<token::Verb>),
    /// Follow what changes, as JSON lines
    Changes(Noun<changes::Verb>),
    /// Decide who takes over whose users, and take links back
    Takeover(Noun<takeover::Verb>),
    /// Write a whole organization to a file, as JSON lines
    Export(export::Export),
    /// Take in what an export wrote
    Import(import::Import),
    /// Ask a server for one thing again and again
    #[command(hide = true)]
    Load(load::Load),
}

/// A noun's commands, and the server they are sent to.
#[derive(Debug, clap::Args)]
struct Noun<V: Subcommand> {
    #[command(subcommand)]
    verb: V,
    #[command(flatten)]
    client: ClientSettings,
}

/// Why a command did not do what it was asked; one sentence and an exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    sentence: String,
    code: u8,
}

type Done = Result<(), Failure>;

impl Failure {
    fn settings(sentence: impl Into<String>) -> Self {
        Failure { sentence: sentence.into(), code: BAD_SETTINGS }
    }

    fn refused(sentence: impl Into<String>) -> Self {
        Failure { sentence: sentence.into(), code: REFUSED }
    }
}

/// Runs the command these arguments name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let line = match Line::try_parse_from(arguments) {
        Ok(line) => line,
        Err(error) => return explain(&error),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&Failure::refused(format!("The system gives no threads: {error}."))),
    };
    match runtime.block_on(dispatch(line.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(&failure),
    }
}

async fn dispatch(command: Command) -> Done {
    match command {
        Command::Serve(settings) => serve::run(*settings).await,
        Command::Scim(settings) => scim::run(*settings).await,
        Command::Migrate(settings) => migrate::run(settings).await,
        Command::Recover(settings) => recover::run(settings).await,
        Command::Restored(settings) => restored::run(settings).await,
        Command::User(noun) => user::run(noun.verb, &noun.client).await,
        Command::Group(noun) => group::run(noun.verb, &noun.client).await,
        Command::Organization(noun) => organization::run(noun.verb, &noun.client).await,
        Command::Connection(noun) => connection::run(noun.verb, &noun.client).await,
        Command::ServiceAccount(noun) => service_account::run(noun.verb, &noun.client).await,
        Command::Role(noun) => role::run(noun.verb, &noun.client).await,
        Command::Token(noun) => token::run(noun.verb, &noun.client).await,
        Command::Changes(noun) => changes::run(noun.verb, &noun.client).await,
        Command::Export(export) => export::run(export).await,
        Command::Import(import) => import::run(import).await,
        Command::Load(load) => load::run(load).await,
        Command::Takeover(noun) => takeover::run(noun.verb, &noun.client).await,
    }
}

fn report(failure: &Failure) -> ExitCode {
    output::note(format!("roster: {}", failure.sentence));
    ExitCode::from(failure.code)
}

/// Help goes to stdout; a value that cannot be read is one line, like every other bad setting.
fn explain(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation) {
        let text = error.render().to_string();
        let first = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect::<Vec<_>>().join(" ");
        return report(&Failure::settings(first.trim_start_matches("error: ")));
    }
    let printed = error.print().and_then(|()| std::io::stdout().flush());
    // Nobody may be there to read what it says to stderr.
    if !error.use_stderr()
        && let Err(failure) = output::written(printed)
    {
        return report(&failure);
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(BAD_SETTINGS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Line::command().debug_assert();
    }

    #[test]
    fn every_setting_of_serve_is_named_in_its_help_with_its_environment() {
        let help = Line::command().find_subcommand_mut("serve").unwrap().render_long_help().to_string();
        for name in ["DATA_DIR", "DATABASE", "HTTP", "GRPC", "PUBLIC_URL", "TLS_CERT", "TLS_KEY"] {
            assert!(help.contains(&format!("ROSTER_{name}")), "{name} is not in:\n{help}");
        }
    }
}
