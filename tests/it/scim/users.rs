//! `/Users`: create, read, replace, patch, delete (RFC 7644 sections 3.3 to 3.6).

use crate::harness::{
    World, both,
    scim::{ENTERPRISE, USER},
    shapes::by_name,
};
use serde_json::{Value, json};

/// A user with every attribute of RFC 7643 section 4.1 that a client can write.
pub fn everything() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE],
        "externalId": "HR-7",
        "userName": "Ada@Corp.Example",
        "name": {"formatted": "Countess Ada", "familyName": "Lovelace", "givenName": "Ada", "middleName": "Byron", "honorificPrefix": "Countess", "honorificSuffix": "of L."},
        "displayName": "Ada \u{1F469}\u{200D}\u{1F4BB} e\u{301}",
        "nickName": "Al",
        "profileUrl": "https://example.com/ada",
        "title": "Analyst",
        "userType": "Employee",
        "preferredLanguage": "en-GB",
        "locale": "en-GB",
        "timezone": "Europe/London",
        "active": true,
        "emails": [{"value": "Ada@Mail.Example", "type": "work", "primary": true}, {"value": "a@home.example", "type": "home", "display": "Home"}],
        "phoneNumbers": [{"value": "tel:+44-20-0000-0000", "type": "work"}],
        "ims": [{"value": "ada", "type": "xmpp"}],
        "photos": [{"value": "https://example.com/ada.png", "type": "photo"}],
        "addresses": [{"formatted": "12 St James Sq\nLondon", "streetAddress": "12 St James Sq", "locality": "London", "region": "LDN", "postalCode": "SW1", "country": "GB", "type": "home"}],
        "entitlements": [{"value": "read"}],
        "roles": [{"value": "analyst", "display": "Analyst", "primary": true}],
        "x509Certificates": [{"value": "MIIDQzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEFBQAw"}],
        ENTERPRISE: {"employeeNumber": "7", "costCenter": "C1", "organization": "Babbage", "division": "Engines", "department": "Analysis", "manager": {"value": "charles"}}
    })
}

/// The resource without what the server adds.
pub fn as_sent(resource: &Value) -> Value {
    let mut resource = resource.clone();
    let object = resource.as_object_mut().unwrap();
    object.remove("id");
    object.remove("meta");
    object.remove("groups");
    // The server resolves the manager's address; a client need not send it.
    if let Some(manager) = object.get_mut(ENTERPRISE).and_then(|e| e.get_mut("manager")).and_then(Value::as_object_mut) {
        manager.remove("$ref");
        manager.remove("displayName");
    }
    resource
}

async fn a_created_user_is_answered_whole_with_its_address_and_version(world: World) {
    let scim = world.scim();

    let created = scim.post("/Users", &everything()).await;

    let id = created.id();
    let location = format!("{}/Users/{id}", scim.base);
    assert_eq!(created.status, 201);
    assert_eq!(as_sent(&created.body), everything());
    let meta = &created.body["meta"];
    assert_eq!((meta["resourceType"].as_str(), meta["location"].as_str()), (Some("User"), Some(location.as_str())));
    assert_eq!(created.header("location"), location);
    assert_eq!(created.header("etag"), meta["version"].as_str().unwrap());
    assert!(meta["version"].as_str().unwrap().starts_with("W/\""));
    assert_eq!(meta["created"], meta["lastModified"]);
    let read = scim.get(&format!("/Users/{id}")).await;
    assert_eq!(read.header("etag"), created.header("etag"));
    assert_eq!(read.expect(200), created.body);
}

async fn what_a_client_cannot_write_is_ignored_on_create(world: World) {
    let scim = world.scim();
    let body = json!({"schemas": [USER], "userName": "ada", "id": "mine", "meta": {"resourceType": "Group", "version": "W/\"9\"", "created": "1999-01-01T00:00:00Z"}, "groups": [{"value": "x"}], "password": "Tidal-9-wrench"});

    let created = scim.post("/Users", &body).await.expect(201);

    assert_ne!(created["id"], "mine");
    assert!(created.get("groups").is_none() && created.get("password").is_none());
    assert_eq!(created["meta"]["resourceType"], "User");
    assert!(!created.to_string().contains("Tidal") && !created.to_string().contains("1999"));
    let selected = scim.get(&format!("/Users/{}?attributes=password,userName", created["id"].as_str().unwrap())).await.expect(200);
    assert!(selected.get("password").is_none());
    scim.list("/Users", &[("filter", "password sw \"T\"")]).await.is_error(400, "invalidFilter");
}

async fn a_user_name_is_held_once_in_any_letter_case(world: World) {
    let scim = world.scim();
    scim.post("/Users", &json!({"schemas": [USER], "userName": "ada@corp.example"})).await.expect(201);
    let grace = scim.post("/Users", &json!({"schemas": [USER], "userName": "grace@corp.example"})).await;
    let path = format!("/Users/{}", grace.id());
    let head = world.head().await;

    scim.post("/Users", &json!({"schemas": [USER], "userName": "ADA@Corp.Example"})).await.is_error(409, "uniqueness");
    scim.put(&path, &json!({"schemas": [USER], "userName": "Ada@corp.example"})).await.is_error(409, "uniqueness");
    scim.patch(&path, &json!([{"op": "replace", "path": "userName", "value": "aDa@corp.example"}])).await.is_error(409, "uniqueness");

    assert_eq!(world.head().await, head);
    assert_eq!(scim.get(&path).await.body, grace.body);
}

async fn a_put_replaces_what_can_be_written(world: World) {
    let scim = world.scim();
    let before = scim.post("/Users", &everything()).await;
    let path = format!("/Users/{}", before.id());
    scim.patch(&path, &json!([{"op": "replace", "path": "active", "value": false}])).await.expect(200);

    let after = scim
        .put(
            &path,
            &json!({"schemas": [USER], "userName": "ada.l", "title": "Dr", "groups": [{"value": "stale"}], "meta": {"version": "x"}}),
        )
        .await;

    assert_eq!(after.status, 200);
    assert_eq!(
        as_sent(&after.body),
        json!({"schemas": [USER], "userName": "ada.l", "title": "Dr", "active": false}),
        "active is kept when a PUT does not say it"
    );
    assert_eq!(after.body["id"], before.body["id"]);
    assert_eq!(after.body["meta"]["created"], before.body["meta"]["created"]);
    assert_ne!(after.header("etag"), before.header("etag"));
    assert_eq!(scim.get(&path).await.expect(200), after.body);
    // The whole document goes back unchanged: nothing changes.
    let echoed = scim.put(&path, &after.body).await;
    assert_eq!(echoed.body, after.body);
    scim.put("/Users/0198f0a0-0000-7000-8000-000000000000", &json!({"schemas": [USER], "userName": "x"})).await.is_error(404, "");
}

async fn a_patch_does_what_its_operations_say(world: World) {
    let scim = world.scim();
    let path = format!("/Users/{}", scim.post("/Users", &everything()).await.id());
    let steps = [
        (json!([{"op": "add", "path": "nickName", "value": "Countess"}]), "/nickName", json!("Countess")),
        (json!([{"op": "Replace", "path": "NAME.familyname", "value": "King"}]), "/name/familyName", json!("King")),
        (json!([{"op": "remove", "path": "title"}]), "/title", Value::Null),
        (
            json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": "ada@new.example"}]),
            "/emails/0/value",
            json!("ada@new.example"),
        ),
        (json!([{"op": "remove", "path": "emails[type eq \"work\"]"}]), "/emails/0/type", json!("home")),
        (
            json!([{"op": "add", "path": "emails", "value": [{"value": "c@x.example", "type": "other", "primary": true}]}]),
            "/emails/1/primary",
            json!(true),
        ),
        (
            json!([{"op": "replace", "value": {"active": false, "name.givenName": "Augusta", "displayName": "A"}}]),
            "/name/givenName",
            json!("Augusta"),
        ),
        (
            json!([{"op": "replace", "path": format!("{ENTERPRISE}:department"), "value": "Yard"}]),
            "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/department",
            json!("Yard"),
        ),
        (json!([{"op": "remove", "path": ENTERPRISE}]), "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", Value::Null),
        (json!([{"op": "remove", "path": "addresses[type eq \"home\"].region"}]), "/addresses/0/region", Value::Null),
        (json!([{"op": "replace", "path": "roles", "value": []}]), "/roles", Value::Null),
    ];

    for (operations, pointer, expected) in steps {
        let answer = scim.patch(&path, &operations).await;
        assert_eq!(answer.header("etag"), answer.body["meta"]["version"].as_str().unwrap());
        let body = answer.expect(200);
        assert_eq!(body.pointer(pointer).cloned().unwrap_or_default(), expected, "{operations}: {body}");
        assert_eq!(scim.get(&path).await.body, body);
    }
}

async fn a_patch_that_changes_nothing_leaves_the_version_alone(world: World) {
    let scim = world.scim();
    let before = scim.post("/Users", &everything()).await;
    let path = format!("/Users/{}", before.id());
    let head = world.head().await;

    for operations in [
        json!([{"op": "add", "path": "active", "value": true}]),
        json!([{"op": "replace", "path": "title", "value": "Analyst"}]),
        json!([{"op": "add", "path": "emails", "value": [{"value": "Ada@Mail.Example", "type": "work", "primary": true}]}]),
        json!([{"op": "replace", "value": {"nickName": "Al", "id": "other", "groups": []}}]),
    ] {
        let answer = scim.patch(&path, &operations).await;
        assert_eq!(answer.header("etag"), before.header("etag"), "{operations}");
        assert_eq!(answer.expect(200), before.body, "{operations}");
    }

    assert_eq!(world.head().await, head);
}

async fn one_primary_makes_the_others_ordinary(world: World) {
    let scim = world.scim();
    let path = format!("/Users/{}", scim.post("/Users", &everything()).await.id());

    let body = scim.patch(&path, &json!([{"op": "replace", "path": "emails[type eq \"home\"].primary", "value": true}])).await.expect(200);

    let primary: Vec<(&str, bool)> =
        body["emails"].as_array().unwrap().iter().map(|e| (e["type"].as_str().unwrap(), e["primary"] == json!(true))).collect();
    assert_eq!(primary, [("work", false), ("home", true)]);
}

async fn a_deleted_user_is_gone_everywhere_and_its_name_is_free(world: World) {
    let scim = world.scim();
    let ada = scim.post("/Users", &everything()).await;
    let path = format!("/Users/{}", ada.id());
    let group = scim
        .post("/Groups", &json!({"schemas": [crate::harness::scim::GROUP], "displayName": "Engines", "members": [{"value": ada.id()}]}))
        .await;
    let group_path = format!("/Groups/{}", group.id());

    let deleted = scim.delete(&path).await;

    assert_eq!((deleted.status, deleted.body), (204, Value::Null));
    scim.get(&path).await.is_error(404, "");
    scim.put(&path, &everything()).await.is_error(404, "");
    scim.patch(&path, &json!([{"op": "add", "path": "title", "value": "x"}])).await.is_error(404, "");
    scim.delete(&path).await.is_error(404, "");
    assert_eq!(scim.get("/Users").await.expect(200)["totalResults"], 0);
    let group = scim.get(&group_path).await.expect(200);
    assert!(group.get("members").is_none_or(|m| m == &json!([])), "{group}");
    let again = scim.post("/Users", &everything()).await;
    assert_eq!(again.status, 201);
    assert_ne!(again.id(), ada.id());
}

async fn a_user_shows_its_groups(world: World) {
    let scim = world.scim();
    let ada = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await;
    let path = format!("/Users/{}", ada.id());
    let group = scim
        .post("/Groups", &json!({"schemas": [crate::harness::scim::GROUP], "displayName": "Engines", "members": [{"value": ada.id()}]}))
        .await;

    let read = scim.get(&path).await;

    let expected =
        json!([{"value": group.id(), "$ref": format!("{}/Groups/{}", scim.base, group.id()), "display": "Engines", "type": "direct"}]);
    assert_eq!(read.body["groups"], expected);
    assert_ne!(read.header("etag"), ada.header("etag"), "a cache must not hide the membership");
    assert_eq!(scim.list("/Users", &[("filter", "userName eq \"ada\"")]).await.expect(200)["Resources"][0]["groups"], expected);
    assert!(scim.get(&format!("{path}?excludedAttributes=groups")).await.expect(200).get("groups").is_none());
    scim.patch(&path, &json!([{"op": "replace", "path": "groups", "value": []}])).await.is_error(400, "mutability");
    // The echo of a PUT changes no membership, stale or empty as it may be.
    scim.put(&path, &json!({"schemas": [USER], "userName": "ada", "groups": []})).await.expect(200);
    assert_eq!(scim.get(&path).await.expect(200)["groups"], expected);
}

async fn both_faces_show_the_same_user(world: World) {
    let scim = world.scim();
    let created = scim.post("/Users", &everything()).await;

    let user = world.try_get_user(by_name("ADA@corp.example")).await.unwrap();

    assert_eq!(user.id, created.id());
    assert_eq!(
        user.meta.as_ref().unwrap().etag.split('"').nth(1).unwrap().split('.').next(),
        created.header("etag").split('"').nth(1).unwrap().split(['.', '-']).next(),
        "the same version"
    );
    assert_eq!(user.external_ids.len(), 1);
    assert_eq!((user.external_ids[0].connection_id.as_str(), user.external_ids[0].value.as_str()), (world.connection.as_str(), "HR-7"));
    assert_eq!(world.try_get_user(crate::harness::shapes::by_external_id(&world.connection, "HR-7")).await.unwrap(), user);
    // Another connection has its own externalId for the same user.
    let (connection, other) = world.scim_as("default").await;
    let path = format!("/Users/{}", user.id);
    assert!(other.get(&path).await.expect(200).get("externalId").is_none());
    other.patch(&path, &json!([{"op": "add", "path": "externalId", "value": "theirs"}])).await.expect(200);
    assert_eq!(scim.get(&path).await.expect(200)["externalId"], "HR-7");
    assert_eq!(other.list("/Users", &[("filter", "externalId eq \"theirs\"")]).await.expect(200)["totalResults"], 1);
    assert_eq!(other.list("/Users", &[("filter", "externalId eq \"HR-7\"")]).await.expect(200)["totalResults"], 0);
    assert_eq!(world.try_get_user(crate::harness::shapes::by_external_id(&connection.id, "theirs")).await.unwrap().id, user.id);
}

async fn a_selection_is_honoured_on_every_answer(world: World) {
    let scim = world.scim();
    let created = scim.post("/Users?attributes=userName,emails.value", &everything()).await;
    let path = format!("/Users/{}", created.id());

    let keys = |body: &Value| {
        let mut keys: Vec<String> = body.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys
    };
    assert_eq!(keys(&created.body), ["emails", "id", "schemas", "userName"]);
    assert_eq!(created.body["emails"][0], json!({"value": "Ada@Mail.Example"}));
    let read = scim.get(&format!("{path}?attributes=USERNAME,name.givenName,{USER}:title,nothing")).await.expect(200);
    assert_eq!(keys(&read), ["id", "name", "schemas", "title", "userName"]);
    assert_eq!(read["name"], json!({"givenName": "Ada"}));
    let without = scim.get(&format!("{path}?excludedAttributes=emails,id,schemas,name.familyName,{ENTERPRISE}")).await.expect(200);
    assert!(without.get("emails").is_none() && without.get(ENTERPRISE).is_none() && without["name"].get("familyName").is_none());
    assert!(without.get("id").is_some() && without.get("schemas").is_some() && without["name"].get("givenName").is_some());
    let patched =
        scim.patch(&format!("{path}?attributes=title"), &json!([{"op": "replace", "path": "title", "value": "Dr"}])).await.expect(200);
    assert_eq!(keys(&patched), ["id", "schemas", "title"]);
    let listed = scim.list("/Users", &[("attributes", "id")]).await.expect(200);
    assert_eq!(keys(&listed["Resources"][0]), ["id", "schemas"]);
}

both! {
    a_created_user_is_answered_whole_with_its_address_and_version
    what_a_client_cannot_write_is_ignored_on_create
    a_user_name_is_held_once_in_any_letter_case
    a_put_replaces_what_can_be_written
    a_patch_does_what_its_operations_say
    a_patch_that_changes_nothing_leaves_the_version_alone
    one_primary_makes_the_others_ordinary
    a_deleted_user_is_gone_everywhere_and_its_name_is_free
    a_user_shows_its_groups
    both_faces_show_the_same_user
    a_selection_is_honoured_on_every_answer
}
