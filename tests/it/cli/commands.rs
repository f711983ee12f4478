//! The commands beside `serve`: each a gRPC client, printing tables for people and JSON for programs.

use super::process::{Place, run, said};
use crate::harness::{Engine, scim::USER};
use serde_json::{Value, json};

#[tokio::test]
async fn a_tenant_is_set_up_from_the_command_line_alone() {
    let place = Place::fresh(Engine::Sqlite).await;
    let server = place.start(&[]).await;
    let dir = place.data_dir();
    let dir = dir.to_str().unwrap();
    let roster = async |arguments: &[&str]| run(&[arguments, &["--data-dir", dir]].concat()).await;

    let help = said(&run(&["--help"]).await);
    for noun in ["serve", "migrate", "organization", "connection", "service-account", "token", "user", "group"] {
        assert!(help.contains(noun), "{noun} is not in the help");
    }
    let organization: Value = serde_json::from_str(&said(&roster(&["organization", "create", "acme", "--json"]).await)).unwrap();
    let id = organization["id"].as_str().unwrap();
    assert_eq!(organization["key"], "acme");
    let connection: Value =
        serde_json::from_str(&said(&roster(&["connection", "create", "Okta", "--organization", "acme", "--json"]).await)).unwrap();
    assert_eq!(connection["organization_id"], id);
    let listed = said(&roster(&["organization", "list"]).await);
    assert!(listed.contains("acme") && listed.contains("default"), "{listed}");
    drop(server);
}

#[tokio::test]
async fn users_and_groups_are_shown_as_tables_and_as_json() {
    let place = Place::fresh(Engine::Sqlite).await;
    let server = place.start(&[]).await;
    let (_, scim) = super::process::clients(&place.bootstrap()).await;
    let id = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada@corp.example", "displayName": "Ada\u{1b}[31m L."})).await;
    assert_eq!(id.status, 400, "a terminal's escape is no name");
    let id = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada@corp.example", "displayName": "Ada L."})).await.id();
    let group = scim
        .post("/Groups", &json!({"schemas": [crate::harness::scim::GROUP], "displayName": "Engines", "members": [{"value": id}]}))
        .await
        .id();
    let dir = place.data_dir();
    let dir = dir.to_str().unwrap();
    let roster = async |arguments: &[&str]| run(&[arguments, &["--data-dir", dir]].concat()).await;

    for arguments in [
        &["user", "get", "--user-name", "ADA@corp.example"][..],
        &["user", "get", &id],
        &["user", "list"],
        &["user", "list", "--filter", "displayName co \"ada\""],
    ] {
        let table = said(&roster(arguments).await);
        assert!(table.contains(&id) && table.contains("ada@corp.example") && table.contains("Ada L."), "{arguments:?}: {table}");
    }
    let user: Value = serde_json::from_str(&said(&roster(&["user", "get", &id, "--json"]).await)).unwrap();
    assert_eq!((&user["id"], &user["user_name"]), (&json!(id), &json!("ada@corp.example")));
    let users: Value = serde_json::from_str(&said(&roster(&["user", "list", "--json"]).await)).unwrap();
    assert_eq!(users, json!([user]));
    for arguments in [&["group", "get", &group][..], &["group", "list"]] {
        let table = said(&roster(arguments).await);
        assert!(table.contains(&group) && table.contains("Engines"), "{arguments:?}: {table}");
    }
    drop(server);
}

#[tokio::test]
async fn a_command_that_is_refused_says_why_and_ends_with_1() {
    let place = Place::fresh(Engine::Sqlite).await;
    let server = place.start(&[]).await;
    let dir = place.data_dir();
    let dir = dir.to_str().unwrap();
    let endpoint = place.bootstrap()["grpc_endpoint"].as_str().unwrap().to_owned();

    for (arguments, code, says) in [
        (&["user", "get", "nobody", "--data-dir", dir][..], 1, "No such user"),
        (&["user", "list", "--filter", "shoeSize eq 44", "--data-dir", dir], 1, "INVALID_FILTER"),
        (&["user", "list", "--endpoint", &endpoint, "--token", "nonsense"], 1, "INVALID_CREDENTIAL"),
        (&["user", "get", "--data-dir", dir], 2, "Usage"),
        (&["user", "list", "--data-dir", "/nowhere"], 2, "/nowhere"),
        (&["user", "list", "--endpoint", "http://127.0.0.1:1", "--token", "x"], 1, "127.0.0.1:1"),
        (&["fly"], 2, "fly"),
    ] {
        let output = run(arguments).await;
        let why = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {why}");
        assert!(why.contains(says), "{arguments:?}: {why}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    drop(server);
}
