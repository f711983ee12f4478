//! Connections and what they manage: what one lets go is gone for it, and as before for everybody else.

use crate::harness::{
    World, faces,
    scim::{GROUP, Scim, USER},
};
use prost_types::FieldMask;
use roster::api::v1::{
    Connection, Link, UpdateConnectionRequest,
    connection::Deprovision,
    link::{Reason, State},
};
use serde_json::{Value, json};

/// A new connection that deletes in this way, and its client.
pub async fn deleting(world: &World, on_delete: Deprovision) -> (String, Scim) {
    let (connection, scim) = world.scim_as("default").await;
    let request = UpdateConnectionRequest {
        organization_id: world.organization.clone(),
        connection: Some(Connection { on_delete: on_delete.into(), ..connection.clone() }),
        update_mask: Some(FieldMask { paths: vec!["on_delete".to_owned()] }),
        ..UpdateConnectionRequest::default()
    };
    world.grpc().provisioning.update_connection(request).await.unwrap();
    // A token's connection may be remembered for a second: another token begins with what is true now.
    let token = world.issue(&world.organization, &connection.id, "", &["scim".to_owned()]).await.unwrap().secret;
    (connection.id, scim.with_token(&token))
}

pub fn person(user_name: &str, external_id: &str) -> Value {
    json!({"schemas": [USER], "userName": user_name, "externalId": external_id})
}

fn link<'l>(links: &'l [Link], connection: &str) -> &'l Link {
    links.iter().find(|l| l.connection_id == connection).unwrap()
}

async fn two_connections_on_one_organization_keep_to_their_own_names_and_a_delete_by_one_only_unlinks(world: World) {
    let (first, a) = deleting(&world, Deprovision::SoftDelete).await;
    let (second, b) = deleting(&world, Deprovision::Purge).await;
    let id = a.post("/Users", &person("ada", "A-1")).await.id();
    let path = format!("/Users/{id}");
    b.patch(&path, &json!([{"op": "add", "path": "externalId", "value": "B-1"}])).await.expect(200);
    let group = a.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Engines", "members": [{"value": id}]})).await.id();

    assert_eq!(a.get(&path).await.expect(200)["externalId"], "A-1");
    assert_eq!(b.get(&path).await.expect(200)["externalId"], "B-1");
    let links = world.user(&id).await.links;
    assert_eq!(links.len(), 2);
    assert_eq!((link(&links, &first).state(), link(&links, &first).reason()), (State::Linked, Reason::Created));
    assert_eq!((link(&links, &second).state(), link(&links, &second).reason()), (State::Linked, Reason::ExternalId));

    a.delete(&path).await.expect(204);

    a.get(&path).await.is_error(404, "");
    a.put(&path, &person("ada", "A-1")).await.is_error(404, "");
    a.patch(&path, &json!([{"op": "add", "path": "title", "value": "x"}])).await.is_error(404, "");
    a.delete(&path).await.is_error(404, "");
    assert_eq!(b.get(&path).await.expect(200)["externalId"], "B-1");
    let user = world.user(&id).await;
    assert_eq!(user.active, Some(true));
    let ended = link(&user.links, &first);
    assert_eq!((ended.state(), ended.external_id.as_deref()), (State::Unlinked, Some("A-1")));
    assert_eq!(world.members(&group).await, std::slice::from_ref(&id));
    // Now it is the second one's alone, and goes as that one says.
    b.delete(&path).await.expect(204);
    assert!(world.try_get_user(crate::harness::shapes::by_id(&id)).await.is_err());
}

async fn a_group_that_two_connections_manage_is_only_unlinked(world: World) {
    let (first, a) = deleting(&world, Deprovision::SoftDelete).await;
    let (_, b) = deleting(&world, Deprovision::SoftDelete).await;
    let id = a.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Engines", "externalId": "A-G"})).await.id();
    let path = format!("/Groups/{id}");
    b.patch(&path, &json!([{"op": "add", "path": "externalId", "value": "B-G"}])).await.expect(200);

    a.delete(&path).await.expect(204);

    a.get(&path).await.is_error(404, "");
    a.patch(&path, &json!([{"op": "add", "path": "displayName", "value": "x"}])).await.is_error(404, "");
    assert_eq!(b.get(&path).await.expect(200)["externalId"], "B-G");
    assert_eq!(link(&world.group(&id).await.links, &first).state(), State::Unlinked);
    b.delete(&path).await.expect(204);
    b.get(&path).await.is_error(404, "");
}

async fn what_a_connection_deactivates_by_a_delete_still_exists_and_is_gone_for_it(world: World) {
    let (connection, scim) = deleting(&world, Deprovision::Deactivate).await;
    let id = scim.post("/Users", &person("ada", "HR-7")).await.id();
    let group = scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Engines", "members": [{"value": id}]})).await.id();

    scim.delete(&format!("/Users/{id}")).await.expect(204);

    scim.get(&format!("/Users/{id}")).await.is_error(404, "");
    let user = world.user(&id).await;
    assert_eq!((user.active, link(&user.links, &connection).state()), (Some(false), State::Unlinked));
    assert_eq!(world.members(&group).await, [id]);
}

async fn what_a_connection_unlinks_stays_as_it_is(world: World) {
    let (_, scim) = deleting(&world, Deprovision::Unlink).await;
    let id = scim.post("/Users", &person("ada", "HR-7")).await.id();

    scim.delete(&format!("/Users/{id}")).await.expect(204);

    scim.get(&format!("/Users/{id}")).await.is_error(404, "");
    assert_eq!(world.user(&id).await.active, Some(true));
}

faces! {
    two_connections_on_one_organization_keep_to_their_own_names_and_a_delete_by_one_only_unlinks
    a_group_that_two_connections_manage_is_only_unlinked
    what_a_connection_deactivates_by_a_delete_still_exists_and_is_gone_for_it
    what_a_connection_unlinks_stays_as_it_is
}
