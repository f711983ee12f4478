//! Connections and what they manage: what one lets go is gone for it, and as before for everybody else.

use crate::harness::{
    World, faces,
    scim::{GROUP, Scim, USER},
    shapes::{add, by_id, principal},
};
use roster::api::v1::{
    Connection, Link,
    connection::{Deprovision, Visibility},
    link::{Reason, State},
};
use serde_json::{Value, json};

/// A new connection with a policy of its own, and its client.
pub async fn connected(world: &World, field: &str, change: impl FnOnce(&mut Connection)) -> (String, Scim) {
    let (connection, scim) = world.scim_as("default").await;
    let mut changed = connection.clone();
    change(&mut changed);
    world.update_connection(changed, &[field]).await.unwrap();
    // A token's connection may be remembered for a second: another token begins with what is true now.
    let token = world.issue(&world.organization, &connection.id, "", &["scim".to_owned()]).await.unwrap().secret;
    (connection.id, scim.with_token(&token))
}

/// A new connection that deletes in this way, and its client.
pub async fn deleting(world: &World, on_delete: Deprovision) -> (String, Scim) {
    connected(world, "on_delete", |c| c.on_delete = on_delete.into()).await
}

pub fn person(user_name: &str, external_id: &str) -> Value {
    json!({"schemas": [USER], "userName": user_name, "externalId": external_id})
}

pub async fn team(scim: &Scim, name: &str, members: &[&str]) -> String {
    let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
    scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": name, "members": members})).await.id()
}

/// Groups of both users, one for each way in which [`set_without`] speaks of them.
pub async fn teams(scim: &Scim, (ada, eve): (&str, &str)) -> Vec<String> {
    let mut groups = Vec::new();
    for name in ["Put", "Replaced", "Emptied", "Removed", "Netted", "Kept", "Renamed"] {
        groups.push(team(scim, name, &[ada, eve]).await);
    }
    groups
}

/// While Ada is gone for the connection it says of the first five groups that she is not in them, and changes the last two
/// without a word about her.
pub async fn set_without(world: &World, scim: &Scim, groups: &[String], (ada, eve): (&str, &str)) {
    let path = |at: usize| format!("/Groups/{}", groups[at]);
    let put = json!({"schemas": [GROUP], "displayName": "Put", "members": [{"value": eve}]});
    let removal = json!([{"op": "remove", "path": format!("members[value eq \"{ada}\"]")}]);

    let before = scim.get(&path(0)).await.header("etag").to_owned();
    let after = scim.put(&path(0), &put).await;
    assert_eq!(after.body["members"].as_array().map(Vec::len), Some(1));
    assert_ne!(after.header("etag"), before, "the group is another one: nobody comes back into it");
    scim.patch(&path(1), &json!([{"op": "replace", "path": "members", "value": [{"value": eve}]}])).await.expect(200);
    scim.patch(&path(2), &json!([{"op": "remove", "path": "members"}])).await.expect(200);
    scim.patch(&path(3), &removal).await.expect(200);
    let twice = json!([removal[0].clone(), {"op": "remove", "path": format!("members[value eq \"{eve}\"]")}]);
    scim.patch(&path(4), &twice).await.expect(200);
    scim.patch(&path(5), &json!([{"op": "add", "path": "members", "value": [{"value": eve}]}])).await.expect(200);
    scim.patch(&path(6), &json!([{"op": "replace", "path": "displayName", "value": "Other"}])).await.expect(200);
    // Said once more, it changes nothing.
    let head = world.head().await;
    scim.put(&path(0), &put).await.expect(200);
    scim.patch(&path(3), &removal).await.expect(200);
    assert_eq!(world.head().await, head);
}

fn link<'l>(links: &'l [Link], connection: &str) -> &'l Link {
    links.iter().find(|l| l.connection_id == connection).unwrap()
}

/// Sorted ids of a list's resources, and the total it says.
async fn listed(scim: &Scim, path: &str, query: &[(&str, &str)]) -> (Vec<String>, u64) {
    let body = scim.list(path, query).await.expect(200);
    let resources = body["Resources"].as_array().cloned().unwrap_or_default();
    let mut ids: Vec<String> = resources.iter().map(|r| r["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    (ids, body["totalResults"].as_u64().unwrap())
}

async fn members(scim: &Scim, group: &str) -> Vec<String> {
    let body = scim.get(&format!("/Groups/{group}")).await.expect(200);
    let mut ids: Vec<String> = body["members"].as_array().into_iter().flatten().map(|m| m["value"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

/// Row 9 (Jumper)
async fn two_connections_on_one_organization_keep_to_their_own_names_and_a_delete_by_one_only_unlinks(world: World) {
    let (first, a) = deleting(&world, Deprovision::SoftDelete).await;
    let (second, b) = deleting(&world, Deprovision::Purge).await;
    let id = a.post("/Users", &person("ada", "A-1")).await.id();
    let path = format!("/Users/{id}");
    b.patch(&path, &json!([{"op": "add", "path": "externalId", "value": "B-1"}])).await.expect(200);
    let group = team(&a, "Engines", &[&id]).await;

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
    assert!(world.try_get_user(by_id(&id)).await.is_err());
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
    assert_eq!(listed(&a, "/Groups", &[]).await, (vec![], 0));
    assert_eq!(listed(&b, "/Groups", &[]).await, (vec![id.clone()], 1));
    assert_eq!(b.get(&path).await.expect(200)["externalId"], "B-G");
    assert_eq!(link(&world.group(&id).await.links, &first).state(), State::Unlinked);
    b.delete(&path).await.expect(204);
    b.get(&path).await.is_error(404, "");
}

/// Rows 33, 49 (JumpCloud, Bitwarden)
async fn what_a_connection_deactivates_by_a_delete_still_exists_and_is_gone_for_it(world: World) {
    let (connection, scim) = deleting(&world, Deprovision::Deactivate).await;
    let id = scim.post("/Users", &person("ada", "HR-7")).await.id();
    let group = team(&scim, "Engines", &[&id]).await;

    scim.delete(&format!("/Users/{id}")).await.expect(204);

    scim.get(&format!("/Users/{id}")).await.is_error(404, "");
    let user = world.user(&id).await;
    assert_eq!((user.active, link(&user.links, &connection).state()), (Some(false), State::Unlinked));
    assert_eq!(world.members(&group).await, [id]);
}

/// Nothing tells the connection of whom it let go, and nothing it does reaches them.
async fn who_was_let_go_is_in_no_list_no_count_no_search_and_no_membership(world: World) {
    let (_, a) = deleting(&world, Deprovision::Unlink).await;
    let (ada, grace) = (a.post("/Users", &person("ada", "1")).await.id(), a.post("/Users", &person("grace", "2")).await.id());
    let inner = team(&a, "Inner", &[&ada, &grace]).await;
    let outer = team(&a, "Outer", &[&inner]).await;
    let both = {
        let mut both = vec![ada.clone(), grace.clone()];
        both.sort();
        both
    };
    assert_eq!(listed(&a, "/Users", &[]).await, (both.clone(), 2));

    a.delete(&format!("/Users/{ada}")).await.expect(204);

    let left = (vec![grace.clone()], 1);
    for query in [
        vec![],
        vec![("count", "1")],
        vec![("sortBy", "userName")],
        vec![("filter", "active eq true")],
        vec![("filter", "userName sw \"a\" or userName sw \"g\"")],
    ] {
        assert_eq!(listed(&a, "/Users", &query).await, left, "{query:?}");
    }
    let by_group = format!("groups.value eq \"{outer}\"");
    assert_eq!(listed(&a, "/Users", &[("filter", &by_group)]).await, left);
    for gone in ["userName eq \"ada\"".to_owned(), "externalId eq \"1\"".to_owned(), format!("id eq \"{ada}\"")] {
        assert_eq!(listed(&a, "/Users", &[("filter", &gone)]).await, (vec![], 0), "{gone}");
    }
    assert_eq!(a.list("/Users", &[("count", "0")]).await.expect(200)["totalResults"], 1);
    assert_eq!(a.get("/").await.expect(200)["totalResults"], 3);
    let search = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": "userName pr"});
    assert_eq!(a.post("/Users/.search", &search).await.expect(200)["totalResults"], 1);
    assert_eq!(members(&a, &inner).await, std::slice::from_ref(&grace));
    let by_member = format!("members.value eq \"{ada}\"");
    assert_eq!(listed(&a, "/Groups", &[("filter", &by_member)]).await, (vec![], 0));
    assert_eq!(listed(world.scim(), "/Groups", &[("filter", &by_member)]).await, (vec![inner.clone()], 1));

    // It cannot be named as a member, and what the connection does to the membership leaves it alone.
    let path = format!("/Groups/{inner}");
    a.patch(&format!("/Groups/{outer}"), &json!([{"op": "add", "path": "members", "value": [{"value": ada}]}]))
        .await
        .is_error(400, "invalidValue");
    a.patch(&path, &json!([{"op": "remove", "path": format!("members[value eq \"{ada}\"]")}])).await;
    a.put(&path, &json!({"schemas": [GROUP], "displayName": "Inner", "members": []})).await.expect(200);
    assert_eq!(members(&a, &inner).await, Vec::<String>::new());
    assert_eq!(world.members(&inner).await, std::slice::from_ref(&ada));

    // Nobody else notices.
    assert_eq!(listed(world.scim(), "/Users", &[]).await, (both, 2));
    assert_eq!(world.scim().get("/").await.expect(200)["totalResults"], 4);
}

async fn a_bulk_cannot_name_who_was_let_go(world: World) {
    let (_, a) = deleting(&world, Deprovision::Unlink).await;
    let ada = a.post("/Users", &person("ada", "1")).await.id();
    a.delete(&format!("/Users/{ada}")).await.expect(204);

    let done = a
        .bulk(&json!([
            {"method": "PATCH", "path": format!("/Users/{ada}"), "data": {"schemas": [crate::harness::scim::PATCH],
                "Operations": [{"op": "add", "path": "title", "value": "x"}]}},
            {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"schemas": [GROUP], "displayName": "G", "members": [{"value": ada}]}},
            {"method": "DELETE", "path": format!("/Users/{ada}")},
        ]))
        .await
        .expect(200);

    let statuses: Vec<&str> = done["Operations"].as_array().unwrap().iter().map(|o| o["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["404", "400", "404"]);
}

async fn a_connection_that_sees_only_what_it_manages_sees_nothing_else(world: World) {
    let (_, a) = connected(&world, "visibility", |c| c.visibility = Visibility::Linked.into()).await;
    let ada = a.post("/Users", &person("ada", "1")).await.id();
    let other = world.scim().post("/Users", &person("grace", "2")).await.id();
    let foreign = world.create_group("Foreign", vec![principal(&ada)]).await.id;
    let own = team(&a, "Own", &[&ada]).await;
    world.modify(&own, vec![add(principal(&other))]).await.unwrap();

    assert_eq!(listed(&a, "/Users", &[]).await, (vec![ada.clone()], 1));
    assert_eq!(listed(&a, "/Users", &[("filter", "userName pr"), ("sortBy", "userName")]).await, (vec![ada.clone()], 1));
    assert_eq!(listed(&a, "/Groups", &[]).await, (vec![own.clone()], 1));
    assert_eq!(a.get("/").await.expect(200)["totalResults"], 2);
    for path in [format!("/Users/{other}"), format!("/Groups/{foreign}")] {
        a.get(&path).await.is_error(404, "");
        a.delete(&path).await.is_error(404, "");
    }
    assert_eq!(members(&a, &own).await, std::slice::from_ref(&ada));
    let shown = a.get(&format!("/Users/{ada}")).await.expect(200);
    let groups: Vec<&str> = shown["groups"].as_array().unwrap().iter().map(|g| g["value"].as_str().unwrap()).collect();
    assert_eq!(groups, [own.as_str()]);
    a.put(&format!("/Groups/{own}"), &json!({"schemas": [GROUP], "displayName": "Own", "members": []})).await.expect(200);
    assert_eq!(world.members(&own).await, std::slice::from_ref(&other));
    // Names are the organization's, whoever sees who has them.
    a.post("/Users", &person("grace", "3")).await.is_error(409, "uniqueness");
    // What it gives an externalId it manages, if it can see it; what it does not manage it cannot even touch.
    a.patch(&format!("/Users/{other}"), &json!([{"op": "add", "path": "externalId", "value": "x"}])).await.is_error(404, "");
}

faces! {
    two_connections_on_one_organization_keep_to_their_own_names_and_a_delete_by_one_only_unlinks
    a_group_that_two_connections_manage_is_only_unlinked
    what_a_connection_deactivates_by_a_delete_still_exists_and_is_gone_for_it
    who_was_let_go_is_in_no_list_no_count_no_search_and_no_membership
    a_bulk_cannot_name_who_was_let_go
    a_connection_that_sees_only_what_it_manages_sees_nothing_else
}
