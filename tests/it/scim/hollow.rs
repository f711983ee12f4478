//! Values that say nothing, or something else than their path: refused before anything is unwrapped, cleared or added.

use super::scene::{Scene, group, raw, user};
use crate::harness::{
    Scim, World, both,
    schema::{BADGE, badge},
    scim::{ENTERPRISE, GROUP, USER},
};
use reqwest::Method;
use serde_json::{Value, json};

/// What is nothing, in the disguise of a list.
fn disguises() -> [Value; 5] {
    [json!([null]), json!([[]]), json!([""]), json!([{}]), json!([["x"]])]
}

async fn nothing_in_a_list_clears_no_single_value(world: World) {
    let scene = Scene::set(&world).await;
    let (_, strict) = world.scim_as("strict").await;
    let scene = Scene { head: world.head().await, ..scene };
    let department = format!("{ENTERPRISE}:department");
    for path in
        ["active", "name", "title", "displayName", "name.givenName", ENTERPRISE, &department, "emails[type eq \"work\"]", "emails.value"]
    {
        for value in disguises() {
            for op in ["add", "replace"] {
                let operation = json!([{"op": op, "path": path, "value": value}]);
                for scim in [world.scim(), &strict] {
                    scim.patch(&scene.user, &operation).await.is_error(400, "invalidValue");
                    scene.is_untouched(&world, &operation.to_string()).await;
                }
            }
        }
    }
    for operation in [
        json!({"op": "replace", "value": {"active": [null]}}),
        json!({"op": "replace", "value": {"name": {"givenName": [""]}}}),
        json!({"op": "replace", "value": {ENTERPRISE: {"manager": [null]}}}),
        json!({"op": "add", "path": "emails", "value": [{"value": null}]}),
        json!({"op": "add", "path": "emails", "value": {"value": ""}}),
        json!({"op": "remove", "path": "displayName", "value": [{}]}),
        json!({"op": "remove", "path": "name", "value": [{"foo": "x"}]}),
        json!({"op": "remove", "path": "name", "value": {"value": ""}}),
        json!({"op": "remove", "path": "name", "value": [{}]}),
    ] {
        world.scim().patch(&scene.user, &json!([operation])).await.is_error(400, "invalidValue");
        scene.is_untouched(&world, &operation.to_string()).await;
    }
    for document in [json!({"title": [null]}), json!({"title": [""]}), json!({"active": [null]}), json!({"title": {}})] {
        let mut put = json!({"schemas": [USER], "userName": "ada"});
        put.as_object_mut().unwrap().extend(document.as_object().unwrap().clone());
        world.scim().put(&scene.user, &put).await.is_error(400, "invalidValue");
        scene.is_untouched(&world, &put.to_string()).await;
    }
}

async fn a_registered_attribute_is_cleared_by_what_says_so_alone(world: World) {
    world.register(badge()).await.unwrap();
    let (_, strict) = world.scim_as("strict").await;
    let start = json!({"schemas": [USER, BADGE], "userName": "ada", BADGE: {"number": "N", "level": 3, "active": true, "doors": ["north"],
        "holder": {"value": "Ada", "level": 1}, "zones": [{"value": "a", "level": 2}]}});
    let made = world.scim().post("/Users", &start).await;
    let (path, before) = (format!("/Users/{}", made.id()), made.body.clone());
    let refused = async |scim: &Scim, operation: &Value| {
        scim.patch(&path, &json!([operation])).await.is_error(400, "invalidValue");
        assert_eq!(world.scim().get(&path).await.expect(200), before, "{operation}");
    };
    let hollow = [json!({}), json!({"value": {}}), json!([null]), json!([{}]), json!([[]]), json!([""])];
    for name in ["level", "active", "holder", "holder.level", "zones[value eq \"a\"].level", "number"] {
        for value in &hollow {
            for scim in [world.scim(), &strict] {
                refused(scim, &json!({"op": "replace", "path": format!("{BADGE}:{name}"), "value": value})).await;
                if !name.contains('[') && !name.contains('.') {
                    refused(scim, &json!({"op": "replace", "value": {BADGE: {name: value}}})).await;
                }
            }
        }
    }
    for name in ["doors", "zones"] {
        for value in [json!({"value": null}), json!({"value": ""}), json!({"value": []}), json!({"value": {}}), json!({})] {
            for value in [value.clone(), json!([value])] {
                for scim in [world.scim(), &strict] {
                    refused(scim, &json!({"op": "add", "path": format!("{BADGE}:{name}"), "value": value})).await;
                }
            }
        }
    }
    for (name, value) in
        [("level", json!({})), ("level", json!([null])), ("number", json!([""])), ("doors", json!({})), ("doors", json!([{}]))]
    {
        let mut document = start.clone();
        document[BADGE][name] = value;
        for scim in [world.scim(), &strict] {
            scim.put(&path, &document).await.is_error(400, "invalidValue");
            document["userName"] = json!("eve");
            scim.post("/Users", &document).await.is_error(400, "invalidValue");
            document["userName"] = json!("ada");
        }
        assert_eq!(world.scim().get(&path).await.expect(200), before, "{document}");
    }
    // What says so does.
    let clear = json!([{"op": "replace", "path": format!("{BADGE}:level"), "value": null}, {"op": "replace", "path": format!("{BADGE}:doors"), "value": []}]);
    let after = world.scim().patch(&path, &clear).await.expect(200);
    assert_eq!((after[BADGE].get("level"), after[BADGE].get("doors")), (None, None), "{after}");
}

async fn a_value_beside_the_path_of_a_member_is_that_member(world: World) {
    let scim = world.scim();
    let (_, strict) = world.scim_as("strict").await;
    let (a, b) = (user(scim, "a").await.id(), user(scim, "b").await.id());
    let made = group(scim, json!({"displayName": "Engines", "members": [{"value": a}]})).await;
    let (path, before) = (format!("/Groups/{}", made.id()), scim.get(&format!("/Groups/{}", made.id())).await.expect(200));
    let at = |id: &str| format!("members[value eq \"{id}\"]");
    let operation = |op: &str, id: &str, value: &Value| json!([{"op": op, "path": at(id), "value": value}]);

    for op in ["add", "replace"] {
        for value in [json!(null), json!([]), json!([null]), json!([[]]), json!("")] {
            for scim in [scim, &strict] {
                scim.patch(&path, &operation(op, &a, &value)).await.is_error(400, "invalidValue");
            }
        }
    }
    for value in [json!(5), json!({}), json!({"value": a}), json!(true), json!([{"value": b}, {"value": a}])] {
        for scim in [scim, &strict] {
            scim.patch(&path, &operation("add", &b, &value)).await.is_error(400, "invalidValue");
        }
    }
    scim.patch(&path, &operation("add", &b, &json!({"foo": 1}))).await.is_error(400, "invalidValue");
    strict.patch(&path, &operation("add", &b, &json!({"foo": 1}))).await.is_error(400, "invalidSyntax");
    for value in [json!(5), json!({}), json!([]), json!([null]), json!({"foo": 1}), json!([{}])] {
        scim.patch(&path, &operation("remove", &a, &value)).await.is_error(400, "invalidValue");
    }
    for value in [json!({"value": b}), json!([{"value": b}]), json!("x")] {
        assert_eq!(scim.patch(&path, &operation("remove", &a, &value)).await.expect(200), before, "{value}");
        strict.patch(&path, &operation("remove", &a, &value)).await.is_error(400, "invalidValue");
    }
    assert_eq!(scim.get(&path).await.expect(200), before);

    let members = |group: &Value| group["members"].as_array().map_or(0, Vec::len);
    assert_eq!(members(&strict.patch(&path, &operation("add", &b, &json!({"value": b}))).await.expect(200)), 2);
    assert_eq!(members(&scim.patch(&path, &operation("remove", &a, &json!({"value": a}))).await.expect(200)), 1);
    assert_eq!(members(&scim.patch(&path, &json!([{"op": "add", "path": at(&a)}])).await.expect(200)), 2);
    assert_eq!(members(&scim.patch(&path, &json!([{"op": "remove", "path": at(&b)}])).await.expect(200)), 1);
}

async fn strictly_a_member_has_no_unknown_attribute_and_no_text_is_empty(world: World) {
    let (_, strict) = world.scim_as("strict").await;
    let ada = user(&strict, "ada").await.id();
    let made = group(&strict, json!({"displayName": "Engines"})).await;
    let path = format!("/Groups/{}", made.id());
    let odd = json!([{"value": ada, "foo": 1}]);
    let document = json!({"schemas": [GROUP], "displayName": "Engines", "members": odd});
    let head = world.head().await;
    strict.post("/Groups", &document).await.is_error(400, "invalidSyntax");
    strict.put(&path, &document).await.is_error(400, "invalidSyntax");
    strict.patch(&path, &json!([{"op": "add", "path": "members", "value": odd}])).await.is_error(400, "invalidSyntax");
    assert_eq!((world.head().await, strict.get(&path).await.expect(200)), (head, made.body));
    world.scim().put(&path, &document).await.expect(200);

    let start = json!({"schemas": [USER, ENTERPRISE], "userName": "ada", "title": "Dr", "name": {"givenName": "Ada"},
        "emails": [{"value": "a@x.example"}], ENTERPRISE: {"department": "D"}});
    let path = format!("/Users/{ada}");
    let before = strict.put(&path, &start).await.expect(200);
    for (at, op) in [("title", "replace"), ("name.givenName", "replace"), ("emails.value", "add")] {
        strict.patch(&path, &json!([{"op": op, "path": at, "value": ""}])).await.is_error(400, "invalidValue");
    }
    let department = format!("{ENTERPRISE}:department");
    strict.patch(&path, &json!([{"op": "replace", "path": department, "value": ""}])).await.is_error(400, "invalidValue");
    strict.patch(&path, &json!([{"op": "replace", "value": {"name": {"givenName": ""}}}])).await.is_error(400, "invalidValue");
    for (name, value) in
        [("title", json!("")), ("name", json!({"givenName": ""})), ("emails", json!([{"value": ""}])), ("emails", json!([""]))]
    {
        let mut put = start.clone();
        put[name] = value;
        strict.put(&path, &put).await.is_error(400, "invalidValue");
    }
    assert_eq!(strict.get(&path).await.expect(200), before);
    strict.patch(&path, &json!([{"op": "replace", "path": "title", "value": null}])).await.expect(200);
}

async fn what_may_be_asked_is_what_a_schema_or_the_standard_knows(world: World) {
    world.register(badge()).await.unwrap();
    let scim = world.scim();
    let (_, strict) = world.scim_as("strict").await;
    let made = json!({"schemas": [USER], "userName": "ada", "emails": [{"value": "a@x.example", "$ref": "https://x.example/1"}]});
    scim.post("/Users", &made).await.expect(201);
    let total = async |filter: &str| scim.list("/Users", &[("filter", filter)]).await.expect(200)["totalResults"].clone();
    assert_eq!(total("emails.$ref eq \"https://x.example/1\"").await, 1);

    for filter in [format!("{ENTERPRISE}[department eq \"d\"]"), format!("{BADGE}[code eq \"c\"]")] {
        scim.list("/Users", &[("filter", &filter)]).await.is_error(400, "invalidFilter");
    }
    let search = |members: Value| {
        let mut body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        body.to_string()
    };
    for order in [" userName ", "userName", "", " "] {
        assert_eq!(scim.list("/Users", &[("sortBy", order)]).await.expect(200)["totalResults"], 1, "{order:?}");
        let found = raw(scim, Method::POST, "/Users/.search", search(json!({"sortBy": order}))).await.expect(200);
        assert_eq!(found["totalResults"], 1, "{order:?}");
    }
    raw(scim, Method::POST, "/Users/.search", search(json!({"sortBy": "userName desc"}))).await.is_error(400, "invalidPath");
    raw(scim, Method::POST, "/Users/.search", search(json!({"filter": " "}))).await.is_error(400, "invalidFilter");
    let misspelt = search(json!({"filters": "userName eq \"nobody\""}));
    raw(&strict, Method::POST, "/Users/.search", misspelt.clone()).await.is_error(400, "invalidSyntax");
    assert_eq!(raw(scim, Method::POST, "/Users/.search", misspelt).await.expect(200)["totalResults"], 1);
}

both! {
    nothing_in_a_list_clears_no_single_value
    a_registered_attribute_is_cleared_by_what_says_so_alone
    a_value_beside_the_path_of_a_member_is_that_member
    strictly_a_member_has_no_unknown_attribute_and_no_text_is_empty
    what_may_be_asked_is_what_a_schema_or_the_standard_knows
}
