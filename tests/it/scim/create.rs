//! POST of a resource (RFC 7644 section 3.3).

use super::scene::{Scene, raw, user};
use super::users::{as_sent, everything};
use crate::harness::{
    World, faces,
    scim::{ENTERPRISE, GROUP, USER},
};
use reqwest::Method;
use serde_json::{Value, json};

/// Requirements 20, 21, 37 (RFC 7644 sections 3.3 and 3.14).
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

/// Requirements 17, 19, 29, 38 (RFC 7644 section 3.3).
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

/// Requirements 28, 39, 59, 72 (RFC 7644 sections 3.3, 3.5.1 and 3.5.2).
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

/// Requirements 28, 39, 51 (RFC 7643 section 4.1.1): a final sigma is a sigma, and ß and ss are two names (RFC 8265).
async fn a_greek_name_is_one_name_in_any_letter_case(world: World) {
    let scim = world.scim();
    scim.post("/Users", &json!({"schemas": [USER], "userName": "x.ΝΙΚΟΣ"})).await.expect(201);
    for other in ["x.νικος", "x.νικοσ", "X.Νικος"] {
        scim.post("/Users", &json!({"schemas": [USER], "userName": other})).await.is_error(409, "uniqueness");
        for filter in [format!("userName eq \"{other}\""), format!("userName sw \"{other}\""), format!("userName ew \"{}\"", &other[2..])] {
            let found = scim.list("/Users", &[("filter", &filter)]).await.expect(200);
            assert_eq!((&found["totalResults"], &found["Resources"][0]["userName"]), (&json!(1), &json!("x.ΝΙΚΟΣ")), "{filter}");
        }
    }
    for name in ["strasse", "straße"] {
        scim.post("/Users", &json!({"schemas": [USER], "userName": name})).await.expect(201);
    }
}

/// Requirements 12, 40 (RFC 7644 section 3.3): the endpoint says the type, and a body of another type is refused.
async fn the_endpoint_says_what_is_made(world: World) {
    let scene = Scene::set(&world).await;
    let scim = world.scim();

    for (path, body) in [
        ("/Users", json!({"schemas": [GROUP], "userName": "x", "displayName": "x"})),
        ("/Groups", json!({"schemas": [USER], "userName": "x", "displayName": "x"})),
        ("/Groups", json!({"schemas": [USER, ENTERPRISE], "displayName": "x"})),
    ] {
        scim.post(path, &body).await.is_error(400, "invalidSyntax");
        scene.is_untouched(&world, &body.to_string()).await;
    }
    let group = json!({"schemas": [GROUP], "displayName": "x", "meta": {"resourceType": "User", "location": "https://elsewhere.example"}});
    let created = scim.post("/Groups", &group).await.expect(201);
    assert_eq!(created["meta"]["resourceType"], "Group");
    assert!(created["meta"]["location"].as_str().unwrap().starts_with(&scim.base));
}

/// Requirement 42 (RFC 7644 section 3.3, RFC 7643 section 3.3): what no schema knows is ignored in the core and kept in a container.
async fn an_unknown_attribute_is_ignored_and_an_unknown_container_kept(world: World) {
    let scim = world.scim();
    let body = json!({"schemas": [USER, "urn:example:badge"], "userName": "ada", "shoeSize": 44, "name": {"familyName": "L", "clan": "B"},
        "urn:example:badge": {"number": 7, "floors": ["a", "b"], "open": true}});

    let created = scim.post("/Users", &body).await;

    let read = scim.get(&format!("/Users/{}", created.id())).await.expect(200);
    assert_eq!(read, created.expect(201));
    assert_eq!((read.get("shoeSize"), &read["name"]), (None, &json!({"familyName": "L"})));
    assert_eq!(read["urn:example:badge"], body["urn:example:badge"]);
    assert!(read["schemas"].as_array().unwrap().contains(&json!("urn:example:badge")));
    // Under `strict` each of them is refused, and nothing is made.
    let (_, strict) = world.scim_as("strict").await;
    for unknown in
        [json!({"shoeSize": 44}), json!({"urn:example:badge": {"number": 7}}), json!({"emails": [{"value": "a@b.example", "rank": 1}]})]
    {
        let mut body = json!({"schemas": [USER], "userName": "grace"});
        body.as_object_mut().unwrap().extend(unknown.as_object().unwrap().clone());
        strict.post("/Users", &body).await.is_error(400, "invalidSyntax");
    }
    assert_eq!(scim.get("/Users").await.expect(200)["totalResults"], 1);
}

/// Requirements 11, 18, 39 (RFC 7644 section 3.3): a clash makes nothing and says which attribute it is about.
async fn a_clash_is_told_and_makes_nothing(world: World) {
    let scim = world.scim();
    scim.post("/Users", &json!({"schemas": [USER], "userName": "ada", "externalId": "HR-7"})).await.expect(201);
    scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Engines", "externalId": "HR-7"})).await.expect(201);
    let head = world.head().await;

    let name = scim.post("/Users", &json!({"schemas": [USER], "userName": "ADA", "externalId": "HR-8"})).await;
    let external = scim.post("/Users", &json!({"schemas": [USER], "userName": "grace", "externalId": "HR-7"})).await;
    let group = scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Other", "externalId": "HR-7"})).await;

    assert!(name.is_error(409, "uniqueness").contains("userName"));
    assert!(external.is_error(409, "uniqueness").contains("externalId"));
    assert!(group.is_error(409, "uniqueness").contains("externalId"));
    assert_eq!(world.head().await, head);
    assert_eq!(scim.get("/Users").await.expect(200)["totalResults"], 1);
    // externalId is exact: another letter case is another id.
    assert_eq!(user(scim, "grace").await.status, 201);
    scim.post("/Users", &json!({"schemas": [USER], "userName": "joan", "externalId": "hr-7"})).await.expect(201);
}

/// Requirement 24 (RFC 7643 section 2.3): the order of attributes in a document means nothing.
async fn attributes_come_in_any_order(world: World) {
    let scim = world.scim();
    let forward = format!(
        "{{\"schemas\":[\"{USER}\",\"{ENTERPRISE}\"],\"userName\":\"a\",\"name\":{{\"givenName\":\"A\",\"familyName\":\"B\"}},\"{ENTERPRISE}\":{{\"department\":\"D\"}}}}"
    );
    let backward = format!(
        "{{\"{ENTERPRISE}\":{{\"department\":\"D\"}},\"name\":{{\"familyName\":\"B\",\"givenName\":\"A\"}},\"userName\":\"b\",\"schemas\":[\"{ENTERPRISE}\",\"{USER}\"]}}"
    );

    let one = raw(scim, Method::POST, "/Users", forward).await.expect(201);
    let two = raw(scim, Method::POST, "/Users", backward).await.expect(201);

    let bare = |user: &Value| {
        let mut user = as_sent(user);
        user.as_object_mut().unwrap().remove("userName");
        user
    };
    assert_eq!(bare(&one), bare(&two));
    assert_eq!(one["schemas"], json!([USER, ENTERPRISE]));
}

faces! {
    a_created_user_is_answered_whole_with_its_address_and_version
    what_a_client_cannot_write_is_ignored_on_create
    a_user_name_is_held_once_in_any_letter_case
    a_greek_name_is_one_name_in_any_letter_case
    the_endpoint_says_what_is_made
    an_unknown_attribute_is_ignored_and_an_unknown_container_kept
    a_clash_is_told_and_makes_nothing
    attributes_come_in_any_order
}
