//! PATCH shapes that say less than they seem to: refused rather than answered with 200 and nothing, or everything, done.

use super::scene::Scene;
use crate::harness::{
    World, faces,
    scim::{ENTERPRISE, GROUP, USER},
};
use serde_json::json;

/// Requirements 66, 67 (RFC 7644 section 3.5.2.3): an empty object, or a list of nothings, empties neither a group nor an attribute.
async fn what_says_nothing_takes_nothing_away(world: World) {
    let scene = Scene::set(&world).await;
    let (_, strict) = world.scim_as("strict").await;
    let scene = Scene { head: world.head().await, ..scene };
    for operation in [
        json!({"op": "replace", "path": "name", "value": {}}),
        json!({"op": "replace", "value": {"name": {}}}),
        json!({"op": "add", "path": "name", "value": {}}),
        json!({"op": "replace", "path": ENTERPRISE, "value": {}}),
        json!({"op": "replace", "value": {ENTERPRISE: {}}}),
        json!({"op": "replace", "path": format!("{ENTERPRISE}:manager"), "value": {}}),
        json!({"op": "replace", "path": ENTERPRISE, "value": {"manager": {}}}),
        json!({"op": "replace", "path": "urn:example:nobody:knows", "value": {}}),
        json!({"op": "replace", "path": "emails", "value": {}}),
        json!({"op": "replace", "path": "emails", "value": [{}]}),
        json!({"op": "replace", "path": "emails", "value": [null]}),
        json!({"op": "replace", "path": "emails", "value": [""]}),
        json!({"op": "replace", "value": {"emails": [null]}}),
        json!({"op": "add", "path": "schemas", "value": 5}),
        json!({"op": "add", "path": "schemas", "value": [{"value": USER}]}),
        json!({"op": "remove", "path": "emails", "value": ""}),
        json!({"op": "remove", "path": "emails", "value": {}}),
        json!({"op": "remove", "path": "emails", "value": [null]}),
        json!({"op": "remove", "path": "name", "value": {"givenName": "Ada"}}),
        json!({"op": "remove", "path": ENTERPRISE, "value": {"department": "D"}}),
        json!({"op": "remove", "path": "title", "value": 7}),
    ] {
        for scim in [world.scim(), &strict] {
            let refused = scim.patch(&scene.user, &json!([operation])).await;
            assert_eq!(refused.status, 400, "{operation}: {}", refused.body);
            assert!(
                ["invalidValue", "invalidSyntax", "invalidPath"].contains(&refused.body["scimType"].as_str().unwrap()),
                "{}",
                refused.body
            );
            scene.is_untouched(&world, &operation.to_string()).await;
        }
        world.scim().patch(&scene.user, &json!([operation])).await.is_error(400, "invalidValue");
    }
    for value in [json!(""), json!({}), json!([null]), json!([{}]), json!([""])] {
        for operation in [
            json!({"op": "replace", "path": "members", "value": value}),
            json!({"op": "add", "path": "members", "value": value}),
            json!({"op": "remove", "path": "members", "value": value}),
            json!({"op": "replace", "value": {"members": value}}),
        ] {
            for scim in [world.scim(), &strict] {
                scim.patch(&scene.group, &json!([operation])).await.is_error(400, "invalidValue");
                scene.is_untouched(&world, &operation.to_string()).await;
            }
        }
        let put = json!({"schemas": [GROUP], "displayName": "Engines", "members": value});
        world.scim().put(&scene.group, &put).await.is_error(400, "invalidValue");
        scene.is_untouched(&world, &put.to_string()).await;
    }
}

/// Requirement 65 (RFC 7644 section 3.5.2.2): a remove with a value takes away what is there only if it is that.
async fn a_removal_with_a_value_removes_that_value(world: World) {
    let scim = world.scim();
    let boss = scim.post("/Users", &json!({"schemas": [USER], "userName": "boss"})).await.id();
    let manager = format!("{ENTERPRISE}:manager");
    let start = json!({"schemas": [USER, ENTERPRISE], "userName": "ada", "title": "Dr", "active": false, "emails": [{"value": "a@x.example", "type": "work"}],
        ENTERPRISE: {"manager": {"value": boss}}, "urn:example:x": {"tags": ["a", "b"], "floor": 3}});
    let path = format!("/Users/{}", scim.post("/Users", &start).await.id());
    let (_, strict) = world.scim_as("strict").await;
    for (operation, pointer, goes) in [
        (json!({"op": "remove", "path": "title", "value": "other"}), "/title", false),
        (json!({"op": "remove", "path": "title", "value": "DR"}), "/title", true),
        (json!({"op": "remove", "path": "title", "value": null}), "/title", true),
        (json!({"op": "remove", "path": "active", "value": true}), "/active", false),
        (json!({"op": "remove", "path": "active", "value": "False"}), "/active", true),
        (
            json!({"op": "remove", "path": manager, "value": {"value": "other"}}),
            "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            false,
        ),
        (json!({"op": "remove", "path": manager, "value": boss}), "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", true),
        (json!({"op": "remove", "path": "emails[type eq \"work\"].value", "value": "b@x.example"}), "/emails/0/value", false),
        (json!({"op": "remove", "path": "emails[type eq \"work\"].value", "value": "a@x.example"}), "/emails/0/value", true),
        (json!({"op": "remove", "path": "emails[type eq \"work\"]", "value": {"value": "b@x.example"}}), "/emails", false),
        (json!({"op": "remove", "path": "urn:example:x:floor", "value": 4}), "/urn:example:x/floor", false),
        (json!({"op": "remove", "path": "urn:example:x:floor", "value": 3}), "/urn:example:x/floor", true),
        (json!({"op": "remove", "path": "urn:example:x:tags", "value": ["a"]}), "/urn:example:x/tags/1", true),
    ] {
        let before = scim.put(&path, &start).await.expect(200);
        let after = scim.patch(&path, &json!([operation])).await.expect(200);
        assert_eq!(after.pointer(pointer).is_none(), goes, "{operation}: {after}");
        if !goes {
            assert_eq!(after, before, "{operation}");
        }
        if !operation["value"].is_null() {
            assert_eq!(strict.patch(&path, &json!([operation])).await.status, 400, "{operation}");
        }
    }
    let last = scim.put(&path, &start).await.expect(200);
    scim.patch(&path, &json!([{"op": "remove", "path": "urn:example:x:tags", "value": ["a", "c"]}])).await.expect(200);
    assert_eq!(scim.get(&path).await.expect(200)["urn:example:x"], json!({"tags": ["b"], "floor": 3}), "{last}");
}

/// Requirement 63 (RFC 7644 section 3.5.2): strictly and otherwise, a path is one, and an empty text is neither a list nor an object.
async fn a_path_and_an_empty_text_are_what_they_are(world: World) {
    let scene = Scene::set(&world).await;
    let (_, strict) = world.scim_as("strict").await;
    let scene = Scene { head: world.head().await, ..scene };
    for path in [" title", "title ", "\ttitle", "emails[type eq\"work\"].display"] {
        for scim in [world.scim(), &strict] {
            scim.patch(&scene.user, &json!([{"op": "replace", "path": path, "value": "x"}])).await.is_error(400, "invalidPath");
        }
    }
    let manager = format!("{ENTERPRISE}:manager");
    for path in ["emails", "name", &manager, ENTERPRISE] {
        for operation in [json!({"op": "replace", "path": path, "value": ""}), json!({"op": "add", "path": path, "value": ""})] {
            strict.patch(&scene.user, &json!([operation])).await.is_error(400, "invalidValue");
        }
    }
    for value in [json!({"emails": ""}), json!({"name": ""}), json!({ENTERPRISE: {"manager": ""}})] {
        strict.patch(&scene.user, &json!([{"op": "replace", "value": value}])).await.is_error(400, "invalidValue");
    }
    scene.is_untouched(&world, "empty texts").await;
}

faces! {
    what_says_nothing_takes_nothing_away
    a_removal_with_a_value_removes_that_value
    a_path_and_an_empty_text_are_what_they_are
}
