//! Groups that a connection deletes and creates again (Connection.on_recreate), and lists of what was deleted.

use super::links::{connected, deleting, person, team};
use crate::harness::{
    World, faces,
    roles::{grant, role},
    scim::{ENTERPRISE, GROUP, Scim, USER},
    shapes::group_principal,
};
use prost_types::Duration;
use roster::api::v1::{
    Group, ListGroupsRequest, ListOptions,
    connection::{Deprovision, Recreate, Visibility},
    link::{Reason, State},
};
use serde_json::{Value, json};

fn called(name: &str, external_id: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
    json!({"schemas": [GROUP], "displayName": name, "externalId": external_id, "members": members})
}

async fn deleted(scim: &Scim, id: &str) {
    scim.delete(&format!("/Groups/{id}")).await.expect(204);
    scim.get(&format!("/Groups/{id}")).await.is_error(404, "");
}

async fn gone(world: &World) -> Vec<Group> {
    let list = Some(ListOptions { show_deleted: true, ..ListOptions::default() });
    let request = ListGroupsRequest { organization_id: world.organization.clone(), list, ..ListGroupsRequest::default() };
    let groups = world.grpc().groups.list_groups(request).await.unwrap().into_inner().groups;
    groups.into_iter().filter(|group| group.meta.as_ref().is_some_and(|meta| meta.delete_time.is_some())).collect()
}

async fn a_group_that_is_created_again_is_the_one_it_was(world: World) {
    let (connection, scim) = deleting(&world, Deprovision::SoftDelete).await;
    let ada = scim.post("/Users", &person("ada", "1")).await.id();
    let eve = scim.post("/Users", &person("eve", "2")).await.id();
    let id = scim.post("/Groups", &called("Engines", "G-1", &[&ada])).await.id();
    let (above, set) = (team(&scim, "Above", &[&id]).await, team(&scim, "Set", &[&id]).await);
    let billing = world.create_role(role("billing", &[])).await.id;
    world.assign(vec![grant(&billing, group_principal(&id))], &[]).await.unwrap();
    let made = world.group(&id).await.meta.unwrap().create_time;
    deleted(&scim, &id).await;
    assert!(!world.holds(&ada, "billing").await && world.members(&above).await.is_empty());
    let [shown] = &gone(&world).await[..] else { panic!("one group waits") };
    assert_eq!((shown.id.as_str(), shown.display_name.as_str(), shown.direct_member_count), (id.as_str(), "Engines", 0));
    assert!(shown.meta.as_ref().unwrap().purge_time.is_some());
    scim.put(&format!("/Groups/{set}"), &json!({"schemas": [GROUP], "displayName": "Set", "members": []})).await.expect(200);

    let back = scim.post("/Groups", &called("Motors", "G-1", &[&eve])).await;

    assert_eq!((back.status, back.id()), (201, id.clone()), "{}", back.body);
    assert_eq!(back.body, scim.get(&format!("/Groups/{id}")).await.body);
    assert_eq!((back.body["displayName"].as_str(), back.body["externalId"].as_str()), (Some("Motors"), Some("G-1")));
    assert_eq!(world.members(&id).await, std::slice::from_ref(&eve));
    assert_eq!((world.members(&above).await, world.members(&set).await), (vec![id.clone()], vec![]));
    assert!(world.holds(&eve, "billing").await && !world.holds(&ada, "billing").await);
    let group = world.group(&id).await;
    assert_eq!((group.meta.unwrap().create_time, gone(&world).await.len()), (made, 0));
    let link = group.links.iter().find(|link| link.connection_id == connection).unwrap();
    assert_eq!((link.state(), link.reason(), link.matched_attribute.as_str()), (State::Linked, Reason::Restored, "externalId"));
    // And by its name, in any letter case, where nothing says that it is another one.
    deleted(&scim, &id).await;
    assert_ne!(scim.post("/Groups", &called("Motors", "G-2", &[])).await.id(), id);
    assert_eq!(scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "MOTORS"})).await.id(), id);
    // Nothing is left to come back.
    assert_ne!(scim.post("/Groups", &called("Engines", "G-1", &[])).await.id(), id);
}

async fn a_group_comes_back_only_to_whom_it_may(world: World) {
    let (_, other) = deleting(&world, Deprovision::SoftDelete).await;
    let (_, purging) = deleting(&world, Deprovision::Purge).await;
    let (_, renewing) = connected(&world, "on_recreate", |c| c.on_recreate = Recreate::New.into()).await;
    let day = Some(Duration { seconds: 86_400, nanos: 0 });
    let (_, waiting) = connected(&world, "purge_after", |c| c.purge_after = day).await;
    for scim in [&purging, &renewing] {
        let id = scim.post("/Groups", &called("Engines", "G-1", &[])).await.id();
        deleted(scim, &id).await;
        assert!(gone(&world).await.is_empty());
        assert_ne!(scim.post("/Groups", &called("Engines", "G-1", &[])).await.id(), id);
    }
    let id = waiting.post("/Groups", &called("Engines", "G-1", &[])).await.id();
    deleted(&waiting, &id).await;
    assert_ne!(other.post("/Groups", &called("Engines", "G-1", &[])).await.id(), id);
    assert_eq!(world.after_days(2).await, 1);
    assert!(gone(&world).await.is_empty());
    assert_ne!(waiting.post("/Groups", &called("Engines", "G-1", &[])).await.id(), id);
}

/// Who manages whom is not told to a connection that sees only what it manages, and stays when that one writes.
async fn a_manager_whom_a_connection_does_not_see_is_not_named(world: World) {
    let (_, a) = connected(&world, "visibility", |c| c.visibility = Visibility::Linked.into()).await;
    let (ada, eve) = (a.post("/Users", &person("ada", "1")).await.id(), a.post("/Users", &person("eve", "2")).await.id());
    let boss = world.scim().post("/Users", &person("boss", "3")).await.id();
    let path = format!("/Users/{ada}");
    let managed = |by: &str| json!([{"op": "add", "path": format!("{ENTERPRISE}:manager"), "value": {"value": by}}]);
    let manager = |body: &Value| body[ENTERPRISE]["manager"]["value"].as_str().map(str::to_owned);
    let of = |scim: &Scim| {
        let (scim, path) = (scim.clone(), path.clone());
        async move { manager(&scim.get(&path).await.expect(200)) }
    };

    world.scim().patch(&path, &managed(&boss)).await.expect(200);
    assert_eq!((of(world.scim()).await, of(&a).await), (Some(boss.clone()), None));
    let listed = a.list("/Users", &[("filter", "userName eq \"ada\"")]).await.expect(200);
    assert_eq!(manager(&listed["Resources"][0]), None);
    let put = a.put(&path, &json!({"schemas": [USER], "userName": "ada", "externalId": "1", "title": "Countess"})).await.expect(200);
    assert_eq!((manager(&put), of(world.scim()).await), (None, Some(boss.clone())));
    // What it says itself it sees: somebody of its own, and whatever is nobody's id.
    for by in [eve.as_str(), "CN=boss"] {
        a.patch(&path, &managed(by)).await.expect(200);
        assert_eq!((of(&a).await, of(world.scim()).await), (Some(by.to_owned()), Some(by.to_owned())));
    }
    a.patch(&path, &json!([{"op": "remove", "path": format!("{ENTERPRISE}:manager")}])).await.expect(200);
    assert_eq!(of(world.scim()).await, None);
}

faces! {
    a_group_that_is_created_again_is_the_one_it_was
    a_group_comes_back_only_to_whom_it_may
    a_manager_whom_a_connection_does_not_see_is_not_named
}
