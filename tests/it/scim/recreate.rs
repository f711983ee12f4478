//! A create that names whom the connection let go (Connection.on_recreate): the same id comes back, with its memberships.

use super::links::{connected, deleting, person, set_without, team, teams};
use crate::harness::{
    World, faces,
    scim::{GROUP, USER},
    shapes::by_id,
};
use roster::api::v1::{
    Link,
    connection::{Deprovision, Recreate},
    link::{Reason, State},
};
use serde_json::json;

async fn who_was_deleted_softly_comes_back_with_its_id_its_memberships_and_the_new_attributes(world: World) {
    let (connection, scim) = deleting(&world, Deprovision::SoftDelete).await;
    let id = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada", "externalId": "HR-7", "title": "Countess"})).await.id();
    let (kept, gone) = (team(&scim, "Kept", &[&id]).await, team(&scim, "Gone", &[&id]).await);
    let created = world.user(&id).await.meta.unwrap().create_time;
    scim.delete(&format!("/Users/{id}")).await.expect(204);
    scim.delete(&format!("/Groups/{gone}")).await.expect(204);
    assert_eq!(world.members(&kept).await, Vec::<String>::new());

    // By its externalId, whatever it is called now.
    let back = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada.king", "externalId": "HR-7", "nickName": "Ada"})).await;

    assert_eq!(back.status, 201, "{}", back.body);
    assert_eq!(back.id(), id);
    assert_eq!((back.body.get("title"), &back.body["nickName"], &back.body["active"]), (None, &json!("Ada"), &json!(true)));
    assert_eq!(world.members(&kept).await, std::slice::from_ref(&id));
    let user = world.user(&id).await;
    assert_eq!((user.links[0].state(), user.links[0].reason()), (State::Linked, Reason::Restored));
    assert_eq!((user.links[0].connection_id.as_str(), user.links[0].matched_attribute.as_str()), (connection.as_str(), "externalId"));
    assert_eq!(user.meta.unwrap().create_time, created);
    // And again by its userName alone.
    scim.delete(&format!("/Users/{id}")).await.expect(204);
    assert_eq!(scim.post("/Users", &json!({"schemas": [USER], "userName": "ADA.King"})).await.id(), id);
    assert_eq!(scim.get("/Users").await.expect(200)["totalResults"], 1);
}

/// Row 33 (JumpCloud)
async fn an_account_that_a_delete_deactivated_comes_back_with_the_same_id_and_its_memberships(world: World) {
    for on_delete in [Deprovision::Deactivate, Deprovision::Unlink] {
        let (connection, scim) = deleting(&world, on_delete).await;
        let name = format!("ada{}", on_delete as i32);
        let id = scim.post("/Users", &person(&name, "HR-7")).await.id();
        let group = team(&scim, "Engines", &[&id]).await;

        for again in [person(&name, "HR-7"), person(&name, "HR-8"), person(&format!("{name}.king"), "HR-8")] {
            scim.delete(&format!("/Users/{id}")).await.expect(204);
            assert_eq!(world.user(&id).await.active, Some(on_delete == Deprovision::Unlink));
            scim.get(&format!("/Users/{id}")).await.is_error(404, "");

            let back = scim.post("/Users", &again).await;

            assert_eq!((back.status, back.id()), (201, id.clone()), "{}", back.body);
            assert_eq!(back.body["externalId"], again["externalId"]);
            let user = world.user(&id).await;
            assert_eq!(user.active, Some(true));
            let link = user.links.iter().find(|l| l.connection_id == connection).unwrap();
            assert_eq!((link.state(), link.reason(), link.external_id.as_deref()), (State::Linked, Reason::Restored, None));
            assert_eq!(world.members(&group).await, std::slice::from_ref(&id));
        }
    }
}

async fn a_create_wakes_whom_the_connection_manages_and_made_inactive(world: World) {
    let scim = world.scim();
    let id = scim.post("/Users", &person("ada", "HR-7")).await.id();
    let group = team(scim, "Engines", &[&id]).await;
    scim.post("/Users", &person("ada", "HR-7")).await.is_error(409, "uniqueness");
    scim.patch(&format!("/Users/{id}"), &json!([{"op": "replace", "path": "active", "value": false}])).await.expect(200);
    let asleep = json!({"schemas": [USER], "userName": "ada", "active": false});
    for silent in [asleep, person("ada", "HR-7")] {
        scim.post("/Users", &silent).await.is_error(409, "uniqueness");
    }

    let back = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada", "externalId": "HR-7", "active": true})).await;

    assert_eq!((back.status, back.id(), &back.body["active"]), (201, id.clone(), &json!(true)));
    assert_eq!(world.user(&id).await.links[0].reason(), Reason::Created, "it was linked all the time");
    assert_eq!(world.members(&group).await, [id]);
    scim.post("/Users", &person("ada", "HR-7")).await.is_error(409, "uniqueness");
}

/// Row 47 (Bitwarden)
/// Row 31 and requirement of lossless suspension: `active` moves, and nothing else.
async fn deactivate_and_reactivate_lose_nothing(world: World) {
    let scim = world.scim();
    let id = scim.post("/Users", &person("ada", "HR-7")).await.id();
    let group = team(scim, "Engines", &[&id]).await;
    let path = format!("/Users/{id}");
    let before = world.user(&id).await;

    for active in [false, true] {
        scim.patch(&path, &json!([{"op": "replace", "path": "active", "value": active}])).await.expect(200);
        assert_eq!(world.members(&group).await, std::slice::from_ref(&id));
        let mut expected = before.clone();
        let now = world.user(&id).await;
        expected.active = Some(active);
        expected.meta.clone_from(&now.meta);
        assert_eq!(now, expected);
    }
}

async fn a_connection_brings_back_only_whom_it_let_go_itself(world: World) {
    let (_, a) = deleting(&world, Deprovision::SoftDelete).await;
    let (_, b) = deleting(&world, Deprovision::SoftDelete).await;
    let id = a.post("/Users", &person("ada", "1")).await.id();
    a.delete(&format!("/Users/{id}")).await.expect(204);

    let other = b.post("/Users", &person("ada", "1")).await;

    assert_eq!(other.status, 201);
    assert_ne!(other.id(), id);
    // The name is held by a living user now: that one counts, and nothing changes.
    let head = world.head().await;
    a.post("/Users", &person("ada", "1")).await.is_error(409, "uniqueness");
    assert_eq!(world.head().await, head);
    // Under another name it is the one it was.
    assert_eq!(a.post("/Users", &person("ada.king", "1")).await.id(), id);
    // What an administrator deleted is nobody's to bring back.
    let grace = a.post("/Users", &person("grace", "2")).await.id();
    world.delete_user(&grace).await;
    assert_ne!(a.post("/Users", &person("grace", "2")).await.id(), grace);
}

async fn a_connection_may_make_new_users_instead(world: World) {
    let (_, scim) = connected(&world, "on_recreate", |c| c.on_recreate = Recreate::New.into()).await;
    let first = scim.post("/Users", &person("ada", "1")).await.id();
    scim.delete(&format!("/Users/{first}")).await.expect(204);

    let second = scim.post("/Users", &person("ada", "1")).await.id();

    assert_ne!(second, first);
}

async fn a_bulk_that_brings_a_user_back_puts_that_one_into_its_groups(world: World) {
    let (_, scim) = deleting(&world, Deprovision::SoftDelete).await;
    let id = scim.post("/Users", &person("ada", "1")).await.id();
    scim.delete(&format!("/Users/{id}")).await.expect(204);

    let done = scim
        .bulk(&json!([
            {"method": "POST", "path": "/Users", "bulkId": "u", "data": person("ada", "1")},
            {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"schemas": [crate::harness::scim::GROUP],
                "displayName": "Engines", "members": [{"value": "bulkId:u"}]}},
        ]))
        .await
        .expect(200);

    let operations = done["Operations"].as_array().unwrap();
    assert!(operations.iter().all(|o| o["status"] == "201"), "{done}");
    assert!(operations[0]["location"].as_str().unwrap().ends_with(&id), "{done}");
    let group = operations[1]["location"].as_str().unwrap().rsplit('/').next().unwrap();
    assert_eq!(world.members(group).await, [id]);
}

async fn what_is_erased_does_not_come_back(world: World) {
    let (_, scim) = connected(&world, "purge_after", |c| c.purge_after = Some(prost_types::Duration { seconds: 86_400, nanos: 0 })).await;
    let id = scim.post("/Users", &person("ada", "1")).await.id();
    scim.delete(&format!("/Users/{id}")).await.expect(204);

    assert_eq!(world.after_days(2).await, 1);

    let new = scim.post("/Users", &person("ada", "1")).await;
    assert_eq!(new.status, 201);
    assert_ne!(new.id(), id);
}

async fn whom_a_connection_never_managed_it_does_not_get_by_deleting(world: World) {
    for on_delete in [Deprovision::SoftDelete, Deprovision::Purge, Deprovision::Deactivate, Deprovision::Unlink] {
        let (_, owner) = deleting(&world, Deprovision::SoftDelete).await;
        let (_, thief) = deleting(&world, on_delete).await;
        let name = format!("ada{}", on_delete as i32);
        let id = owner.post("/Users", &json!({"schemas": [USER], "userName": name, "title": "Countess"})).await.id();
        thief.delete(&format!("/Users/{id}")).await.expect(204);
        let before = world.user(&id).await;

        for stolen in [person(&name, "T-1"), json!({"schemas": [USER], "userName": name, "title": "stolen", "active": false})] {
            thief.post("/Users", &stolen).await.is_error(409, "uniqueness");
        }

        assert_eq!(world.user(&id).await, before);
        assert_eq!(owner.get(&format!("/Users/{id}")).await.expect(200)["title"], "Countess");
    }
}

/// Requirement 37 (RFC 7644 section 3.3): who was there before is shown as a read shows it.
async fn who_comes_back_is_shown_whole(world: World) {
    for on_delete in [Deprovision::SoftDelete, Deprovision::Deactivate] {
        let (_, scim) = deleting(&world, on_delete).await;
        let name = format!("ada{}", on_delete as i32);
        let id = scim.post("/Users", &person(&name, "HR-7")).await.id();
        let group = team(&scim, "Engines", &[&id]).await;
        scim.delete(&format!("/Users/{id}")).await.expect(204);

        let back = scim.post("/Users", &person(&name, "HR-7")).await;

        let read = scim.get(&format!("/Users/{id}")).await;
        assert_eq!((back.status, back.header("etag")), (201, read.header("etag")));
        assert_eq!(back.body, read.body);
        assert_eq!(back.body["groups"][0]["value"], json!(group));
    }
}

/// What was said of a group while somebody was deleted is not undone by bringing that one back.
async fn nobody_comes_back_into_a_group_that_ended_it_meanwhile(world: World) {
    let scim = world.scim();
    let (ada, eve) = (scim.post("/Users", &person("ada", "1")).await.id(), scim.post("/Users", &person("eve", "2")).await.id());
    let groups = teams(scim, (&ada, &eve)).await;
    // Before the delete, it is no word about who is deleted.
    scim.put(&format!("/Groups/{}", groups[5]), &json!({"schemas": [GROUP], "displayName": "Kept", "members": [{"value": ada}]}))
        .await
        .expect(200);
    scim.delete(&format!("/Users/{ada}")).await.expect(204);

    set_without(&world, scim, &groups, (&ada, &eve)).await;

    assert_eq!(scim.post("/Users", &person("ada", "1")).await.id(), ada);

    for (at, group) in groups.iter().enumerate() {
        let holds = world.members(group).await.contains(&ada);
        assert_eq!(holds, at > 4, "group {at}");
    }
}

async fn whom_two_connections_deleted_comes_back_to_either_as_the_same(world: World) {
    let (first, a) = deleting(&world, Deprovision::SoftDelete).await;
    let (second, b) = deleting(&world, Deprovision::SoftDelete).await;
    for round in 0..2 {
        let name = format!("ada{round}");
        let id = a.post("/Users", &person(&name, &format!("A-{round}"))).await.id();
        let path = format!("/Users/{id}");
        b.patch(&path, &json!([{"op": "add", "path": "externalId", "value": format!("B-{round}")}])).await.expect(200);
        a.delete(&path).await.expect(204);
        b.delete(&path).await.expect(204);
        assert!(world.try_get_user(by_id(&id)).await.is_err());

        let (one, other) = ((&a, &first, format!("A-{round}")), (&b, &second, format!("B-{round}")));
        let [one, other] = if round == 0 { [one, other] } else { [other, one] };
        let back = one.0.post("/Users", &person(&name, &one.2)).await;

        assert_eq!((back.status, back.id()), (201, id.clone()), "{}", back.body);
        let links = world.user(&id).await.links;
        let state = |connection: &str| links.iter().find(|link| link.connection_id == *connection).map(Link::state);
        assert_eq!((state(one.1), state(other.1)), (Some(State::Linked), Some(State::Unlinked)));
        other.0.get(&path).await.is_error(404, "");
        let back = other.0.post("/Users", &person(&name, &other.2)).await;
        assert_eq!((back.status, back.id()), (201, id.clone()), "{}", back.body);
        assert!(world.user(&id).await.links.iter().all(|link| link.state() == State::Linked));
    }
}

faces! {
    who_comes_back_is_shown_whole
    nobody_comes_back_into_a_group_that_ended_it_meanwhile
    whom_two_connections_deleted_comes_back_to_either_as_the_same
    whom_a_connection_never_managed_it_does_not_get_by_deleting
    a_create_wakes_whom_the_connection_manages_and_made_inactive
    what_is_erased_does_not_come_back
    who_was_deleted_softly_comes_back_with_its_id_its_memberships_and_the_new_attributes
    an_account_that_a_delete_deactivated_comes_back_with_the_same_id_and_its_memberships
    deactivate_and_reactivate_lose_nothing
    a_connection_brings_back_only_whom_it_let_go_itself
    a_connection_may_make_new_users_instead
    a_bulk_that_brings_a_user_back_puts_that_one_into_its_groups
}
