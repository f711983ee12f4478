//! PATCH of a group (RFC 7644 section 3.5.2): its members, and what is answered.

use super::scene::{group, user};
use crate::harness::{
    World, faces,
    scim::{GROUP, Scim, USER},
};
use serde_json::{Value, json};

/// Three users and a group of the first two: their ids, and its path.
async fn team(scim: &Scim) -> ([String; 3], String) {
    let ids = [user(scim, "a").await.id(), user(scim, "b").await.id(), user(scim, "c").await.id()];
    let group = group(scim, json!({"displayName": "Team", "members": [{"value": ids[0]}, {"value": ids[1]}]})).await;
    (ids, format!("/Groups/{}", group.id()))
}

fn members(group: &Value) -> Vec<&str> {
    let mut members: Vec<&str> = group["members"].as_array().into_iter().flatten().map(|m| m["value"].as_str().unwrap()).collect();
    members.sort_unstable();
    members
}

/// Row 49 (Bitwarden)
/// Requirements 65, 71 (RFC 7644 section 3.5.2.2): a removal removes exactly whom it names.
async fn a_removal_removes_whom_it_names(world: World) {
    let scim = world.scim();
    let ([a, b, c], path) = team(scim).await;
    let all = json!([{"op": "replace", "path": "members", "value": [{"value": a}, {"value": b}, {"value": c}]}]);
    let mut rest = [vec![b.as_str(), &c], vec![a.as_str()], vec![]];
    for ids in &mut rest {
        ids.sort_unstable();
    }
    let [without_a, only_a, nobody] = rest;

    for (operations, expected) in [
        (json!([{"op": "remove", "path": format!("members[value eq \"{a}\"]")}]), &without_a),
        (json!([{"op": "remove", "path": "members", "value": [{"value": a}]}]), &without_a),
        (json!([{"op": "remove", "path": "members", "value": {"value": a}}]), &without_a),
        (json!([{"op": "remove", "path": format!("members[value eq \"{b}\" or value eq \"{c}\"]")}]), &only_a),
        (
            json!([{"op": "remove", "path": format!("members[value eq \"{b}\"]")}, {"op": "remove", "path": format!("members[value eq \"{c}\"]")}]),
            &only_a,
        ),
        (json!([{"op": "remove", "path": "members"}, {"op": "add", "path": "members", "value": [{"value": a}]}]), &only_a),
        (json!([{"op": "remove", "path": "members"}]), &nobody),
        (json!([{"op": "replace", "path": "members", "value": []}]), &nobody),
    ] {
        scim.patch(&path, &all).await.expect(200);
        let body = scim.patch(&path, &operations).await.expect(200);
        assert_eq!(&members(&body), expected, "{operations}");
        assert_eq!(scim.get(&path).await.expect(200), body);
    }
}

/// Requirements 64, 71, 82 (RFC 7644 section 3.5.2): who is in already, or out already, changes nothing; who is no one is refused.
async fn what_holds_already_changes_nothing(world: World) {
    let scim = world.scim();
    let ([a, b, c], path) = team(scim).await;
    let before = scim.get(&path).await;
    let head = world.head().await;

    for operations in [
        json!([{"op": "add", "path": "members", "value": [{"value": a}, {"value": b}]}]),
        json!([{"op": "remove", "path": format!("members[value eq \"{c}\"]")}]),
        json!([{"op": "remove", "path": "members", "value": [{"value": c}]}]),
        json!([{"op": "replace", "path": "members", "value": [{"value": b}, {"value": a}, {"value": a}]}]),
        json!([{"op": "add", "path": "members", "value": [{"value": c}]}, {"op": "remove", "path": format!("members[value eq \"{c}\"]")}]),
        json!([{"op": "add", "path": "members", "value": []}]),
        json!([{"op": "replace", "path": "displayName", "value": "Team"}]),
    ] {
        let answer = scim.patch(&path, &operations).await;
        assert_eq!((answer.status, answer.header("etag")), (200, before.header("etag")), "{operations}");
        assert_eq!((world.head().await, &answer.body), (head, &before.body), "{operations}");
    }
    // Half of it good is none of it done.
    for operations in [
        json!([{"op": "add", "path": "members", "value": [{"value": c}, {"value": "nobody"}]}]),
        json!([{"op": "add", "path": "members", "value": [{"value": c}]}, {"op": "replace", "path": "displayName", "value": ""}]),
        json!([{"op": "remove", "path": "members"}, {"op": "add", "path": "members", "value": [{"value": "nobody"}]}]),
        json!([{"op": "replace", "path": "members", "value": [{"value": c}, {}]}]),
    ] {
        scim.patch(&path, &operations).await.is_error(400, "invalidValue");
        assert_eq!((world.head().await, scim.get(&path).await.body), (head, before.body.clone()), "{operations}");
    }
}

/// Requirements 70, 82 (RFC 7644 section 3.5.2): a small group is answered whole, a large one with 204, and with what is asked for when it is asked for.
async fn a_patch_of_a_group_is_answered_by_its_size(world: World) {
    let scim = world.scim();
    let ids = world.populate(1_001).await;
    let add =
        |ids: &[String]| json!([{"op": "add", "path": "members", "value": ids.iter().map(|id| json!({"value": id})).collect::<Vec<_>>()}]);
    let path = format!("/Groups/{}", group(scim, json!({"displayName": "Everyone"})).await.id());

    let small = scim.patch(&path, &add(&ids[..1_000])).await;
    let large = scim.patch(&path, &add(&ids[1_000..])).await;

    assert_eq!((small.status, small.body["members"].as_array().map(Vec::len)), (200, Some(1_000)));
    assert_eq!((large.status, &large.body), (204, &Value::Null));
    assert_ne!(large.header("etag"), small.header("etag"));
    assert_eq!(scim.get(&format!("{path}?excludedAttributes=members")).await.header("etag"), large.header("etag"));
    let rename = json!([{"op": "replace", "path": "displayName", "value": "All"}]);
    for query in ["attributes=displayName", "excludedAttributes=members"] {
        let asked = scim.patch(&format!("{path}?{query}"), &rename).await;
        assert_eq!((asked.status, &asked.body["displayName"], asked.body.get("members")), (200, &json!("All"), None), "{query}");
    }
    // A provider that wants no answer gets none, unless it asks.
    let (_, entra) = world.scim_as("entra").await;
    let path = format!("/Groups/{}", group(&entra, json!({"displayName": "Small"})).await.id());
    let silent = entra.patch(&path, &add(&ids[..1])).await;
    assert_eq!((silent.status, silent.header("etag")), (204, scim.get(&path).await.header("etag")));
    assert_eq!(entra.patch(&format!("{path}?attributes=displayName"), &rename).await.expect(200)["displayName"], "All");
}

/// Requirement 60 (RFC 7644 section 3.5.1): a PUT makes the members exactly these, in one change.
async fn a_put_makes_the_members_exactly_these(world: World) {
    let scim = world.scim();
    let ([a, b, c], path) = team(scim).await;
    let head = world.head().await;

    let put = |ids: Vec<&String>| json!({"schemas": [GROUP], "displayName": "Team", "members": ids.into_iter().map(|id| json!({"value": id})).collect::<Vec<_>>()});
    let one = scim.put(&path, &put(vec![&c, &b, &b])).await;
    assert_eq!(world.head().await, head + 1, "one change");
    let mut expected = [b.as_str(), &c];
    expected.sort_unstable();
    assert_eq!(members(&one.body), expected);
    let same = scim.put(&path, &put(vec![&b, &c])).await;
    assert_eq!((same.header("etag"), world.head().await), (one.header("etag"), head + 1));
    for (who, there) in [(&a, false), (&b, true), (&c, true)] {
        assert_eq!(scim.get(&format!("/Users/{who}")).await.body.get("groups").is_some(), there);
    }
    for wrong in [put(vec![&a, &"nobody".to_owned()]), json!({"schemas": [GROUP], "members": [{"value": a}]})] {
        scim.put(&path, &wrong).await.is_error(400, "invalidValue");
        assert_eq!((scim.get(&path).await.body, world.head().await), (one.body.clone(), head + 1));
    }
}

/// Decision (RFC 7643 section 4.2 leaves it open): groups may form a circle, and the circle has an end.
async fn a_circle_of_groups_has_an_end(world: World) {
    let scim = world.scim();
    let ada = user(scim, "ada").await.id();
    let one = group(scim, json!({"displayName": "One", "members": [{"value": ada}]})).await.id();
    let two = group(scim, json!({"displayName": "Two", "members": [{"value": one}]})).await.id();

    for (group, member) in [(&one, &two), (&one, &one)] {
        let operations = json!([{"op": "add", "path": "members", "value": [{"value": member}]}]);
        scim.patch(&format!("/Groups/{group}"), &operations).await.expect(200);
    }

    let read = scim.get(&format!("/Users/{ada}")).await.expect(200);
    let mut groups: Vec<(&str, &str)> =
        read["groups"].as_array().unwrap().iter().map(|g| (g["display"].as_str().unwrap(), g["type"].as_str().unwrap())).collect();
    groups.sort_unstable();
    assert_eq!(groups, [("One", "direct"), ("Two", "indirect")]);
    assert_eq!(scim.list("/Users", &[("filter", &format!("groups eq \"{two}\""))]).await.expect(200)["totalResults"], 1);
    scim.delete(&format!("/Groups/{one}")).await.expect(204);
    assert_eq!(scim.get(&format!("/Groups/{two}")).await.expect(200).get("members"), None);
    assert_eq!(scim.get(&format!("/Users/{ada}")).await.expect(200).get("groups"), None);
    scim.post("/Users", &json!({"schemas": [USER], "userName": "grace"})).await.expect(201);
}

faces! {
    a_removal_removes_whom_it_names
    what_holds_already_changes_nothing
    a_patch_of_a_group_is_answered_by_its_size
    a_put_makes_the_members_exactly_these
    a_circle_of_groups_has_an_end
}
