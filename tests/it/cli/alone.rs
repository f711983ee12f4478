//! `roster scim`: the SCIM face as a process of its own, in front of `roster serve`.

use super::process::{Place, Running, roster, run};
use crate::harness::{
    Engine, Scim,
    scim::{ERROR, USER, http},
};
use reqwest::{Certificate, Method, StatusCode};
use serde_json::{Value, json};
use std::{fs, path::Path, process::Stdio, time::Duration};

/// A certificate for loopback and its key, as files.
fn certificate(folder: &Path) -> [String; 2] {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
    let file = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    [file("cert.pem", made.cert.pem()), file("key.pem", made.signing_key.serialize_pem())]
}

/// A façade on a free port, and the address it says it has.
async fn facade(arguments: &[&str]) -> (Running, String) {
    let mut command = roster(&["scim", "--http", "127.0.0.1:0"]);
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    let running = Running::of(command).await;
    let url = running.line("Roster serves SCIM at ").split_whitespace().nth(4).unwrap().trim_end_matches("/scim/v2").to_owned();
    (running, url)
}

/// Row 42 (Bitwarden)
#[tokio::test]
async fn the_facade_runs_as_a_process_of_its_own_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let [cert, key] = certificate(folder.path());
    let place = Place::fresh(Engine::Sqlite).await;
    let server = place.start(&["--tls-cert", &cert, "--tls-key", &key]).await;
    let bootstrap = place.bootstrap();
    let (directory, token) = (bootstrap["grpc_endpoint"].as_str().unwrap(), bootstrap["scim_token"].as_str().unwrap());
    let tls = ["--directory", directory, "--ca", &cert, "--tls-cert", &cert, "--tls-key", &key];
    let (running, url) = facade(&[&tls[..], &["--public-url", "https://scim.example.com"]].concat()).await;
    assert!(running.line("Roster serves SCIM at ").ends_with(&format!("for the directory at {directory}.")));
    assert_eq!(url, "https://scim.example.com");
    let (second, url) = facade(&tls).await;

    let trusted = Certificate::from_pem(&fs::read(&cert).unwrap()).unwrap();
    let client = http().use_rustls_tls().add_root_certificate(trusted).build().unwrap();
    assert_eq!(client.get(format!("{url}/readyz")).send().await.unwrap().status(), StatusCode::OK);
    let users = format!("{url}/scim/v2/default/Users");
    let body = json!({"schemas": [USER], "userName": "ada@corp.example"}).to_string();
    let post = client.post(&users).bearer_auth(token).header("content-type", "application/scim+json").body(body);
    assert_eq!(post.send().await.unwrap().status(), StatusCode::CREATED);
    let list = client.get(&users).bearer_auth(token).send().await.unwrap().text().await.unwrap();
    assert!(list.contains("ada@corp.example") && list.contains(&format!("{users}/")), "{list}");
    assert_eq!(client.get(&users).bearer_auth("nonsense").send().await.unwrap().status(), StatusCode::UNAUTHORIZED);

    running.signal("TERM");
    assert_eq!(running.end().await.0, Some(0));
    drop((server, second));
}

#[tokio::test]
async fn a_directory_that_is_away_is_no_fault_of_the_request_and_is_found_again() {
    let place = Place::fresh(Engine::Sqlite).await;
    let server = place.start(&[]).await;
    let bootstrap = place.bootstrap();
    let directory = bootstrap["grpc_endpoint"].as_str().unwrap().to_owned();
    let (running, url) = facade(&["--directory", &directory]).await;
    let scim = Scim::new(&format!("{url}/scim/v2"), bootstrap["scim_token"].as_str().unwrap());
    let ready = async || http().build().unwrap().get(format!("{url}/readyz")).send().await.unwrap().status().as_u16();
    let id = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await.id();
    assert_eq!(ready().await, 200);

    server.signal("KILL");
    server.end().await;
    for path in ["/Users", &format!("/Users/{id}"), "/Schemas"] {
        let away = scim.request(Method::GET, path).send().await.unwrap();
        assert_eq!((away.status().as_u16(), away.headers()["retry-after"].to_str().unwrap()), (503, "1"), "{path}");
        let body: Value = serde_json::from_slice(&away.bytes().await.unwrap()).unwrap();
        assert_eq!((&body["schemas"], &body["status"]), (&json!([ERROR]), &json!("503")), "{path}");
    }
    // Nobody has to be asked for this one.
    assert_eq!(scim.get("/ServiceProviderConfig").await.status, 200);
    assert_eq!(http().build().unwrap().get(format!("{url}/alive")).send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(ready().await, 503);

    let grpc = directory.trim_start_matches("http://");
    let mut command = roster(&["serve", "--http", "127.0.0.1:0", "--grpc", grpc, "--data-dir"]);
    command.arg(place.data_dir()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let server = Running::of(command).await;
    while ready().await != 200 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(scim.get(&format!("/Users/{id}")).await.expect(200)["userName"], "ada");
    drop((server, running));
}

#[tokio::test]
async fn a_facade_that_cannot_start_says_why_in_one_sentence() {
    for (arguments, says) in [
        (&["--directory", "http://directory.example:50051"][..], "--allow-plaintext"),
        (&["--directory", "directory:50051"], "--directory"),
        (&["--directory", "https://127.0.0.1:1", "--ca", "/nowhere/ca.pem"], "--ca /nowhere/ca.pem"),
        (&["--directory", "http://127.0.0.1:1", "--http", "nowhere"], "--http"),
        (&["--directory", "http://127.0.0.1:1", "--tls-cert", "/nowhere/cert.pem"], "--tls-key"),
    ] {
        let output = run(&[&["scim"], arguments].concat()).await;
        let why = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {why}");
        assert!(why.starts_with("roster: ") && why.contains(says) && why.lines().count() == 1, "{arguments:?}: {why}");
    }
}
