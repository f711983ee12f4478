//! Versions and conditions (RFC 7644 section 3.14): ETag, If-Match, If-None-Match.

use crate::harness::{
    World, faces,
    scim::{GROUP, USER, send, with_body},
};
use reqwest::Method;
use serde_json::{Value, json};

async fn a_stale_if_match_is_refused_and_changes_nothing(world: World) {
    let scim = world.scim();
    let before = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await;
    let path = format!("/Users/{}", before.id());
    let after = scim.patch(&path, &json!([{"op": "add", "path": "title", "value": "Dr"}])).await;
    let head = world.head().await;
    let body = json!({"schemas": [USER], "userName": "ada", "title": "Countess"});

    for etag in [before.header("etag"), "W/\"0\"", "\"nonsense\"", "W/\"a\", W/\"b\""] {
        send(with_body(scim.request(Method::PUT, &path).header("if-match", etag), &body)).await.is_error(412, "");
        scim.patch_if_match(&path, etag, &json!([{"op": "remove", "path": "title"}])).await.is_error(412, "");
        send(scim.request(Method::DELETE, &path).header("if-match", etag)).await.is_error(412, "");
    }

    assert_eq!(world.head().await, head);
    let list = format!("{}, {}", before.header("etag"), after.header("etag"));
    for good in [after.header("etag"), &list, "*"] {
        let answer = scim.patch_if_match(&path, good, &json!([{"op": "replace", "path": "title", "value": "Dr"}])).await;
        assert_eq!(answer.status, 200, "{good}");
    }
    assert_eq!(send(scim.request(Method::DELETE, &path).header("if-match", "*")).await.status, 204);
}

async fn an_unchanged_resource_is_not_sent_again(world: World) {
    let scim = world.scim();
    let created = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await;
    let path = format!("/Users/{}", created.id());
    let conditional = async |path: &str, etag: &str| send(scim.request(Method::GET, path).header("if-none-match", etag)).await;

    let same = conditional(&path, created.header("etag")).await;
    assert_eq!((same.status, same.body.clone(), same.header("etag")), (304, Value::Null, created.header("etag")));
    let shown = scim.get(&path).await;
    assert_eq!(same.header("content-location"), shown.header("content-location"), "RFC 9110 section 15.4.5");
    assert_eq!(conditional(&path, "W/\"0\"").await.status, 200);
    let group = scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Engines", "members": [{"value": created.id()}]})).await;
    let joined = conditional(&path, created.header("etag")).await;
    assert_eq!(joined.status, 200, "a membership is news");
    // What is stored did not change, so a condition on it still holds.
    assert_eq!(
        scim.patch_if_match(&path, created.header("etag"), &json!([{"op": "add", "path": "title", "value": "Dr"}])).await.status,
        200
    );
    let group_path = format!("/Groups/{}", group.id());
    let same = conditional(&group_path, group.header("etag")).await;
    assert_eq!((same.status, same.header("content-location")), (304, group.header("location")));
    scim.patch(&group_path, &json!([{"op": "remove", "path": "members", "value": [{"value": created.id()}]}])).await;
    assert_eq!(conditional(&group_path, group.header("etag")).await.status, 200, "a group's version changes with its members");
}

/// 43, 82 (RFC 9110 section 13.1.1): a condition is a condition, on a read too, and is asked before `If-None-Match`.
async fn a_read_of_a_version_that_is_gone_is_refused(world: World) {
    let scim = world.scim();
    let user = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await;
    let group = scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Engines", "members": [{"value": user.id()}]})).await;
    for (path, etag) in [(format!("/Users/{}", user.id()), user.header("etag")), (format!("/Groups/{}", group.id()), group.header("etag"))]
    {
        for method in [Method::GET, Method::HEAD] {
            let read = async |name: &str, tag: &str| send(scim.request(method.clone(), &path).header(name, tag)).await.status;
            assert_eq!((read("if-match", "W/\"x\"").await, read("if-match", etag).await, read("if-match", "*").await), (412, 200, 200));
        }
        send(scim.request(Method::GET, &path).header("if-match", "W/\"x\"").header("if-none-match", etag)).await.is_error(412, "");
        let both = send(scim.request(Method::GET, &path).header("if-match", etag).header("if-none-match", "*")).await;
        assert_eq!(both.status, 304);
    }
    send(scim.request(Method::GET, "/Users/nobody").header("if-match", "W/\"x\"")).await.is_error(404, "");
}

async fn of_two_writers_with_one_version_exactly_one_wins(world: World) {
    let scim = world.scim();
    let user = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await;
    let group = scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Engines"})).await;

    for (path, etag, attribute) in [
        (format!("/Users/{}", user.id()), user.header("etag"), "title"),
        (format!("/Groups/{}", group.id()), group.header("etag"), "displayName"),
    ] {
        let writers =
            (0..8).map(|i| {
                let path = &path;
                async move {
                    scim.patch_if_match(path, etag, &json!([{"op": "replace", "path": attribute, "value": format!("writer {i}")}])).await
                }
            });
        let answers = futures_util::future::join_all(writers).await;

        let winners: Vec<usize> = answers.iter().enumerate().filter(|(_, a)| a.status < 300).map(|(i, _)| i).collect();
        assert_eq!(winners.len(), 1, "{path}");
        answers.iter().filter(|a| a.status >= 300).for_each(|a| drop(a.is_error(412, "")));
        assert_eq!(scim.get(&path).await.expect(200)[attribute], json!(format!("writer {}", winners[0])));
    }
}

async fn members_added_at_once_are_all_there(world: World) {
    let scim = world.scim();
    let ids = world.crowd("u", 20).await;
    let group = scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Engines"})).await;
    let path = format!("/Groups/{}", group.id());
    let head = world.head().await;

    let adds = ids.iter().map(|id| {
        let path = &path;
        async move { scim.patch(path, &json!([{"op": "add", "path": "members", "value": [{"value": id}]}])).await.status }
    });
    let statuses = futures_util::future::join_all(adds).await;

    assert!(statuses.iter().all(|s| [200, 204].contains(s)), "{statuses:?}");
    let mut expected = ids.clone();
    expected.sort();
    assert_eq!(world.members(&group.id()).await, expected);
    assert_eq!(world.group(&group.id()).await.direct_member_count, 20);
    assert_eq!(world.head().await, head + 20);
    let removals = ids.iter().map(|id| {
        let path = &path;
        async move { scim.patch(path, &json!([{"op": "remove", "path": format!("members[value eq \"{id}\"]")}])).await.status }
    });
    futures_util::future::join_all(removals).await;
    assert_eq!(world.members(&group.id()).await, Vec::<String>::new());
}

faces! {
    a_stale_if_match_is_refused_and_changes_nothing
    an_unchanged_resource_is_not_sent_again
    a_read_of_a_version_that_is_gone_is_refused
    of_two_writers_with_one_version_exactly_one_wins
    members_added_at_once_are_all_there
}
