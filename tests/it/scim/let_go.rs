//! Groups and whom a connection let go (Connection.on_delete is DEACTIVATE or UNLINK): what it sets without them is without them,
//! and what it reads of a group has the version of what it reads.

use super::links::{deleting, person, set_without, team, teams};
use crate::harness::{
    Answer, World, faces,
    scim::{GROUP, Scim, send},
};
use reqwest::Method;
use roster::api::v1::connection::Deprovision;
use serde_json::json;

async fn if_changed(scim: &Scim, path: &str, etag: &str) -> Answer {
    send(scim.request(Method::GET, path).header("if-none-match", etag)).await
}

/// As of who was deleted softly: what is said of a group while somebody is gone for the connection is not undone by a create.
async fn who_was_deactivated_is_in_no_group_that_the_connection_sets_without_them(world: World) {
    let (_, scim) = deleting(&world, Deprovision::Deactivate).await;
    let (ada, eve) = (scim.post("/Users", &person("ada", "1")).await.id(), scim.post("/Users", &person("eve", "2")).await.id());
    let groups = teams(&scim, (&ada, &eve)).await;
    scim.delete(&format!("/Users/{ada}")).await.expect(204);
    assert!(world.members(&groups[0]).await.contains(&ada), "a delete that deactivates ends no membership");

    set_without(&world, &scim, &groups, (&ada, &eve)).await;

    for back in [false, true] {
        if back {
            assert_eq!(scim.post("/Users", &person("ada", "1")).await.id(), ada);
        }
        for (at, group) in groups.iter().enumerate() {
            assert_eq!(world.members(group).await.contains(&ada), at > 4, "group {at}, back: {back}");
        }
    }
}

async fn whom_another_connection_manages_stays_in_the_groups_that_one_sets(world: World) {
    let (_, a) = deleting(&world, Deprovision::Deactivate).await;
    let (_, b) = deleting(&world, Deprovision::Deactivate).await;
    let ada = a.post("/Users", &person("ada", "A-1")).await.id();
    let path = format!("/Users/{ada}");
    b.patch(&path, &json!([{"op": "add", "path": "externalId", "value": "B-1"}])).await.expect(200);
    let (set, removed) = (team(&a, "Set", &[&ada]).await, team(&a, "Removed", &[&ada]).await);
    a.delete(&path).await.expect(204);
    let empty = json!({"schemas": [GROUP], "displayName": "Set", "members": []});
    let removal = json!([{"op": "remove", "path": format!("members[value eq \"{ada}\"]")}]);

    a.put(&format!("/Groups/{set}"), &empty).await.expect(200);
    a.patch(&format!("/Groups/{removed}"), &removal).await.expect(200);

    for group in [&set, &removed] {
        assert_eq!(world.members(group).await, std::slice::from_ref(&ada));
        assert_eq!(b.get(&format!("/Groups/{group}")).await.expect(200)["members"][0]["value"], json!(ada));
    }
    // When that one has let the user go as well, either may end it.
    b.delete(&path).await.expect(204);
    a.put(&format!("/Groups/{set}"), &empty).await.expect(200);
    b.patch(&format!("/Groups/{removed}"), &removal).await.expect(200);
    assert_eq!((world.members(&set).await, world.members(&removed).await), (vec![], vec![]));
}

/// The same where the members are too many to be compared at once.
async fn a_large_group_is_set_without_whom_the_connection_deactivated(world: World) {
    let (_, a) = deleting(&world, Deprovision::Deactivate).await;
    let (_, b) = deleting(&world, Deprovision::Deactivate).await;
    let ids = world.populate(10_001).await;
    let group = format!("/Groups/{}", team(&a, "Everyone", &[]).await);
    let all: Vec<_> = ids.iter().map(|id| json!({"value": id})).collect();
    a.put(&group, &json!({"schemas": [GROUP], "displayName": "Everyone", "members": all})).await.expect(200);
    let (own, shared, left) = (ids[3].clone(), ids[5_000].clone(), ids[10_000].clone());
    b.patch(&format!("/Users/{shared}"), &json!([{"op": "add", "path": "externalId", "value": "B-1"}])).await.expect(200);
    for id in [&own, &shared] {
        a.delete(&format!("/Users/{id}")).await.expect(204);
    }

    a.put(&group, &json!({"schemas": [GROUP], "displayName": "Everyone", "members": [{"value": left}]})).await.expect(200);

    assert_eq!(world.members(group.rsplit('/').next().unwrap()).await, [shared, left]);
}

/// A version stands for what was read under it.
async fn a_group_has_another_version_when_a_member_goes_from_sight_and_when_it_comes_back(world: World) {
    for on_delete in [Deprovision::Deactivate, Deprovision::Unlink] {
        let (_, scim) = deleting(&world, on_delete).await;
        let name = format!("ada{}", on_delete as i32);
        let ada = scim.post("/Users", &person(&name, "1")).await.id();
        let group = format!("/Groups/{}", team(&scim, "Engines", &[&ada]).await);
        let other = format!("/Groups/{}", team(&scim, "Others", &[]).await);
        let (with, others) = (scim.get(&group).await, scim.get(&other).await);
        assert_eq!(if_changed(&scim, &group, with.header("etag")).await.status, 304);

        scim.delete(&format!("/Users/{ada}")).await.expect(204);

        let without = if_changed(&scim, &group, with.header("etag")).await;
        assert_eq!((without.status, without.body.get("members")), (200, None));
        assert_ne!(without.body["meta"], with.body["meta"]);
        assert_eq!(if_changed(&scim, &group, without.header("etag")).await.status, 304);
        assert_eq!(if_changed(&scim, &other, others.header("etag")).await.status, 304, "it was in another group");

        assert_eq!(scim.post("/Users", &person(&name, "1")).await.id(), ada);

        let again = if_changed(&scim, &group, without.header("etag")).await;
        assert_eq!((again.status, &again.body["members"][0]["value"]), (200, &json!(ada)));
        assert_ne!(again.header("etag"), with.header("etag"));
        assert_eq!(if_changed(&scim, &other, others.header("etag")).await.status, 304);
    }
}

faces! {
    who_was_deactivated_is_in_no_group_that_the_connection_sets_without_them
    whom_another_connection_manages_stays_in_the_groups_that_one_sets
    a_group_has_another_version_when_a_member_goes_from_sight_and_when_it_comes_back
}

mod large {
    use super::a_large_group_is_set_without_whom_the_connection_deactivated;

    crate::harness::both! { a_large_group_is_set_without_whom_the_connection_deactivated }
}
