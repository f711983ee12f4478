//! Messages and errors (RFC 7644 sections 3.1 and 3.12).

use super::scene::{Scene, group, raw, user};
use crate::harness::{
    Answer, World, faces,
    scim::{ERROR, LIST, Scim, USER, send},
};
use reqwest::Method;
use serde_json::{Value, json};

/// One refusal of each kind that stands without another feature, each told to be alone at fault.
async fn refusals(world: &World, scene: &Scene) -> Vec<(&'static str, u16, &'static str, Answer)> {
    let scim = world.scim();
    let patch = async |operation: Value| scim.patch(&scene.user, &json!([operation])).await;
    let (_, strict) = world.scim_as("strict").await;
    let no_target = json!([{"op": "replace", "path": "emails[type eq \"fax\"].value", "value": "x"}]);
    let other = scim.at(&scim.base.replace("/v2/", "/v3/"));
    vec![
        ("a filter", 400, "invalidFilter", scim.list("/Users", &[("filter", "userName is \"x\"")]).await),
        ("a name", 409, "uniqueness", scim.post("/Users", &super::users::everything()).await),
        ("an id", 400, "mutability", patch(json!({"op": "replace", "path": "id", "value": "x"})).await),
        ("no JSON", 400, "invalidSyntax", raw(scim, Method::POST, "/Users", "{").await),
        ("no schemas", 400, "invalidSyntax", scim.post("/Users", &json!({"userName": "x"})).await),
        ("empty schemas", 400, "invalidSyntax", scim.post("/Users", &json!({"schemas": [], "userName": "x"})).await),
        ("a path", 400, "invalidPath", patch(json!({"op": "replace", "path": "shoeSize", "value": 44})).await),
        ("a broken path", 400, "invalidPath", patch(json!({"op": "remove", "path": "emails[type eq"})).await),
        ("no path", 400, "noTarget", patch(json!({"op": "remove"})).await),
        ("no match", 400, "noTarget", strict.patch(&scene.user, &no_target).await),
        ("a missing name", 400, "invalidValue", scim.post("/Users", &json!({"schemas": [USER]})).await),
        ("a wrong type", 400, "invalidValue", scim.post("/Users", &json!({"schemas": [USER], "userName": ["x", "y"]})).await),
        ("a number", 400, "invalidValue", scim.get("/Users?count=many").await),
        ("an order", 400, "invalidPath", scim.get("/Users?sortBy=shoeSize").await),
        ("a version", 400, "invalidVers", other.get("/Users").await),
        ("a filter on discovery", 403, "", scim.get("/Schemas?filter=id%20pr").await),
        ("nobody", 404, "", scim.get("/Users/nobody").await),
        ("nowhere", 404, "", scim.get("/Nothing").await),
        ("a method", 405, "", scim.delete("/Users").await),
        ("a stale version", 412, "", scim.patch_if_match(&scene.user, "W/\"0\"", &json!([{"op": "remove", "path": "title"}])).await),
        ("a large body", 413, "", raw(scim, Method::POST, "/Users", " ".repeat(1_048_577)).await),
        ("a media type", 415, "", send(scim.request(Method::POST, "/Users").header("content-type", "text/csv").body("a,b")).await),
        ("no token", 401, "", scim.with_token("").get("/Users").await),
    ]
}

/// Requirements 10, 11, 12, 14 (RFC 7644 section 3.12): each refusal has its status and its word, and changes nothing.
async fn each_refusal_has_its_status_and_its_word(world: World) {
    let scene = Scene::set(&world).await;
    let told = refusals(&world, &scene).await;
    let made = world.head().await - scene.head;

    for (what, status, scim_type, answer) in told {
        assert_eq!((answer.status, answer.body["scimType"].as_str().unwrap_or("")), (status, scim_type), "{what}: {}", answer.body);
        answer.is_error(status, scim_type);
        let known = ["schemas", "status", "scimType", "detail"];
        assert!(super::scene::keys(&answer.body).iter().all(|key| known.contains(&key.as_str())), "{what}: {}", answer.body);
        let media = answer.header("content-type");
        assert!(media == "application/scim+json" || media == "application/scim+json; charset=utf-8", "{what}: {media}");
    }
    assert_eq!(made, 2, "the strict connection and its token");
    Scene { head: world.head().await, ..scene }.is_untouched(&world, "refusals").await;
}

/// Requirement 13 (RFC 7644 section 3.1): messages have schemas of their own, which are no resource's.
async fn messages_are_no_resources(world: World) {
    const MESSAGES: &str = "urn:ietf:params:scim:api:messages:2.0:";
    let scim = world.scim();
    assert_eq!(scim.get("/Users").await.expect(200)["schemas"], json!([LIST]));
    assert_eq!(scim.get("/Users/nobody").await.body["schemas"], json!([ERROR]));

    let schemas = scim.get("/Schemas").await.expect(200);
    assert!(!schemas["Resources"].to_string().contains(":api:messages:"));
    for name in ["ListResponse", "SearchRequest", "PatchOp", "BulkRequest", "BulkResponse", "Error"] {
        scim.get(&format!("/Schemas/{MESSAGES}{name}")).await.is_error(404, "");
    }
    // A message of another kind is not taken for one.
    let patch = json!({"schemas": [format!("{MESSAGES}PatchOp")], "filter": "userName pr"});
    scim.post("/Users/.search", &patch).await.is_error(400, "invalidSyntax");
    let path = format!("/Users/{}", user(scim, "ada").await.id());
    let search = json!({"schemas": [format!("{MESSAGES}SearchRequest")], "Operations": [{"op": "add", "path": "title", "value": "x"}]});
    raw(scim, Method::PATCH, &path, search.to_string()).await.is_error(400, "invalidSyntax");
    scim.post("/Users", &json!({"schemas": [LIST], "userName": "x", "Resources": []})).await;
    assert!(scim.get(&path).await.expect(200).get("title").is_none());
}

/// What must stand in no answer: how the server is made.
const INNARDS: &[&str] = &[
    "sqlite", "postgres", "sqlx", "SELECT ", "INSERT", "src/", ".rs:", "panicked", "struct ", "alloc::", "serde", "tonic", "u64", "i64",
    "usize",
];

/// Requirement 15 (RFC 7644 section 7.5): a refusal tells nothing of other tenants, of secrets, or of how the server is made.
async fn a_refusal_tells_nothing_but_what_is_wrong(world: World) {
    let scene = Scene::set(&world).await;
    let other = world.tenant("other").await;
    let theirs = user(&other.scim, "theirs").await.id();
    let their_group = group(&other.scim, json!({"displayName": "Theirs"})).await.id();
    let scim = world.scim();
    let mut answers: Vec<Answer> = refusals(&world, &scene).await.into_iter().map(|(_, _, _, answer)| answer).collect();

    // What is there elsewhere is as if it were nowhere, in the same words.
    let nobody = "0198f0a0-0000-7000-8000-000000000000";
    for (there, nowhere) in
        [(format!("/Users/{theirs}"), format!("/Users/{nobody}")), (format!("/Groups/{their_group}"), format!("/Groups/{nobody}"))]
    {
        let (one, two) = (scim.get(&there).await, scim.get(&nowhere).await);
        one.is_error(404, "");
        assert_eq!(one.body, two.body);
        assert_eq!(scim.delete(&there).await.body, scim.delete(&nowhere).await.body);
        answers.extend([one, two]);
    }
    let joining = |id: &str| json!([{"op": "add", "path": "members", "value": [{"value": id}]}]);
    let (one, two) = (scim.patch(&scene.group, &joining(&theirs)).await, scim.patch(&scene.group, &joining(nobody)).await);
    assert_eq!(one.body.to_string().replace(&theirs, ""), two.body.to_string().replace(nobody, ""));
    let elsewhere = |key: &str| scim.at(&scim.base.replace("/default", &format!("/{key}")));
    assert_eq!(elsewhere("other").get("/Users").await.body, elsewhere("nobody").get("/Users").await.body);
    answers.extend([one, two]);
    // A secret is not said back, whatever is wrong around it.
    for body in [
        json!({"schemas": [USER], "userName": "x", "password": {"Tidal-9-wrench": 1}}),
        json!({"schemas": [USER], "userName": "x", "password": ["Tidal-9-wrench", "Tidal-9-wrench"]}),
        json!({"schemas": [USER], "userName": 7, "password": "Tidal-9-wrench"}),
        json!({"schemas": [USER], "userName": "x", "password": "Tidal-9-wrench", "active": "Tidal-9-wrench"}),
    ] {
        let answer = scim.post("/Users", &body).await;
        assert!(answer.status == 400 && !answer.body.to_string().contains("wrench\": "), "{}", answer.body);
        if body["active"].is_null() {
            assert!(!answer.body.to_string().contains("Tidal"), "{}", answer.body);
        }
        answers.push(answer);
    }
    answers.extend(odd_bodies(scim, &scene).await);

    for answer in answers {
        assert!(answer.status >= 400, "{}", answer.body);
        for word in INNARDS {
            assert!(!answer.body.to_string().contains(word), "{word:?} in {}", answer.body);
        }
    }
}

/// Bodies that a parser has something to say about.
async fn odd_bodies(scim: &Scim, scene: &Scene) -> Vec<Answer> {
    let mut answers = Vec::new();
    for body in [
        "",
        "{",
        "[]",
        "7",
        "\"x\"",
        "nul",
        "{\"schemas\":7}",
        "{\"schemas\":[7]}",
        "{\"schemas\":{\"a\":1}}",
        "{\"Operations\":7}",
        "{\"Operations\":{}}",
        "{\"Operations\":[7]}",
        "{\"Operations\":[{\"op\":7}]}",
        "{\"schemas\":[\"x\"],\"userName\":{}}",
        "{\"schemas\":[\"x\"],\"userName\":1e400}",
        "{\"schemas\":[\"x\"],\"emails\":7}",
        "{\"schemas\":[\"x\"],\"name\":[7]}",
        "{\"schemas\":[\"x\"],\"filter\":7}",
        "{\"a\":1,\"a\":2}",
        "{\"schemas\":[\"x\"]}x",
    ] {
        for (method, path) in [
            (Method::POST, "/Users"),
            (Method::POST, "/Groups"),
            (Method::PUT, scene.user.as_str()),
            (Method::PATCH, scene.group.as_str()),
            (Method::POST, "/Users/.search"),
        ] {
            answers.push(raw(scim, method, path, body).await);
        }
    }
    answers
}

faces! {
    each_refusal_has_its_status_and_its_word
    messages_are_no_resources
    a_refusal_tells_nothing_but_what_is_wrong
}
