//! `roster` as a process: started, listened to, stopped.

use crate::harness::{Clients, Engine, Scim, store};
use roster::store::Database;
use serde_json::Value;
use std::{
    fs,
    path::PathBuf,
    process::{Output, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, Command},
};
use tonic::transport::Endpoint;

/// Longer than any of this takes on a busy machine; a guard against hanging, no measurement.
const PATIENCE: Duration = Duration::from_mins(1);

/// The program with these arguments; the caller's own settings do not reach it.
pub fn roster(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roster"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ROSTER_")) {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Runs it to its end.
pub async fn run(arguments: &[&str]) -> Output {
    tokio::time::timeout(PATIENCE, roster(arguments).output()).await.expect("the program ends").unwrap()
}

/// What it wrote to stdout, of a run that went well.
#[track_caller]
pub fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Where a server may keep its data.
pub struct Place(store::Place);

impl Place {
    pub async fn fresh(engine: Engine) -> Place {
        Place(store::Place::fresh(engine).await)
    }

    pub fn data_dir(&self) -> PathBuf {
        self.0.folder.path().join("data")
    }

    /// The arguments of `serve` here, on free ports.
    pub fn serve(&self, more: &[&str]) -> Command {
        let mut command = roster(&["serve", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--data-dir"]);
        command.arg(self.data_dir());
        if let Database::Postgres(url) = self.0.database() {
            command.args(["--database", &url]);
        }
        command.args(more);
        command
    }

    /// The URL of the place's database, on PostgreSQL.
    pub fn database_url(&self) -> String {
        self.0.url()
    }

    /// The arguments of `serve` here, on free ports, with another database.
    pub fn serve_on(&self, database: &str) -> Command {
        let mut command = roster(&["serve", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--database", database, "--data-dir"]);
        command.arg(self.data_dir());
        command
    }

    /// Starts a server and waits for its last line.
    pub async fn start(&self, more: &[&str]) -> Running {
        let mut command = self.serve(more);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Running::of(command).await
    }

    pub fn bootstrap(&self) -> Value {
        serde_json::from_slice(&fs::read(self.data_dir().join("bootstrap.json")).unwrap()).unwrap()
    }
}

/// A server that was started for the first time, and the commands beside it.
pub struct Shell {
    place: Place,
    _server: Running,
}

impl Shell {
    pub async fn open() -> Shell {
        let place = Place::fresh(Engine::Sqlite).await;
        let server = place.start(&[]).await;
        Shell { place, _server: server }
    }

    /// Where the server keeps its data.
    pub fn data_dir(&self) -> PathBuf {
        self.place.data_dir()
    }

    /// Runs a command against the server.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        run(&[arguments, &["--data-dir", self.place.data_dir().to_str().unwrap()]].concat()).await
    }

    /// What a command that goes well prints for programs.
    pub async fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&said(&self.run(arguments).await)).unwrap()
    }

    /// Both faces of the server.
    pub async fn clients(&self) -> (Clients, Scim) {
        clients(&self.place.bootstrap()).await
    }
}

/// A running `roster serve` or `roster scim`.
pub struct Running {
    pub child: Child,
    /// What it printed until it served.
    pub welcome: Vec<String>,
}

impl Running {
    /// Starts a command that serves, and waits for its last line.
    pub async fn of(mut command: Command) -> Running {
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut welcome = Vec::new();
        let read = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                welcome.push(line);
                if welcome.last().unwrap().starts_with("Roster serves ") {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, read).await.expect("the server starts");
        if welcome.last().is_none_or(|line| !line.starts_with("Roster serves ")) {
            let mut why = String::new();
            child.stderr.take().unwrap().read_to_string(&mut why).await.unwrap();
            panic!("the server did not start: {welcome:?} {why}");
        }
        Running { child, welcome }
    }

    /// The line that begins with this word, without its indentation.
    #[track_caller]
    pub fn line(&self, beginning: &str) -> &str {
        self.welcome
            .iter()
            .map(|l| l.trim())
            .find(|l| l.starts_with(beginning))
            .unwrap_or_else(|| panic!("no line {beginning:?}: {:?}", self.welcome))
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().unwrap().to_string();
        assert!(std::process::Command::new("sh").args(["-c", &format!("kill -s {name} {pid}")]).status().unwrap().success());
    }

    /// Waits for its end: the exit code and what it logged.
    pub async fn end(mut self) -> (Option<i32>, String) {
        let mut log = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        let end = async {
            stderr.read_to_string(&mut log).await.unwrap();
            self.child.wait().await.unwrap()
        };
        let status = tokio::time::timeout(PATIENCE, end).await.expect("the server ends");
        (status.code(), log)
    }
}

/// Both faces of a server that was started here.
pub async fn clients(bootstrap: &Value) -> (Clients, Scim) {
    let text = |key: &str| bootstrap[key].as_str().unwrap();
    let channel = Endpoint::from_shared(text("grpc_endpoint").to_owned()).unwrap().connect().await.unwrap();
    (Clients::new(&channel, text("admin_token")), Scim::new(text("scim_base_url"), text("scim_token")))
}
