//! Each tolerance by itself: refused under `strict` and counted nowhere, accepted and counted once it is switched on, and
//! refused under `default` once it is switched off.

use super::recording::report;
use crate::harness::{
    World, faces,
    scim::{Answer, ENTERPRISE, GROUP, PATCH, Scim, USER, send, with_body},
};
use reqwest::Method;
use roster::{
    api::v1::{Connection, CreateConnectionRequest},
    tolerances::{PROFILES, TABLE},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A departure: its tolerance, how often it is used, the request, and what it is answered with where it is not tolerated.
struct Departure {
    tolerance: &'static str,
    method: Method,
    path: String,
    body: Value,
    refusal: (u16, &'static str),
}

fn departures(user: &str, boss: &str, group: &str) -> Vec<Departure> {
    let (users, groups) = (format!("/Users/{user}"), format!("/Groups/{group}"));
    let one = |tolerance, path: &str, operation: Value, scim_type| Departure {
        tolerance,
        method: Method::PATCH,
        path: path.to_owned(),
        body: json!({"schemas": [PATCH], "Operations": [operation]}),
        refusal: (400, scim_type),
    };
    let mut all = vec![
        one("capital_op", &users, json!({"op": "Replace", "path": "title", "value": "Dr"}), "invalidSyntax"),
        one("text_booleans", &users, json!({"op": "replace", "path": "active", "value": "False"}), "invalidValue"),
        one(
            "create_on_absent",
            &users,
            json!({"op": "replace", "path": "emails[type eq \"work\"].value", "value": "w@corp.example"}),
            "noTarget",
        ),
        one("bare_value", &users, json!({"op": "add", "path": format!("{ENTERPRISE}:manager"), "value": boss}), "invalidValue"),
        one("one_for_many", &users, json!({"op": "add", "path": "phoneNumbers", "value": {"value": "1", "type": "fax"}}), "invalidValue"),
        one("read_only_keys", &groups, json!({"op": "replace", "value": {"id": group, "displayName": "Quay"}}), "mutability"),
        one("path_keys", &users, json!({"op": "replace", "value": {"name.givenName": "Ines"}}), "invalidSyntax"),
        one("remove_by_value", &groups, json!({"op": "remove", "path": "members", "value": [{"value": user}]}), "invalidValue"),
        one("add_by_filter", &groups, json!({"op": "add", "path": format!("members[value eq \"{user}\"]")}), "invalidValue"),
        // Somebody else's, see `own_nick_name`.
        one("owned_attributes", &users, json!({"op": "replace", "path": "nickName", "value": "Nesi"}), "mutability"),
        one("dotted_urn", &users, json!({"op": "add", "path": format!("{ENTERPRISE}.department"), "value": "Yard"}), "invalidPath"),
    ];
    let other = |tolerance, method, path: &str, body, refusal| Departure { tolerance, method, path: path.to_owned(), body, refusal };
    let schemas = json!([GROUP, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"]);
    let rename = json!({"op": "replace", "path": "displayName", "value": "Yard"});
    all.extend([
        // Without it an empty text is neither a value nor the want of one.
        other(
            "empty_is_absent",
            Method::PUT,
            &users,
            json!({"schemas": [USER], "userName": "ines", "nickName": "Ine", "title": ""}),
            (400, "invalidValue"),
        ),
        other("unknown_schemas", Method::PUT, &groups, json!({"schemas": schemas, "displayName": "Yard"}), (400, "invalidSyntax")),
        other("no_operations", Method::PATCH, &users, json!({"schemas": [PATCH], "Operations": []}), (400, "invalidSyntax")),
        other("patch_without_schemas", Method::PATCH, &groups, json!({"Operations": [rename.clone()]}), (400, "invalidSyntax")),
        // Without it the group comes back.
        other("silent_group_patch", Method::PATCH, &groups, json!({"schemas": [PATCH], "Operations": [rename]}), (200, "")),
    ]);
    all
}

async fn connection(world: &World, profile: &str, switches: &[(&str, bool)]) -> (String, Scim) {
    let tolerances: BTreeMap<String, bool> = switches.iter().map(|(name, on)| ((*name).to_owned(), *on)).collect();
    connect(world, Connection { profile: profile.to_owned(), tolerances, ..Connection::default() }).await
}

async fn connect(world: &World, connection: Connection) -> (String, Scim) {
    let connection = Connection { display_name: "IdP".to_owned(), ..connection };
    let request = CreateConnectionRequest { organization_id: world.organization.clone(), connection: Some(connection), write: None };
    let connection = world.grpc().provisioning.create_connection(request).await.unwrap().into_inner().connection.unwrap();
    let token = world.issue(&world.organization, &connection.id, "", &["scim".to_owned()]).await.unwrap().secret;
    (connection.id, world.scim().at(&connection.scim_base_url).with_token(&token))
}

/// Another connection, which manages the user, keeps the nick name to itself.
async fn own_nick_name(world: &World, user: &str) {
    let (_, owner) = connect(world, Connection { owned_attributes: vec!["nickName".to_owned()], ..Connection::default() }).await;
    let operations = json!([{"op": "add", "value": {"externalId": "E1", "nickName": "Ine"}}]);
    owner.patch(&format!("/Users/{user}"), &operations).await.expect(200);
}

async fn try_it(scim: &Scim, departure: &Departure) -> Answer {
    send(with_body(scim.request(departure.method.clone(), &departure.path), &departure.body)).await
}

fn is_refused(answer: &Answer, departure: &Departure, under: &str) {
    let (status, scim_type) = departure.refusal;
    assert_eq!(answer.status, status, "{} under {under}: {}", departure.tolerance, answer.body);
    if status >= 400 {
        answer.is_error(status, scim_type);
    }
}

async fn a_tolerance_is_refused_strictly_and_accepted_and_counted_where_it_is_switched_on(world: World) {
    let user = world.scim().post("/Users", &json!({"schemas": [USER], "userName": "ines"})).await.id();
    let boss = world.scim().post("/Users", &json!({"schemas": [USER], "userName": "kofi"})).await.id();
    let group = world.scim().post("/Groups", &json!({"schemas": [GROUP], "displayName": "Quay"})).await.id();
    own_nick_name(&world, &user).await;
    let (strict_id, strict) = connection(&world, "strict", &[]).await;
    let departures = departures(&user, &boss, &group);
    let mut tried: Vec<&str> = departures.iter().map(|departure| departure.tolerance).collect();
    let mut known: Vec<&str> = TABLE.iter().map(|row| row.name).collect();
    tried.sort_unstable();
    known.sort_unstable();
    assert_eq!(tried, known, "each tolerance is tried");

    for departure in &departures {
        let name = departure.tolerance;
        let before = world.head().await;
        is_refused(&try_it(&strict, departure).await, departure, "strict");
        if departure.refusal.0 >= 400 {
            assert_eq!(world.head().await, before, "{name} changed nothing");
        }
        let (id, firm) = connection(&world, "default", &[(name, false)]).await;
        // To the default profile's policy this is the URN of an extension that nobody registered, and is kept.
        if name != "dotted_urn" {
            is_refused(&try_it(&firm, departure).await, departure, "default without it");
        }
        assert_eq!(report(&world, &world.organization, &id).await.get(name), None, "{name}");

        let (id, lenient) = connection(&world, "strict", &[(name, true)]).await;
        let answer = try_it(&lenient, departure).await;
        let accepted = if name == "silent_group_patch" { 204 } else { 200 };
        assert_eq!(answer.status, accepted, "{name}, switched on: {}", answer.body);
        assert_eq!(report(&world, &world.organization, &id).await, BTreeMap::from([(name.to_owned(), 1)]), "{name}");
        if name == "empty_is_absent" {
            assert_eq!(answer.body.get("title"), None);
        }
    }
    assert_eq!(report(&world, &world.organization, &strict_id).await, BTreeMap::new(), "strict counts nothing");
}

faces! {
    a_tolerance_is_refused_strictly_and_accepted_and_counted_where_it_is_switched_on
}

#[test]
fn the_documentation_shows_the_table_as_it_is() {
    let docs = include_str!("../../../docs/scim.md");
    for row in &TABLE {
        let profiles: Vec<String> = row.profiles.iter().map(|name| format!("`{name}`")).collect();
        let all = row.profiles.len() == PROFILES.len() - 1 && !row.profiles.contains(&"strict");
        let profiles = if all { "all but `strict`".to_owned() } else { profiles.join(", ") };
        let line = format!("| `{}` | {} | {} | {profiles} |\n", row.name, row.about, row.evidence);
        assert!(docs.contains(&line), "docs/scim.md has no line\n{line}");
    }
    assert!(PROFILES.iter().all(|profile| docs.contains(&format!("`{profile}`"))), "every profile");
}
