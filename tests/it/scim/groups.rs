//! `/Groups`: members by PATCH and PUT, and what an answer shows of them.

use crate::harness::{
    World, faces,
    scim::{GROUP, Scim, USER},
};
use serde_json::{Value, json};

async fn people(scim: &Scim, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for i in 0..count {
        ids.push(scim.post("/Users", &json!({"schemas": [USER], "userName": format!("u{i}")})).await.id());
    }
    ids
}

/// The ids of a group's members, sorted.
fn members(group: &Value) -> Vec<String> {
    let mut ids: Vec<String> =
        group["members"].as_array().map(|m| m.iter().map(|m| m["value"].as_str().unwrap().to_owned()).collect()).unwrap_or_default();
    ids.sort();
    ids
}

fn sorted(ids: &[&String]) -> Vec<String> {
    let mut ids: Vec<String> = ids.iter().map(|&id| id.clone()).collect();
    ids.sort();
    ids
}

/// Row 1 (Jumper)
async fn a_group_is_made_with_its_members_and_shows_them(world: World) {
    let scim = world.scim();
    let p = people(scim, 2).await;
    let inner = scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Inner"})).await.id();

    let created = scim.post("/Groups", &json!({"schemas": [GROUP], "externalId": "g-1", "displayName": "Night Shift", "members": [{"value": p[0], "display": "x", "$ref": null}, {"value": p[0]}, {"value": inner}]})).await;

    assert_eq!(created.status, 201);
    assert_eq!((created.body["displayName"].as_str(), created.body["externalId"].as_str()), (Some("Night Shift"), Some("g-1")));
    let path = format!("/Groups/{}", created.id());
    assert_eq!(created.header("location"), format!("{}{path}", scim.base));
    let read = scim.get(&path).await.expect(200);
    assert_eq!(read, created.body);
    let mut shown = read["members"].as_array().unwrap().clone();
    shown.sort_by_key(|m| m["type"].to_string());
    assert_eq!(
        shown,
        [
            json!({"value": inner, "$ref": format!("{}/Groups/{inner}", scim.base), "type": "Group"}),
            json!({"value": p[0], "$ref": format!("{}/Users/{}", scim.base, p[0]), "type": "User"}),
        ]
    );
    let named = scim.get(&format!("{path}?attributes=members,members.display")).await.expect(200);
    let mut names: Vec<&Value> = named["members"].as_array().unwrap().iter().map(|m| &m["display"]).collect();
    names.sort_by_key(ToString::to_string);
    assert_eq!(names, ["Inner", "u0"], "display is shown on request");
    let without = scim.get(&format!("{path}?excludedAttributes=members")).await;
    assert!(without.body.get("members").is_none());
    assert_eq!(without.header("etag"), created.header("etag"));
}

async fn the_same_display_name_may_be_held_twice(world: World) {
    let scim = world.scim();
    let group = json!({"schemas": [GROUP], "displayName": "Night Shift"});

    let (one, two) = (scim.post("/Groups", &group).await, scim.post("/Groups", &group).await);

    assert_eq!((one.status, two.status), (201, 201));
    assert_eq!(scim.list("/Groups", &[("filter", "displayName eq \"night shift\"")]).await.expect(200)["totalResults"], 2);
}

/// Row 25 (JupiterOne)
async fn members_change_by_patch_in_every_shape(world: World) {
    let scim = world.scim();
    let p = people(scim, 4).await;
    let path =
        format!("/Groups/{}", scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Engines", "members": []})).await.id());
    let steps = [
        (json!([{"op": "add", "path": "members", "value": [{"value": p[0]}, {"value": p[1], "type": "User"}]}]), sorted(&[&p[0], &p[1]])),
        (json!([{"op": "Add", "path": "Members", "value": {"value": p[2]}}]), sorted(&[&p[0], &p[1], &p[2]])),
        (json!([{"op": "add", "value": {"members": [{"value": p[3]}]}}]), sorted(&[&p[0], &p[1], &p[2], &p[3]])),
        (json!([{"op": "remove", "path": format!("members[value eq \"{}\"]", p[0])}]), sorted(&[&p[1], &p[2], &p[3]])),
        (json!([{"op": "Remove", "path": "members", "value": [{"value": p[1]}]}]), sorted(&[&p[2], &p[3]])),
        (json!([{"op": "Remove", "path": "members", "value": [{"value": p[1]}]}]), sorted(&[&p[2], &p[3]])),
        (json!([{"op": "add", "path": "members", "value": [{"value": p[2]}]}]), sorted(&[&p[2], &p[3]])),
        (
            json!([{"op": "replace", "path": "members", "value": [{"value": p[0]}]}, {"op": "replace", "path": "displayName", "value": "Machines"}]),
            sorted(&[&p[0]]),
        ),
        (json!([{"op": "remove", "path": "members"}]), vec![]),
    ];

    for (operations, expected) in steps {
        let answer = scim.patch(&path, &operations).await;
        assert!([200, 204].contains(&answer.status), "{operations}: {}", answer.body);
        let read = scim.get(&path).await.expect(200);
        assert_eq!(members(&read), expected, "{operations}");
    }
    assert_eq!(scim.get(&path).await.expect(200)["displayName"], "Machines");
}

async fn an_odd_removal_never_empties_a_group(world: World) {
    let scim = world.scim();
    let p = people(scim, 3).await;
    let members_of = |ids: &[String]| -> Value { ids.iter().map(|id| json!({"value": id})).collect() };
    let group = scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Engines", "members": members_of(&p)})).await;
    let path = format!("/Groups/{}", group.id());

    for operations in [
        json!([{"op": "remove", "path": "members", "value": []}]),
        json!([{"op": "remove", "path": "members", "value": [{}]}]),
        json!([{"op": "remove", "path": "members", "value": [{"value": "nobody"}]}]),
        json!([{"op": "remove", "path": "members", "value": "nobody"}]),
        json!([{"op": "remove", "path": "members", "value": {"value": "nobody"}}]),
        json!([{"op": "remove", "path": "members", "value": [{"value": 7}]}]),
        json!([{"op": "remove", "path": "members[value eq \"nobody\"]"}]),
        json!([{"op": "remove", "path": "members[display eq \"nobody\"]"}]),
        json!([{"op": "remove"}]),
        json!([{"op": "replace", "value": {"displayName": "Engines"}}]),
        json!([{"op": "replace", "path": "members", "value": [{"value": "nobody"}]}]),
        json!([{"op": "replace", "path": "members", "value": "nobody"}]),
    ] {
        scim.patch(&path, &operations).await;
        assert_eq!(members(&scim.get(&path).await.expect(200)), sorted(&[&p[0], &p[1], &p[2]]), "{operations}");
    }
}

async fn a_put_sets_the_whole_membership(world: World) {
    let scim = world.scim();
    let p = people(scim, 3).await;
    let group =
        scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Engines", "members": [{"value": p[0]}, {"value": p[1]}]})).await;
    let path = format!("/Groups/{}", group.id());

    let put = scim
        .put(&path, &json!({"schemas": [GROUP], "displayName": "Machines", "members": [{"value": p[1]}, {"value": p[2]}]}))
        .await
        .expect(200);

    assert_eq!((put["displayName"].as_str(), members(&put)), (Some("Machines"), sorted(&[&p[1], &p[2]])));
    scim.put(&path, &json!({"schemas": [GROUP], "displayName": "Machines", "members": [{"value": "nobody"}]}))
        .await
        .is_error(400, "invalidValue");
    assert_eq!(scim.get(&path).await.expect(200), put);
    // The whole document goes back unchanged: nothing changes.
    let echoed = scim.put(&path, &put).await;
    assert_eq!(echoed.body, put);
    let emptied = scim.put(&path, &json!({"schemas": [GROUP], "displayName": "Machines"})).await.expect(200);
    assert_eq!(members(&emptied), Vec::<String>::new(), "a PUT without members empties the group");
}

async fn a_put_of_more_members_than_one_message_holds_is_one_commit(world: World) {
    let scim = world.scim();
    let ids = world.populate(12_000).await;
    let group = scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Everyone"})).await;
    let path = format!("/Groups/{}", group.id());
    let head = world.head().await;
    let all: Value = ids.iter().map(|id| json!({"value": id})).collect();

    let put = scim.put(&path, &json!({"schemas": [GROUP], "displayName": "Everyone", "members": all})).await;

    assert!([200, 204].contains(&put.status), "{}", put.body);
    assert_eq!(world.head().await, head + 1);
    let read = scim.get(&path).await.expect(200);
    assert_eq!(members(&read), sorted(&ids.iter().collect::<Vec<_>>()));
    assert_eq!(world.group(&group.id()).await.direct_member_count, 12_000);
}

async fn a_member_is_looked_for_by_filter(world: World) {
    let scim = world.scim();
    let p = people(scim, 2).await;
    let group = scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Engines", "members": [{"value": p[0]}]})).await;
    scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Other", "members": [{"value": p[1]}]})).await.expect(201);
    let count = async |filter: String| {
        scim.list("/Groups", &[("filter", &filter), ("attributes", "id")]).await.expect(200)["totalResults"].as_i64().unwrap()
    };

    assert_eq!(count(format!("id eq \"{}\" and members eq \"{}\"", group.id(), p[0])).await, 1);
    assert_eq!(count(format!("id eq \"{}\" and members eq \"{}\"", group.id(), p[1])).await, 0);
    assert_eq!(count(format!("members.value eq \"{}\"", p[1])).await, 1);
    assert_eq!(count(format!("members[value eq \"{}\"]", p[1])).await, 1);
    assert_eq!(count("members pr".to_owned()).await, 2);
    assert_eq!(
        scim.list("/Users", &[("filter", &format!("groups.value eq \"{}\"", group.id()))]).await.expect(200)["Resources"][0]["id"],
        json!(p[0])
    );
}

async fn groups_are_listed_with_their_members_unless_that_is_excluded(world: World) {
    let scim = world.scim();
    let p = people(scim, 2).await;
    for (name, member) in [("A", &p[0]), ("B", &p[1])] {
        scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": name, "members": [{"value": member}]})).await.expect(201);
    }

    let full = scim.list("/Groups", &[("sortBy", "displayName")]).await.expect(200);
    let bare = scim.list("/Groups", &[("sortBy", "displayName"), ("excludedAttributes", "members")]).await.expect(200);

    assert_eq!((members(&full["Resources"][0]), members(&full["Resources"][1])), (vec![p[0].clone()], vec![p[1].clone()]));
    assert!(bare["Resources"].as_array().unwrap().iter().all(|g| g.get("members").is_none()));
}

async fn a_deleted_group_leaves_its_members_alone(world: World) {
    let scim = world.scim();
    let p = people(scim, 1).await;
    let path = format!(
        "/Groups/{}",
        scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Engines", "members": [{"value": p[0]}]})).await.id()
    );

    assert_eq!(scim.delete(&path).await.status, 204);

    scim.get(&path).await.is_error(404, "");
    scim.delete(&path).await.is_error(404, "");
    assert!(scim.get(&format!("/Users/{}", p[0])).await.expect(200).get("groups").is_none());
}

faces! {
    a_group_is_made_with_its_members_and_shows_them
    the_same_display_name_may_be_held_twice
    members_change_by_patch_in_every_shape
    an_odd_removal_never_empties_a_group
    a_put_sets_the_whole_membership
    a_put_of_more_members_than_one_message_holds_is_one_commit
    a_member_is_looked_for_by_filter
    groups_are_listed_with_their_members_unless_that_is_excluded
    a_deleted_group_leaves_its_members_alone
}
