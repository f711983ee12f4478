//! Attributes of registered schemas and those of the server's own: the same PATCH does the same to either.

use super::scene::group;
use crate::harness::{
    Scim, World, faces,
    schema::{BADGE, attribute, badge},
    scim::{ENTERPRISE, USER},
};
use crate::idp::report;
use roster::api::v1::{AttributeDefinition, Schema};
use serde_json::{Value, json};

const CARDS: &str = "urn:example:params:scim:2.0:Cards";

/// A list with the parts that `emails` has.
fn cards() -> Schema {
    let cards = AttributeDefinition {
        multi_valued: true,
        sub_attributes: vec![
            attribute("value", "string"),
            attribute("type", "string"),
            attribute("display", "string"),
            attribute("primary", "boolean"),
        ],
        ..attribute("cards", "complex")
    };
    Schema { urn: CARDS.to_owned(), attributes: vec![cards], extends: [("User".to_owned(), false)].into(), ..Schema::default() }
}

fn elements() -> Value {
    json!([{"value": "v", "type": "a", "primary": true}, {"value": "w", "type": "b", "display": "W"}])
}

/// A user with the same elements in both lists.
async fn twin(scim: &Scim) -> String {
    let user = json!({"schemas": [USER, CARDS], "userName": "ada", "emails": elements(), CARDS: {"cards": elements()}});
    format!("/Users/{}", scim.post("/Users", &user).await.id())
}

/// Both lists of an answer, which have to be alike.
fn both_lists(user: &Value) -> Value {
    assert_eq!(user.get("emails"), user.get(CARDS).and_then(|cards| cards.get("cards")), "{user}");
    user.get("emails").cloned().unwrap_or(json!([]))
}

/// The operation on both lists, each by itself: what is left of them, or `None` if it is refused with 400 `invalidValue`.
async fn done(scim: &Scim, path: &str, op: &str, at: &str, value: &Value) -> Option<Value> {
    let one = |list: &str| json!([{"op": op, "path": format!("{list}{at}"), "value": value}]);
    let (core, own) = (scim.patch(path, &one("emails")).await, scim.patch(path, &one(&format!("{CARDS}:cards"))).await);
    assert_eq!(core.status, own.status, "{op} {at} {value}: {} {}", core.body, own.body);
    if core.status != 200 {
        core.is_error(400, "invalidValue");
        own.is_error(400, "invalidValue");
        return None;
    }
    Some(both_lists(&own.body))
}

/// 65, RFC 7644 section 3.5.2.2
async fn a_removal_takes_an_element_away_only_if_it_is_what_is_named(world: World) {
    world.register(cards()).await.unwrap();
    let (first, second) = (json!([elements()[0]]), json!([elements()[1]]));
    for profile in ["default", "entra", "okta", "jumpcloud"] {
        let (_, scim) = world.scim_as(profile).await;
        let path = twin(world.scim()).await;
        let (bare, lists) = (profile == "default" || profile == "entra", profile != "jumpcloud");
        for (value, is_read) in [(json!("nope"), bare), (json!({"value": "nope"}), true), (json!([{"value": "nope"}]), lists)] {
            let left = done(&scim, &path, "remove", "[type eq \"a\"]", &value).await;
            assert_eq!(left, is_read.then(elements), "{profile} {value}");
        }
        for value in [json!(5), json!(true), json!({"value": "v", "type": "b"}), json!({"value": "v", "display": "V"})] {
            let left = done(&scim, &path, "remove", "[type eq \"a\"]", &value).await;
            assert_eq!(left, value.is_object().then(elements), "{profile} {value}");
        }
        assert_eq!(done(&scim, &path, "remove", "[type eq \"b\"].display", &json!("X")).await, Some(elements()));
        assert_eq!(done(&scim, &path, "remove", "[type eq \"b\"].display", &json!(5)).await, None);
        assert_eq!(done(&scim, &path, "remove", "[type eq \"a\"]", &json!({"value": "V", "primary": true})).await, Some(second.clone()));
        scim.put(&path, &json!({"schemas": [USER, CARDS], "userName": "ada", "emails": elements(), CARDS: {"cards": elements()}})).await;
        assert_eq!(done(&scim, &path, "remove", "[type eq \"b\"]", &json!(null)).await, Some(first.clone()));
        world.scim().delete(&path).await;
    }
}

/// 65, RFC 7644 sections 3.5.2.1 and 3.5.2.2: an element that has nothing left but what it was for is no value any more.
async fn an_element_without_a_value_goes_and_is_not_made(world: World) {
    world.register(cards()).await.unwrap();
    let scim = world.scim();
    let path = twin(scim).await;
    let start = json!({"schemas": [USER, CARDS], "userName": "ada", "emails": elements(), CARDS: {"cards": elements()}});
    for (op, at, value, left) in [
        ("add", "[type eq \"nope\"]", json!({"value": null}), None),
        ("add", "[type eq \"nope\"]", json!({"value": null, "display": []}), None),
        ("add", "", json!([{"value": null}]), None),
        ("remove", "[type eq \"a\"].value", json!(null), Some(json!([elements()[1]]))),
        ("add", "[type eq \"a\"]", json!({"value": null}), Some(json!([elements()[1]]))),
        ("replace", "[type eq \"a\"]", json!({"value": null}), Some(json!([elements()[1]]))),
        ("add", "[type eq \"b\"]", json!({"value": null}), Some(json!([elements()[0], {"type": "b", "display": "W"}]))),
        ("add", "[type eq \"b\"]", json!({"display": null}), Some(json!([elements()[0], {"type": "b", "value": "w"}]))),
        ("add", "[type eq \"c\"].primary", json!(false), Some(json!([elements()[0], elements()[1], {"type": "c", "primary": false}]))),
    ] {
        scim.put(&path, &start).await.expect(200);
        assert_eq!(done(scim, &path, op, at, &value).await, left, "{op} {at} {value}");
    }
}

/// 67: what `strict` refuses of the server's own attributes it refuses of registered ones.
async fn no_shape_is_forgiven_uncounted(world: World) {
    world.register(badge()).await.unwrap();
    let (connection, strict) = world.scim_as("strict").await;
    let user = json!({"schemas": [USER, BADGE], "userName": "ada", BADGE: {"number": "N"}});
    let path = format!("/Users/{}", strict.post("/Users", &user).await.id());
    let made = group(&strict, json!({"displayName": "Engines"})).await;
    let group = format!("/Groups/{}", made.id());
    let before = (strict.get(&path).await.expect(200), strict.get(&group).await.expect(200));
    let shapes = [
        ("zones", json!("x")),
        ("zones", json!(["x"])),
        ("zones", json!({"value": "x"})),
        ("zones", json!([{"value": ["x"]}])),
        ("code", json!(["Y"])),
        ("holder", json!([{"value": "x"}])),
        ("holder", json!("x")),
        ("holder", json!({"level": [1]})),
        ("doors", json!("north")),
        ("doors", json!(5)),
    ];
    for (name, value) in &shapes {
        for op in ["add", "replace"] {
            for operation in [
                json!({"op": op, "path": format!("{BADGE}:{name}"), "value": value}),
                json!({"op": op, "path": BADGE, "value": {*name: value}}),
                json!({"op": op, "value": {BADGE: {*name: value}}}),
            ] {
                strict.patch(&path, &json!([operation])).await.is_error(400, "invalidValue");
                strict.patch(&group, &json!([operation])).await.is_error(400, "invalidValue");
            }
        }
        let mut document = json!({"schemas": [USER, BADGE], "userName": "eve", BADGE: {"number": "N"}});
        document[BADGE][*name] = value.clone();
        strict.post("/Users", &document).await.is_error(400, "invalidValue");
    }
    assert_eq!((strict.get(&path).await.expect(200), strict.get(&group).await.expect(200)), before);
    assert_eq!(report(&world, &world.organization, &connection.id).await, [].into());

    // A list is one thing, a text for an object another.
    let (okta, scim) = world.scim_as("okta").await;
    let add = |name: &str, value: Value| json!([{"op": "add", "path": format!("{BADGE}:{name}"), "value": value}]);
    scim.patch(&path, &add("doors", json!("north"))).await.expect(200);
    scim.patch(&path, &add("zones", json!({"value": "x"}))).await.expect(200);
    for value in [json!("x"), json!(["x"])] {
        scim.patch(&path, &add("zones", value)).await.is_error(400, "invalidValue");
    }
    assert_eq!(report(&world, &world.organization, &okta.id).await.get("one_for_many"), Some(&2));
}

/// 67: what no client writes is refused in a PATCH wherever it stands, or ignored and counted.
async fn what_is_read_only_is_refused_inside_a_value_too(world: World) {
    world.register(badge()).await.unwrap();
    let (connection, strict) = world.scim_as("strict").await;
    let boss = world.scim().post("/Users", &json!({"schemas": [USER], "userName": "boss"})).await.id();
    let user = json!({"schemas": [USER, BADGE], "userName": "ada", BADGE: {"number": "N"}});
    let made = strict.post("/Users", &user).await;
    let path = format!("/Users/{}", made.id());
    group(&strict, json!({"displayName": "Engines", "members": [{"value": made.id()}]})).await;
    let before = strict.get(&path).await.expect(200);
    let manager = json!({"value": boss, "displayName": "q"});
    let inside = [
        json!({"op": "add", "path": BADGE, "value": {"checksum": "x"}}),
        json!({"op": "replace", "value": {BADGE: {"checksum": "x", "level": 1}}}),
        json!({"op": "add", "path": format!("{ENTERPRISE}:manager"), "value": manager}),
        json!({"op": "replace", "path": ENTERPRISE, "value": {"manager": manager}}),
    ];
    for operation in &inside {
        strict.patch(&path, &json!([operation])).await.is_error(400, "mutability");
    }
    for value in [json!(null), json!([]), json!([{"value": "x"}])] {
        for op in ["add", "replace", "remove"] {
            for scim in [&strict, world.scim()] {
                scim.patch(&path, &json!([{"op": op, "path": "groups", "value": value}])).await.is_error(400, "mutability");
            }
        }
        strict.patch(&path, &json!([{"op": "add", "value": {"groups": value}}])).await.is_error(400, "mutability");
    }
    assert_eq!(strict.get(&path).await.expect(200), before);
    assert_eq!(report(&world, &world.organization, &connection.id).await, [].into());

    let (default, scim) = world.scim_as("default").await;
    for operation in &inside {
        scim.patch(&path, &json!([operation])).await.expect(200);
    }
    let after = scim.get(&path).await.expect(200);
    assert_eq!((&after[BADGE], &after[ENTERPRISE]["manager"]["value"]), (&json!({"number": "N", "level": 1}), &json!(boss)));
    assert_eq!(after[ENTERPRISE]["manager"].get("displayName").filter(|name| **name == json!("q")), None);
    assert_eq!(report(&world, &world.organization, &default.id).await.get("read_only_keys"), Some(&4));
}

faces! {
    a_removal_takes_an_element_away_only_if_it_is_what_is_named
    an_element_without_a_value_goes_and_is_not_made
    no_shape_is_forgiven_uncounted
    what_is_read_only_is_refused_inside_a_value_too
}
