//! Registered schemas over SCIM: told, checked, filtered, sorted, patched and shown like the server's own.

use crate::harness::{
    Scim, World, both,
    schema::{BADGE, attribute, badge},
    scim::{GROUP, USER},
};
use roster::api::v1::{Connection, Schema, connection::UnknownAttributes};
use serde_json::{Value, json};

#[allow(clippy::needless_pass_by_value, reason = "it is given what json! makes")]
fn named(name: &str, extension: Value) -> Value {
    json!({"schemas": [USER, BADGE], "userName": name, BADGE: extension})
}

async fn make(scim: &Scim, name: &str, extension: Value) -> String {
    format!("/Users/{}", scim.post("/Users", &named(name, extension)).await.id())
}

async fn found(scim: &Scim, filter: &str) -> String {
    let list = scim.list("/Users", &[("filter", filter), ("sortBy", "userName")]).await.expect(200);
    list["Resources"].as_array().map_or(vec![], |all| all.iter().map(|u| u["userName"].as_str().unwrap()).collect()).join(" ")
}

async fn a_registered_schema_is_discovered_at_once(world: World) {
    let scim = world.scim();
    assert_eq!(scim.get("/Schemas").await.expect(200)["totalResults"], 3);
    scim.get(&format!("/Schemas/{BADGE}")).await.is_error(404, "");

    let only_groups = Schema { extends: [("Group".to_owned(), true)].into(), ..badge() };
    world.register(only_groups).await.unwrap();

    let all = scim.get("/Schemas").await.expect(200);
    assert_eq!((&all["totalResults"], &all["Resources"][3]["id"]), (&json!(4), &json!(BADGE)));
    let one = scim.get(&format!("/Schemas/{}", BADGE.to_uppercase())).await.expect(200);
    assert_eq!((&one["id"], &one["name"], &one["description"]), (&json!(BADGE), &json!("Badge"), &json!("What opens doors.")));
    assert_eq!(one["attributes"].as_array().unwrap().len(), 17);
    assert_eq!(
        one["attributes"][0],
        json!({"name": "number", "type": "string", "multiValued": false, "description": "The number.", "required": true,
            "caseExact": false, "mutability": "readWrite", "returned": "default", "uniqueness": "none"})
    );
    assert_eq!(one["attributes"][8]["canonicalValues"], json!(["north"]));
    assert_eq!(one["attributes"][10]["subAttributes"][1]["type"], "integer");
    let extensions = async |name: &str| scim.get(&format!("/ResourceTypes/{name}")).await.expect(200)["schemaExtensions"].clone();
    assert_eq!(extensions("Group").await, json!([{"schema": BADGE, "required": true}]));
    assert!(!extensions("User").await.to_string().contains(BADGE));
    // What is announced as required is.
    let engines = json!({"schemas": [GROUP], "displayName": "Engines"});
    scim.post("/Groups", &engines).await.is_error(400, "invalidValue");

    world.register(badge()).await.unwrap();
    assert_eq!(extensions("User").await[1], json!({"schema": BADGE, "required": false}));
    scim.post("/Groups", &engines).await.expect(201);
}

async fn documents_come_back_as_they_were_sent(world: World) {
    world.register(badge()).await.unwrap();
    let scim = world.scim();
    let extension = json!({"number": "N-7", "code": "aB", "active": true, "level": -3, "weight": 2.5, "since": "2026-01-31T08:00:00+02:00",
        "photo": "https://x.example/P", "chip": "AAEC", "doors": ["north", "South"], "holder": {"value": "Ada", "level": 1},
        "zones": [{"value": "a", "primary": true}, {"value": "b", "level": 9}], "serial": "S1", "unheard": {"of": [1]}});
    let path = make(scim, "ada", extension.clone()).await;

    let mut shown = scim.get(&path).await.expect(200);
    assert_eq!(shown[BADGE], extension);
    let etag = shown["meta"]["version"].clone();
    shown.as_object_mut().unwrap().remove("meta");
    assert_eq!(scim.put(&path, &shown).await.expect(200)["meta"]["version"], etag, "the same again changes nothing");

    for (name, value) in [
        ("number", json!(7)),
        ("active", json!("yes")),
        ("level", json!(2.5)),
        ("level", json!("3")),
        ("since", json!("2026-01-31")),
        ("chip", json!("!")),
        ("doors", json!([1])),
        ("holder", json!({"level": 1})),
        ("zones", json!([{"value": "a", "primary": true}, {"value": "b", "primary": true}])),
    ] {
        let mut bad = extension.clone();
        bad[name] = value.clone();
        let detail = scim.put(&path, &named("ada", bad.clone())).await.is_error(400, "invalidValue");
        assert!(detail.contains(&format!("{BADGE}:{name}")), "{detail}");
        scim.post("/Users", &named("eve", bad)).await.is_error(400, "invalidValue");
        // A PATCH sets the parts that it names; the others are there.
        if name != "holder" {
            let patch = json!([{"op": "replace", "path": format!("{BADGE}:{name}"), "value": value}]);
            scim.patch(&path, &patch).await.is_error(400, "invalidValue");
        }
    }
    scim.put(&path, &named("ada", json!({"level": 1}))).await.is_error(400, "invalidValue");
    let required = json!([{"op": "remove", "path": format!("{BADGE}:number")}]);
    scim.patch(&path, &required).await.is_error(400, "mutability");
    assert_eq!(scim.get(&path).await.expect(200)["meta"]["version"], etag, "nothing of it changed anything");
    // Names in any letter case, a boolean as text, one value where a list stands: as the profile forgives elsewhere.
    let lenient =
        scim.put(&path, &named("ada", json!({"NUMBER": "8", "Active": "True", "doors": "north", "serial": "S1"}))).await.expect(200);
    assert_eq!(lenient[BADGE], json!({"number": "8", "active": true, "doors": ["north"], "serial": "S1"}));
}

async fn what_is_immutable_or_read_only_stays(world: World) {
    let scim = world.scim();
    let before = make(scim, "old", json!({"number": "1", "checksum": "abc"})).await;
    world.register(badge()).await.unwrap();
    let path = make(scim, "ada", json!({"number": "1", "checksum": "mine"})).await;
    assert_eq!(scim.get(&path).await.expect(200)[BADGE], json!({"number": "1"}), "nobody writes what is read-only");
    let set = |name: &str, value: Value| json!([{"op": "replace", "path": format!("{BADGE}:{name}"), "value": value}]);

    scim.patch(&path, &set("serial", json!("S1"))).await.expect(200);
    scim.patch(&path, &set("serial", json!("S2"))).await.is_error(400, "mutability");
    scim.patch(&path, &json!([{"op": "remove", "path": format!("{BADGE}:serial")}])).await.is_error(400, "mutability");
    scim.patch(&path, &json!([{"op": "remove", "path": BADGE}])).await.is_error(400, "mutability");
    scim.put(&path, &named("ada", json!({"number": "1", "serial": "S2"}))).await.is_error(400, "mutability");
    scim.patch(&path, &set("serial", json!("S1"))).await.expect(200);
    assert_eq!(scim.put(&path, &named("ada", json!({"number": "2"}))).await.expect(200)[BADGE], json!({"number": "2", "serial": "S1"}));
    // What cannot go stays with what it requires, and all else of the extension goes.
    scim.patch(&path, &set("level", json!(3))).await.expect(200);
    let without = json!({"schemas": [USER], "userName": "ada"});
    assert_eq!(scim.put(&path, &without).await.expect(200)[BADGE], json!({"number": "2", "serial": "S1"}));
    scim.put(&path, &named("ada", json!({"level": 4}))).await.is_error(400, "invalidValue");

    scim.patch(&before, &set("checksum", json!("x"))).await.is_error(400, "mutability");
    let put = scim.put(&before, &named("old", json!({"number": "1", "checksum": "x"}))).await.expect(200);
    assert_eq!(put[BADGE], json!({"number": "1", "checksum": "abc"}));
}

async fn filters_and_orders_know_the_types(world: World) {
    world.register(badge()).await.unwrap();
    let scim = world.scim();
    make(scim, "a", json!({"number": "Ab", "code": "x", "level": 2, "weight": 2.5, "since": "2026-01-31T08:00:00Z", "active": true})).await;
    make(
        scim,
        "b",
        json!({"number": "b", "code": "X", "level": 10, "weight": 10, "since": "2026-01-31T09:30:00+02:00", "doors": ["north", "east"]}),
    )
    .await;
    make(scim, "c", json!({"number": "c", "weight": -1.5, "zones": [{"value": "R1", "level": 1}, {"value": "r2", "level": 9}], "holder": {"value": "Zoë"}})).await;
    scim.post("/Users", &json!({"schemas": [USER], "userName": "d"})).await.expect(201);

    for (filter, expected) in [
        ("number eq \"aB\"", "a"),
        ("number co \"B\"", "a b"),
        ("code eq \"x\"", "a"),
        ("level gt 2", "b"),
        ("level ge 2", "a b"),
        ("level eq 2.0", "a"),
        ("level ne 2", "b c d"),
        ("weight lt 2.6", "a c"),
        ("since lt \"2026-01-31T07:45:00Z\"", "b"),
        ("since eq \"2026-01-31T07:30:00.000Z\"", "b"),
        ("active eq true", "a"),
        ("active pr", "a"),
        ("active eq null", "b c d"),
        ("doors eq \"NORTH\"", "b"),
        ("doors sw \"ea\"", "b"),
        ("zones.value eq \"R2\"", "c"),
        ("zones eq \"R2\"", "c"),
        ("zones[value eq \"r1\" and level eq 1]", "c"),
        ("zones[value eq \"r1\" and level eq 9]", ""),
        ("zones[not (level gt 1)].value sw \"R\"", "c"),
        ("holder.value eq \"ZOË\"", "c"),
        ("holder pr", "c"),
        ("secret pr", ""),
    ] {
        assert_eq!(found(scim, &format!("{BADGE}:{filter}")).await, expected, "{filter}");
        let others = found(scim, &format!("not ({}:{filter})", BADGE.to_uppercase())).await;
        assert_eq!(expected.split_whitespace().count() + others.split_whitespace().count(), 4, "not {filter}: {others}");
    }
    assert_eq!(found(scim, &format!("{BADGE} pr and userName ne \"a\"")).await, "b c");
    for filter in [
        "level eq \"2\"",
        "level co 2",
        "number gt 5",
        "since gt \"soon\"",
        "active gt true",
        "zones[nope eq 1]",
        "pin eq \"x\"",
        "chip sw \"A\"",
        "zones gt 1",
    ] {
        scim.list("/Users", &[("filter", &format!("{BADGE}:{filter}"))]).await.is_error(400, "invalidFilter");
    }
    let sorted = async |by: &str, order: &str| {
        let by = format!("{BADGE}:{by}");
        let list = scim.list("/Users", &[("sortBy", &by), ("sortOrder", order), ("filter", "userName pr")]).await.expect(200);
        list["Resources"].as_array().unwrap().iter().map(|u| u["userName"].as_str().unwrap().to_owned()).collect::<String>()
    };
    assert_eq!(sorted("level", "ascending").await, "abcd");
    assert_eq!(sorted("level", "descending").await, "cdba");
    assert_eq!(sorted("weight", "ascending").await, "cabd");
    assert_eq!(sorted("since", "ascending").await, "bacd");
    assert_eq!(sorted("number", "descending").await, "dcba");
    scim.list("/Users", &[("sortBy", &format!("{BADGE}:chip"))]).await.is_error(400, "invalidPath");
}

async fn patches_reach_every_part(world: World) {
    world.register(badge()).await.unwrap();
    let scim = world.scim();
    let path =
        make(scim, "ada", json!({"number": "1", "zones": [{"value": "a", "level": 1, "primary": true}, {"value": "b", "level": 2}]})).await;
    let at = |below: &str| format!("{BADGE}:{below}");
    for (operation, expected) in [
        (json!({"op": "add", "path": at("level"), "value": 5}), json!({"level": 5})),
        (json!({"op": "replace", "path": at("LEVEL").to_uppercase(), "value": 6}), json!({"level": 6})),
        (json!({"op": "remove", "path": at("level")}), json!({"level": null})),
        (json!({"op": "add", "path": at("holder.value"), "value": "Ada"}), json!({"holder": {"value": "Ada"}})),
        (json!({"op": "replace", "path": at("holder"), "value": {"level": 1}}), json!({"holder": {"value": "Ada", "level": 1}})),
        (json!({"op": "remove", "path": at("holder")}), json!({"holder": null})),
        (json!({"op": "add", "path": at("doors"), "value": ["north"]}), json!({"doors": ["north"]})),
        (json!({"op": "add", "path": at("doors"), "value": ["North", "east"]}), json!({"doors": ["north", "east"]})),
        (json!({"op": "remove", "path": at("doors"), "value": ["NORTH"]}), json!({"doors": ["east"]})),
        (json!({"op": "replace", "path": at("doors"), "value": []}), json!({"doors": null})),
        (
            json!({"op": "replace", "path": at("zones[value eq \"B\"].level"), "value": 7}),
            json!({"zones": [{"value": "a", "level": 1, "primary": true}, {"value": "b", "level": 7}]}),
        ),
        (
            json!({"op": "add", "path": at("zones"), "value": [{"value": "c", "primary": true}]}),
            json!({"zones": [{"value": "a", "level": 1, "primary": false}, {"value": "b", "level": 7}, {"value": "c", "primary": true}]}),
        ),
        (
            json!({"op": "remove", "path": at("zones[level lt 7]")}),
            json!({"zones": [{"value": "b", "level": 7}, {"value": "c", "primary": true}]}),
        ),
        (
            json!({"op": "add", "path": at("zones[value eq \"d\"].level"), "value": 4}),
            json!({"zones": [{"value": "b", "level": 7}, {"value": "c", "primary": true}, {"value": "d", "level": 4}]}),
        ),
        (
            json!({"op": "add", "path": at("zones"), "value": [{"value": "D", "primary": false}]}),
            json!({"zones": [{"value": "b", "level": 7}, {"value": "c", "primary": true}, {"value": "D", "level": 4, "primary": false}]}),
        ),
        (json!({"op": "remove", "path": at("zones")}), json!({"zones": null})),
        (json!({"op": "replace", "value": {BADGE: {"level": 1, "weight": 1.5}}}), json!({"level": 1, "weight": 1.5, "number": "1"})),
        (json!({"op": "add", "value": {at("level"): 2, at("active"): "False"}}), json!({"level": 2, "active": false, "weight": 1.5})),
        (
            json!({"op": "replace", "path": BADGE, "value": {"weight": null, "number": "2"}}),
            json!({"number": "2", "weight": null, "level": 2}),
        ),
    ] {
        let patched = scim.patch(&path, &json!([operation])).await.expect(200);
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(patched[BADGE].get(name).unwrap_or(&Value::Null), value, "{operation}: {patched}");
        }
    }
    scim.patch(&path, &json!([{"op": "add", "path": at("doors"), "value": ["a", "b"]}])).await.expect(200);
    let before = scim.get(&path).await.expect(200);
    // What is there already changes nothing.
    scim.patch(&path, &json!([{"op": "add", "path": at("doors"), "value": ["B"]}, {"op": "replace", "path": at("number"), "value": "2"}]))
        .await
        .expect(200);
    assert_eq!(scim.get(&path).await.expect(200), before);
    for (operation, scim_type) in [
        (json!({"op": "replace", "path": at("level"), "value": "x"}), "invalidValue"),
        (json!({"op": "replace", "path": at("zones[nope eq 1]"), "value": {}}), "invalidPath"),
        (json!({"op": "replace", "path": at("level[value eq 1]"), "value": 1}), "invalidPath"),
        (json!({"op": "replace", "path": BADGE, "value": "x"}), "invalidValue"),
        (json!({"op": "replace", "path": at("zones[value eq \"nobody\"]"), "value": {"value": "x"}}), "noTarget"),
        (json!({"op": "add", "path": at("zones"), "value": [{"level": 1}]}), "invalidValue"),
    ] {
        scim.patch(&path, &json!([{"op": "replace", "path": "title", "value": "x"}, operation])).await.is_error(400, scim_type);
        assert_eq!(scim.get(&path).await.expect(200), before, "{operation}");
    }
    assert_eq!(scim.patch(&path, &json!([{"op": "remove", "path": BADGE}])).await.expect(200).get(BADGE), None);
}

async fn answers_hold_what_was_asked_for(world: World) {
    world.register(badge()).await.unwrap();
    let scim = world.scim();
    let extension =
        json!({"number": "1", "pin": "p", "secret": "s", "issuer": "i", "history": "h", "holder": {"value": "Ada", "level": 1}});
    let created = scim.post("/Users", &named("ada", extension)).await;
    assert_eq!(created.body[BADGE], json!({"number": "1", "issuer": "i", "holder": {"value": "Ada", "level": 1}}));
    let shown = async |query: (&str, String)| {
        let list = scim.list("/Users", &[(query.0, &query.1)]).await.expect(200);
        list["Resources"][0].get(BADGE).cloned().unwrap_or_default()
    };
    let at = |below: &str| format!("{BADGE}:{below}");

    assert_eq!(shown(("attributes", "userName".to_owned())).await, json!({"issuer": "i"}));
    assert_eq!(shown(("attributes", at("number"))).await, json!({"number": "1", "issuer": "i"}));
    assert_eq!(
        shown(("attributes", BADGE.to_uppercase())).await,
        json!({"number": "1", "issuer": "i", "holder": {"value": "Ada", "level": 1}})
    );
    assert_eq!(shown(("attributes", at("holder.level"))).await, json!({"issuer": "i", "holder": {"level": 1}}));
    assert_eq!(shown(("attributes", format!("{},{}", at("HISTORY"), at("secret")))).await, json!({"issuer": "i", "history": "h"}));
    assert_eq!(shown(("excludedAttributes", at("holder"))).await, json!({"number": "1", "issuer": "i"}));
    assert_eq!(shown(("excludedAttributes", at("holder.level"))).await, json!({"number": "1", "issuer": "i", "holder": {"value": "Ada"}}));
    assert_eq!(shown(("excludedAttributes", BADGE.to_owned())).await, json!({"issuer": "i"}));
    let patched = json!([{"op": "replace", "path": at("number"), "value": "2"}]);
    let answer = scim.patch(&format!("/Users/{}?attributes={}", created.id(), at("history")), &patched).await.expect(200);
    assert_eq!(answer[BADGE], json!({"issuer": "i", "history": "h"}));
}

async fn what_the_schema_does_not_define_goes_the_connection_s_way(world: World) {
    world.register(Schema { attributes: vec![attribute("number", "string")], ..badge() }).await.unwrap();
    let way = async |unknown: UnknownAttributes| {
        let (connection, scim) = world.scim_as("default").await;
        world
            .update_connection(Connection { unknown_attributes: unknown.into(), ..connection.clone() }, &["unknown_attributes"])
            .await
            .unwrap();
        let token = world.issue(&world.organization, &connection.id, "", &["scim".to_owned()]).await.unwrap().secret;
        scim.with_token(&token)
    };
    let (keeping, ignoring, rejecting) =
        (way(UnknownAttributes::Keep).await, way(UnknownAttributes::Ignore).await, way(UnknownAttributes::Reject).await);
    let odd = json!({"number": "1", "colour": "red"});
    let patch = json!([{"op": "add", "path": BADGE, "value": {"number": "2", "shape": "round"}}]);

    let kept = make(&keeping, "kept", odd.clone()).await;
    assert_eq!(keeping.patch(&kept, &patch).await.expect(200)[BADGE], json!({"number": "2", "colour": "red", "shape": "round"}));
    let ignored = make(&ignoring, "ignored", odd.clone()).await;
    assert_eq!(ignoring.patch(&ignored, &patch).await.expect(200)[BADGE], json!({"number": "2"}));
    rejecting.post("/Users", &named("eve", odd)).await.is_error(400, "invalidSyntax");
    let good = make(&rejecting, "good", json!({"number": "1"})).await;
    rejecting.patch(&good, &patch).await.is_error(400, "invalidSyntax");
    rejecting.patch(&good, &json!([{"op": "add", "path": format!("{BADGE}:shape"), "value": "round"}])).await.is_error(400, "invalidPath");
    rejecting.patch(&good, &json!([{"op": "replace", "path": format!("{BADGE}:number"), "value": "3"}])).await.expect(200);
    assert_eq!(rejecting.get(&good).await.expect(200)[BADGE], json!({"number": "3"}));
}

both! {
    a_registered_schema_is_discovered_at_once
    documents_come_back_as_they_were_sent
    what_is_immutable_or_read_only_stays
    filters_and_orders_know_the_types
    patches_reach_every_part
    answers_hold_what_was_asked_for
    what_the_schema_does_not_define_goes_the_connection_s_way
}
