//! Rules of a connection and of an organization about groups: names that are given once, members on request, no circles.

use super::bulk::{group as bulk_group, statuses};
use crate::harness::{
    World, both, faces,
    scim::{GROUP, Scim, USER},
    shapes::any_principal,
};
use prost_types::FieldMask;
use roster::api::v1::{Connection, Organization, UpdateOrganizationRequest};
use serde_json::{Value, json};

async fn update(world: &World, connection: &Connection, field: &str, change: impl FnOnce(&mut Connection)) {
    let mut connection = connection.clone();
    change(&mut connection);
    world.update_connection(connection, &[field]).await.unwrap();
}

/// A new connection under a rule, and its client, whose token nobody has seen before.
async fn under(world: &World, field: &str, change: impl FnOnce(&mut Connection)) -> Scim {
    let (connection, scim) = world.scim_as("default").await;
    update(world, &connection, field, change).await;
    let token = world.issue(&world.organization, &connection.id, "", &["scim".to_owned()]).await.unwrap().secret;
    scim.with_token(&token)
}

async fn refuse_cycles(world: &World, refuse: bool) {
    let organization = Organization { id: world.organization.clone(), refuse_group_cycles: refuse, ..Organization::default() };
    let request = UpdateOrganizationRequest {
        organization: Some(organization),
        update_mask: Some(FieldMask { paths: vec!["refuse_group_cycles".to_owned()] }),
        ..UpdateOrganizationRequest::default()
    };
    let updated = world.grpc().organizations.update_organization(request).await.unwrap().into_inner().organization.unwrap();
    assert_eq!(updated.refuse_group_cycles, refuse);
}

fn group(name: &str) -> Value {
    json!({"schemas": [GROUP], "displayName": name})
}

/// Decision: `unique_group_names` of a connection.
async fn names_of_groups_are_given_once_where_the_connection_says_so(world: World) {
    let (free, once) = (world.scim(), under(&world, "unique_group_names", |c| c.unique_group_names = true).await);
    let crew = format!("/Groups/{}", once.post("/Groups", &group("Crew")).await.id());
    let other = format!("/Groups/{}", once.post("/Groups", &group("Other")).await.id());
    let head = world.head().await;

    once.post("/Groups", &group("CREW")).await.is_error(409, "uniqueness");
    once.put(&other, &group("crew")).await.is_error(409, "uniqueness");
    once.patch(&other, &json!([{"op": "replace", "path": "displayName", "value": "cReW"}])).await.is_error(409, "uniqueness");
    assert_eq!(world.head().await, head);
    let two = once.bulk(&json!([bulk_group("a", "Twin", &[]), bulk_group("b", "TWIN", &[])])).await;
    assert_eq!(statuses(&two), ["201", "409"], "{}", two.body);

    // A group keeps its own name, in any letter case, and a name that was left is free.
    once.put(&crew, &group("CREW")).await.expect(200);
    once.patch(&crew, &json!([{"op": "replace", "path": "displayName", "value": "Hands"}])).await.expect(200);
    once.post("/Groups", &group("Crew")).await.expect(201);
    // Another connection names as it likes, and what shares a name already can be changed.
    free.post("/Groups", &group("hands")).await.expect(201);
    let ada = once.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await.id();
    once.patch(&crew, &json!([{"op": "add", "path": "members", "value": [{"value": ada}]}])).await.expect(200);
}

/// Decision: `members_on_request` of a connection.
async fn members_are_shown_on_request_where_the_connection_says_so(world: World) {
    let scim = under(&world, "members_on_request", |c| c.members_on_request = true).await;
    let ada = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await.id();
    let made = scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Crew", "members": [{"value": ada}]})).await.expect(201);
    let path = format!("/Groups/{}", made["id"].as_str().unwrap());
    let add = json!([{"op": "add", "path": "members", "value": [{"value": ada}]}]);

    for shown in [
        made.clone(),
        scim.get(&path).await.expect(200),
        scim.get(&format!("{path}?excludedAttributes=externalId")).await.expect(200),
        scim.patch(&path, &add).await.expect(200),
        scim.list("/Groups", &[]).await.expect(200)["Resources"][0].clone(),
        scim.list("/", &[("filter", "displayName eq \"Crew\"")]).await.expect(200)["Resources"][0].clone(),
    ] {
        assert_eq!((&shown["displayName"], shown.get("members")), (&json!("Crew"), None));
    }
    for shown in [
        scim.get(&format!("{path}?attributes=members")).await.expect(200),
        scim.list("/Groups", &[("attributes", "displayName,members")]).await.expect(200)["Resources"][0].clone(),
        world.scim().get(&path).await.expect(200),
    ] {
        assert_eq!(shown["members"][0]["value"], json!(ada));
    }
    let returned = async |scim: &Scim| {
        let schema = scim.get(&format!("/Schemas/{GROUP}")).await.expect(200);
        schema["attributes"].as_array().unwrap().iter().find(|a| a["name"] == "members").unwrap()["returned"].clone()
    };
    assert_eq!((returned(&scim).await, returned(world.scim()).await), (json!("request"), json!("default")));
    assert_eq!(scim.list("/Groups", &[("filter", &format!("members eq \"{ada}\""))]).await.expect(200)["totalResults"], 1);
}

/// Decision: `refuse_group_cycles` of an organization.
async fn a_group_is_never_in_itself_where_the_organization_says_so(world: World) {
    const DEPTH: usize = 24;
    let scim = world.scim();
    refuse_cycles(&world, true).await;
    let mut ids = vec![scim.post("/Groups", &group("0")).await.id()];
    for depth in 1..DEPTH {
        let document =
            json!({"schemas": [GROUP], "displayName": depth.to_string(), "members": [{"value": ids[depth - 1], "type": "Group"}]});
        ids.push(scim.post("/Groups", &document).await.id());
    }
    let (inmost, outmost) = (format!("/Groups/{}", ids[0]), ids[DEPTH - 1].clone());
    let add = |id: &str| json!([{"op": "add", "path": "members", "value": [{"value": id}]}]);
    let head = world.head().await;

    let detail = scim.patch(&inmost, &add(&outmost)).await.is_error(400, "invalidValue");
    assert!(detail.contains("in itself"), "{detail}");
    scim.patch(&inmost, &add(&ids[0])).await.is_error(400, "invalidValue");
    let whole = json!({"schemas": [GROUP], "displayName": "0", "members": [{"value": ids[1]}]});
    scim.put(&inmost, &whole).await.is_error(400, "invalidValue");
    let circle = scim.bulk(&json!([bulk_group("a", "A", &["bulkId:b"]), bulk_group("b", "B", &["bulkId:a"])])).await;
    assert_eq!(statuses(&circle), ["400", "409"], "{}", circle.body);
    let own = scim.bulk(&json!([bulk_group("a", "A", &["bulkId:a"])])).await;
    assert_eq!(statuses(&own), ["400"], "{}", own.body);
    assert_eq!(world.head().await, head);

    // What is no circle any more is none: the link in the middle goes, in the same Bulk and before.
    let cut = json!([{"op": "remove", "path": format!("members[value eq \"{}\"]", ids[DEPTH / 2 - 1])}]);
    scim.patch(&format!("/Groups/{}", ids[DEPTH / 2]), &cut).await.expect(200);
    scim.patch(&inmost, &add(&outmost)).await.expect(200);
    // More members than are held as edges are looked at too.
    let crowd = world.populate(10_001).await;
    let mut members: Vec<Value> = crowd.iter().map(|id| json!({"value": id})).collect();
    members.push(json!({"value": ids[0]}));
    let large = json!({"schemas": [GROUP], "displayName": "Large", "members": members});
    scim.put(&format!("/Groups/{outmost}"), &large).await.is_error(400, "invalidValue");
    // Allowed again, it is as harmless as ever.
    refuse_cycles(&world, false).await;
    scim.patch(&inmost, &add(&ids[0])).await.expect(200);
    refuse_cycles(&world, true).await;
    scim.patch(&inmost, &add(&ids[0])).await.expect(200);
    let tenant = world.tenant("free").await;
    let mine = tenant.scim.post("/Groups", &group("Mine")).await.id();
    tenant.scim.patch(&format!("/Groups/{mine}"), &add(&mine)).await.expect(200);
}

/// A connection is remembered for a second, and no longer than until it is changed on the same node.
async fn a_changed_connection_is_changed_at_once_on_its_node(world: World) {
    let (connection, scim) = world.scim_as("default").await;
    let shows = async || scim.get("/Groups").await.expect(200)["Resources"][0].get("members").is_some();
    let ada = world.create_user(crate::harness::shapes::user("ada")).await.id;
    world.create_group("Crew", vec![any_principal(&ada)]).await;

    for on_request in [false, true, false, true] {
        update(&world, &connection, "members_on_request", |c| c.members_on_request = on_request).await;
        assert_eq!(shows().await, !on_request);
    }
}

faces! {
    names_of_groups_are_given_once_where_the_connection_says_so
    members_are_shown_on_request_where_the_connection_says_so
}

/// Stories that are not SCIM's alone: what a façade of its own remembers is another story.
mod served {
    use super::{a_changed_connection_is_changed_at_once_on_its_node, a_group_is_never_in_itself_where_the_organization_says_so};

    super::both! {
        a_group_is_never_in_itself_where_the_organization_says_so
        a_changed_connection_is_changed_at_once_on_its_node
    }
}
