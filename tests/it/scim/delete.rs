//! DELETE of a resource (RFC 7644 section 3.6).

use super::scene::{Scene, group, user};
use super::users::everything;
use crate::harness::{
    World, faces,
    scim::{USER, send},
};
use reqwest::Method;
use serde_json::{Value, json};

/// Row 19 (JupiterOne)
/// Requirements 17, 74 (RFC 7644 section 3.6).
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
    // Its name is free, and made again it is the one it was (decision on re-POST of what was deleted).
    let again = scim.post("/Users", &everything()).await;
    assert_eq!(again.status, 201);
    assert_eq!(again.id(), ada.id());
}

/// Requirement 74 (RFC 7644 section 3.6): a deleted resource is in no list, no search and no membership.
async fn nothing_shows_what_was_deleted(world: World) {
    let scim = world.scim();
    let (ada, grace) = (user(scim, "ada").await.id(), user(scim, "grace").await.id());
    let inner = group(scim, json!({"displayName": "Inner", "members": [{"value": ada}]})).await.id();
    let outer = group(scim, json!({"displayName": "Outer", "members": [{"value": inner}, {"value": grace}]})).await.id();

    let version = scim.get(&format!("/Groups/{inner}")).await;
    assert_eq!(scim.delete(&format!("/Users/{ada}")).await.status, 204);

    for filter in [format!("id eq \"{ada}\""), "userName eq \"ada\"".to_owned(), format!("groups eq \"{inner}\"")] {
        assert_eq!(scim.list("/Users", &[("filter", &filter)]).await.expect(200)["totalResults"], 0, "{filter}");
        let search = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter});
        assert_eq!(scim.post("/Users/.search", &search).await.expect(200)["totalResults"], 0, "{filter}");
    }
    assert_eq!(scim.list("/Groups", &[("filter", &format!("members eq \"{ada}\""))]).await.expect(200)["totalResults"], 0);
    let left = scim.get(&format!("/Groups/{inner}")).await;
    assert_ne!(left.header("etag"), version.header("etag"), "a membership that ended is a change of the group");
    assert_eq!(left.expect(200).get("members"), None);
    // A group goes in the same way, and its members stay.
    assert_eq!(scim.delete(&format!("/Groups/{inner}")).await.status, 204);
    let outer = scim.get(&format!("/Groups/{outer}")).await.expect(200);
    assert_eq!(outer["members"].as_array().unwrap().iter().map(|m| &m["value"]).collect::<Vec<_>>(), [&json!(grace)]);
    scim.get(&format!("/Users/{grace}")).await.expect(200);
}

/// Requirement 75 (RFC 7644 sections 3.6 and 3.14): only the version that was seen is deleted.
async fn a_stale_delete_deletes_nothing(world: World) {
    let scene = Scene::set(&world).await;
    let scim = world.scim();

    for path in [&scene.user, &scene.group] {
        for stale in ["W/\"0\"", "\"x\"", ""] {
            send(scim.request(Method::DELETE, path).header("if-match", stale)).await.is_error(412, "");
        }
        scene.is_untouched(&world, path).await;
    }
    for path in [&scene.group, &scene.user] {
        let etag = scim.get(path).await.header("etag").to_owned();
        assert_eq!(send(scim.request(Method::DELETE, path).header("if-match", etag)).await.status, 204);
    }
    scim.delete("/Users/nobody").await.is_error(404, "");
    scim.delete("/Groups/nobody").await.is_error(404, "");
}

/// Requirement 74 (RFC 7644 section 3.6): the name and the identifiers of the deleted are free at once.
async fn what_was_deleted_can_be_made_again(world: World) {
    let scim = world.scim();
    let body = json!({"schemas": [USER], "userName": "ada", "externalId": "HR-7"});
    let mut seen = Vec::new();

    for _ in 0..3 {
        let created = scim.post("/Users", &body).await;
        assert_eq!(created.status, 201, "{}", created.body);
        scim.delete(&format!("/Users/{}", created.id())).await.expect(204);
        seen.push(created.id());
    }

    assert!(!seen.iter().any(String::is_empty));
    assert_eq!(scim.get("/Users").await.expect(200)["totalResults"], 0);
}

faces! {
    a_deleted_user_is_gone_everywhere_and_its_name_is_free
    nothing_shows_what_was_deleted
    a_stale_delete_deletes_nothing
    what_was_deleted_can_be_made_again
}
