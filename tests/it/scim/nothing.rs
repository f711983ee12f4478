//! RFC 7643 section 2.5: null, an empty text and an empty list are no value, also where no schema says what a value is.

use crate::harness::{
    World, faces,
    scim::{GROUP, USER},
    shapes::{by_id, complex, list, operation, text, user},
};
use roster::api::v1::{AttributeValue, attribute_value::Kind, patch_operation::Op};
use serde_json::{Value, json};

const OTHER: &str = "urn:scim:schemas:extension:enterprise:2.0";

/// What OneLogin sends for attributes it has no value of, and every other way to say nothing.
fn nothing() -> Value {
    json!({"department": null, "division": "", "tags": [], "manager": {}, "deep": [{"a": null}, "", [null]], "more": {"b": {"c": ""}}})
}

fn some() -> Value {
    json!({"department": "Engines", "division": null, "tags": ["", "a", null]})
}

async fn nothing_is_neither_stored_nor_shown(world: World) {
    let scim = world.scim();
    for (endpoint, own, other, body) in
        [("/Users", USER, json!([USER]), json!({"userName": "ada"})), ("/Groups", GROUP, json!([GROUP]), json!({"displayName": "Engines"}))]
    {
        let document = |extension: Value| {
            let mut document = body.clone();
            document["schemas"] = json!([own, OTHER]);
            document[OTHER] = extension;
            document
        };
        let absent = |shown: &Value| {
            assert_eq!((shown.get(OTHER), &shown["schemas"]), (None, &other), "{shown}");
        };
        let created = scim.post(endpoint, &document(nothing())).await;
        absent(&created.body);
        let path = format!("{endpoint}/{}", created.id());
        absent(&scim.get(&path).await.expect(200));

        let put = scim.put(&path, &document(some())).await.expect(200);
        assert_eq!(put[OTHER], json!({"department": "Engines", "tags": ["a"]}));
        assert_eq!(put["schemas"], json!([own, OTHER]));
        for nothing in [nothing(), json!(null), json!({}), json!(""), json!([])] {
            scim.put(&path, &document(some())).await.expect(200);
            absent(&scim.put(&path, &document(nothing.clone())).await.expect(200));
            // The same again changes nothing.
            let before = scim.get(&path).await.expect(200);
            scim.put(&path, &document(nothing)).await.expect(200);
            assert_eq!(scim.get(&path).await.expect(200), before);
        }

        scim.put(&path, &document(some())).await.expect(200);
        let patched = scim.patch(&path, &json!([{"op": "replace", "value": {OTHER: {"department": null}}}])).await;
        assert_eq!(scim.get(&path).await.expect(200)[OTHER], json!({"tags": ["a"]}), "{}", patched.body);
        scim.patch(&path, &json!([{"op": "replace", "path": format!("{OTHER}:tags"), "value": [null, ""]}])).await;
        absent(&scim.get(&path).await.expect(200));
    }
}

async fn nothing_is_nothing_over_grpc_too(world: World) {
    let null = AttributeValue { kind: Some(Kind::NullValue(0)) };
    let entries =
        |value: AttributeValue| match complex([("a", value.clone()), ("b", text("")), ("c", list(vec![null.clone(), value]))]).kind {
            Some(Kind::ComplexValue(map)) => map,
            other => panic!("{other:?}"),
        };
    let mut ada = user("ada");
    ada.extensions.insert(OTHER.to_owned(), entries(null.clone()));

    let id = world.create_user(ada).await.id;

    assert_eq!(world.try_get_user(by_id(&id)).await.unwrap().extensions.len(), 0);
    let path = format!("{OTHER}:x");
    world.patch_user(&id, vec![operation(Op::Add, &path, Some(list(vec![text(""), text("a")])))]).await.unwrap();
    assert_eq!(world.user(&id).await.extensions[OTHER].entries[0].value, Some(list(vec![text("a")])));
    world.patch_user(&id, vec![operation(Op::Replace, &path, Some(complex([("y", text(""))])))]).await.unwrap();
    assert_eq!(world.user(&id).await.extensions.len(), 0);
}

/// A deactivation is undone by `true` alone: by no value, however it is said, nobody is let in.
async fn nobody_is_let_in_by_clearing_active(world: World) {
    let scim = world.scim();
    for (name, operations, status) in [
        ("a", json!([{"op": "remove", "path": "active"}]), 200),
        ("b", json!([{"op": "replace", "path": "active", "value": null}]), 200),
        ("c", json!([{"op": "replace", "value": {"active": null}}]), 200),
        ("d", json!([{"op": "replace", "path": "active", "value": ""}]), 400),
        ("e", json!([{"op": "add", "value": {"active": ""}}]), 400),
    ] {
        let made = scim.post("/Users", &json!({"schemas": [USER], "userName": name, "active": false})).await;
        let path = format!("/Users/{}", made.id());

        let answer = scim.patch(&path, &operations).await;

        assert_eq!(answer.status, status, "{operations}");
        if status == 400 {
            answer.is_error(400, "invalidValue");
            assert_eq!(scim.get(&path).await.body, made.body);
        } else {
            assert_eq!((answer.body.get("active"), world.user(&made.id()).await.active), (None, None));
        }
        for filter in ["active eq true", "active pr and active ne false"] {
            let found = scim.list("/Users", &[("filter", &format!("userName eq \"{name}\" and {filter}"))]).await.expect(200);
            assert_eq!(found["totalResults"], 0, "{operations}: {filter}");
        }
    }
}

faces! {
    nobody_is_let_in_by_clearing_active
    nothing_is_neither_stored_nor_shown
    nothing_is_nothing_over_grpc_too
}
