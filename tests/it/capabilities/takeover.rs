//! Whom a connection takes over: by which rule, under which policy, and how it is taken back.

use crate::harness::{
    Refused, World, faces,
    refusal::ExpectRefusal as _,
    scim::{GROUP, Scim, USER},
    shapes::{external, user, user_with_email},
};
use roster::api::v1::{
    Connection, CreateConnectionRequest, ErrorReason, Link, User,
    connection::Takeover::{self, Always, Never, UnmanagedOnly},
    link::{Reason, State},
};
use serde_json::{Value, json};
use tonic::Code;

async fn taking(world: &World, takeover: Takeover, rules: &[&str]) -> (Connection, Scim) {
    let rules = rules.iter().map(ToString::to_string).collect();
    world.scim_with(Connection { takeover: takeover.into(), takeover_match_attributes: rules, ..Connection::default() }).await
}

/// A user that nobody manages, with a title and a nickname.
async fn local(world: &World, name: &str, address: &str) -> User {
    let local = User { title: Some("Countess".to_owned()), nick_name: Some("A".to_owned()), ..user_with_email(name, address) };
    world.create_user(local).await
}

fn document(name: &str, address: &str) -> Value {
    json!({"schemas": [USER], "userName": name, "externalId": "X-1", "title": "Dr", "emails": [{"value": address, "type": "work"}]})
}

fn link(user: &User, connection: &Connection) -> Option<Link> {
    user.links.iter().find(|link| link.connection_id == connection.id).cloned()
}

/// The create is refused as one that meets somebody, and nothing has changed: no revision, no version.
async fn is_refused(world: &World, scim: &Scim, body: &Value, untouched: &[&User]) {
    let head = world.head().await;
    scim.post("/Users", body).await.is_error(409, "uniqueness");
    assert_eq!(world.head().await, head, "{body}");
    for user in untouched {
        assert_eq!(world.user(&user.id).await, **user, "{body}");
    }
}

/// Row 29 (JumpCloud)
async fn name_and_address_together_take_a_user_over(world: World) {
    let before = local(&world, "ada@corp.example", "ada@corp.example").await;
    let (connection, scim) = taking(&world, UnmanagedOnly, &[]).await;
    assert_eq!(connection.takeover_match_attributes, ["userName+emails"]);

    is_refused(&world, &scim, &document("ada@corp.example", "other@corp.example"), &[&before]).await;
    is_refused(&world, &scim, &json!({"schemas": [USER], "userName": "ADA@corp.example"}), &[&before]).await;
    let other = scim.post("/Users", &document("other", "ada@corp.example")).await.expect(201);
    assert_ne!(other["id"], json!(before.id), "an address alone makes a new user");
    world.delete_user(other["id"].as_str().unwrap()).await;

    let taken = scim.post("/Users", &document("Ada@Corp.example", "ADA@corp.example")).await;
    assert_eq!((taken.status, taken.id()), (201, before.id.clone()));
    assert_eq!(taken.header("location"), format!("{}/Users/{}", scim.base, before.id));
    let after = world.user(&before.id).await;
    assert_eq!((after.user_name.as_str(), after.title.as_deref()), ("Ada@Corp.example", Some("Dr")));
    assert_eq!((after.nick_name.as_deref(), after.emails.len()), (Some("A"), 1), "what the create does not say stays");
    let link = link(&after, &connection).unwrap();
    assert_eq!((link.state(), link.reason(), link.matched_attribute.as_str()), (State::Linked, Reason::Takeover, "userName+emails"));
    assert_eq!(link.revision, world.head().await);
    let found = scim.list("/Users", &[("filter", "externalId eq \"X-1\"")]).await.expect(200);
    assert_eq!((&found["totalResults"], &found["Resources"][0]["id"]), (&json!(1), &json!(before.id)));
    // Once it is its own, another create is one too many.
    is_refused(&world, &scim, &document("ada@corp.example", "ada@corp.example"), &[&after]).await;
}

/// Row 5 (Jumper)
async fn an_address_alone_is_enough_where_the_rule_says_so(world: World) {
    let before = local(&world, "ada", "ada@corp.example").await;
    let (_, refusing) = taking(&world, Never, &["emails"]).await;
    let (connection, scim) = taking(&world, Always, &["emails"]).await;
    let body = document("countess", "ADA@Corp.Example");

    is_refused(&world, &refusing, &body, &[&before]).await;
    assert_eq!(scim.post("/Users", &body).await.id(), before.id);

    let after = world.user(&before.id).await;
    assert_eq!((after.user_name.as_str(), after.title.as_deref()), ("countess", Some("Dr")));
    assert_eq!(link(&after, &connection).unwrap().matched_attribute, "emails");
    // Nobody has this address, so nobody is met.
    assert_ne!(
        scim.post("/Users", &json!({"schemas": [USER], "userName": "bob", "emails": [{"value": "b@x.example"}]})).await.id(),
        before.id
    );
}

/// Row 5 (Jumper)
async fn an_address_that_several_users_have_takes_nobody_over(world: World) {
    let (one, two) = (local(&world, "ada", "ada@corp.example").await, local(&world, "lovelace", "ADA@corp.example").await);
    let (_, by_email) = taking(&world, Always, &["emails"]).await;
    let (_, in_order) = taking(&world, Always, &["emails", "userName"]).await;

    is_refused(&world, &by_email, &document("countess", "ada@corp.example"), &[&one, &two]).await;
    // A later rule that would fit one of them does not decide either.
    is_refused(&world, &in_order, &document("ada", "ada@corp.example"), &[&one, &two]).await;
    let both = json!({"schemas": [USER], "userName": "new", "emails": [{"value": "ada@corp.example"}, {"value": "x@corp.example"}]});
    is_refused(&world, &by_email, &both, &[&one, &two]).await;
}

/// Row 36 (JumpCloud)
async fn rules_are_asked_in_their_order(world: World) {
    let login = User { external_ids: vec![external("", "X-1")], ..user_with_email("login", "l@corp.example") };
    let login = world.create_user(login).await;
    let mail = local(&world, "ada", "ada@corp.example").await;
    let (first, scim) = taking(&world, Always, &["externalId", "emails"]).await;

    let taken = scim.post("/Users", &document("countess", "ada@corp.example")).await;

    assert_eq!(taken.id(), login.id);
    let after = world.user(&login.id).await;
    assert_eq!(link(&after, &first).unwrap().matched_attribute, "externalId");
    assert_eq!(after.external_ids.len(), 2, "each calls it by a name of its own");
    assert_eq!(world.user(&mail.id).await, mail);
    let (second, scim) = taking(&world, Always, &["externalId", "userName+emails", "userName"]).await;
    let body = json!({"schemas": [USER], "userName": "ada"});
    assert_eq!(scim.post("/Users", &body).await.id(), mail.id);
    assert_eq!(link(&world.user(&mail.id).await, &second).unwrap().matched_attribute, "userName");
}

/// Row 29 (JumpCloud)
async fn whom_another_connection_manages_only_always_takes(world: World) {
    let (_, owner) = taking(&world, Never, &[]).await;
    let id = owner.post("/Users", &document("ada", "ada@corp.example")).await.id();
    let before = world.user(&id).await;
    let (_, modest) = taking(&world, UnmanagedOnly, &["userName"]).await;
    let (_, never) = taking(&world, Never, &["userName"]).await;
    let (_, bold) = taking(&world, Always, &["userName"]).await;
    let body = json!({"schemas": [USER], "userName": "ada", "externalId": "B-1"});

    is_refused(&world, &modest, &body, &[&before]).await;
    is_refused(&world, &never, &body, &[&before]).await;
    assert_eq!(bold.post("/Users", &body).await.expect(201)["externalId"], "B-1");

    assert_eq!(owner.get(&format!("/Users/{id}")).await.expect(200)["externalId"], "X-1");
    assert_eq!(world.user(&id).await.links.len(), 2);
    // What one lets go stays the other's.
    assert_eq!(bold.delete(&format!("/Users/{id}")).await.status, 204);
    owner.get(&format!("/Users/{id}")).await.expect(200);
    assert_eq!(modest.get(&format!("/Users/{id}")).await.status, 200, "whom it never managed it still sees");
}

/// Row 36 (JumpCloud)
async fn a_takeover_lets_nobody_in_who_was_not_said_to_be_active(world: World) {
    let out = world.create_user(User { active: Some(false), ..user("ada") }).await;
    let (_, scim) = taking(&world, Always, &["userName"]).await;

    let taken = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada", "title": "Dr"})).await.expect(201);

    assert_eq!((&taken["id"], &taken["active"], &taken["title"]), (&json!(out.id), &json!(false), &json!("Dr")));
}

/// Row 29 (JumpCloud)
async fn a_user_found_by_filter_and_written_by_id_is_linked_by_its_external_id_alone(world: World) {
    let before = local(&world, "ada", "ada@corp.example").await;
    let (connection, scim) = taking(&world, Never, &[]).await;
    let found = scim.list("/Users", &[("filter", "userName eq \"ada\"")]).await.expect(200);
    let path = format!("/Users/{}", found["Resources"][0]["id"].as_str().unwrap());

    scim.patch(&path, &json!([{"op": "replace", "path": "title", "value": "Dr"}])).await.expect(200);
    scim.put(&path, &json!({"schemas": [USER], "userName": "ada", "title": "Prof"})).await.expect(200);
    assert_eq!(link(&world.user(&before.id).await, &connection), None);
    scim.put(&path, &document("ada", "ada@corp.example")).await.expect(200);

    let link = link(&world.user(&before.id).await, &connection).unwrap();
    assert_eq!((link.reason(), link.matched_attribute.as_str()), (Reason::ExternalId, ""));
}

/// Row 29 (JumpCloud)
async fn what_another_owns_stays_its_own_in_a_takeover(world: World) {
    let (_, owner) = world.scim_with(Connection { owned_attributes: vec!["title".to_owned()], ..Connection::default() }).await;
    let body = json!({"schemas": [USER], "userName": "ada", "title": "Countess"});
    let id = owner.post("/Users", &body).await.id();
    let before = world.user(&id).await;
    let policy = Connection { takeover: Always.into(), takeover_match_attributes: vec!["userName".to_owned()], ..Connection::default() };
    let (_, strict) = world.scim_with(Connection { profile: "strict".to_owned(), ..policy.clone() }).await;
    let (_, lenient) = world.scim_with(policy).await;
    let head = world.head().await;

    strict.post("/Users", &document("ada", "ada@corp.example")).await.is_error(400, "mutability");
    assert_eq!((world.user(&id).await, world.head().await), (before, head));
    let taken = lenient.post("/Users", &document("ada", "ada@corp.example")).await.expect(201);
    assert_eq!((&taken["id"], &taken["title"], &taken["externalId"]), (&json!(id), &json!("Countess"), &json!("X-1")));
}

/// Row 29 (JumpCloud)
async fn a_bulk_names_whom_it_takes_over(world: World) {
    let before = local(&world, "ada", "ada@corp.example").await;
    let (_, scim) = taking(&world, UnmanagedOnly, &[]).await;

    let done = scim
        .bulk(&json!([
            {"method": "POST", "path": "/Groups", "bulkId": "g",
             "data": {"schemas": [GROUP], "displayName": "Engines", "members": [{"value": "bulkId:u"}]}},
            {"method": "POST", "path": "/Users", "bulkId": "u", "data": document("ada", "ada@corp.example")},
        ]))
        .await
        .expect(200);

    let operations = done["Operations"].as_array().unwrap();
    assert!(operations.iter().all(|o| o["status"] == "201"), "{done}");
    assert!(operations[1]["location"].as_str().unwrap().ends_with(&before.id), "{done}");
    let group = operations[0]["location"].as_str().unwrap().rsplit('/').next().unwrap();
    assert_eq!(world.members(group).await, [before.id]);
}

/// Row 29 (JumpCloud)
async fn rules_and_policies_nobody_knows_are_refused_by_name(world: World) {
    let rules = |rules: &[&str]| Connection {
        takeover: Always.into(),
        takeover_match_attributes: rules.iter().map(ToString::to_string).collect(),
        ..Connection::default()
    };
    for (connection, field) in [
        (Connection { takeover: 5, ..Connection::default() }, "takeover"),
        (rules(&["email"]), "takeover_match_attributes"),
        (rules(&["USERNAME"]), "takeover_match_attributes"),
        (rules(&["emails", "emails"]), "takeover_match_attributes"),
        (rules(&[""]), "takeover_match_attributes"),
    ] {
        let request = CreateConnectionRequest {
            organization_id: world.organization.clone(),
            connection: Some(Connection { display_name: "x".to_owned(), ..connection }),
            ..CreateConnectionRequest::default()
        };
        let refused: Refused = world.grpc().provisioning.create_connection(request).await.refused();
        refused.is(Code::InvalidArgument, ErrorReason::InvalidValue).says("attribute", &format!("connection.{field}"));
    }
}

faces! {
    name_and_address_together_take_a_user_over
    an_address_alone_is_enough_where_the_rule_says_so
    an_address_that_several_users_have_takes_nobody_over
    rules_are_asked_in_their_order
    whom_another_connection_manages_only_always_takes
    a_takeover_lets_nobody_in_who_was_not_said_to_be_active
    a_user_found_by_filter_and_written_by_id_is_linked_by_its_external_id_alone
    what_another_owns_stays_its_own_in_a_takeover
    a_bulk_names_whom_it_takes_over
    rules_and_policies_nobody_knows_are_refused_by_name
}
