//! What the log says of requests, and of settings that say nothing.

use super::process::{Place, Running, clients};
use crate::harness::{
    Engine,
    scim::{USER, send, with_body},
};
use reqwest::Method;
use roster::api::v1::ListConnectionsRequest;
use serde_json::{Value, json};
use std::process::Stdio;

/// Row 46 (Bitwarden)
#[tokio::test]
async fn each_request_is_a_line_that_says_whose_it_was_and_nothing_of_what_was_sent() {
    let place = Place::fresh(Engine::Sqlite).await;
    let server = place.start(&["--log-format", "json"]).await;
    let bootstrap = place.bootstrap();
    let (grpc, scim) = clients(&bootstrap).await;
    let organization = bootstrap["organization_id"].as_str().unwrap();
    let list = ListConnectionsRequest { organization_id: organization.to_owned(), ..ListConnectionsRequest::default() };
    let connection = grpc.provisioning.clone().list_connections(list).await.unwrap().into_inner().connections.remove(0).id;

    let person = json!({"schemas": [USER], "userName": "canary@example.com"});
    let created = send(with_body(scim.request(Method::POST, "/Users").header("user-agent", "Okta SCIM Client 1.0.0"), &person)).await;
    assert_eq!(created.status, 201);
    scim.list("/Users", &[("filter", "userName eq \"canary@example.com\"")]).await.expect(200);
    scim.get("/Users/canary").await.is_error(404, "");
    scim.with_token("canary").get("/Groups").await.is_error(401, "");
    server.signal("TERM");
    let (code, log) = server.end().await;

    assert_eq!(code, Some(0), "{log}");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answered = |subject: &str| -> Vec<&Value> {
        lines.iter().filter(|line| line["message"] == "answered" && line["span"]["subject"] == subject).collect()
    };
    let users = answered("Users");
    let told: Vec<(&str, u64)> = users.iter().map(|l| (l["method"].as_str().unwrap(), l["status"].as_u64().unwrap())).collect();
    assert_eq!(told, [("POST", 201), ("GET", 200), ("GET", 404)]);
    for line in &users {
        assert_eq!(
            (&line["organization"], &line["connection"], &line["span"]["face"]),
            (&json!(organization), &json!(connection), &json!("http"))
        );
        assert!(line["milliseconds"].is_u64() || line["milliseconds"].is_string(), "{line}");
    }
    assert_eq!((&users[0]["provider"], &users[1]["provider"]), (&json!("okta"), &json!("")));
    assert_eq!(users[0]["span"]["id"], created.header("x-request-id"), "the answer and the line have one id");
    let stranger = answered("Groups");
    assert_eq!((stranger.len(), &stranger[0]["status"], &stranger[0]["connection"]), (1, &json!(401), &json!("")));
    assert_eq!(answered("/roster.v1.ProvisioningService/ListConnections").len(), 1);
    for secret in ["canary", bootstrap["scim_token"].as_str().unwrap(), bootstrap["admin_token"].as_str().unwrap()] {
        assert!(!log.contains(secret), "{log}");
    }
}

/// Row 8 (Jumper)
#[tokio::test]
async fn a_setting_that_says_nothing_is_warned_of_and_the_server_starts() {
    for (engine, variables, warned) in [
        (Engine::Sqlite, &[("SCIM_ENABLE", "secret-value"), ("ADMIN_GROUP", "secret-group")][..], true),
        (Engine::Postgres, &[("ADMIN_GROUP", "secret-group")], false),
    ] {
        let place = Place::fresh(engine).await;
        let mut command = place.serve(&[]);
        command.envs(variables.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let server = Running::of(command).await;
        server.signal("TERM");
        let (code, log) = server.end().await;

        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains("WARN ADMIN_GROUP changes nothing"), "{log}");
        assert_eq!(log.contains("WARN SCIM_ENABLE is no setting of Roster"), warned, "{log}");
        assert!(!log.contains("secret"), "{log}");
    }
}

/// Row 8 (Jumper)
#[tokio::test]
async fn an_empty_setting_ends_the_start() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let place = Place::fresh(engine).await;
        for name in ["SCIM_ENABLED", "SCIM_BEARER_TOKEN", "SCIM_ALLOW_USER_DELETION", "SCIM_ALLOW_USER_CREATION_CONFLITS"] {
            let output = place.serve(&[]).env(name, "").output().await.unwrap();

            let why = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{name}: {why}");
            assert!(why.contains(&format!("{name} is set and empty")), "{why}");
        }
        assert!(!place.data_dir().join("bootstrap.json").exists());
    }
}
