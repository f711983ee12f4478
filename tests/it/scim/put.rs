//! PUT of a resource (RFC 7644 section 3.5.1).

use super::scene::{Scene, group, user};
use super::users::{as_sent, everything};
use crate::harness::{
    World, faces,
    scim::{ENTERPRISE, GROUP, USER},
};
use serde_json::{Value, json};

/// Row 25 (JupiterOne)
/// Requirements 57, 58, 59 (RFC 7644 section 3.5.1).
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

/// Requirement 9 (RFC 7644 sections 3.2 and 3.5.1): PUT never creates.
async fn a_put_of_an_unknown_id_creates_nothing(world: World) {
    let scim = world.scim();
    let head = world.head().await;

    for (path, body) in [
        ("/Users/0198f0a0-0000-7000-8000-000000000000", json!({"schemas": [USER], "userName": "x"})),
        ("/Groups/0198f0a0-0000-7000-8000-000000000000", json!({"schemas": [GROUP], "displayName": "x"})),
        ("/Users/bulkId:1", json!({"schemas": [USER], "userName": "x"})),
    ] {
        scim.put(path, &body).await.is_error(404, "");
    }

    assert_eq!(world.head().await, head);
    assert_eq!(scim.get("/Users").await.expect(200)["totalResults"], 0);
}

/// Requirement 59 (RFC 7644 section 3.5.1): the address says who is meant, whatever id the document has.
async fn an_id_in_the_document_moves_nothing(world: World) {
    let scim = world.scim();
    let (ada, grace) = (user(scim, "ada").await, user(scim, "grace").await);
    let path = format!("/Users/{}", ada.id());

    let put = scim.put(&path, &json!({"schemas": [USER], "id": grace.id(), "userName": "ada", "title": "Dr"})).await.expect(200);

    assert_eq!((&put["id"], &put["title"]), (&ada.body["id"], &json!("Dr")));
    assert_eq!(scim.get(&format!("/Users/{}", grace.id())).await.expect(200), grace.body);
}

/// Requirements 39, 58, 59 (RFC 7644 section 3.5.1): a PUT that cannot be is refused whole, and nothing of it is kept.
async fn a_refused_put_keeps_everything_as_it_was(world: World) {
    let scene = Scene::set(&world).await;
    let scim = world.scim();
    user(scim, "grace").await.expect(201);
    let scene = Scene { head: world.head().await, ..scene };

    for (body, status, scim_type) in [
        (json!({"schemas": [USER], "title": "no name"}), 400, "invalidValue"),
        (json!({"schemas": [USER], "userName": null, "title": "x"}), 400, "invalidValue"),
        (json!({"schemas": [USER], "userName": "GRACE", "title": "x"}), 409, "uniqueness"),
        (json!({"schemas": [USER], "userName": "ada", "active": {}}), 400, "invalidValue"),
        (json!({"schemas": [USER], "userName": "ada", "emails": [{"value": 7}]}), 400, "invalidValue"),
        (json!({"schemas": [GROUP], "displayName": "x"}), 400, "invalidSyntax"),
        (json!({"userName": "ada"}), 400, "invalidSyntax"),
    ] {
        scim.put(&scene.user, &body).await.is_error(status, scim_type);
        scene.is_untouched(&world, &body.to_string()).await;
    }
    for (body, scim_type) in [
        (json!({"schemas": [GROUP]}), "invalidValue"),
        (json!({"schemas": [GROUP], "displayName": ""}), "invalidValue"),
        (json!({"schemas": [GROUP], "displayName": "x", "members": [{"value": "nobody"}]}), "invalidValue"),
        (json!({"schemas": [GROUP], "displayName": "x", "members": [{"display": "no value"}]}), "invalidValue"),
        (json!({"schemas": [GROUP], "displayName": "x", "members": "everyone"}), "invalidValue"),
        (json!({"schemas": [USER], "userName": "x"}), "invalidSyntax"),
    ] {
        scim.put(&scene.group, &body).await.is_error(400, scim_type);
        scene.is_untouched(&world, &body.to_string()).await;
    }
}

/// Row 32 (JumpCloud)
/// Requirements 57, 60 (RFC 7644 section 3.5.1): what a PUT does not name is gone, but for what cannot be.
async fn what_a_put_does_not_name_is_gone(world: World) {
    let scim = world.scim();
    let path = format!("/Users/{}", scim.post("/Users", &everything()).await.id());

    for (body, kept) in [
        (
            json!({"schemas": [USER, ENTERPRISE], "userName": "ada", "emails": [{"value": "a@x.example"}], ENTERPRISE: {"department": "D"}}),
            4,
        ),
        (json!({"schemas": [USER], "userName": "ada", "emails": [], "name": {}}), 2),
        (json!({"schemas": [USER], "userName": "ada", "active": null}), 2),
    ] {
        let put = as_sent(&scim.put(&path, &body).await.expect(200));
        let rest = put.as_object().unwrap().keys().filter(|k| *k != "active").count();
        assert_eq!((rest, &put["active"]), (kept, &json!(true)), "{body}: {put}");
    }

    let described = group(scim, json!({"displayName": "Engines", "externalId": "g-1", "urn:example:x": {"k": 1}})).await;
    let path = format!("/Groups/{}", described.id());
    let put = scim.put(&path, &json!({"schemas": [GROUP], "displayName": "Engines"})).await.expect(200);
    assert_eq!((put.get("externalId"), put.get("urn:example:x"), put.get("members")), (None, None, None));
    assert_eq!(put["schemas"], json!([GROUP]));
}

/// Requirements 57, 82 (RFC 7644 section 3.5.1): what a client reads it may send back, and nothing changes by that.
async fn what_was_read_can_be_sent_back(world: World) {
    let scim = world.scim();
    let boss = user(scim, "boss").await.id();
    let mut document = everything();
    document[ENTERPRISE]["manager"] = json!({"value": boss});
    let created = scim.post("/Users", &document).await;
    let path = format!("/Users/{}", created.id());
    group(scim, json!({"displayName": "Engines", "members": [{"value": created.id()}]})).await.expect(201);
    let (read, head) = (scim.get(&path).await, world.head().await);

    let put = scim.put(&path, &read.body).await;

    assert_eq!((put.status, &put.body, put.header("etag")), (200, &read.body, read.header("etag")));
    assert_eq!(world.head().await, head, "no revision");
    assert_eq!(read.body["groups"].as_array().map(Vec::len), Some(1));
    assert_ne!(read.body[ENTERPRISE]["manager"], Value::Null);
}

faces! {
    a_put_replaces_what_can_be_written
    a_put_of_an_unknown_id_creates_nothing
    an_id_in_the_document_moves_nothing
    a_refused_put_keeps_everything_as_it_was
    what_a_put_does_not_name_is_gone
    what_was_read_can_be_sent_back
}
