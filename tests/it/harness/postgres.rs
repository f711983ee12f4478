//! A throw-away PostgreSQL: one cluster per test process, one database per test.
//!
//! The cluster runs under a small shell that holds the other end of a pipe. However this process ends (panic and
//! kill -9 included) the pipe closes, and the shell stops the server and removes its files.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Read as _},
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
};

/// The oldest PostgreSQL that Roster promises to run on.
const OLDEST: u32 = 15;

const MENDED_BY: &str = "these tests need a local PostgreSQL 15 or newer: run scripts/test, which installs it on Debian, \
     or `apt-get install postgresql-15`, or put its `initdb` and `postgres` on the PATH";

struct Cluster {
    port: u16,
    /// Dropping it would close the pipe and stop the server.
    _shell: Mutex<Child>,
}

/// A database of one's own; it may be removed when this is dropped.
#[derive(Debug)]
pub struct Lease {
    pub url: String,
    name: String,
}

/// Databases whose stories are over.
static OVER: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl Drop for Lease {
    fn drop(&mut self) {
        OVER.lock().unwrap_or_else(PoisonError::into_inner).push(std::mem::take(&mut self.name));
    }
}

/// A fresh, empty database. Those whose stories are over make room for it: a cluster of hundreds would fill a small disk.
///
/// # Panics
/// When no PostgreSQL can be found or started; the message says what mends it.
pub async fn fresh_database() -> Lease {
    static DATABASES: AtomicU32 = AtomicU32::new(0);
    let cluster = tokio::task::spawn_blocking(cluster).await.unwrap();
    let server = cluster.url("postgres");
    let over = std::mem::take(&mut *OVER.lock().unwrap_or_else(PoisonError::into_inner));
    for name in over {
        execute(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }
    let name = format!("t{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    execute(&server, &format!("CREATE DATABASE {name}")).await;
    Lease { url: cluster.url(&name), name }
}

/// Runs one statement on a connection of its own.
pub async fn execute(url: &str, statement: &str) {
    use sqlx::{Connection as _, Executor as _};
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    connection.execute(sqlx::AssertSqlSafe(statement.to_owned())).await.unwrap();
    connection.close().await.unwrap();
}

impl Cluster {
    fn url(&self, database: &str) -> String {
        format!("postgres://roster@127.0.0.1:{}/{database}", self.port)
    }
}

/// The cluster of this process, started at the first question.
fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Result<Cluster, String>> = OnceLock::new();
    // Someone else may take the port between the choice and the start: try again.
    match CLUSTER.get_or_init(|| start().or_else(|_| start())) {
        Ok(cluster) => cluster,
        Err(why) => panic!("{why}"),
    }
}

fn start() -> Result<Cluster, String> {
    let bin = newest_installation()?;
    let user = unprivileged_user();
    let dir = tempfile::Builder::new().prefix("roster-pg-").tempdir_in("/tmp").map_err(|e| e.to_string())?.keep();
    if let Some(user) = &user {
        let owner = Command::new("chown").arg(user).arg(&dir).status().map_err(|e| format!("chown: {e}"))?;
        if !owner.success() {
            return Err(format!("chown {user} {} failed", dir.display()));
        }
    }
    let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).map_err(|e| e.to_string())?.port();

    let mut shell = as_user(user.as_deref());
    let mut shell = shell
        .args(["sh", "-c", SCRIPT, "sh"])
        .args([bin.as_os_str(), dir.as_os_str()])
        .arg(port.to_string())
        .current_dir("/")
        .env("LC_ALL", "C")
        // A group of its own: the Ctrl-C that ends the tests reaches the shell as a closed pipe.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("cannot start sh: {e}"))?;

    wait_until_ready(&mut shell)?;
    Ok(Cluster { port, _shell: Mutex::new(shell) })
}

/// `$1` the binaries, `$2` the folder, `$3` the port. `read` returns when the tests' process is gone.
/// No fsync: what is lost with the machine was to be thrown away. Everything else is as the server's own defaults are,
/// except for two that would show a careless client: an isolation other than the one it must ask for, and an order of
/// text other than bytewise.
const SCRIPT: &str = r#"
trap 'rm -rf "$2"' EXIT
"$1"/initdb -D "$2"/data -U roster --auth=trust --encoding=UTF8 --locale=C --locale-provider=icu --icu-locale=en-US --no-sync >"$2"/initdb.log 2>&1 || { cat "$2"/initdb.log >&2; exit 1; }
"$1"/postgres -D "$2"/data -h 127.0.0.1 -p "$3" -k "$2" -c fsync=off -c full_page_writes=off -c max_connections=400 \
    -c shared_buffers=64MB -c max_wal_size=192MB -c log_min_messages=log -c default_transaction_isolation='repeatable read' </dev/null &
server=$!
read -r _
kill -INT "$server"
wait "$server"
"#;

/// Waits for the server's own word that it is ready, and goes on draining what it logs.
fn wait_until_ready(shell: &mut Child) -> Result<(), String> {
    let stderr = BufReader::new(shell.stderr.take().unwrap());
    let (say, heard) = mpsc::channel();
    thread::spawn(move || {
        let mut said = Vec::new();
        for line in stderr.lines().map_while(Result::ok) {
            if line.contains("database system is ready to accept connections") {
                // Nobody listens any more once the first start was heard.
                let _ = say.send(Ok(()));
            }
            said.push(line);
            if said.len() > 20 {
                said.remove(0);
            }
        }
        let _ = say.send(Err(said.join("\n")));
    });
    match heard.recv() {
        Ok(Ok(())) => Ok(()),
        Ok(Err(log)) => {
            let mut rest = String::new();
            let _ = shell.stdout.take().unwrap().read_to_string(&mut rest);
            Err(format!("PostgreSQL did not start:\n{log}\n{rest}"))
        }
        Err(gone) => Err(gone.to_string()),
    }
}

/// The folder of the newest `initdb` and `postgres`: a Debian installation, or what the PATH has.
fn newest_installation() -> Result<PathBuf, String> {
    let mut folders: Vec<PathBuf> = Vec::new();
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.filter_map(Result::ok).map(|v| v.path().join("bin")));
    }
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    folders
        .into_iter()
        .filter(|folder| folder.join("initdb").exists())
        .filter_map(|folder| Some((version(&folder)?, folder)))
        .filter(|(version, _)| *version >= OLDEST)
        .max_by_key(|(version, _)| *version)
        .map(|(_, folder)| folder)
        .ok_or_else(|| MENDED_BY.to_owned())
}

/// The major version: `postgres (PostgreSQL) 15.18 (Debian …)`.
fn version(folder: &Path) -> Option<u32> {
    let said = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    let said = String::from_utf8(said.stdout).ok()?;
    said.split_whitespace().nth(2)?.split(['.', 'b', 'r']).next()?.parse().ok()
}

/// PostgreSQL refuses to run as root: then as one of these.
fn unprivileged_user() -> Option<String> {
    let id = |args: &[&str]| Command::new("id").args(args).output().ok().filter(|o| o.status.success()).map(|o| o.stdout);
    if id(&["-u"])? != b"0\n" {
        return None;
    }
    ["postgres", "nobody"].into_iter().find(|user| id(&["-u", user]).is_some()).map(str::to_owned)
}

/// A command that runs what follows as that user.
fn as_user(user: Option<&str>) -> Command {
    let Some(user) = user else { return Command::new("env") };
    if Command::new("runuser").arg("--version").output().is_ok() {
        let mut command = Command::new("runuser");
        command.args(["-u", user, "--"]);
        return command;
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--regid", user, "--clear-groups", "--"]);
    command
}

#[tokio::test]
async fn every_database_is_empty_and_ones_own() {
    let (one, other) = (fresh_database().await, fresh_database().await);

    assert_ne!(one.url, other.url);
    execute(&one.url, "CREATE TABLE t (x BIGINT)").await;
    execute(&other.url, "CREATE TABLE t (x BIGINT)").await;
}
