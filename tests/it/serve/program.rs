//! `roster serve` as an operator meets it.

use serde_json::Value;
use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, Command, Output, Stdio},
};
use tempfile::TempDir;

const ROSTER: &str = env!("CARGO_BIN_EXE_roster");

/// A running `roster serve`; killed when dropped.
struct Running {
    child: Child,
    /// What it said until it was ready.
    said: String,
}

/// A command without the settings of whoever runs the tests.
fn roster() -> Command {
    let mut command = Command::new(ROSTER);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ROSTER_") || name.starts_with("SCIM_")) {
        command.env_remove(name);
    }
    command
}

fn serve(data: &Path) -> Command {
    let mut command = roster();
    command.args(["serve", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--data-dir"]).arg(data);
    command
}

impl Running {
    fn start(data: &Path) -> Running {
        let mut child = serve(data).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        while !said.contains("Roster serves SCIM at ") {
            assert_ne!(lines.read_line(&mut said).unwrap(), 0, "it ended after saying: {said}");
        }
        Running { child, said }
    }

    /// The printed line that begins like this.
    fn line(&self, begin: &str) -> &str {
        self.said.lines().map(str::trim).find(|line| line.starts_with(begin)).unwrap_or_else(|| panic!("no {begin} in {}", self.said))
    }

    fn endpoint(&self) -> String {
        self.line("Roster serves").split(" gRPC at ").nth(1).unwrap().trim_end_matches('.').to_owned()
    }

    fn terminate(mut self) -> Option<i32> {
        assert!(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// The words of a command line as a shell reads them.
fn words(line: &str) -> Vec<String> {
    let output = Command::new("sh").args(["-c", &format!("printf '%s\\n' {line}")]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Rows 12, 46 (Infisical, Bitwarden)
#[tokio::test]
async fn the_printed_lines_work_when_pasted() {
    let folder = folder();
    let data = folder.path().join("it's data");
    let server = Running::start(&data);

    // The curl line, sent by another client: not every machine that runs tests has curl.
    let curl = words(server.line("curl "));
    let after = |flag: &str| -> Vec<&str> { curl.windows(2).filter(|pair| pair[0] == flag).map(|pair| pair[1].as_str()).collect() };
    let mut request = crate::harness::scim::http().build().unwrap().post(curl.iter().find(|word| word.starts_with("http")).unwrap());
    for header in after("-H") {
        let (name, value) = header.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    let created = request.body(after("-d")[0].to_owned()).send().await.unwrap();
    assert_eq!(created.status().as_u16(), 201, "{}", created.text().await.unwrap());

    let read = Command::new("sh").args(["-c", server.line(ROSTER)]).output().unwrap();
    let shown = String::from_utf8(read.stdout).unwrap();
    assert!(read.status.success() && shown.contains("ann@example.com"), "{shown}{}", String::from_utf8_lossy(&read.stderr));
}

#[test]
fn the_first_start_leaves_what_clients_need_and_later_ones_say_no_secret() {
    let folder = folder();
    let data = folder.path().join("data");
    let first = Running::start(&data);
    let kept: Value = serde_json::from_slice(&fs::read(data.join("bootstrap.json")).unwrap()).unwrap();
    for key in ["scim_base_url", "scim_token"] {
        assert!(first.said.contains(kept[key].as_str().unwrap()), "{key} is not in {}", first.said);
    }
    assert!(!first.said.contains(kept["admin_token"].as_str().unwrap()));
    let listed = roster().args(["organization", "list", "--json", "--data-dir"]).arg(&data).output().unwrap();
    let organizations: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!((&organizations[0]["id"], &organizations[0]["key"]), (&kept["organization_id"], &Value::from("default")));
    assert_eq!(first.terminate(), Some(0));

    let second = Running::start(&data);
    assert_eq!(second.said.lines().count(), 1, "{}", second.said);
    // A later start is somewhere else: clients on this machine find it by the same file.
    let later: Value = serde_json::from_slice(&fs::read(data.join("bootstrap.json")).unwrap()).unwrap();
    assert!(second.said.contains(later["grpc_endpoint"].as_str().unwrap()), "{later}\n{}", second.said);
    for key in ["scim_token", "admin_token", "organization_id"] {
        assert_eq!(later[key], kept[key], "{key}");
    }
}

#[test]
fn a_second_server_on_the_same_file_refuses_and_says_why() {
    let folder = folder();
    let _first = Running::start(folder.path());
    let second = serve(folder.path()).output().unwrap();
    assert_eq!(second.status.code(), Some(2));
    let said = stderr(&second);
    assert!(said.starts_with("roster: Another Roster server is using ") && said.lines().count() == 1, "{said}");
    let migrate = roster().args(["migrate", "--data-dir"]).arg(folder.path()).output().unwrap();
    assert_eq!((migrate.status.code(), stderr(&migrate)), (Some(2), said));
}

#[test]
fn the_schema_can_be_made_beforehand() {
    let folder = folder();
    let migrated = roster().args(["migrate", "--data-dir"]).arg(folder.path()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&migrated.stdout), "The schema is up to date.\n", "{}", stderr(&migrated));
    assert!(Running::start(folder.path()).said.contains("first start"));
}

#[test]
fn whoever_can_open_the_store_gets_back_in() {
    let folder = folder();
    assert_eq!(Running::start(folder.path()).terminate(), Some(0));
    let recovered = roster().args(["recover", "--data-dir"]).arg(folder.path()).output().unwrap();
    assert!(recovered.status.success(), "{}", stderr(&recovered));
    let said = String::from_utf8(recovered.stdout).unwrap();
    let server = Running::start(folder.path());
    let list = roster()
        .args(["organization", "list", "--endpoint", &server.endpoint()])
        .env("ROSTER_TOKEN", said.lines().nth(1).unwrap())
        .output();
    assert!(list.as_ref().unwrap().status.success(), "{}", stderr(&list.unwrap()));
    let refused = roster().args(["recover", "--data-dir"]).arg(folder.path()).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
}

#[test]
fn a_setting_that_cannot_be_used_is_one_sentence_and_exit_code_2() {
    let folder = folder();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (arguments, named) in [
        (&["--http", "nonsense"][..], "--http"),
        (&["--grpc", &taken], "--grpc"),
        (&["--database", "mysql://h/d"], "--database"),
        (&["--public-url", "roster.example.com"], "--public-url"),
        (&["--tls-cert", "cert.pem"], "--tls-key"),
        (&["--tls-cert", "/nowhere/cert.pem", "--tls-key", "/nowhere/key.pem"], "--tls-cert"),
        (&["--data-dir", "/dev/null/data"], "--data-dir"),
        (&["--drain-seconds", "soon"], "--drain-seconds"),
        (&["--log-format", "xml"], "--log-format"),
        (&["--log", "a=b=c"], "--log"),
    ] {
        let mut command = roster();
        // Given twice, clap would refuse it: the default folder and ports only where the case has no own.
        command.arg("serve").args(arguments);
        for (flag, default) in [("--data-dir", folder.path().to_str().unwrap()), ("--http", "127.0.0.1:0"), ("--grpc", "127.0.0.1:0")] {
            if !arguments.contains(&flag) {
                command.args([flag, default]);
            }
        }
        let output = command.output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.starts_with("roster: ") && said.contains(named) && said.lines().count() == 1, "{arguments:?}: {said}");
    }
}

#[test]
fn a_setting_may_come_from_the_environment() {
    let output = roster().arg("serve").env("ROSTER_HTTP", "nonsense").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("\"nonsense\""), "{}", stderr(&output));
}

// Row 8 of the capabilities.
#[test]
fn a_variable_that_cannot_be_used_is_named_and_never_said() {
    const TOKEN: &str = "canary-0123456789-0123456789-0123456789";
    let folder = folder();
    for (variables, named) in [
        (&[("SCIM_ENABLED", "canary")][..], "SCIM_ENABLED"),
        (&[("SCIM_ENABLED", "True")], "SCIM_BEARER_TOKEN"),
        (&[("SCIM_ENABLED", "True"), ("SCIM_BEARER_TOKEN", "canary")], "SCIM_BEARER_TOKEN"),
        (&[("SCIM_BEARER_TOKEN", TOKEN), ("SCIM_ALLOW_USER_CREATION_CONFLITS", "canary")], "SCIM_ALLOW_USER_CREATION_CONFLITS"),
        (
            &[("SCIM_ALLOW_USER_CREATION_CONFLITS", "True"), ("SCIM_ALLOW_USER_CREATION_CONFLICTS", "False")],
            "SCIM_ALLOW_USER_CREATION_CONFLICTS",
        ),
    ] {
        let output = serve(folder.path()).envs(variables.iter().copied()).output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{variables:?}: {said}");
        assert!(said.contains(named) && said.lines().count() == 1 && !said.contains("canary"), "{variables:?}: {said}");
    }
}

#[test]
fn a_refused_command_says_why_and_exits_1() {
    let folder = folder();
    let _server = Running::start(folder.path());
    let run = |arguments: &[&str]| roster().args(arguments).arg("--data-dir").arg(folder.path()).output().unwrap();
    let missing = run(&["user", "get", "--user-name", "nobody@example.com"]);
    assert_eq!((missing.status.code(), stderr(&missing)), (Some(1), "roster: No such user. (NOT_FOUND)\n"));
    let nameless = run(&["organization", "create", "Not A Key"]);
    assert_eq!(nameless.status.code(), Some(1));
    assert!(stderr(&nameless).ends_with("(INVALID_VALUE)\n"), "{}", stderr(&nameless));
    let nowhere = roster().args(["user", "list", "--data-dir", "/nowhere"]).output().unwrap();
    assert_eq!(nowhere.status.code(), Some(2), "{}", stderr(&nowhere));
}

#[test]
fn a_service_is_given_an_account_and_a_token_on_the_command_line() {
    let folder = folder();
    let server = Running::start(folder.path());
    let endpoint = server.endpoint();
    let run = |arguments: &[&str]| -> Value {
        let output = roster().args(arguments).args(["--json", "--data-dir"]).arg(folder.path()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let account = run(&["service-account", "create", "reader"]);
    let issued = run(&["token", "create", "--service-account", account["id"].as_str().unwrap(), "--scopes", "users.read", "--days", "7"]);
    let token = issued["secret"].as_str().unwrap();
    let reader = |arguments: &[&str]| roster().args(arguments).args(["--endpoint", &endpoint]).env("ROSTER_TOKEN", token).output().unwrap();
    assert!(reader(&["user", "list"]).status.success());
    let refused = reader(&["group", "list"]);
    assert_eq!(
        (refused.status.code(), stderr(&refused)),
        (Some(1), "roster: The credential lacks the scope groups.read. (SCOPE_MISSING)\n")
    );
    let listed = run(&["token", "list", "--service-account", account["id"].as_str().unwrap()]);
    assert_eq!((&listed[0]["id"], listed.as_array().unwrap().len()), (&issued["token_id"], 1));
}

#[test]
fn the_log_says_neither_secrets_nor_people() {
    let folder = folder();
    let mut child = serve(folder.path())
        .args(["--log", "trace,h2=off,hyper=off,hyper_util=off,tower=off"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    while !said.contains("Roster serves SCIM at ") {
        assert_ne!(lines.read_line(&mut said).unwrap(), 0);
    }
    let stderr = child.stderr.take().unwrap();
    let log = std::thread::spawn(move || {
        let mut log = String::new();
        BufReader::new(stderr).read_to_string(&mut log).unwrap();
        log
    });
    let kept: Value = serde_json::from_slice(&fs::read(folder.path().join("bootstrap.json")).unwrap()).unwrap();
    let run = |arguments: &[&str]| roster().args(arguments).arg("--data-dir").arg(folder.path()).output().unwrap();
    run(&["user", "get", "--user-name", "canary@example.com"]);
    run(&["user", "list", "--filter", "userName eq \"canary@example.com\""]);
    let mut running = Running { child, said };
    assert!(Command::new("kill").args(["-TERM", &running.child.id().to_string()]).status().unwrap().success());
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
    let log = log.join().unwrap();
    assert!(log.contains("/roster.v1.UserService/GetUser"), "{log}");
    for secret in [kept["scim_token"].as_str().unwrap(), kept["admin_token"].as_str().unwrap(), "canary"] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}
