//! What every resource is (RFC 7643 sections 2 and 3): schemas, identifiers, bookkeeping, names of attributes, values.

use super::scene::{group, keys, raw, user};
use super::users::{as_sent, everything};
use crate::harness::{
    World, faces,
    scim::{ENTERPRISE, GROUP, USER},
};
use reqwest::Method;
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Requirements 16, 27 (RFC 7643 sections 3 and 3.3): `schemas` names what the resource has, once each.
async fn schemas_name_what_the_resource_has(world: World) {
    let scim = world.scim();
    let department = json!({"department": "D"});
    for (i, (sent, extra, shown)) in [
        (json!([USER]), json!({}), json!([USER])),
        (json!([USER, USER]), json!({}), json!([USER])),
        (json!([ENTERPRISE, USER]), json!({ENTERPRISE: department}), json!([USER, ENTERPRISE])),
        // Announced and not given; given and not announced.
        (json!([USER, ENTERPRISE]), json!({}), json!([USER])),
        (json!([USER]), json!({ENTERPRISE: department}), json!([USER, ENTERPRISE])),
        (json!([USER.to_uppercase()]), json!({ENTERPRISE.to_uppercase(): department}), json!([USER, ENTERPRISE])),
        (json!([USER, "urn:example:nobody:knows"]), json!({}), json!([USER])),
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = json!({"schemas": sent, "userName": format!("u{i}")});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let created = scim.post("/Users", &body).await.expect(201);
        assert_eq!(created["schemas"], shown, "{body}");
        assert_eq!(created.get("department"), None, "an extension's attributes stand in its container alone");
        let mut names = keys(&created);
        names.retain(|name| name.starts_with("urn:"));
        assert_eq!(names.len() + 1, shown.as_array().unwrap().len(), "{created}");
    }
    // What empties the container takes its name away.
    let path = format!("/Users/{}", scim.post("/Users", &everything()).await.id());
    for operation in [json!({"op": "remove", "path": ENTERPRISE}), json!({"op": "replace", "path": ENTERPRISE, "value": null})] {
        scim.patch(&path, &json!([{"op": "add", "path": format!("{ENTERPRISE}:department"), "value": "D"}])).await.expect(200);
        let emptied = scim.patch(&path, &json!([operation])).await.expect(200);
        assert_eq!((&emptied["schemas"], emptied.get(ENTERPRISE)), (&json!([USER]), None), "{operation}");
    }
}

/// Requirement 17 (RFC 7643 section 3.1): the id is the server's, exact, and never the name of another resource.
async fn an_id_is_the_server_s_own(world: World) {
    let scim = world.scim();
    let created = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada", "id": "bulkId:1"})).await;
    let id = created.id();
    let path = format!("/Users/{id}");

    assert!(!id.is_empty() && !id.to_lowercase().contains("bulkid"));
    scim.get(&format!("/Users/{}", id.to_uppercase())).await.is_error(404, "");
    scim.get(&format!("/Groups/{id}")).await.is_error(404, "");
    for (filter, found) in [(format!("id eq \"{id}\""), 1), (format!("id eq \"{}\"", id.to_uppercase()), 0)] {
        assert_eq!(scim.list("/Users", &[("filter", &filter)]).await.expect(200)["totalResults"], found, "{filter}");
    }
    let renamed = json!([{"op": "replace", "path": "userName", "value": "lovelace"}]);
    assert_eq!(scim.patch(&path, &renamed).await.expect(200)["id"], json!(id), "a new name is no new user");
    scim.delete(&path).await.expect(204);
    assert_ne!(user(scim, "grace").await.id(), id);
    scim.get(&path).await.is_error(404, "");
}

fn moment(value: &Value) -> OffsetDateTime {
    OffsetDateTime::parse(value.as_str().unwrap(), &Rfc3339).unwrap()
}

/// Requirements 19, 20, 21 (RFC 7643 section 3.1, RFC 7644 section 3.14): `meta` is the server's and agrees with the headers.
async fn meta_is_the_server_s_and_agrees_with_the_headers(world: World) {
    let scim = world.scim();
    let lie = json!({"resourceType": "Device", "created": "1999-01-01T00:00:00Z", "lastModified": "1999-01-01T00:00:00Z",
        "location": "https://elsewhere.example/x", "version": "W/\"lie\""});
    for (endpoint, name, other) in [("Users", "userName", "title"), ("Groups", "displayName", "description")] {
        let schema = if endpoint == "Users" { USER } else { GROUP };
        let created = scim.post(&format!("/{endpoint}"), &json!({"schemas": [schema], name: "x", "meta": lie})).await;
        let path = format!("/{endpoint}/{}", created.id());
        let (first, url) = (created.body["meta"].clone(), format!("{}{path}", scim.base));
        assert_eq!(keys(&first), ["created", "lastModified", "location", "resourceType", "version"]);
        assert_eq!(first["lastModified"], first["created"], "never modified");
        assert!(moment(&first["created"]).year() > 2020);
        assert_eq!((created.header("location"), &first["location"]), (url.as_str(), &json!(url)));
        assert_eq!(first["resourceType"], endpoint.trim_end_matches('s'));

        let put = scim.put(&path, &json!({"schemas": [schema], name: "x", other: "one", "meta": lie})).await;
        let patch = scim.patch(&path, &json!([{"op": "replace", "path": other, "value": "two"}])).await;
        let (mut before, mut version) = (first.clone(), created.header("etag").to_owned());
        for answer in [put, patch, scim.get(&path).await] {
            let meta = answer.body["meta"].clone();
            assert_eq!(
                (&meta["created"], &meta["location"], &meta["resourceType"]),
                (&first["created"], &first["location"], &first["resourceType"])
            );
            assert!(moment(&meta["lastModified"]) >= moment(&before["lastModified"]));
            assert_eq!((answer.header("etag"), answer.header("content-location")), (meta["version"].as_str().unwrap(), url.as_str()));
            assert!(answer.header("etag").starts_with("W/\"") && answer.header("etag").ends_with('"'));
            assert_eq!(answer.header("etag") == version, answer.body[other] == "two" && before["version"] == meta["version"]);
            (before, version) = (meta.clone(), answer.header("etag").to_owned());
        }
        assert_ne!(before["version"], first["version"]);
        // Nor can it be written one by one.
        for path_of in ["meta", "meta.version", "meta.lastModified", "schemas", "id"] {
            let answer = scim.patch(&path, &json!([{"op": "remove", "path": path_of}])).await;
            if path_of != "schemas" {
                answer.is_error(400, "mutability");
            }
        }
        assert_eq!(scim.get(&path).await.body["meta"], before);
    }
}

/// Requirement 22 (RFC 7643 section 2.1, RFC 7644 section 3.10): names are read in any letter case, wherever they stand.
async fn names_are_read_in_any_letter_case(world: World) {
    let scim = world.scim();
    let body = format!(
        "{{\"SCHEMAS\":[\"{USER}\"],\"USERNAME\":\"ada\",\"Name\":{{\"GIVENNAME\":\"Ada\"}},\"EMAILS\":[{{\"VALUE\":\"a@x.example\",\"Type\":\"work\"}}],\"{}\":{{\"DEPARTMENT\":\"D\"}}}}",
        ENTERPRISE.to_uppercase()
    );

    let created = raw(scim, Method::POST, "/Users", body).await;

    let expected = json!({"schemas": [USER, ENTERPRISE], "userName": "ada", "name": {"givenName": "Ada"}, "active": true,
        "emails": [{"value": "a@x.example", "type": "work"}], ENTERPRISE: {"department": "D"}});
    assert_eq!(as_sent(&created.body), expected);
    let upper = |urn: &str, rest: &str| format!("{}:{rest}", urn.to_uppercase());
    for filter in [
        "USERNAME EQ \"ada\"".to_owned(),
        "NAME.GIVENNAME Sw \"A\" AND NOT (userName eq \"x\") Or USERNAME pR".to_owned(),
        "EMAILS[TYPE Eq \"work\"]".to_owned(),
        format!("{} eq \"ada\"", upper(USER, "username")),
        format!("{} eq \"D\"", upper(ENTERPRISE, "Department")),
    ] {
        assert_eq!(scim.list("/Users", &[("filter", &filter)]).await.expect(200)["totalResults"], 1, "{filter}");
    }
    scim.list("/Users", &[("SORTBY", "NAME.GIVENNAME"), ("SortOrder", "Descending")]).await.expect(200);
    scim.list("/Users", &[("sortBy", &upper(USER, "USERNAME"))]).await.expect(200);
    let path = format!("/Users/{}", created.id());
    let patch = json!([{"OP": "replace", "PATH": "NAME.GIVENNAME", "VALUE": "B"}, {"op": "replace", "path": upper(ENTERPRISE, "department"), "value": "E"},
        {"op": "replace", "value": {"TITLE": "Dr"}}]);
    let patched = scim.patch(&path, &patch).await.expect(200);
    assert_eq!(
        (&patched["name"], &patched[ENTERPRISE], &patched["title"]),
        (&json!({"givenName": "B"}), &json!({"department": "E"}), &json!("Dr"))
    );
    // One attribute given twice in two letter cases is a contradiction, not a choice.
    let twice = format!("{{\"schemas\":[\"{USER}\"],\"userName\":\"b\",\"UserName\":\"c\"}}");
    raw(scim, Method::POST, "/Users", twice).await.is_error(400, "invalidSyntax");
}

/// Requirements 23, 24 (RFC 7643 sections 2.2 and 2.3): values are of their attribute's own type, and are not bent to it.
async fn values_are_of_their_attribute_s_type(world: World) {
    let (_, strict) = world.scim_as("strict").await;
    let head = world.head().await;
    for attribute in [
        json!({"active": "true"}),
        json!({"active": 1}),
        json!({"active": {}}),
        json!({"title": true}),
        json!({"title": 7}),
        json!({"title": {"a": "b"}}),
        json!({"title": ["a", "b"]}),
        json!({"name": "Ada"}),
        json!({"name": [{"givenName": "A"}, {"givenName": "B"}]}),
        json!({"emails": "a@x.example"}),
        json!({"emails": {"value": "a@x.example"}}),
        json!({"emails": ["a@x.example"]}),
        json!({"emails": [{"value": {"deep": "x"}}]}),
        json!({"emails": [{"value": "a@x.example", "primary": "yes"}]}),
        json!({"emails": [[{"value": "x"}]]}),
        json!({"x509Certificates": [{"value": "no base64!"}]}),
        json!({"externalId": 7}),
        json!({"profileUrl": 7}),
        json!({ENTERPRISE: "D"}),
        json!({ENTERPRISE: {"manager": "boss"}}),
        json!({ENTERPRISE: {"manager": {"value": 7}}}),
    ] {
        let mut body = json!({"schemas": [USER], "userName": "ada"});
        body.as_object_mut().unwrap().extend(attribute.as_object().unwrap().clone());
        strict.post("/Users", &body).await.is_error(400, "invalidValue");
    }
    assert_eq!(world.head().await, head);
    // Where no schema says a type, a value keeps the one it came with.
    let body = json!({"schemas": [USER], "userName": "ada", "urn:example:x": {"integer": 7, "decimal": 7.5, "large": 9_007_199_254_740_993_i64, "yes": true, "deep": {"list": [1, "1", false]}}});
    assert_eq!(world.scim().post("/Users", &body).await.expect(201)["urn:example:x"], body["urn:example:x"]);
}

/// Requirement 26 (RFC 7643 section 2.5): null, an empty list and nothing at all are the same, on every way in.
async fn null_and_empty_and_absent_are_one_state(world: World) {
    let scim = world.scim();
    let empty = json!({"schemas": [USER], "userName": "ada", "title": null, "emails": [], "roles": null, "name": {"givenName": null}, ENTERPRISE: {"manager": null}});
    let bare = json!({"schemas": [USER], "userName": "ada", "active": true});

    let created = scim.post("/Users", &empty).await;
    let path = format!("/Users/{}", created.id());
    assert_eq!(as_sent(&created.body), bare);
    let put = scim.put(&path, &empty).await;
    assert_eq!((put.header("etag"), as_sent(&put.body)), (created.header("etag"), bare.clone()), "nothing changed");
    for value in [Value::Null, json!([])] {
        scim.put(&path, &everything()).await.expect(200);
        let operations: Vec<Value> = everything()
            .as_object()
            .unwrap()
            .iter()
            .filter(|(name, v)| !["schemas", "userName", "active"].contains(&name.as_str()) && (value.is_null() || v.is_array()))
            .map(|(name, _)| json!({"op": "replace", "path": name, "value": value}))
            .collect();
        let patched = as_sent(&scim.patch(&path, &json!(operations)).await.expect(200));
        assert!(patched.as_object().unwrap().values().all(|v| !v.is_null() && *v != json!([])), "{patched}");
        for gone in ["emails", "roles", "x509Certificates", "addresses"] {
            assert_eq!(patched.get(gone), None, "{value}");
        }
    }
    assert_eq!(scim.list("/Users", &[("filter", "emails pr or roles pr")]).await.expect(200)["totalResults"], 0);
    let group = group(scim, json!({"displayName": "G", "members": []})).await;
    assert_eq!(group.body.get("members"), None);
}

faces! {
    schemas_name_what_the_resource_has
    an_id_is_the_server_s_own
    meta_is_the_server_s_and_agrees_with_the_headers
    names_are_read_in_any_letter_case
    values_are_of_their_attribute_s_type
    null_and_empty_and_absent_are_one_state
}
