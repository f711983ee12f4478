//! PATCH of a user (RFC 7644 section 3.5.2).

use super::scene::{Scene, raw, user};
use super::users::everything;
use crate::harness::{
    World, faces,
    scim::{ENTERPRISE, PATCH, USER},
};
use reqwest::Method;
use serde_json::{Value, json};

/// Requirements 22, 61, 62, 63, 64, 65, 66 (RFC 7644 section 3.5.2).
async fn a_patch_does_what_its_operations_say(world: World) {
    let scim = world.scim();
    let path = format!("/Users/{}", scim.post("/Users", &everything()).await.id());
    let steps = [
        (json!([{"op": "add", "path": "nickName", "value": "Countess"}]), "/nickName", json!("Countess")),
        (json!([{"op": "Replace", "path": "NAME.familyname", "value": "King"}]), "/name/familyName", json!("King")),
        (json!([{"op": "remove", "path": "title"}]), "/title", Value::Null),
        (
            json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": "ada@new.example"}]),
            "/emails/0/value",
            json!("ada@new.example"),
        ),
        (json!([{"op": "remove", "path": "emails[type eq \"work\"]"}]), "/emails/0/type", json!("home")),
        (
            json!([{"op": "add", "path": "emails", "value": [{"value": "c@x.example", "type": "other", "primary": true}]}]),
            "/emails/1/primary",
            json!(true),
        ),
        (
            json!([{"op": "replace", "value": {"active": false, "name.givenName": "Augusta", "displayName": "A"}}]),
            "/name/givenName",
            json!("Augusta"),
        ),
        (
            json!([{"op": "replace", "path": format!("{ENTERPRISE}:department"), "value": "Yard"}]),
            "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/department",
            json!("Yard"),
        ),
        (json!([{"op": "remove", "path": ENTERPRISE}]), "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", Value::Null),
        (json!([{"op": "remove", "path": "addresses[type eq \"home\"].region"}]), "/addresses/0/region", Value::Null),
        (json!([{"op": "replace", "path": "roles", "value": []}]), "/roles", Value::Null),
    ];

    for (operations, pointer, expected) in steps {
        let answer = scim.patch(&path, &operations).await;
        assert_eq!(answer.header("etag"), answer.body["meta"]["version"].as_str().unwrap());
        let body = answer.expect(200);
        assert_eq!(body.pointer(pointer).cloned().unwrap_or_default(), expected, "{operations}: {body}");
        assert_eq!(scim.get(&path).await.body, body);
    }
}

/// Requirements 64, 82 (RFC 7644 section 3.5.2.1).
async fn a_patch_that_changes_nothing_leaves_the_version_alone(world: World) {
    let scim = world.scim();
    let before = scim.post("/Users", &everything()).await;
    let path = format!("/Users/{}", before.id());
    let head = world.head().await;

    for operations in [
        json!([{"op": "add", "path": "active", "value": true}]),
        json!([{"op": "replace", "path": "title", "value": "Analyst"}]),
        json!([{"op": "add", "path": "emails", "value": [{"value": "Ada@Mail.Example", "type": "work", "primary": true}]}]),
        json!([{"op": "replace", "value": {"nickName": "Al", "id": "other", "groups": []}}]),
    ] {
        let answer = scim.patch(&path, &operations).await;
        assert_eq!(answer.header("etag"), before.header("etag"), "{operations}");
        assert_eq!(answer.expect(200), before.body, "{operations}");
    }

    assert_eq!(world.head().await, head);
}

/// Requirements 63, 67 (RFC 7644 section 3.5.2): what follows from the rest cannot be set, and an empty path names nothing.
async fn schemas_follow_from_what_the_resource_has(world: World) {
    let scim = world.scim();
    let path = format!("/Users/{}", scim.post("/Users", &everything()).await.id());
    let before = scim.get(&path).await;
    let urn = "urn:example:params:scim:schemas:extension:desk:2.0:User";

    let answer = scim.patch(&path, &json!([{"op": "add", "path": "schemas", "value": [urn]}])).await;
    assert_eq!((answer.header("etag"), &answer.body), (before.header("etag"), &before.body));
    let (_, strict) = world.scim_as("strict").await;
    for scim in [scim, &strict] {
        for operation in [
            json!({"op": "replace", "path": "schemas", "value": [USER]}),
            json!({"op": "remove", "path": "schemas"}),
            json!({"op": "remove", "path": format!("schemas[value eq \"{ENTERPRISE}\"]")}),
        ] {
            assert_eq!(scim.patch(&path, &json!([operation])).await.status, 400, "{operation}");
        }
    }
    scim.patch(&path, &json!([{"op": "remove", "path": "schemas"}])).await.is_error(400, "mutability");
    for empty in ["", "  "] {
        let operation = json!([{"op": "replace", "path": empty, "value": {"title": "Dr"}}]);
        strict.patch(&path, &operation).await.is_error(400, "invalidPath");
        assert_eq!(scim.patch(&path, &operation).await.expect(200)["title"], "Dr");
    }
    // Nothing is there to go, and nothing is wrong with that.
    let none = json!([{"op": "remove", "path": "emails[value eq \"nobody@mail.example\"]"}]);
    let now = scim.get(&path).await;
    assert_eq!(scim.patch(&path, &none).await.header("etag"), now.header("etag"));
}

/// Requirements 25, 68 (RFC 7644 section 3.5.2).
async fn one_primary_makes_the_others_ordinary(world: World) {
    let scim = world.scim();
    let path = format!("/Users/{}", scim.post("/Users", &everything()).await.id());

    let body = scim.patch(&path, &json!([{"op": "replace", "path": "emails[type eq \"home\"].primary", "value": true}])).await.expect(200);

    let primary: Vec<(&str, bool)> =
        body["emails"].as_array().unwrap().iter().map(|e| (e["type"].as_str().unwrap(), e["primary"] == json!(true))).collect();
    assert_eq!(primary, [("work", false), ("home", true)]);
}

/// Requirement 61 (RFC 7644 section 3.5.2): the document says that it is a PATCH and holds at least one operation.
async fn a_patch_is_a_document_of_operations(world: World) {
    let scene = Scene::set(&world).await;
    let (_, strict) = world.scim_as("strict").await;
    let scene = Scene { head: world.head().await, ..scene };
    let operation = json!({"op": "replace", "path": "title", "value": "x"});

    for body in [
        json!({"schemas": [PATCH]}),
        json!({"schemas": [PATCH], "Operations": []}),
        json!({"schemas": [PATCH], "Operations": {}}),
        json!({"schemas": [PATCH], "Operations": null}),
        json!({"schemas": [PATCH], "Operations": [null]}),
        json!({"schemas": [USER], "Operations": [operation]}),
        json!({"schemas": [], "Operations": [operation]}),
        json!({"Operations": [operation]}),
        json!({"schemas": [PATCH], "Operations": [{"op": "move", "path": "title", "value": "x"}]}),
        json!({"schemas": [PATCH], "Operations": [{"op": null, "path": "title", "value": "x"}]}),
        json!({"schemas": [PATCH], "Operations": [operation, {"path": "title"}]}),
        json!([operation]),
    ] {
        raw(&strict, Method::PATCH, &scene.user, body.to_string()).await.is_error(400, "invalidSyntax");
        scene.is_untouched(&world, &body.to_string()).await;
    }
    let user = strict.patch(&scene.user, &json!([operation])).await.expect(200);
    assert_eq!(user["title"], "x");
}

/// Requirement 69 (RFC 7644 section 3.5.2): operations apply in order, each to what the one before left, all or none.
async fn operations_apply_in_order_or_not_at_all(world: World) {
    let scim = world.scim();
    let path = format!("/Users/{}", user(scim, "ada").await.id());
    let head = world.head().await;

    let body = scim
        .patch(
            &path,
            &json!([
                {"op": "add", "path": "emails", "value": [{"value": "a@x.example", "type": "work"}]},
                {"op": "replace", "path": "emails[type eq \"work\"].display", "value": "Work"},
                {"op": "add", "path": format!("{ENTERPRISE}:department"), "value": "D"},
                {"op": "replace", "path": format!("{ENTERPRISE}:department"), "value": "E"},
                {"op": "add", "path": "title", "value": "x"},
                {"op": "remove", "path": "title"}
            ]),
        )
        .await
        .expect(200);

    assert_eq!(body["emails"], json!([{"value": "a@x.example", "type": "work", "display": "Work"}]));
    assert_eq!((&body[ENTERPRISE], &body["schemas"], body.get("title")), (&json!({"department": "E"}), &json!([USER, ENTERPRISE]), None));
    assert_eq!(world.head().await, head + 1, "one change, whatever the number of operations");

    let scene = Scene::set(&world).await;
    for last in [
        json!({"op": "replace", "path": "shoeSize", "value": 1}),
        json!({"op": "remove", "path": "userName"}),
        json!({"op": "replace", "path": "userName", "value": "ADA"}),
        json!({"op": "add", "path": "groups", "value": [{"value": "x"}]}),
        json!({"op": "replace", "path": "emails[type eq \"fax\"]", "value": {"value": "x"}}),
        json!({"op": "add", "path": "active", "value": "perhaps"}),
    ] {
        let operations = json!([
            {"op": "replace", "path": "title", "value": "half"},
            {"op": "remove", "path": ENTERPRISE},
            {"op": "remove", "path": "emails"},
            last
        ]);
        let refused = scim.patch(&scene.user, &operations).await;
        assert!([400, 409].contains(&refused.status), "{last}: {}", refused.body);
        scene.is_untouched(&world, &last.to_string()).await;
    }
}

/// Requirements 62, 64, 65, 66 (RFC 7644 sections 3.5.2.1 to 3.5.2.3): what each operation makes of what is there.
async fn each_operation_does_what_it_is_for(world: World) {
    let scim = world.scim();
    let start = json!({"schemas": [USER], "userName": "ada", "name": {"givenName": "Ada", "familyName": "L"}, "title": "Dr",
        "emails": [{"value": "w@x.example", "type": "work"}, {"value": "h@x.example", "type": "home", "display": "H"}]});
    let path = format!("/Users/{}", scim.post("/Users", &start).await.id());
    let (work, home) = (start["emails"][0].clone(), start["emails"][1].clone());
    let steps = [
        // add: a list grows, a value there already is not there twice, an object is merged.
        (
            json!({"op": "add", "path": "emails", "value": [{"value": "o@x.example"}]}),
            "emails",
            json!([work, home, {"value": "o@x.example"}]),
        ),
        (
            json!({"op": "add", "path": "emails", "value": {"value": "o@x.example"}}),
            "emails",
            json!([work, home, {"value": "o@x.example"}]),
        ),
        (json!({"op": "add", "path": "emails", "value": [work]}), "emails", json!([work, home])),
        (
            json!({"op": "add", "path": "name", "value": {"middleName": "B"}}),
            "name",
            json!({"givenName": "Ada", "middleName": "B", "familyName": "L"}),
        ),
        (
            json!({"op": "add", "value": {"name": {"middleName": "B"}}}),
            "name",
            json!({"givenName": "Ada", "middleName": "B", "familyName": "L"}),
        ),
        (json!({"op": "add", "path": "title", "value": "Countess"}), "title", json!("Countess")),
        (
            json!({"op": "add", "path": "emails[type eq \"work\"].display", "value": "W"}),
            "emails",
            json!([{"value": "w@x.example", "type": "work", "display": "W"}, home]),
        ),
        // remove: a value, a part of it, some elements, all of them.
        (json!({"op": "remove", "path": "title"}), "title", Value::Null),
        (json!({"op": "remove", "path": "name.givenName"}), "name", json!({"familyName": "L"})),
        (json!({"op": "remove", "path": "name"}), "name", Value::Null),
        (json!({"op": "remove", "path": "emails"}), "emails", Value::Null),
        (
            json!({"op": "remove", "path": "emails[type eq \"home\"].display"}),
            "emails",
            json!([work, {"value": "h@x.example", "type": "home"}]),
        ),
        (json!({"op": "remove", "path": "emails[value ew \"x.example\"]"}), "emails", Value::Null),
        (json!({"op": "remove", "path": "emails[type eq \"fax\"]"}), "emails", json!([work, home])),
        (json!({"op": "remove", "path": "nickName"}), "nickName", Value::Null),
        // replace: what is absent is added, a list is replaced whole, an object only in the parts that are given.
        (json!({"op": "replace", "path": "nickName", "value": "Al"}), "nickName", json!("Al")),
        (json!({"op": "replace", "path": "emails", "value": [{"value": "n@x.example"}]}), "emails", json!([{"value": "n@x.example"}])),
        (
            json!({"op": "replace", "path": "name", "value": {"givenName": "Augusta"}}),
            "name",
            json!({"givenName": "Augusta", "familyName": "L"}),
        ),
        (
            json!({"op": "replace", "path": "emails[type eq \"work\"]", "value": {"value": "v@x.example"}}),
            "emails",
            json!([{"value": "v@x.example", "type": "work"}, home]),
        ),
        (
            json!({"op": "replace", "path": "emails[value ew \"x.example\"].display", "value": "D"}),
            "emails",
            json!([{"value": "w@x.example", "type": "work", "display": "D"}, {"value": "h@x.example", "type": "home", "display": "D"}]),
        ),
        (
            json!({"op": "replace", "path": "emails.display", "value": "D"}),
            "emails",
            json!([{"value": "w@x.example", "type": "work", "display": "D"}, {"value": "h@x.example", "type": "home", "display": "D"}]),
        ),
    ];

    for (operation, attribute, expected) in steps {
        scim.put(&path, &start).await.expect(200);
        let body = scim.patch(&path, &json!([operation])).await.expect(200);
        assert_eq!(body.get(attribute).cloned().unwrap_or_default(), expected, "{operation}");
        assert_eq!(scim.get(&path).await.expect(200), body, "{operation}");
    }
}

/// Requirement 66 (RFC 7644 section 3.5.2.3): strictly, a filter that matches nothing leaves nothing to replace.
async fn a_replace_without_a_target_is_refused(world: World) {
    let scene = Scene::set(&world).await;
    let (_, strict) = world.scim_as("strict").await;
    let scene = Scene { head: world.head().await, ..scene };

    for path in ["emails[type eq \"fax\"]", "emails[type eq \"fax\"].value", "addresses[country eq \"FR\"].region"] {
        let value = if path.ends_with(']') { json!({"value": "x"}) } else { json!("x") };
        strict.patch(&scene.user, &json!([{"op": "replace", "path": path, "value": value}])).await.is_error(400, "noTarget");
        scene.is_untouched(&world, path).await;
    }
    // Under a profile with create-on-absent the element is made.
    let made = json!([{"op": "replace", "path": "emails[type eq \"other\"].value", "value": "o@x.example"}]);
    let body = world.scim().patch(&scene.user, &made).await.expect(200);
    assert!(body["emails"].as_array().unwrap().contains(&json!({"value": "o@x.example", "type": "other"})));
}

/// Requirements 20, 70 (RFC 7644 section 3.5.2): a patched user is answered with 200, its version and its address.
async fn a_patch_of_a_user_is_answered_with_the_user(world: World) {
    let scim = world.scim();
    let path = format!("/Users/{}", user(scim, "ada").await.id());
    let operations = json!([{"op": "replace", "path": "title", "value": "Dr"}]);

    let whole = scim.patch(&path, &operations).await;
    let part = scim.patch(&format!("{path}?attributes=title"), &operations).await;

    assert_eq!(whole.header("content-location"), format!("{}{path}", scim.base));
    assert_eq!((whole.status, whole.header("etag")), (200, whole.body["meta"]["version"].as_str().unwrap()));
    assert_eq!((part.status, part.header("etag")), (200, whole.header("etag")));
    assert_eq!(part.body.get("meta").or(part.body.get("userName")), None);
    assert_eq!(scim.get(&path).await.body, whole.body);
}

faces! {
    a_patch_does_what_its_operations_say
    a_patch_that_changes_nothing_leaves_the_version_alone
    schemas_follow_from_what_the_resource_has
    one_primary_makes_the_others_ordinary
    a_patch_is_a_document_of_operations
    operations_apply_in_order_or_not_at_all
    each_operation_does_what_it_is_for
    a_replace_without_a_target_is_refused
    a_patch_of_a_user_is_answered_with_the_user
}
