//! Media types, credentials, versions and addresses (RFC 7644 sections 1.3, 2, 3.8, 3.13 and 7.4).

use super::scene::{Scene, raw, user};
use crate::harness::{
    World, faces,
    scim::{GROUP, PATCH, Scim, USER, send},
};
use reqwest::{
    Method,
    header::{ALLOW, AUTHORIZATION, CONTENT_TYPE},
};
use serde_json::{Value, json};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// Requirement 1 (RFC 7644 sections 3.8 and 8.1): what a client would rather read never fails its request.
async fn an_odd_accept_fails_nothing(world: World) {
    let scim = world.scim();
    for accept in ["text/html", "application/xml, image/*;q=0.5", "application/scim+json;q=0", "nonsense", ";;,"] {
        let answer = send(scim.request(Method::GET, "/Users").header("accept", accept)).await;
        assert_eq!(answer.status, 200, "{accept}");
        send(scim.request(Method::GET, "/Users/nobody").header("accept", accept)).await.is_error(404, "");
    }
}

/// Requirement 1 (RFC 7644 section 3.8): every body is JSON, by its name, on every method that has one.
async fn a_body_of_another_type_is_refused_on_every_method(world: World) {
    let scene = Scene::set(&world).await;
    let scim = world.scim();
    let user = json!({"schemas": [USER], "userName": "x"}).to_string();
    let patch = json!({"schemas": [PATCH], "Operations": [{"op": "replace", "path": "title", "value": "x"}]}).to_string();
    let search = json!({"schemas": [SEARCH]}).to_string();

    for media in ["text/plain", "application/x-www-form-urlencoded", "application/scim+json; charset=latin1", "application/jsonp"] {
        for (method, path, body) in [
            (Method::POST, "/Users", &user),
            (Method::PUT, scene.user.as_str(), &user),
            (Method::PATCH, scene.user.as_str(), &patch),
            (Method::POST, "/Users/.search", &search),
            (Method::POST, "/.search", &search),
        ] {
            send(scim.request(method, path).header(CONTENT_TYPE, media).body(body.clone())).await.is_error(415, "");
        }
    }
    scene.is_untouched(&world, "media types").await;
}

/// Row 21 (JupiterOne)
/// Requirement 2 (RFC 7644 section 2): who is known and not entitled is told so, and nothing else happens.
async fn a_credential_that_is_not_entitled_is_forbidden(world: World) {
    let scene = Scene::set(&world).await;
    let account = world.service_account(&world.organization).await;
    let scene = Scene { head: world.head().await, ..scene };
    let token = world.issue(&world.organization, "", &account.id, &["users.read".to_owned()]).await.unwrap().secret;
    let scene = Scene { head: world.head().await, ..scene };
    let reader = world.scim().with_token(&token);

    reader.get(&scene.user).await.expect(200);
    let body = json!({"schemas": [USER], "userName": "x"});
    for answer in [
        reader.post("/Users", &body).await,
        reader.put(&scene.user, &body).await,
        reader.patch(&scene.user, &json!([{"op": "replace", "path": "title", "value": "x"}])).await,
        reader.delete(&scene.user).await,
        reader.get(&scene.group).await,
        reader.get("/Groups").await,
        reader.post("/Groups", &json!({"schemas": [GROUP], "displayName": "x"})).await,
    ] {
        answer.is_error(403, "");
    }
    scene.is_untouched(&world, "a reader").await;
}

/// Row 22 (JupiterOne)
/// Requirements 2, 3 (RFC 7644 sections 2 and 7.4): only a bearer token is a credential, and it is too long to be guessed.
async fn only_a_bearer_token_lets_in(world: World) {
    let scim = world.scim();
    let token = world.issue(&world.organization, &world.connection, "", &["scim".to_owned()]).await.unwrap().secret;

    for credential in ["Basic cm9zdGVyOnJvc3Rlcg==", "Bearer", "Bearer ", "Digest x", token.as_str(), &format!("Basic {token}")] {
        let answer = send(scim.with_token("").request(Method::GET, "/Users").header(AUTHORIZATION, credential)).await;
        answer.is_error(401, "");
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{credential}");
    }
    let secret = token.rsplit('_').next().unwrap();
    assert!(secret.len() >= 43, "256 random bits in base 62, and a checksum");
    // One character changed is another token.
    let last = if token.ends_with('a') { "b" } else { "a" };
    scim.with_token(&format!("{}{last}", &token[..token.len() - 1])).get("/Users").await.is_error(401, "");
    assert_eq!(send(scim.with_token("").request(Method::GET, "/Users").header(AUTHORIZATION, format!("bearer {token}"))).await.status, 200);
}

fn origin(scim: &Scim) -> &str {
    scim.base.split("/scim").next().unwrap()
}

/// Row 18 (JupiterOne)
/// Requirements 4, 5 (RFC 7644 sections 1.3 and 3.13): version 2 is served, no version means the newest, another is refused by name.
async fn the_version_is_a_part_of_the_address(world: World) {
    let scim = world.scim();
    let made = user(scim, "ada").await;
    assert!(!scim.base.contains('?') && !scim.base.ends_with('/') && scim.base.contains("/scim/v2/"));

    for base in ["/scim/v2", "/scim/v2/default", "/scim/v2/default/", "/scim", "/scim/default"] {
        let read = scim.at(&format!("{}{base}", origin(scim))).get(&format!("/Users/{}", made.id())).await.expect(200);
        assert_eq!(read["id"], made.body["id"], "{base}");
    }
    for base in ["/scim/v1", "/scim/v3", "/scim/v1/default", "/scim/v20/default"] {
        let other = scim.at(&format!("{}{base}", origin(scim)));
        other.get("/Users").await.is_error(400, "invalidVers");
        user(&other, "grace").await.is_error(400, "invalidVers");
        other.get("/ServiceProviderConfig").await.is_error(400, "invalidVers");
    }
    assert_eq!(scim.get("/Users").await.expect(200)["totalResults"], 1);
}

/// Requirement 6 (RFC 7644 section 3.8): text comes back byte for byte, and an exact attribute tells two spellings apart.
async fn text_is_kept_byte_for_byte(world: World) {
    let scim = world.scim();
    let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}");
    for (name, text) in [("a", composed), ("b", decomposed), ("c", "\u{1F469}\u{200D}\u{1F4BB}\u{FE0F}"), ("d", "\u{10FFFD}\u{E000}")] {
        let body = json!({"schemas": [USER], "userName": name, "externalId": text, "displayName": text, "nickName": format!(" {text} ")});
        let created = scim.post("/Users", &body).await;
        let read = scim.get(&format!("/Users/{}", created.id())).await;
        assert_eq!((&read.body["externalId"], &read.body["displayName"]), (&json!(text), &json!(text)));
        assert_eq!(read.body["nickName"], body["nickName"]);
        let found = scim.list("/Users", &[("filter", &format!("externalId eq {}", json!(text)))]).await.expect(200);
        assert_eq!((&found["totalResults"], &found["Resources"][0]["userName"]), (&json!(1), &json!(name)));
    }
    // An escape is the same text as the letter itself.
    let escaped = format!("{{\"schemas\":[\"{USER}\"],\"userName\":\"e\",\"displayName\":\"\\u00e9\\ud83d\\ude00\"}}");
    assert_eq!(raw(scim, Method::POST, "/Users", escaped).await.expect(201)["displayName"], "\u{e9}\u{1F600}");
    let found = scim.list("/Users", &[("filter", "displayName eq \"\\u00e9\\ud83d\\ude00\"")]).await.expect(200);
    assert_eq!(found["totalResults"], 1);
}

/// Requirement 7 (RFC 7644 section 3.4.2): parameters nobody knows are ignored on every method.
async fn unknown_parameters_are_ignored(world: World) {
    let scim = world.scim();
    let made = scim.post("/Users?aadOptscim062020&x=1", &json!({"schemas": [USER], "userName": "ada"})).await;
    let path = format!("/Users/{}?x=%ff&y&=z", made.id());

    assert_eq!(made.status, 201);
    scim.get(&path).await.expect(200);
    scim.put(&path, &json!({"schemas": [USER], "userName": "ada"})).await.expect(200);
    scim.patch(&path, &json!([{"op": "add", "path": "title", "value": "x"}])).await.expect(200);
    for discovery in ["/ServiceProviderConfig?x=1", "/Schemas?x", "/ResourceTypes?startIndex=x&count=-1&sortBy=nothing&attributes=id"] {
        scim.get(discovery).await.expect(200);
    }
    assert_eq!(scim.delete(&path).await.status, 204);
}

/// Requirement 8 (RFC 7644 section 7.5.2): whatever may be asked in an address may be asked in a body; a secret in neither.
async fn what_may_be_asked_may_be_asked_in_a_body(world: World) {
    let scim = world.scim();
    user(scim, "ada").await.expect(201);
    let search = async |filter: &str| scim.post("/Users/.search", &json!({"schemas": [SEARCH], "filter": filter})).await;

    assert_eq!(search("userName eq \"ada\"").await.expect(200), scim.list("/Users", &[("filter", "userName eq \"ada\"")]).await.body);
    for secret in ["password eq \"x\"", "password pr", "not (password pr)", "userName pr and password ne \"x\""] {
        search(secret).await.is_error(400, "invalidFilter");
        scim.list("/Users", &[("filter", secret)]).await.is_error(400, "invalidFilter");
    }
    scim.list("/Users", &[("sortBy", "password")]).await.is_error(400, "invalidPath");
}

/// Requirement 9 (RFC 7644 section 3.2): a method that an endpoint has not is refused with those it has.
async fn a_refused_method_names_the_others(world: World) {
    let scim = world.scim();
    let resource = "GET, HEAD, PUT, PATCH, DELETE";
    for (method, path, allowed) in [
        (Method::PUT, "/Users", "GET, HEAD, POST"),
        (Method::DELETE, "/Groups", "GET, HEAD, POST"),
        (Method::POST, "/Users/x", resource),
        (Method::POST, "/Groups/x", resource),
        (Method::OPTIONS, "/Users/x", resource),
        (Method::GET, "/Users/.search", "POST"),
        (Method::PUT, "/.search", "POST"),
        (Method::POST, "/Schemas", "GET, HEAD"),
        (Method::PATCH, "/ResourceTypes/User", "GET, HEAD"),
        (Method::DELETE, "/ServiceProviderConfig", "GET, HEAD"),
    ] {
        let answer = raw(scim, method.clone(), path, json!({}).to_string()).await;
        answer.is_error(405, "");
        assert_eq!(answer.header(ALLOW.as_str()), allowed, "{method} {path}");
    }
    for path in ["/", "", "/Nothing", "/Users/x/y", "/groups"] {
        let answer = scim.get(path).await;
        assert!(answer.status == 200 || answer.body["status"] == json!("404"), "{path}: {}", answer.body);
    }
    assert_eq!(send(scim.request(Method::HEAD, "/Nothing")).await.body, Value::Null);
}

/// Requirement 14 (RFC 7644 section 3.12, RFC 6585 section 5): a head that is too large is refused in SCIM's words.
async fn a_head_that_is_too_large_is_refused_with_a_body(world: World) {
    let scim = world.scim();
    let many = |count: usize| (0..count).fold(scim.request(Method::GET, "/Users"), |request, i| request.header(format!("x-{i}"), "1"));
    for request in [
        scim.request(Method::GET, "/Users").header("x-large", "x".repeat(66_000)),
        scim.request(Method::GET, &format!("/Users?x={}", "x".repeat(65_000))).header("x-large", "x".repeat(600)),
        many(120),
    ] {
        let detail = send(request).await.is_error(431, "");
        assert!(detail.contains("65536") || detail.contains("100"), "{detail}");
    }
    assert_eq!(send(many(80)).await.status, 200);
}

faces! {
    an_odd_accept_fails_nothing
    a_body_of_another_type_is_refused_on_every_method
    a_credential_that_is_not_entitled_is_forbidden
    only_a_bearer_token_lets_in
    the_version_is_a_part_of_the_address
    text_is_kept_byte_for_byte
    unknown_parameters_are_ignored
    what_may_be_asked_may_be_asked_in_a_body
    a_refused_method_names_the_others
    a_head_that_is_too_large_is_refused_with_a_body
}
