//! What a connection does not see it does not find either: no filter and no order tells of it.

use super::links::{connected, person, team};
use crate::harness::{
    World, faces,
    scim::{ENTERPRISE, GROUP, Scim, USER},
    shapes::{add, external, group_principal, principal, user, user_with_email},
};
use roster::api::v1::{Connection, User, connection::Visibility, link::Reason};
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

/// The body without what each resource has of its own.
fn bare(mut body: Value) -> Value {
    for own in ["id", "userName", "externalId", "meta"] {
        body.as_object_mut().unwrap().remove(own);
    }
    body
}

/// What a user's manager is as everybody else reads it.
async fn led_in_truth(world: &World, id: &str) -> Option<String> {
    world.user(id).await.enterprise?.manager?.value
}

/// Row 9 (Jumper)
async fn naming_a_manager_tells_not_whether_somebody_is_there(world: World) {
    let a = narrow(&world).await;
    let hidden = world.scim().post("/Users", &person("boss", "B-1")).await.id();
    let foreign = world.create_group("Foreign", vec![]).await.id;
    let nobody = "0198f0a0-0000-7000-8000-00000000ffff".to_owned();
    let mut told = Vec::new();
    for (k, target) in [&hidden, &foreign, &nobody].into_iter().enumerate() {
        let mut document = person(&format!("p{k}"), &format!("A-{k}"));
        document[ENTERPRISE] = json!({"manager": {"value": target}});
        let made = a.post("/Users", &document).await;
        let (id, mut said) = (made.id(), vec![bare(made.expect(201))]);
        let path = format!("/Users/{id}");
        assert_eq!(led_in_truth(&world, &id).await.as_ref(), Some(target));
        said.push(bare(a.get(&path).await.expect(200)));
        // Who is not shown stays where it is not named, and where what is not there is taken away.
        said.push(bare(a.put(&path, &person(&format!("p{k}"), &format!("A-{k}"))).await.expect(200)));
        let gone = json!([{"op": "remove", "path": format!("{ENTERPRISE}:manager")}]);
        said.push(bare(a.patch(&path, &gone).await.expect(200)));
        assert_eq!(led_in_truth(&world, &id).await.as_ref(), Some(target));
        // Another one takes the place, and the first one the other's.
        a.patch(&path, &led_by("CN=boss")).await.expect(200);
        assert_eq!(found(&a, "/Users", "manager eq \"CN=boss\"", "").await, [id.as_str()]);
        said.push(bare(a.patch(&path, &led_by(target)).await.expect(200)));
        said.push(bare(a.put(&path, &document).await.expect(200)));
        assert_eq!(led_in_truth(&world, &id).await.as_ref(), Some(target));
        for filter in [format!("manager eq \"{target}\""), "manager pr".to_owned(), format!("schemas eq \"{ENTERPRISE}\"")] {
            assert_eq!(found(&a, "/Users", &filter, "").await, Vec::<String>::new(), "{filter}");
        }
        assert_eq!(found(world.scim(), "/Users", &format!("manager eq \"{target}\""), "").await, [id]);
        told.push(said);
    }
    assert_eq!(told[0].len(), 6);
    assert!(told.iter().flatten().all(|body| body.get(ENTERPRISE).is_none()), "{told:?}");
    assert!(told.iter().all(|said| *said == told[2]), "{told:?}");
}

/// What has to be unique is so among all, and a create is told that it is not, and nothing else.
async fn what_is_unique_is_refused_by_those_who_are_not_shown_too(world: World) {
    let rules = vec!["emails".to_owned()];
    let policy = Connection { takeover_match_attributes: rules, unique_group_names: true, ..Connection::default() };
    let (_, a) = world.scim_with(Connection { visibility: Visibility::Linked.into(), ..policy }).await;
    let hidden = world.create_user(user_with_email("boss", "boss@example.com")).await.id;
    let foreign = world.create_group("Foreign", vec![]).await.id;

    let named = json!({"schemas": [USER], "userName": "Boss"});
    let addressed = json!({"schemas": [USER], "userName": "ada", "emails": [{"value": "boss@example.com"}]});
    let called = json!({"schemas": [GROUP], "displayName": "Foreign"});
    for (path, document) in [("/Users", named), ("/Users", addressed), ("/Groups", called)] {
        let refused = a.post(path, &document).await;
        refused.is_error(409, "uniqueness");
        let said = refused.body.to_string();
        assert!(!said.contains(&hidden) && !said.contains(&foreign), "{said}");
    }
}

async fn an_external_id_that_was_given_beforehand_links_with_the_next_change(world: World) {
    let (connection, a) = connected(&world, "visibility", |c| c.visibility = Visibility::Organization.into()).await;
    let id = world.create_user(User { external_ids: vec![external(&connection, "E-1")], ..user("ada") }).await.id;
    let links = async || world.user(&id).await.links.iter().map(roster::api::v1::Link::reason).collect::<Vec<_>>();
    let (path, say) = (format!("/Users/{id}"), |path: &str, value: &str| json!([{"op": "replace", "path": path, "value": value}]));

    a.patch(&path, &say("externalId", "E-1")).await.expect(200);
    assert_eq!(links().await, []);
    a.post("/Users", &person("eve", "E-1")).await.is_error(409, "uniqueness");
    a.patch(&path, &say("title", "Countess")).await.expect(200);
    assert_eq!(links().await, [Reason::ExternalId]);
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
    naming_a_manager_tells_not_whether_somebody_is_there
    what_is_unique_is_refused_by_those_who_are_not_shown_too
    an_external_id_that_was_given_beforehand_links_with_the_next_change
    a_membership_that_is_not_shown_is_found_by_no_filter
    whom_a_connection_let_go_is_found_through_no_membership
}
