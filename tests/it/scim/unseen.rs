//! What a connection does not see it does not find either: no filter and no order tells of it.

use super::links::{connected, person, team};
use crate::harness::{
    World, faces,
    scim::{ENTERPRISE, GROUP, Scim, USER},
    shapes::{add, group_principal, principal},
};
use roster::api::v1::connection::Visibility;
use serde_json::{Value, json};

async fn narrow(world: &World) -> Scim {
    connected(world, "visibility", |c| c.visibility = Visibility::Linked.into()).await.1
}

/// The ids of those that a list answers, in its order, by GET; a search says the same.
async fn found(scim: &Scim, path: &str, filter: &str, sort: &str) -> Vec<String> {
    let ids = |body: &Value| -> Vec<String> {
        let resources = body["Resources"].as_array().into_iter().flatten();
        let ids: Vec<String> = resources.map(|r| r["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(body["totalResults"], json!(ids.len()));
        ids
    };
    let listed = ids(&scim.list(path, &[("filter", filter), ("sortBy", sort)]).await.expect(200));
    let search = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter, "sortBy": sort});
    assert_eq!(ids(&scim.post(&format!("{path}/.search"), &search).await.expect(200)), listed, "{filter}");
    listed
}

fn led_by(manager: &str) -> Value {
    json!([{"op": "add", "path": format!("{ENTERPRISE}:manager"), "value": {"value": manager}}])
}

/// Row 9 (Jumper)
async fn a_manager_who_is_not_shown_is_found_by_no_filter_and_orders_nothing(world: World) {
    let (a, everybody) = (narrow(&world).await, world.scim());
    // Whoever was made first has the lesser id: by that the order would tell.
    let hidden = everybody.post("/Users", &person("boss", "B-1")).await.id();
    let own = a.post("/Users", &person("lead", "A-1")).await.id();
    let ada = a.post("/Users", &person("ada", "A-2")).await.id();
    let bob = a.post("/Users", &person("bob", "A-3")).await.id();
    everybody.patch(&format!("/Users/{ada}"), &led_by(&hidden)).await.expect(200);
    a.patch(&format!("/Users/{bob}"), &led_by(&own)).await.expect(200);
    assert_eq!(a.get(&format!("/Users/{ada}")).await.expect(200).get(ENTERPRISE), None);

    let led = |word: &str, value: &str| format!("{ENTERPRISE}:manager.value {word} \"{value}\"");
    for filter in [led("eq", &hidden), led("lt", &own), led("sw", &hidden[..hidden.len() - 1]), format!("manager eq \"{hidden}\"")] {
        assert_eq!(found(&a, "/Users", &filter, "").await, Vec::<String>::new(), "{filter}");
        assert_eq!(found(everybody, "/Users", &filter, "").await, [ada.as_str()], "{filter}");
    }
    for filter in [led("eq", &own), led("sw", ""), "manager pr".to_owned(), format!("schemas eq \"{ENTERPRISE}\"")] {
        assert_eq!(found(&a, "/Users", &filter, "").await, [bob.as_str()], "{filter}");
    }
    let mut others = found(&a, "/Users", &format!("userName ne \"lead\" and not (manager.value sw \"{}\")", &own[..4]), "").await;
    others.retain(|id| *id != bob);
    assert_eq!(others, [ada.as_str()], "who has none is not led by anybody");
    // Who has no value comes last.
    let manager = format!("{ENTERPRISE}:manager.value");
    let order = found(&a, "/Users", "userName pr", &manager).await;
    assert_eq!(order.first(), Some(&bob));
    assert_eq!(found(everybody, "/Users", "manager pr", &manager).await, [ada.as_str(), bob.as_str()]);
}

/// Row 9 (Jumper)
async fn a_membership_that_is_not_shown_is_found_by_no_filter(world: World) {
    let (a, everybody) = (narrow(&world).await, world.scim());
    let ada = a.post("/Users", &person("ada", "A-1")).await.id();
    let bob = a.post("/Users", &person("bob", "A-2")).await.id();
    let eve = everybody.post("/Users", &person("eve", "B-1")).await.id();
    let foreign = world.create_group("Foreign", vec![principal(&ada)]).await.id;
    let (own, bobs) = (team(&a, "Own", &[]).await, team(&a, "Bobs", &[&bob]).await);
    world.modify(&own, vec![add(principal(&eve))]).await.unwrap();

    assert_eq!(found(&a, "/Users", "groups pr", "").await, [bob.as_str()]);
    assert_eq!(found(&a, "/Groups", "members pr", "").await, [bobs.as_str()]);
    assert_eq!(found(&a, "/Groups", "not (members pr)", "").await, [own.as_str()]);
    for filter in [format!("groups eq \"{foreign}\""), format!("groups.value eq \"{foreign}\"")] {
        assert_eq!(found(&a, "/Users", &filter, "").await, Vec::<String>::new());
    }
    assert_eq!(found(&a, "/Groups", &format!("members eq \"{eve}\""), "").await, Vec::<String>::new());
    let mut everywhere = found(everybody, "/Users", "groups pr", "").await;
    everywhere.sort();
    assert_eq!(everywhere, [ada.clone(), bob.clone(), eve]);

    // A group that is shown is shown also where the way to it is not.
    world.modify(&own, vec![add(group_principal(&foreign))]).await.unwrap();
    assert_eq!(a.get(&format!("/Users/{ada}")).await.expect(200)["groups"][0]["value"], json!(own));
    let mut led = found(&a, "/Users", "groups pr", "").await;
    led.sort();
    assert_eq!(led, [ada.clone(), bob]);
    // Nor does a group of many whom it does not see tell of them.
    let crowd = a.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Crowd"})).await.id();
    let many: Vec<_> = world.crowd("c", 30).await.iter().map(|id| add(principal(id))).collect();
    world.modify(&crowd, many).await.unwrap();
    assert_eq!(found(&a, "/Groups", "members pr", "").await, [bobs.as_str()]);
    a.patch(&format!("/Groups/{crowd}"), &json!([{"op": "add", "path": "members", "value": [{"value": ada}]}])).await.expect(200);
    assert_eq!(found(&a, "/Groups", "members pr and displayName eq \"Crowd\"", "").await, [crowd]);
}

/// Row 34 (JumpCloud)
async fn whom_a_connection_let_go_is_found_through_no_membership(world: World) {
    let (_, a) = connected(&world, "on_delete", |c| c.on_delete = roster::api::v1::connection::Deprovision::Unlink.into()).await;
    let ada = a.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await.id();
    let group = team(&a, "Engines", &[&ada]).await;
    assert_eq!(found(&a, "/Groups", "members pr", "").await, [group.as_str()]);

    a.delete(&format!("/Users/{ada}")).await.expect(204);

    assert_eq!(found(&a, "/Groups", "members pr", "").await, Vec::<String>::new());
    assert_eq!(found(world.scim(), "/Groups", "members pr", "").await, [group.as_str()]);
}

faces! {
    a_manager_who_is_not_shown_is_found_by_no_filter_and_orders_nothing
    a_membership_that_is_not_shown_is_found_by_no_filter
    whom_a_connection_let_go_is_found_through_no_membership
}
