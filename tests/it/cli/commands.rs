//! The commands beside `serve`: each a gRPC client, printing tables for people and JSON for programs.

use super::process::{Place, Shell, run, said};
use crate::harness::{Engine, scim::USER};
use serde_json::{Value, json};

/// Row 45 (Bitwarden)
#[tokio::test]
async fn a_tenant_is_set_up_from_the_command_line_alone() {
    let shell = Shell::open().await;
    let roster = async |arguments: &[&str]| shell.run(arguments).await;

    let help = said(&run(&["--help"]).await);
    for noun in ["serve", "migrate", "organization", "connection", "service-account", "token", "takeover", "user", "group"] {
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
}

#[tokio::test]
async fn roles_are_defined_granted_and_asked_about_from_the_command_line() {
    let shell = Shell::open().await;
    let roster = async |arguments: &[&str]| shell.run(arguments).await;
    let json = async |arguments: &[&str]| shell.json(arguments).await;
    let (_, scim) = shell.clients().await;
    let ada = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await.id();

    json(&["role", "create", "reader", "--permissions", "page.read,page.list", "--json"]).await;
    let editor = json(&["role", "create", "editor", "--includes", "reader", "--json"]).await;
    assert_eq!(editor["included_role_ids"].as_array().unwrap().len(), 1);
    let grant = json(&["role", "assign", "editor", "--user", &ada, "--days", "7", "--json"]).await;
    assert_eq!((&grant["role_id"], &grant["principal"]["user_id"]), (&editor["id"], &json!(ada)));
    let listed = said(&roster(&["role", "list"]).await);
    assert!(["admin", "editor", "reader"].iter().all(|key| listed.contains(key)), "{listed}");

    let held = said(&roster(&["role", "effective", "--user", &ada]).await);
    assert!(held.contains("editor") && held.contains("reader") && held.contains("grant "), "{held}");
    assert!(said(&roster(&["role", "holders", "reader"]).await).contains(&ada));
    assert_eq!(roster(&["role", "check", "reader", "--user", &ada]).await.status.code(), Some(0));
    assert_eq!(json(&["role", "grants", "editor", "--json"]).await[0]["id"], grant["id"]);
    said(&roster(&["role", "unassign", grant["id"].as_str().unwrap()]).await);
    assert_eq!(roster(&["role", "check", "reader", "--user", &ada]).await.status.code(), Some(1));
    assert_eq!(roster(&["role", "delete", "reader"]).await.status.code(), Some(1));
    said(&roster(&["role", "delete", "editor"]).await);
    said(&roster(&["role", "delete", "reader"]).await);
}

#[tokio::test]
async fn a_connection_s_tolerances_are_switched_and_what_it_used_is_shown() {
    let shell = Shell::open().await;
    let roster = async |arguments: &[&str]| shell.run(arguments).await;
    let json = async |arguments: &[&str]| shell.json(arguments).await;

    let create = ["connection", "create", "Okta", "--profile", "strict", "--tolerance", "capital_op=on", "--json"];
    let made = json(&create).await;
    assert_eq!((&made["profile"], &made["tolerances"]), (&json!("strict"), &json!({"capital_op": true})));
    let id = made["id"].as_str().unwrap();
    let update = ["connection", "update", id, "--tolerance", "text_booleans=off", "--tolerance", "capital_op=profile", "--json"];
    let changed = json(&update).await;
    assert_eq!((&changed["profile"], &changed["tolerances"]), (&json!("strict"), &json!({"text_booleans": false})));
    let changed = json(&["connection", "update", id, "--profile", "entra", "--display-name", "Entra", "--json"]).await;
    assert_eq!((&changed["profile"], &changed["display_name"]), (&json!("entra"), &json!("Entra")));
    let refused = roster(&["connection", "update", id, "--tolerance", "nonsense=on"]).await;
    assert_eq!(refused.status.code(), Some(1));

    let (_, scim) = shell.clients().await;
    scim.post("/Users", &json!({"schemas": [USER], "userName": "ada", "active": "False"})).await.expect(201);
    let connections = json(&["connection", "list", "--json"]).await;
    let first = connections.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).find(|one| *one != id).unwrap();
    let table = said(&roster(&["connection", "report", first]).await);
    let line = table.lines().find(|line| line.contains("text_booleans")).unwrap();
    assert!(line.starts_with("1 ") && line.contains("boolean"), "{table}");
    assert_eq!(json(&["connection", "report", id, "--days", "90", "--json"]).await, json!([]));
}

#[tokio::test]
async fn what_becomes_of_deleted_users_is_set_and_undone_from_the_command_line() {
    let shell = Shell::open().await;
    let roster = async |arguments: &[&str]| shell.run(arguments).await;
    let json = async |arguments: &[&str]| shell.json(arguments).await;
    let (_, scim) = shell.clients().await;
    let id = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await.id();

    let create = ["connection", "create", "Okta", "--on-delete", "deactivate", "--visibility", "linked", "--json"];
    let made = json(&create).await;
    let policy = |of: &Value| ["on_delete", "on_recreate", "visibility", "purge_after"].map(|field| of[field].clone());
    let enums = |delete: &str, recreate: &str, sees: &str| {
        [json!(format!("DEPROVISION_{delete}")), json!(format!("RECREATE_{recreate}")), json!(format!("VISIBILITY_{sees}"))]
    };
    assert_eq!(policy(&made)[..3], enums("DEACTIVATE", "RESTORE", "LINKED"));
    let connection = made["id"].as_str().unwrap();
    let update = ["connection", "update", connection, "--on-recreate", "new", "--purge-after-days", "7", "--json"];
    let changed = json(&update).await;
    assert_eq!(policy(&changed)[..3], enums("DEACTIVATE", "NEW", "LINKED"));
    assert_eq!(changed["purge_after"], "604800s");
    assert_eq!(roster(&["connection", "update", connection, "--purge-after-days", "0"]).await.status.code(), Some(2));

    scim.delete(&format!("/Users/{id}")).await.expect(204);
    assert_eq!(roster(&["user", "get", &id]).await.status.code(), Some(1));
    assert_eq!(json(&["user", "undelete", &id, "--json"]).await["user_name"], "ada");
    scim.get(&format!("/Users/{id}")).await.expect(200);
    said(&roster(&["user", "purge", &id]).await);
    assert_eq!(roster(&["user", "undelete", &id]).await.status.code(), Some(1));
}

#[tokio::test]
async fn whom_a_connection_takes_over_is_decided_from_the_command_line() {
    let shell = Shell::open().await;
    let roster = async |arguments: &[&str]| shell.run(arguments).await;
    let json = async |arguments: &[&str]| shell.json(arguments).await;
    let (_, scim) = shell.clients().await;
    let document = json!({"schemas": [USER], "userName": "ada", "title": "Dr", "emails": [{"value": "ada@corp.example"}]});
    let id = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada", "title": "Countess"})).await.id();

    let create = ["connection", "create", "HR", "--takeover", "approval", "--match", "userName", "--own", "title", "--json"];
    let made = json(&create).await;
    let connection = made["id"].as_str().unwrap();
    assert_eq!((&made["takeover"], &made["owned_attributes"]), (&json!("TAKEOVER_REQUIRE_APPROVAL"), &json!(["title"])));
    let update = ["connection", "update", connection, "--own", "none", "--allow", "create", "--allow", "update", "--json"];
    let made = json(&update).await;
    assert_eq!(made["owned_attributes"], json!([]));
    assert_eq!(made["allowed_actions"], json!(["ALLOWED_ACTION_CREATE_USERS", "ALLOWED_ACTION_UPDATE_USERS"]));
    assert_eq!(json(&["connection", "update", connection, "--allow", "all", "--json"]).await["allowed_actions"], json!([]));
    for bad in [&["--takeover", "sometimes"][..], &["--allow", "fly"]] {
        assert_eq!(roster(&[&["connection", "update", connection], bad].concat()).await.status.code(), Some(2), "{bad:?}");
    }
    for bad in [&["--match", "email"][..], &["--own", "shoeSize"]] {
        assert_eq!(roster(&[&["connection", "update", connection], bad].concat()).await.status.code(), Some(1), "{bad:?}");
    }

    let token = json(&["token", "create", "--connection", connection, "--scopes", "scim", "--json"]).await;
    let hr = scim.with_token(token["secret"].as_str().unwrap());
    hr.post("/Users", &document).await.is_error(409, "uniqueness");
    let table = said(&roster(&["takeover", "list", "--connection", connection]).await);
    assert!(table.contains(&id) && table.contains("userName") && table.contains("waiting"), "{table}");
    assert_eq!(json(&["takeover", "reject", &id, connection, "--json"]).await["state"], "STATE_REJECTED");
    assert_eq!(json(&["takeover", "list", "--json"]).await, json!([]));
    assert_eq!(json(&["takeover", "list", "--all", "--json"]).await[0]["user_id"], json!(id));
    assert_eq!(json(&["takeover", "approve", &id, connection, "--json"]).await["state"], "STATE_APPROVED");
    assert_eq!(hr.post("/Users", &document).await.expect(201)["title"], "Dr");
    assert_eq!(json(&["takeover", "undo", &id, connection, "--restore", "--json"]).await["title"], "Countess");
    let refused = roster(&["takeover", "undo", &id, connection]).await;
    assert_eq!(refused.status.code(), Some(1));
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

#[tokio::test]
async fn what_is_easily_mixed_up_is_said_in_plain_words() {
    let place = Place::fresh(Engine::Sqlite).await;
    let server = place.start(&[]).await;
    let (dir, bootstrap) = (place.data_dir(), place.bootstrap());
    let dir = dir.to_str().unwrap();
    let text = |key: &str| bootstrap[key].as_str().unwrap().to_owned();
    let web = text("scim_base_url").split("/scim").next().unwrap().to_owned();

    // The HTTP face instead of the gRPC one, with a good token and with a bad one.
    for token in [text("admin_token"), "nonsense".to_owned()] {
        let output = run(&["user", "list", "--endpoint", &web, "--token", &token]).await;
        let why = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && why.contains("gRPC") && why.contains("--endpoint"), "{why}");
    }
    // A token that is no more.
    let connection: Value =
        serde_json::from_str(&said(&run(&["connection", "create", "Okta", "--data-dir", dir, "--json"]).await)).unwrap();
    let issue = ["token", "create", "--connection", connection["id"].as_str().unwrap(), "--scopes", "scim", "--data-dir", dir, "--json"];
    let issued: Value = serde_json::from_str(&said(&run(&issue).await)).unwrap();
    let id = issued["token_id"].as_str().unwrap();
    said(&run(&["token", "revoke", id, "--data-dir", dir]).await);
    let output = run(&["token", "rotate", id, "--data-dir", dir]).await;
    let why = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && why.contains("revoked"), "{why}");
    let help = said(&run(&["serve", "--help"]).await);
    assert_eq!(help.split_whitespace().collect::<Vec<_>>().join(" ").matches("(1 to 1000000)").count(), 2, "{help}");
    drop(server);
}
