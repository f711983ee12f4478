//! What a connection's policy makes of its requests.

use crate::harness::{
    Refused, World, faces,
    scim::{ENTERPRISE, GROUP, Scim, USER},
    shapes::by_id,
};
use roster::api::v1::{
    Connection, ErrorReason, UndeleteUserRequest,
    connection::{Deprovision, UnknownAttributes},
};
use serde_json::{Value, json};
use tonic::Code;

/// A connection with a policy, and its client.
async fn with(world: &World, profile: &str, change: impl FnOnce(&mut Connection), field: &str) -> (Connection, Scim) {
    let (connection, scim) = world.scim_as(profile).await;
    let mut changed = connection.clone();
    change(&mut changed);
    let updated = world.update_connection(changed, &[field]).await.unwrap();
    // A token's connection may be remembered for a second: another token begins with what is true now.
    let token = world.issue(&world.organization, &connection.id, "", &["scim".to_owned()]).await.unwrap().secret;
    (updated, scim.with_token(&token))
}

async fn deleting(world: &World, on_delete: Deprovision) -> (Connection, Scim) {
    with(world, "default", |c| c.on_delete = on_delete.into(), "on_delete").await
}

async fn ada(scim: &Scim) -> String {
    scim.post("/Users", &json!({"schemas": [USER], "userName": "ada", "externalId": "HR-7"})).await.id()
}

async fn undelete(world: &World, id: &str) -> Result<(), Refused> {
    let request =
        UndeleteUserRequest { organization_id: world.organization.clone(), user_id: id.to_owned(), ..UndeleteUserRequest::default() };
    world.grpc().users.undelete_user(request).await.map(drop).map_err(|s| Refused::read(&s))
}

/// Whatever the policy: gone for the connection that deleted it.
async fn is_gone_for(scim: &Scim, id: &str) {
    let path = format!("/Users/{id}");
    scim.get(&path).await.is_error(404, "");
    scim.patch(&path, &json!([{"op": "replace", "path": "title", "value": "x"}])).await.is_error(404, "");
    scim.put(&path, &json!({"schemas": [USER], "userName": "ada"})).await.is_error(404, "");
    scim.delete(&path).await.is_error(404, "");
    assert_eq!(scim.get("/Users").await.expect(200)["totalResults"], 0);
    assert_eq!(scim.list("/Users", &[("filter", "userName eq \"ada\"")]).await.expect(200)["totalResults"], 0);
}

async fn a_soft_delete_can_be_taken_back(world: World) {
    let (_, scim) = deleting(&world, Deprovision::SoftDelete).await;
    let id = ada(&scim).await;

    assert_eq!(scim.delete(&format!("/Users/{id}")).await.status, 204);

    is_gone_for(&scim, &id).await;
    Refused::read(&world.try_get_user(by_id(&id)).await.unwrap_err()).is(Code::NotFound, ErrorReason::NotFound);
    undelete(&world, &id).await.unwrap();
    assert_eq!(scim.get(&format!("/Users/{id}")).await.expect(200)["externalId"], "HR-7");
}

async fn a_purge_cannot(world: World) {
    let (_, scim) = deleting(&world, Deprovision::Purge).await;
    let id = ada(&scim).await;

    assert_eq!(scim.delete(&format!("/Users/{id}")).await.status, 204);

    is_gone_for(&scim, &id).await;
    undelete(&world, &id).await.unwrap_err().is(Code::NotFound, ErrorReason::NotFound);
}

/// Row 4 (Jumper)
async fn a_refused_delete_changes_nothing(world: World) {
    let (_, scim) = deleting(&world, Deprovision::Refuse).await;
    let id = ada(&scim).await;
    let group = scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Engines", "members": [{"value": id}]})).await.id();
    let head = world.head().await;

    scim.delete(&format!("/Users/{id}")).await.is_error(403, "");
    scim.delete(&format!("/Groups/{group}")).await.is_error(403, "");

    assert_eq!(world.head().await, head);
    scim.get(&format!("/Users/{id}")).await.expect(200);
    // The administrator is under no connection's policy.
    world.delete_user(&id).await;
}

/// A document with what no schema knows: a core attribute, a sub-attribute, and a container of its own.
fn unknown() -> Value {
    json!({"schemas": [USER, ENTERPRISE, "urn:example:x"], "userName": "ada", "shoeSize": 44,
        "name": {"familyName": "L", "clan": "Byron"}, "emails": [{"value": "a@x.example", "rank": 1}],
        ENTERPRISE: {"department": "D", "floor": 3}, "urn:example:x": {"k": ["v", 1]}})
}

/// 27, 57 (RFC 7643 section 3): a container that is kept is announced, and the announcement is taken back, strictly too.
async fn a_kept_container_can_be_sent_back_as_it_was_read(world: World) {
    let keep = UnknownAttributes::Keep.into();
    let (_, strict) = with(&world, "strict", |c| c.unknown_attributes = keep, "unknown_attributes").await;
    let (_, okta) = world.scim_as("okta").await;
    for (scim, name) in [(&strict, "ada"), (&okta, "bob")] {
        let user = json!({"schemas": [USER, "urn:acme:x:1"], "userName": name, "urn:acme:x:1": {"a": 1}});
        let made = scim.post("/Users", &user).await.expect(201);
        assert_eq!((&made["schemas"], &made["urn:acme:x:1"]), (&json!([USER, "urn:acme:x:1"]), &json!({"a": 1})));
        let path = format!("/Users/{}", made["id"].as_str().unwrap());
        assert_eq!(scim.put(&path, &made).await.expect(200), made);
        // Announced and not there, it is a schema that nobody knows.
        let other = json!({"schemas": [USER, "urn:acme:x:2"], "userName": name, "urn:acme:x:1": {"a": 1}});
        scim.put(&path, &other).await.is_error(400, "invalidSyntax");
        assert_eq!(scim.get(&path).await.expect(200), made);
    }
    world
        .scim_as("strict")
        .await
        .1
        .post("/Users", &json!({"schemas": [USER, "urn:acme:x:1"], "userName": "eve", "urn:acme:x:1": {"a": 1}}))
        .await
        .is_error(400, "invalidSyntax");
}

async fn unknown_attributes_go_the_connection_s_way(world: World) {
    let way = async |way: UnknownAttributes, profile: &str| {
        with(&world, profile, |c| c.unknown_attributes = way.into(), "unknown_attributes").await.1
    };
    let (plain, ranked) = (json!([{"value": "a@x.example"}]), json!([{"value": "a@x.example", "rank": 1}]));
    let (bare, floored) = (json!({"department": "D"}), json!({"department": "D", "floor": 3}));
    // The same in a document and in a PATCH, with a path and without.
    let patches = [
        json!([{"op": "add", "value": {"emails": [{"value": "a@x.example", "rank": 1}], ENTERPRISE: {"department": "D", "floor": 3}, "shoeSize": 44}}]),
        json!([{"op": "replace", "path": "emails", "value": [{"value": "a@x.example", "rank": 1}]},
            {"op": "replace", "path": ENTERPRISE, "value": {"department": "D", "floor": 3}},
            {"op": "replace", "path": "name", "value": {"familyName": "L", "clan": "Byron"}}]),
    ];
    for (policy, emails, enterprise, container) in [
        (UnknownAttributes::Unspecified, &plain, &floored, true),
        (UnknownAttributes::Keep, &ranked, &floored, true),
        (UnknownAttributes::Ignore, &plain, &bare, false),
    ] {
        let scim = way(policy, "default").await;
        let posted = scim.post("/Users", &unknown()).await.expect(201);
        let path = format!("/Users/{}", posted["id"].as_str().unwrap());
        assert_eq!(
            (posted.get("shoeSize"), posted.get("urn:example:x").is_some(), &posted["name"]),
            (None, container, &json!({"familyName": "L"}))
        );
        assert_eq!((&posted["emails"], &posted[ENTERPRISE]), (emails, enterprise), "{policy:?}");
        for patch in &patches {
            scim.put(&path, &json!({"schemas": [USER], "userName": "ada"})).await.expect(200);
            let patched = scim.patch(&path, patch).await.expect(200);
            assert_eq!((&patched["emails"], &patched[ENTERPRISE]), (emails, enterprise), "{policy:?}: {patch}");
        }
        world.delete_user(posted["id"].as_str().unwrap()).await;
    }
    let path = format!("/Users/{}", world.scim().post("/Users", &json!({"schemas": [USER], "userName": "bob"})).await.id());
    for scim in [way(UnknownAttributes::Reject, "default").await, way(UnknownAttributes::Unspecified, "strict").await] {
        scim.post("/Users", &unknown()).await.is_error(400, "invalidSyntax");
        for unknown in [
            json!([{"op": "add", "value": {"shoeSize": 44}}]),
            json!([{"op": "add", "value": {"urn:example:x": {"k": 1}}}]),
            json!([{"op": "add", "value": {"name": {"clan": "Byron"}}}]),
            json!([{"op": "replace", "path": "name", "value": {"clan": "Byron"}}]),
            json!([{"op": "replace", "path": "emails", "value": [{"value": "a@x.example", "rank": 1}]}]),
            json!([{"op": "add", "path": "emails[type eq \"work\"]", "value": {"rank": 1}}]),
            json!([{"op": "replace", "path": ENTERPRISE, "value": {"floor": 3}}]),
            json!([{"op": "replace", "path": format!("{ENTERPRISE}:manager"), "value": {"rank": 3}}]),
        ] {
            scim.patch(&path, &unknown).await.is_error(400, "invalidSyntax");
        }
        scim.patch(&path, &json!([{"op": "add", "path": format!("{ENTERPRISE}:floor"), "value": 3}])).await.is_error(400, "invalidPath");
    }
    assert_eq!(world.scim().get("/Users").await.expect(200)["totalResults"], 1);
}

async fn the_strict_profile_takes_the_rfc_and_nothing_else(world: World) {
    let (_, scim) = world.scim_as("strict").await;
    let good = json!({"schemas": [USER], "userName": "ada", "emails": [{"value": "a@x.example", "type": "work"}]});
    let path = format!("/Users/{}", scim.post("/Users", &good).await.id());
    let before = scim.get(&path).await.expect(200);

    for (operations, scim_type) in [
        (json!([{"op": "Replace", "path": "title", "value": "x"}]), "invalidSyntax"),
        (json!([{"op": "replace", "path": "active", "value": "False"}]), "invalidValue"),
        (json!([{"op": "replace", "path": "emails[type eq \"home\"].value", "value": "h@x.example"}]), "noTarget"),
        (json!([{"op": "replace", "path": format!("{ENTERPRISE}:manager"), "value": "bare"}]), "invalidValue"),
        (json!([{"op": "replace", "value": {"id": "other"}}]), "mutability"),
        (json!([]), "invalidSyntax"),
    ] {
        let refused = scim.patch(&path, &operations).await;
        assert_eq!(refused.status, 400, "{operations}: {}", refused.body);
        assert_eq!(refused.body["scimType"], scim_type, "{operations}: {}", refused.body);
        assert_eq!(scim.get(&path).await.expect(200), before);
    }
    for body in [
        json!({"schemas": [USER], "userName": "x", "active": "true"}),
        json!({"schemas": [USER, "urn:nobody:knows"], "userName": "x"}),
        json!({"schemas": [USER], "userName": "x", "emails": {"value": "a@x.example"}}),
    ] {
        let refused = scim.post("/Users", &body).await;
        assert_eq!(refused.status, 400, "{body}: {}", refused.body);
    }
}

faces! {
    a_soft_delete_can_be_taken_back
    a_purge_cannot
    a_refused_delete_changes_nothing
    a_kept_container_can_be_sent_back_as_it_was_read
    unknown_attributes_go_the_connection_s_way
    the_strict_profile_takes_the_rfc_and_nothing_else
}
