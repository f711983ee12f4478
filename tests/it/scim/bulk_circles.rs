//! Operations of a Bulk that name each other in a circle (RFC 7644 section 3.7.1): done together, where the last of them
//! stands, or not at all.

use super::{
    bulk::{group, made, outcomes, statuses, user},
    links::{connected, deleting, person, team},
};
use crate::harness::{
    World, faces,
    scim::{BULK_REQUEST, ENTERPRISE, GROUP, PATCH, Scim, USER},
};
use roster::api::v1::connection::{Deprovision, Takeover};
use serde_json::{Value, json};

fn managed(bulk_id: &str, name: &str, by: &str) -> Value {
    let mut operation = user(bulk_id, name);
    operation["data"][ENTERPRISE] = json!({"manager": {"value": format!("bulkId:{by}")}});
    operation
}

fn change(path: &str, operations: &Value) -> Value {
    json!({"method": "PATCH", "path": path, "data": {"schemas": [PATCH], "Operations": operations}})
}

async fn shown(scim: &Scim, endpoint: &str, outcome: &Value) -> Value {
    scim.get(&format!("/{endpoint}/{}", made(outcome))).await.expect(200)
}

// 77 and 81, RFC 7644 section 3.7.1
async fn what_comes_after_a_circle_finds_it_closed(world: World) {
    let scim = world.scim();
    let empty = json!({"schemas": [GROUP], "displayName": "One", "members": []});

    let answer = scim
        .bulk(&json!([
            group("g1", "One", &["bulkId:g2"]),
            group("g2", "Two", &["bulkId:g1"]),
            {"method": "PUT", "path": "/Groups/bulkId:g1", "data": empty},
        ]))
        .await;
    assert_eq!(statuses(&answer), ["201", "201", "200"], "{}", answer.body);
    let told = outcomes(&answer);
    let one = shown(scim, "Groups", &told[0]).await;
    assert_eq!((one.get("members"), &one["meta"]["version"]), (None, &told[2]["version"]));
    let two = shown(scim, "Groups", &told[1]).await;
    assert_eq!((&two["members"][0]["value"], &two["meta"]["version"]), (&json!(made(&told[0])), &told[1]["version"]));

    let path = format!("{ENTERPRISE}:manager");
    let answer = scim
        .bulk(&json!([
            managed("ann", "ann", "bob"),
            managed("bob", "bob", "ann"),
            change("/Users/bulkId:ann", &json!([{"op": "remove", "path": path}])),
        ]))
        .await;
    assert_eq!(statuses(&answer), ["201", "201", "200"], "{}", answer.body);
    let told = outcomes(&answer);
    assert_eq!(shown(scim, "Users", &told[0]).await.get(ENTERPRISE), None);
    assert_eq!(shown(scim, "Users", &told[1]).await[ENTERPRISE]["manager"]["value"], json!(made(&told[0])));
}

// 77 and 81, RFC 7644 section 3.7.1
async fn a_circle_may_be_undone_by_what_follows_it(world: World) {
    let scim = world.scim();

    let answer = scim
        .bulk(&json!([
            group("g1", "One", &["bulkId:g2"]),
            group("g2", "Two", &["bulkId:g1"]),
            {"method": "DELETE", "path": "/Groups/bulkId:g1"},
        ]))
        .await;

    assert_eq!(statuses(&answer), ["201", "201", "204"], "{}", answer.body);
    let told = outcomes(&answer);
    scim.get(&format!("/Groups/{}", made(&told[0]))).await.is_error(404, "");
    assert_eq!(shown(scim, "Groups", &told[1]).await.get("members"), None);
}

// 77, RFC 7644 section 3.7.1
async fn a_change_may_be_a_part_of_a_circle(world: World) {
    let scim = world.scim();
    let old = scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Old"})).await.id();
    let mut add = change(&format!("/Groups/{old}"), &json!([{"op": "add", "path": "members", "value": [{"value": "bulkId:new"}]}]));
    add["bulkId"] = json!("old");
    let head = world.head().await;

    let answer = scim.bulk(&json!([add, group("new", "New", &["bulkId:old"])])).await;

    assert_eq!(statuses(&answer), ["200", "201"], "{}", answer.body);
    let new = made(&outcomes(&answer)[1]);
    assert_eq!(world.members(&old).await, [new.clone()]);
    assert_eq!(world.members(&new).await, [old]);
    assert_eq!(world.head().await, head + 1, "a circle is one commit");
}

// 77 and 81, RFC 7644 section 3.7.1
async fn a_circle_is_whole_or_not_at_all(world: World) {
    let scim = world.scim();
    scim.post("/Users", &json!({"schemas": [USER], "userName": "taken"})).await.expect(201);
    let head = world.head().await;

    let answer = scim
        .bulk(&json!([
            managed("ann", "ann", "bob"),
            managed("bob", "TAKEN", "ann"),
            group("crew", "Crew", &["bulkId:ann"]),
            group("g1", "One", &["bulkId:g2"]),
            group("g2", "Two", &["bulkId:g1", "nobody"]),
            user("last", "last"),
        ]))
        .await;

    assert_eq!(statuses(&answer), ["409", "409", "409", "409", "400", "201"], "{}", answer.body);
    let told = outcomes(&answer);
    let kinds = [None, Some("uniqueness"), None, None, Some("invalidValue")];
    for (outcome, kind) in told.iter().zip(kinds) {
        assert_eq!(outcome["response"]["scimType"].as_str(), kind, "{outcome}");
        assert!(outcome.get("location").is_none() && outcome.get("version").is_none(), "{outcome}");
    }
    assert_eq!(scim.get("/Groups").await.expect(200)["totalResults"], 0);
    assert_eq!(scim.get("/Users").await.expect(200)["totalResults"], 2);
    assert_eq!(world.head().await, head + 1);
}

// 78, RFC 7644 section 3.7.3
async fn a_circle_is_done_in_its_turn(world: World) {
    let scim = world.scim();
    let wrong = json!({"method": "DELETE", "path": "/Users/nobody"});
    let circle = |names: [&str; 2]| [group("g1", names[0], &["bulkId:g2"]), group("g2", names[1], &["bulkId:g1"])];
    let until_the_first = |operations: Vec<Value>| json!({"schemas": [BULK_REQUEST], "failOnErrors": 1, "Operations": operations});

    let [one, two] = circle(["One", "Two"]);
    let before = scim.post("/Bulk", &until_the_first(vec![one, two, wrong.clone(), user("u", "ada")])).await;
    assert_eq!(statuses(&before), ["201", "201", "404"], "{}", before.body);
    // It waits for its last operation, which an error keeps from being tried.
    let [one, two] = circle(["Three", "Four"]);
    let between = scim.post("/Bulk", &until_the_first(vec![one, wrong, two])).await;
    assert_eq!(statuses(&between), ["404"], "{}", between.body);
    assert_eq!(scim.get("/Groups").await.expect(200)["totalResults"], 2);
    // A circle that fails is as many errors as operations, and ends it.
    let mut two = circle(["Five", "Six"]);
    two[1]["data"]["members"][0]["value"] = json!("bulkId:g1");
    two[1]["data"]["displayName"] = json!("");
    let failed = scim.post("/Bulk", &until_the_first(vec![two[0].clone(), two[1].clone(), user("u", "ada")])).await;
    assert_eq!(statuses(&failed), ["409", "400"], "{}", failed.body);
    assert_eq!(scim.get("/Users").await.expect(200)["totalResults"], 0);
}

/// Requirement 77 (RFC 7644 section 3.7.1): who is there already has an id of its own, and all of the circle means that one.
async fn a_circle_may_come_to_somebody_who_is_there_already(world: World) {
    let (_, scim) = deleting(&world, Deprovision::SoftDelete).await;
    let gone = scim.post("/Users", &person("ada", "HR-1")).await.id();
    scim.delete(&format!("/Users/{gone}")).await.expect(204);
    let theirs = world.scim().post("/Users", &json!({"schemas": [USER], "userName": "bob"})).await.id();
    let (_, taker) = connected(&world, "takeover", |c| c.takeover = Takeover::Always.into()).await;
    let created = |bulk_id: &str, name: &str, external_id: &str, by: &str| {
        let mut operation = managed(bulk_id, name, by);
        operation["data"]["externalId"] = json!(external_id);
        operation["data"]["emails"] = json!([{"value": format!("{name}@example.com")}]);
        operation
    };

    let back = scim
        .bulk(&json!([
            group("g1", "One", &["bulkId:ada", "bulkId:g2"]),
            created("ada", "ada", "HR-1", "eve"),
            created("eve", "eve", "HR-2", "ada"),
            group("g2", "Two", &["bulkId:g1", "bulkId:ada"]),
        ]))
        .await;
    assert_eq!(statuses(&back), ["201"; 4], "{}", back.body);
    let told = outcomes(&back);
    assert_eq!(made(&told[1]), gone);
    assert_eq!(shown(&scim, "Users", &told[2]).await[ENTERPRISE]["manager"]["value"], json!(gone));
    assert_eq!(shown(&scim, "Users", &told[1]).await[ENTERPRISE]["manager"]["value"], json!(made(&told[2])));
    for (group, other) in [(0, 3), (3, 0)] {
        let mut expected = vec![gone.clone(), made(&told[other])];
        expected.sort();
        assert_eq!(world.members(&made(&told[group])).await, expected);
    }

    world
        .scim()
        .patch(&format!("/Users/{theirs}"), &json!([{"op": "add", "path": "emails", "value": [{"value": "bob@example.com"}]}]))
        .await;
    let taken = taker.bulk(&json!([created("bob", "bob", "T-1", "kim"), created("kim", "kim", "T-2", "bob")])).await;
    assert_eq!(statuses(&taken), ["201"; 2], "{}", taken.body);
    let told = outcomes(&taken);
    assert_eq!(made(&told[0]), theirs);
    assert_eq!(shown(&taker, "Users", &told[1]).await[ENTERPRISE]["manager"]["value"], json!(theirs));
}

/// Requirement 77 (RFC 7644 section 3.7.1): what was there before the request can be named at once, also in a circle of changes.
async fn changes_may_name_each_other_in_a_circle_and_say_why_they_cannot(world: World) {
    let (_, scim) = connected(&world, "unique_group_names", |c| c.unique_group_names = true).await;
    let ids = [team(&scim, "One", &[]).await, team(&scim, "Two", &[]).await];
    let change = |at: usize, name: &str, other: &str| {
        let operations = json!([
            {"op": "replace", "path": "displayName", "value": name},
            {"op": "add", "path": "members", "value": [{"value": format!("bulkId:{other}")}]},
        ]);
        let mut change = change(&format!("/Groups/{}", ids[at]), &operations);
        change["bulkId"] = json!(["a", "b"][at]);
        change
    };
    let head = world.head().await;

    let swap = scim.bulk(&json!([change(0, "Two", "b"), change(1, "One", "a")])).await;
    assert_eq!(statuses(&swap), ["409", "409"], "{}", swap.body);
    let kinds: Vec<Value> = outcomes(&swap).iter().map(|outcome| outcome["response"]["scimType"].clone()).collect();
    assert_eq!(kinds, [json!("uniqueness"), Value::Null]);
    assert_eq!(world.head().await, head);

    let turned = scim.bulk(&json!([change(0, "Three", "b"), change(1, "One", "a")])).await;
    assert_eq!(statuses(&turned), ["200", "200"], "{}", turned.body);
    assert_eq!((world.members(&ids[0]).await, world.members(&ids[1]).await), (vec![ids[1].clone()], vec![ids[0].clone()]));
    assert_eq!(world.head().await, head + 1);
}

faces! {
    a_circle_may_come_to_somebody_who_is_there_already
    changes_may_name_each_other_in_a_circle_and_say_why_they_cannot
    what_comes_after_a_circle_finds_it_closed
    a_circle_may_be_undone_by_what_follows_it
    a_change_may_be_a_part_of_a_circle
    a_circle_is_whole_or_not_at_all
    a_circle_is_done_in_its_turn
}
