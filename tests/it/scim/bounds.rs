//! Bounds that no client meets in a test's time: days, and millions.

use super::scene::{self, Scene};
use crate::harness::{
    World, faces,
    scim::{ERROR, GROUP, send, with_body},
};
use reqwest::Method;
use roster::{
    limits,
    store::{Miss, Stop, Terms},
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Requirement 93 (RFC 9865 section 2.1).
async fn a_cursor_ends_after_a_day_and_says_so(world: World) {
    let scim = world.scim();
    for name in ["ada", "bob", "cy"] {
        scene::user(scim, name).await.expect(201);
    }
    let first = |path: &'static str| async move { scim.list(path, &[("cursor", ""), ("count", "1")]).await.expect(200) };
    let (users, all) = (first("/Users").await, first("/").await);
    let at = |page: &serde_json::Value| page["nextCursor"].as_str().unwrap().to_owned();
    scim.list("/Users", &[("cursor", &at(&users)), ("count", "1")]).await.expect(200);

    world.after_days(2).await;

    for (path, page) in [("/Users", &users), ("/", &all)] {
        let detail = scim.list(path, &[("cursor", &at(page)), ("count", "1")]).await.is_error(400, "expiredCursor");
        assert!(!detail.contains("token"), "{detail}");
    }
    let search = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "cursor": at(&users), "count": 1});
    send(with_body(scim.request(Method::POST, "/Users/.search"), &search)).await.is_error(400, "expiredCursor");
    assert_eq!(first("/Users").await["totalResults"], 3, "one may begin again");
}

/// Requirement 11 (RFC 7644 section 3.12).
async fn a_group_has_no_more_members_than_its_bound(world: World) {
    let scim = world.scim();
    let id = scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Everyone"})).await.id();
    let ada = scene::user(scim, "ada").await.id();
    let (group, full) = (id.clone(), i64::try_from(limits::MEMBERS_PER_GROUP).unwrap());
    let write = world.store().write(&world.organization, Terms::default(), move |work| -> Result<(), Stop<()>> {
        let row = work.group(&group)?.ok_or(Miss)?;
        work.put_group(row.group.clone(), full);
        work.log(2, 2, &group, Vec::new());
        Ok(())
    });
    write.await.unwrap().unwrap();
    let head = world.head().await;

    let add = json!([{"op": "add", "path": "members", "value": [{"value": ada}]}]);
    let detail = scim.patch(&format!("/Groups/{id}"), &add).await.is_error(400, "tooMany");

    assert!(detail.contains(&limits::MEMBERS_PER_GROUP.to_string()), "{detail}");
    assert_eq!(world.head().await, head);
}

/// What a server answers to these bytes, until it closes.
async fn spoken_to(world: &World, head: &str) -> (u16, String, serde_json::Value) {
    let address = world.scim().base.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // It may close before it has read everything; what it said first is there.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), head.to_ascii_lowercase(), serde_json::from_str(body).unwrap())
}

/// Requirement 11 (RFC 7644 section 3.12): also what HTTP/1 refuses before anything of SCIM is asked.
async fn what_http_itself_refuses_is_a_scim_error_too(world: World) {
    let long = "x".repeat(65_600);
    let fields = (0..250).fold(String::new(), |head, i| head + &format!("x-{i}: 1\r\n"));
    for (head, status) in [
        ("GET /scim/v2/Users?filter=userName+eq+\"x\" HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(), 400),
        ("GET /scim/v2/Users HTTP/1.1\r\nhost\r\n\r\n".to_owned(), 400),
        (format!("GET /scim/v2/Users?filter={long} HTTP/1.1\r\nhost: x\r\n\r\n"), 414),
        (format!("GET /scim/v2/Users HTTP/1.1\r\nhost: x\r\n{fields}\r\n"), 431),
    ] {
        let (told, head, body) = spoken_to(&world, &head).await;
        assert_eq!(told, status, "{head}");
        assert!(head.contains("content-type: application/scim+json") && head.contains("connection: close"), "{head}");
        assert_eq!((body["schemas"][0].as_str(), body["status"].as_str()), (Some(ERROR), Some(status.to_string().as_str())));
        assert!(body["detail"].as_str().is_some_and(|detail| detail.ends_with('.')), "{body}");
    }
}

/// Requirement 11 (RFC 7644 section 3.12): a document that ends too early is refused in words of our own, wherever it is read.
async fn a_broken_document_is_refused_in_words_of_our_own(world: World) {
    let scene = Scene::set(&world).await;
    let (user, group) = (scene.user.as_str(), scene.group.as_str());
    for (method, path) in [
        (Method::POST, "/Users"),
        (Method::POST, "/Groups"),
        (Method::PUT, user),
        (Method::PUT, group),
        (Method::PATCH, user),
        (Method::PATCH, group),
        (Method::POST, "/Bulk"),
        (Method::POST, "/.search"),
    ] {
        for (body, says) in
            [("{\"schemas\":", "ends too early"), ("{\"schemas\" 1}", "is not JSON"), ("[]", "something else than an object")]
        {
            let detail = scene::raw(world.scim(), method.clone(), path, body).await.is_error(400, "invalidSyntax");
            let said = detail.contains(says) || (body == "[]" && path == "/.search");
            assert!(said && !detail.contains("EOF") && !detail.contains("invalid type"), "{method} {path}: {detail}");
        }
    }
    scene.is_untouched(&world, "broken documents").await;
}

faces! {
    what_http_itself_refuses_is_a_scim_error_too
    a_broken_document_is_refused_in_words_of_our_own
    a_cursor_ends_after_a_day_and_says_so
    a_group_has_no_more_members_than_its_bound
}
