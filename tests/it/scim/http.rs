//! What is HTTP's: media types, methods, routes, health, headers.

use crate::harness::{
    World, faces,
    scim::{PATCH, USER, http, send, with_body},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};

async fn bodies_come_in_both_media_types_and_no_other(world: World) {
    let scim = world.scim();
    let post = |media: &'static str, name: &str| {
        let request = scim.request(Method::POST, "/Users").body(json!({"schemas": [USER], "userName": name}).to_string());
        send(if media.is_empty() { request } else { request.header("content-type", media) })
    };

    for (i, media) in
        ["application/scim+json", "application/json", "application/scim+json; charset=utf-8", "Application/JSON;charset=UTF-8"]
            .into_iter()
            .enumerate()
    {
        assert_eq!(post(media, &format!("u{i}")).await.status, 201, "{media}");
    }
    for media in ["text/plain", "application/xml", "application/x-www-form-urlencoded", "text/html; charset=utf-8"] {
        post(media, "other").await.is_error(415, "");
    }
    let zipped =
        scim.request(Method::POST, "/Users").header("content-encoding", "gzip").header("content-type", "application/json").body("x");
    send(zipped).await.is_error(415, "");
    assert_eq!(scim.get("/Users").await.expect(200)["totalResults"], 4);
}

async fn an_answer_is_what_the_client_can_read(world: World) {
    let scim = world.scim();
    for (accept, expected) in [
        ("application/scim+json", "application/scim+json"),
        ("application/json", "application/json"),
        ("*/*", "application/scim+json"),
        ("", "application/scim+json"),
        ("text/html, */*;q=0.1", "application/scim+json"),
    ] {
        let mut request = scim.request(Method::GET, "/Users");
        if !accept.is_empty() {
            request = request.header("accept", accept);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{accept}");
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with(expected), "{accept}: {:?}", answer.headers());
    }
}

async fn unknown_routes_and_methods_are_scim_errors_too(world: World) {
    let scim = world.scim();

    for path in ["/Devices", "/Users/a/b", "/user", "/Me/x", "/Users/%00", "/Users/%0d%0aX-Evil:%201"] {
        let answer = scim.get(path).await;
        answer.is_error(404, "");
        assert!(answer.headers.get("x-evil").is_none());
    }
    for (method, path) in
        [(Method::PUT, "/Users"), (Method::PATCH, "/Groups"), (Method::DELETE, "/Users"), (Method::POST, "/Users/some-id")]
    {
        send(scim.request(method.clone(), path).header("content-type", "application/json").body("{}")).await.is_error(405, "");
    }
}

// 84, RFC 7644 section 3.11
async fn nobody_is_me_and_the_answer_says_so(world: World) {
    let scim = world.scim();

    for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let answer = send(scim.request(method.clone(), "/Me").header("content-type", "application/json").body("{}")).await;
        let detail = answer.is_error(501, "");
        assert!(detail.contains("/Me"), "{method}: {detail}");
        assert!(answer.headers.get("location").is_none());
    }
    let head = scim.request(Method::HEAD, "/Me").send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.text().await.unwrap().as_str()), (501, ""));
    send(scim.with_token("").request(Method::GET, "/Me")).await.is_error(401, "");
}

/// Row 1 (Jumper)
async fn slashes_at_the_join_of_base_and_path_resolve(world: World) {
    let scim = world.scim();

    for path in ["//Users", "/Users/", "/Users/?count=1"] {
        scim.get(path).await.expect(200);
    }
}

/// Row 3 (Jumper)
async fn without_a_good_token_the_answer_says_how_to_get_in(world: World) {
    let scim = world.scim();

    for token in ["", "nonsense", "null"] {
        let stranger = scim.with_token(token);
        for (method, path) in [
            (Method::GET, "/Users"),
            (Method::POST, "/Users"),
            (Method::GET, "/Groups/x"),
            (Method::DELETE, "/Users/x"),
            (Method::GET, "/Schemas"),
            (Method::GET, "/%55sers"),
            (Method::GET, "/Nothing"),
        ] {
            let answer = send(stranger.request(method.clone(), path).header("content-type", "application/json").body("{")).await;
            answer.is_error(401, "");
            assert!(answer.header("www-authenticate").starts_with("Bearer"), "{method} {path}");
        }
    }
    let in_query = format!("/Users?access_token={}", "x");
    scim.with_token("").get(&in_query).await.is_error(401, "");
}

async fn a_head_is_a_get_without_its_body(world: World) {
    let scim = world.scim();
    let created = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await;

    let head = send(scim.request(Method::HEAD, &format!("/Users/{}", created.id()))).await;

    assert_eq!((head.status, head.header("etag"), &head.body), (200, created.header("etag"), &Value::Null));
}

/// Rows 23, 41 (JupiterOne, JumpCloud)
async fn addresses_come_from_the_settings_and_never_from_a_request(world: World) {
    let scim = world.scim();
    let forged = |request: reqwest::RequestBuilder| {
        request
            .header("host", "evil.example")
            .header("x-forwarded-host", "evil.example")
            .header("forwarded", "host=evil.example")
            .header("x-forwarded-proto", "gopher")
    };

    let request = forged(scim.request(Method::POST, "/Users")).header("content-type", "application/json");
    let created = send(request.body(json!({"schemas": [USER], "userName": "ada"}).to_string())).await;

    assert_eq!(created.status, 201);
    assert_eq!(created.body["meta"]["location"], format!("{}/Users/{}", scim.base, created.id()));
    assert!(!format!("{:?} {}", created.headers, created.body).contains("evil"));
}

/// Row 43 (Bitwarden)
async fn the_server_says_that_it_lives_and_is_ready(world: World) {
    let origin = world.scim().base.split("/scim").next().unwrap().to_owned();
    let client = http().build().unwrap();

    for path in ["/alive", "/readyz"] {
        let answer = client.get(format!("{origin}{path}")).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{path}");
    }
}

/// Row 7 (Jumper)
async fn a_write_tells_its_revision_in_a_header(world: World) {
    let created = world.scim().post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await;

    assert_eq!(created.header("roster-revision"), world.head().await.to_string());
}

/// A read shows what the token of an answer stands for, or says why it cannot.
async fn a_read_is_as_fresh_as_it_must_be(world: World) {
    let created = world.scim().post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await;
    let (path, token) = (format!("/Users/{}", created.id()), created.header("roster-revision-token").to_owned());
    let group = world.create_group("Engines", vec![crate::harness::shapes::principal(&created.id())]).await.id;
    let read = |path: &str, token: &str| send(world.scim().request(reqwest::Method::GET, path).header("roster-at-least-as-fresh", token));

    for path in
        [path.as_str(), "/Users", "/Groups", &format!("/Groups/{group}"), &format!("/Groups/{group}?excludedAttributes=members"), "/"]
    {
        let answer = read(path, &token).await;
        assert!(answer.header("roster-revision").parse::<u64>().unwrap() > created.header("roster-revision").parse().unwrap(), "{path}");
        answer.expect(200);
        read(path, "nonsense").await.is_error(400, "invalidValue");
        read(path, "").await.is_error(400, "invalidValue");
    }
    let newest = world.scim().get("/Users").await.header("roster-revision-token").to_owned();
    let other = World::start(world.engine).await;
    other.crowd("u", 3).await;
    let theirs = other.scim().get("/Users").await.header("roster-revision-token").to_owned();
    read(&path, &theirs).await.is_error(400, "invalidValue");
    // The last bytes are the number: nobody makes one that is not reached yet.
    let mut bytes = URL_SAFE_NO_PAD.decode(&newest).unwrap();
    *bytes.last_mut().unwrap() += 1;
    read(&path, &URL_SAFE_NO_PAD.encode(bytes)).await.is_error(400, "invalidValue");
    let twice = world.scim().request(reqwest::Method::GET, &path).header("roster-at-least-as-fresh", &newest);
    send(twice.header("roster-at-least-as-fresh", &token)).await.is_error(400, "invalidValue");
    // A write sees the latest whatever it says.
    let patch = json!({"schemas": [PATCH], "Operations": [{"op": "add", "path": "title", "value": "Dr"}]});
    let write = world.scim().request(reqwest::Method::PATCH, &path).header("roster-at-least-as-fresh", &newest);
    send(with_body(write, &patch)).await.expect(200);
}

faces! {
    bodies_come_in_both_media_types_and_no_other
    an_answer_is_what_the_client_can_read
    unknown_routes_and_methods_are_scim_errors_too
    nobody_is_me_and_the_answer_says_so
    slashes_at_the_join_of_base_and_path_resolve
    without_a_good_token_the_answer_says_how_to_get_in
    a_head_is_a_get_without_its_body
    addresses_come_from_the_settings_and_never_from_a_request
    the_server_says_that_it_lives_and_is_ready
    a_write_tells_its_revision_in_a_header
    a_read_is_as_fresh_as_it_must_be
}
