//! What every provider takes for granted of a server, under the profile `default`. Where each rule is held:
//!
//! | rule | where |
//! | --- | --- |
//! | 1 a `remove` of members with values removes those, without any it empties | recordings of Entra, JumpCloud, Rauthy, authentik, CyberArk; here |
//! | 2 names, URNs and `op` in any letter case | recording of Entra; here |
//! | 3 booleans as text wherever one can stand, and no other text | recordings of Entra, OneLogin, Keycloak; here |
//! | 4 `add` and `replace` make an element that a filter names | recordings of Entra |
//! | 5 the keys of a PATCH without a path | recordings of Entra, Okta, authentik; here |
//! | 6 a manager in every shape | recording of Entra; `push` |
//! | 7 lists have all their members, also when empty | every recording's probe |
//! | 8 unknown parameters, a bare `?`, a trailing `&` | recordings of Entra (flagged) and OneLogin |
//! | 9 PUT and memberships | recordings of Okta (template), Rauthy, Keycloak, `CyberArk` |
//! | 10 a user's groups are true | recordings of Rauthy, `SailPoint`, `JumpCloud` |
//! | 11 writes answer with the resource, `externalId` as sent | recordings of Rauthy, Okta; the runner |
//! | 12 media types | recording of Google; here |
//! | 13 any `User-Agent` or none | recording of `OneLogin`; here |
//! | 14 memberships are idempotent, references odd | recordings of Entra, Keycloak, `JumpCloud` |
//! | 15 PATCH is atomic, the last of several wins | recording of Entra; here |
//! | 16 the inactive stay in sight, the deleted do not | recordings of Entra, Okta; here |
//! | 17 names are unique in any letter case, in POST, PUT and PATCH | recordings of Entra, Okta; here |
//! | 18 null, `[]` and `""` are no value, but not for what is required | recordings of `JumpCloud`, authentik; here |
//! | 19 unknown schemas and attributes | recordings of Entra, `OneLogin`, Rauthy |
//! | 20 a `+` in a query | recordings of Entra, Rauthy; here |
//! | 21 pages | recordings of Ping, authentik; here |
//! | 22 slashes at the join | recording of Rauthy; here |
//! | 23 where a new resource is | the runner, for every create |
//! | 24 discovery, also of one thing | recordings of `SailPoint`, `CyberArk` |

use crate::harness::{
    World, faces,
    scim::{ENTERPRISE, GROUP, PATCH, Scim, USER},
};
use reqwest::Method;
use serde_json::{Value, json};

async fn user(scim: &Scim, name: &str) -> String {
    scim.post("/Users", &json!({"schemas": [USER], "userName": name})).await.id()
}

async fn group(scim: &Scim, members: &[&str]) -> String {
    let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
    scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Quay", "members": members})).await.id()
}

async fn rule_1_a_removal_of_nobody_in_particular_empties_and_of_nobody_does_nothing(world: World) {
    let scim = world.scim();
    let (ann, bob) = (user(scim, "ann").await, user(scim, "bob").await);
    for (value, left) in [(json!([{"value": ann}]), 1), (json!([]), 2), (json!(null), 0), (json!("absent"), 0)] {
        let group = group(scim, &[&ann, &bob]).await;
        let mut operation = json!({"op": "remove", "path": "members", "value": value});
        if value == "absent" {
            operation.as_object_mut().unwrap().remove("value");
        }
        scim.patch(&format!("/Groups/{group}"), &json!([operation])).await.expect(200);
        assert_eq!(world.members(&group).await.len(), left, "{operation}");
    }
}

async fn rule_2_names_are_read_in_any_letter_case(world: World) {
    let scim = world.scim();
    let created = scim.post("/Users", &json!({"SCHEMAS": [USER.to_uppercase()], "USERNAME": "ann", "Name": {"GIVENNAME": "Ann"}})).await;
    let path = format!("/Users/{}", created.id());
    let operations = json!([
        {"OP": "REPLACE", "Path": "NAME.FAMILYNAME", "VALUE": "Lee"},
        {"op": "aDD", "path": "Emails[TYPE eq \"work\"].VALUE", "value": "ann@corp.example"},
        {"op": "Add", "path": format!("{}:DEPARTMENT", ENTERPRISE.to_uppercase()), "value": "Yard"},
    ]);
    let read = scim.patch(&path, &operations).await.expect(200);
    assert_eq!((&read["name"], &read[ENTERPRISE]), (&json!({"givenName": "Ann", "familyName": "Lee"}), &json!({"department": "Yard"})));
    assert_eq!(read["emails"], json!([{"type": "work", "value": "ann@corp.example"}]));
    assert_eq!(scim.list("/Users", &[("FILTER", "EMAILS[Type EQ \"work\"] AND Name.GivenName SW \"an\"")]).await.body["totalResults"], 1);
}

/// Row 47 (Bitwarden)
async fn rule_3_text_is_a_boolean_wherever_one_can_stand_and_nothing_else_is(world: World) {
    let scim = world.scim();
    let emails = |primary: Value| json!([{"value": "ann@corp.example", "primary": primary}]);
    let document = |active: &str| json!({"schemas": [USER], "userName": "ann", "active": active, "emails": emails(json!("TRUE"))});
    let created = scim.post("/Users", &document("FALSE")).await.expect(201);
    assert_eq!((&created["active"], &created["emails"][0]["primary"]), (&json!(false), &json!(true)));
    let path = format!("/Users/{}", created["id"].as_str().unwrap());
    assert_eq!(scim.put(&path, &document("True")).await.expect(200)["active"], json!(true));
    for (operation, active) in [
        (json!({"op": "replace", "path": "active", "value": "false"}), false),
        (json!({"op": "replace", "value": {"active": "true", "emails": emails(json!("False"))}}), true),
        (json!({"op": "add", "path": "emails", "value": emails(json!("True"))}), true),
        (json!({"op": "replace", "path": "emails[primary eq \"True\"].primary", "value": "false"}), true),
    ] {
        let read = scim.patch(&path, &json!([operation])).await.expect(200);
        assert_eq!(read["active"], json!(active), "{operation}");
        let emails = read["emails"].as_array().unwrap();
        assert!(emails.iter().all(|email| email.get("primary").is_none_or(Value::is_boolean)), "{operation}: {emails:?}");
    }
    for wrong in ["yes", "1", "", " true", "falsch"].map(Value::from).into_iter().filter(|wrong| wrong != "") {
        scim.patch(&path, &json!([{"op": "replace", "path": "active", "value": wrong}])).await.is_error(400, "invalidValue");
        scim.put(&path, &document(wrong.as_str().unwrap())).await.is_error(400, "invalidValue");
    }
}

async fn rules_5_and_15_a_patch_is_read_whole_and_happens_whole(world: World) {
    let scim = world.scim();
    let id = user(scim, "ann").await;
    let path = format!("/Users/{id}");
    let department = format!("{ENTERPRISE}:department");
    let value = json!({"title": "Dr", "name.givenName": "Ann", "emails[type eq \"work\"].value": "ann@corp.example",
        ENTERPRISE: {"costCenter": "7"}, department: "Yard", "id": "other", "meta": {"version": "x"}, "schemas": [USER], "groups": []});
    let read = scim.patch(&path, &json!([{"op": "replace", "value": value}])).await.expect(200);
    assert_eq!((&read["id"], &read["title"], &read["name"]), (&json!(id), &json!("Dr"), &json!({"givenName": "Ann"})));
    assert_eq!((&read["emails"][0]["value"], &read[ENTERPRISE]["department"]), (&json!("ann@corp.example"), &json!("Yard")));
    assert_eq!(read[ENTERPRISE]["costCenter"], "7");

    let twice = json!([{"op": "replace", "path": "title", "value": "A"}, {"op": "replace", "path": "title", "value": "B"}]);
    let read = scim.patch(&path, &twice).await.expect(200);
    assert_eq!(read["title"], "B");
    for last in [
        json!({"op": "replace", "path": "shoeSize[", "value": 7}),
        json!({"op": "remove"}),
        json!({"op": "add", "path": "active", "value": "7"}),
    ] {
        let answer = scim.patch(&path, &json!([{"op": "replace", "path": "title", "value": "C"}, last])).await;
        assert_eq!(answer.status, 400, "{last}");
        assert_eq!(scim.get(&path).await.body, read, "{last}: nothing of it happened");
    }
}

/// Row 37 (JumpCloud)
async fn rules_12_and_13_either_media_type_and_any_client_will_do(world: World) {
    let scim = world.scim();
    let types = ["application/json", "application/json; charset=utf-8", "application/scim+json", "Application/SCIM+JSON;charset=UTF-8"];
    for (number, media) in types.into_iter().enumerate() {
        let request = scim.request(Method::POST, "/Users").header("content-type", media).header("user-agent", "");
        let body = json!({"schemas": [USER], "userName": format!("user{number}")}).to_string();
        assert_eq!(request.body(body).send().await.unwrap().status(), 201, "{media}");
    }
    for (accept, answered) in [
        ("*/*", "application/scim+json"),
        ("application/scim+json", "application/scim+json"),
        ("application/json, application/scim+json", "application/scim+json"),
        ("application/json", "application/json"),
    ] {
        let answer = scim.request(Method::GET, "/Users").header("accept", accept).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let media = answer.headers()["content-type"].to_str().unwrap();
        assert_eq!(media.split(';').next(), Some(answered), "{accept}");
    }
}

async fn rules_16_and_17_names_are_held_by_the_inactive_and_freed_by_the_deleted(world: World) {
    let scim = world.scim();
    let (ann, bob) = (user(scim, "Ann@corp.example").await, user(scim, "bob@corp.example").await);
    let group = group(scim, &[&ann, &bob]).await;
    scim.patch(&format!("/Users/{ann}"), &json!([{"op": "replace", "path": "active", "value": false}])).await.expect(200);
    let name = json!("ANN@CORP.EXAMPLE");
    let list = async || scim.list("/Users", &[("filter", "userName eq \"ann@corp.example\"")]).await.expect(200);
    assert_eq!(list().await["Resources"][0]["active"], json!(false));
    assert_eq!(scim.get("/Users").await.expect(200)["totalResults"], 2);

    let (taken, bob_s) = (json!({"schemas": [USER], "userName": name}), format!("/Users/{bob}"));
    scim.post("/Users", &taken).await.is_error(409, "uniqueness");
    scim.put(&bob_s, &taken).await.is_error(409, "uniqueness");
    scim.patch(&bob_s, &json!([{"op": "replace", "path": "userName", "value": name}])).await.is_error(409, "uniqueness");
    assert_eq!(world.user(&bob).await.user_name, "bob@corp.example");

    assert_eq!(scim.delete(&format!("/Users/{ann}")).await.status, 204);
    assert_eq!(list().await["totalResults"], 0);
    assert_eq!(world.members(&group).await, [bob.as_str()]);
    scim.patch(&bob_s, &json!([{"op": "replace", "path": "userName", "value": name}])).await.expect(200);
}

async fn rule_18_nothing_is_no_value_except_for_what_must_be_there(world: World) {
    let scim = world.scim();
    let empty = json!({"schemas": [USER], "userName": "ann", "title": "", "nickName": null, "emails": [], "phoneNumbers": null,
        "name": {"givenName": "", "familyName": null}, ENTERPRISE: {"department": "", "manager": null}});
    let created = scim.post("/Users", &empty).await.expect(201);
    for absent in ["title", "nickName", "emails", "phoneNumbers", "name", ENTERPRISE] {
        assert_eq!(created.get(absent), None, "{absent}");
    }
    let path = format!("/Users/{}", created["id"].as_str().unwrap());
    let full = json!({"schemas": [USER], "userName": "ann", "title": "Dr", "emails": [{"value": "a@b.example"}]});
    for nothing in [json!(""), json!(null), json!([])] {
        scim.put(&path, &full).await.expect(200);
        let operations =
            json!([{"op": "replace", "path": "title", "value": nothing}, {"op": "replace", "path": "emails", "value": nothing}]);
        let read = scim.patch(&path, &operations).await.expect(200);
        assert_eq!((read.get("title"), read.get("emails")), (None, None), "{nothing}");
        for required in
            [json!({"op": "replace", "path": "userName", "value": nothing}), json!({"op": "replace", "value": {"userName": nothing}})]
        {
            assert_eq!(scim.patch(&path, &json!([required])).await.status, 400, "{required}");
        }
        assert_eq!(scim.put(&path, &json!({"schemas": [USER], "userName": nothing})).await.status, 400);
        assert_eq!(scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": nothing})).await.status, 400);
    }
    assert_eq!(scim.get(&path).await.expect(200)["userName"], "ann");
}

async fn rules_20_to_22_addresses_are_read_as_they_are_meant(world: World) {
    let scim = world.scim();
    let mut ids = Vec::new();
    for name in ["mika+night@corp.example", "ann lee", "bob"] {
        ids.push(user(scim, name).await);
    }
    for (query, found) in [
        ("filter=userName+eq+%22ann+lee%22", 1),
        ("filter=userName%20eq%20%22ann%20lee%22", 1),
        ("filter=userName+eq+%22mika%2Bnight%40corp.example%22", 1),
        ("filter=userName%20eq%20%22mika+night@corp.example%22", 1),
        ("filter=userName+eq+%22mika+night%40corp.example%22", 0),
    ] {
        for path in ["/Users", "//Users", "/Users/"] {
            assert_eq!(scim.get(&format!("{path}?{query}")).await.expect(200)["totalResults"], found, "{path}?{query}");
        }
    }
    let mut seen = Vec::new();
    for start in ["-3", "0", "1", "2", "3", "4", "99"] {
        let page = scim.list("/Users", &[("startIndex", start), ("count", "1")]).await.expect(200);
        assert_eq!(page["totalResults"], 3, "{start}");
        let ids: Vec<&str> = page["Resources"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
        assert_eq!(page["itemsPerPage"], ids.len(), "{start}");
        seen.push(ids.first().map(|id| (*id).to_owned()));
    }
    assert!(seen[0] == seen[1] && seen[1] == seen[2] && seen[5].is_none() && seen[6].is_none(), "{seen:?}");
    let mut paged: Vec<String> = seen[2..5].iter().flatten().cloned().collect();
    paged.sort();
    ids.sort();
    assert_eq!(paged, ids, "each once");
    let none = scim.list("/Users", &[("count", "0")]).await.expect(200);
    assert_eq!((&none["totalResults"], &none["Resources"]), (&json!(3), &json!([])));
    assert_eq!(scim.get("/Users?").await.expect(200)["totalResults"], 3);
}

async fn a_member_who_comes_and_goes_in_one_request_leaves_no_trace(world: World) {
    let scim = world.scim();
    let (ann, bob) = (user(scim, "ann").await, user(scim, "bob").await);
    let path = format!("/Groups/{}", group(scim, &[&ann]).await);
    let before = scim.get(&path).await;
    let head = world.head().await;
    let (add, remove) = (
        |id: &str| json!({"op": "add", "path": "members", "value": [{"value": id}]}),
        |id: &str| json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")}),
    );

    for operations in
        [json!([add(&bob), remove(&bob)]), json!([remove(&ann), add(&ann)]), json!([add(&bob), remove(&ann), add(&ann), remove(&bob)])]
    {
        let answer = scim.patch(&path, &operations).await;
        assert_eq!((answer.header("etag"), answer.body.clone()), (before.header("etag"), before.body.clone()), "{operations}");
        assert_eq!(world.head().await, head, "{operations}");
    }
    let body = json!({"schemas": [PATCH], "Operations": [add("nobody"), remove("nobody")]});
    scim.patch(&path, &body["Operations"]).await.is_error(400, "invalidValue");
    let moved = scim.patch(&path, &json!([add(&bob), remove(&ann), add(&bob)])).await.expect(200);
    assert_eq!(moved["members"].as_array().unwrap().len(), 1);
    assert_eq!(moved["members"][0]["value"], json!(bob));
    assert_eq!(world.head().await, head + 1);
}

faces! {
    rule_1_a_removal_of_nobody_in_particular_empties_and_of_nobody_does_nothing
    rule_2_names_are_read_in_any_letter_case
    rule_3_text_is_a_boolean_wherever_one_can_stand_and_nothing_else_is
    rules_5_and_15_a_patch_is_read_whole_and_happens_whole
    rules_12_and_13_either_media_type_and_any_client_will_do
    rules_16_and_17_names_are_held_by_the_inactive_and_freed_by_the_deleted
    rule_18_nothing_is_no_value_except_for_what_must_be_there
    rules_20_to_22_addresses_are_read_as_they_are_meant
    a_member_who_comes_and_goes_in_one_request_leaves_no_trace
}
