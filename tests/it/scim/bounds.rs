//! Bounds that no client meets in a test's time: days, and millions.

use super::scene;
use crate::harness::{
    World, faces,
    scim::{GROUP, send, with_body},
};
use reqwest::Method;
use roster::{
    limits,
    store::{Miss, Stop, Terms},
};
use serde_json::json;

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

faces! {
    a_cursor_ends_after_a_day_and_says_so
    a_group_has_no_more_members_than_its_bound
}
