//! A takeover that a person agrees to, refuses, or takes back.

use crate::harness::{
    Refused, World, both,
    refusal::ExpectRefusal as _,
    scim::{Scim, USER},
    shapes::{resolve_takeover, undo_takeover, user, user_with_email},
};
use roster::api::v1::{
    ApplyMutationsRequest, Connection, CreateUserRequest, DeleteConnectionRequest, ErrorReason, ListTakeoversRequest, Mutation,
    PurgeUserRequest, Takeover, UndeleteUserRequest, User, apply_mutations_request::Mode, connection, create_user_response::Outcome,
    link::Reason, mutation::Write, takeover::State,
};
use serde_json::{Value, json};
use tonic::{Code, Status};

async fn asking(world: &World) -> (Connection, Scim) {
    let takeover = connection::Takeover::RequireApproval.into();
    world.scim_with(Connection { takeover, takeover_match_attributes: vec!["emails".to_owned()], ..Connection::default() }).await
}

async fn ada(world: &World) -> User {
    let ada = User { title: Some("Countess".to_owned()), ..user_with_email("ada", "ada@corp.example") };
    world.create_user(ada).await
}

fn body() -> Value {
    json!({"schemas": [USER], "userName": "lovelace", "externalId": "X-1", "title": "Dr", "emails": [{"value": "ada@corp.example"}]})
}

async fn listed(world: &World, show_resolved: bool) -> Vec<Takeover> {
    let request = ListTakeoversRequest { organization_id: world.organization.clone(), show_resolved, ..ListTakeoversRequest::default() };
    world.grpc().takeovers.list_takeovers(request).await.unwrap().into_inner().takeovers
}

async fn resolve(world: &World, user: &str, connection: &str, approve: bool) -> Result<Takeover, Refused> {
    let request = resolve_takeover(&world.organization, user, connection, approve);
    let answer = world.grpc().takeovers.resolve_takeover(request).await;
    answer.map(|a| a.into_inner().takeover.unwrap()).map_err(|s| Refused::read(&s))
}

async fn undo(world: &World, user: &str, connection: &str, restore_attributes: bool) -> Result<User, Status> {
    let request = undo_takeover(&world.organization, user, connection, restore_attributes);
    Ok(world.grpc().takeovers.undo_takeover(request).await?.into_inner().user.unwrap())
}

/// Row 29 (JumpCloud)
async fn a_create_waits_until_a_person_agrees(world: World) {
    let before = ada(&world).await;
    let (connection, scim) = asking(&world).await;

    let detail = scim.post("/Users", &body()).await.is_error(409, "uniqueness");
    assert!(detail.contains("approval"), "{detail}");
    assert_eq!(world.user(&before.id).await, before);
    let waiting = listed(&world, false).await;
    let [takeover] = waiting.as_slice() else { panic!("{waiting:?}") };
    assert_eq!((&takeover.user_id, &takeover.connection_id), (&before.id, &connection.id));
    assert_eq!((takeover.matched_attribute.as_str(), takeover.state()), ("emails", State::Waiting));
    assert!(takeover.create_time.is_some() && takeover.resolve_time.is_none());
    // To ask again changes nothing, and giving it an externalId is no way around.
    scim.patch(&format!("/Users/{}", before.id), &json!([{"op": "add", "path": "externalId", "value": "X-1"}])).await.is_error(403, "");
    let head = world.head().await;
    scim.post("/Users", &body()).await.is_error(409, "uniqueness");
    assert_eq!((world.head().await, listed(&world, false).await), (head, waiting.clone()));

    assert_eq!(resolve(&world, &before.id, &connection.id, true).await.unwrap().state(), State::Approved);
    assert_eq!(listed(&world, false).await, []);
    let agreed = world.user(&before.id).await;
    assert_eq!((agreed.title.as_deref(), agreed.links[0].reason()), (Some("Countess"), Reason::Approved));
    let taken = scim.post("/Users", &body()).await.expect(201);

    assert_eq!((&taken["id"], &taken["title"], &taken["userName"]), (&json!(before.id), &json!("Dr"), &json!("lovelace")));
    assert_eq!(listed(&world, true).await, []);
    scim.post("/Users", &body()).await.is_error(409, "uniqueness");
    assert_eq!(world.user(&before.id).await.links.len(), 1);
    resolve(&world, &before.id, &connection.id, true).await.unwrap_err().is(Code::NotFound, ErrorReason::NotFound);
}

/// Row 29 (JumpCloud)
async fn a_refusal_stands_until_somebody_agrees_after_all(world: World) {
    let before = ada(&world).await;
    let (connection, scim) = asking(&world).await;
    resolve(&world, &before.id, &connection.id, true).await.unwrap_err().is(Code::NotFound, ErrorReason::NotFound);
    scim.post("/Users", &body()).await.is_error(409, "uniqueness");

    assert_eq!(resolve(&world, &before.id, &connection.id, false).await.unwrap().state(), State::Rejected);

    let head = world.head().await;
    let detail = scim.post("/Users", &body()).await.is_error(409, "uniqueness");
    assert!(detail.contains("refused"), "{detail}");
    let path = format!("/Users/{}", before.id);
    scim.patch(&path, &json!([{"op": "add", "path": "externalId", "value": "X-1"}])).await.is_error(403, "");
    assert_eq!((world.head().await, world.user(&before.id).await), (head, before.clone()));
    assert_eq!((listed(&world, false).await.len(), listed(&world, true).await.len()), (0, 1));
    resolve(&world, &before.id, &connection.id, true).await.unwrap();
    assert_eq!(scim.post("/Users", &body()).await.expect(201)["id"], json!(before.id));
}

async fn who_was_refused_to_a_connection_is_not_had_by_deleting(world: World) {
    let before = ada(&world).await;
    let (connection, scim) = asking(&world).await;
    scim.post("/Users", &body()).await.is_error(409, "uniqueness");
    resolve(&world, &before.id, &connection.id, false).await.unwrap();

    scim.delete(&format!("/Users/{}", before.id)).await.expect(204);

    // Somebody new of that name, and not the one who was refused.
    let new = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await;
    assert_eq!(new.status, 201, "{}", new.body);
    assert_ne!(new.id(), before.id);
}

/// Row 29 (JumpCloud)
async fn the_answer_says_what_became_of_the_create(world: World) {
    let before = ada(&world).await;
    let (connection, _) = asking(&world).await;
    let scopes = ["users.write", "bulk.write"].map(str::to_owned);
    let token = world.issue(&world.organization, &connection.id, "", &scopes).await.unwrap().secret;
    let mut clients = world.grpc_as(&token);
    let create = CreateUserRequest {
        organization_id: world.organization.clone(),
        user: Some(user_with_email("lovelace", "ADA@corp.example")),
        ..CreateUserRequest::default()
    };
    let together = ApplyMutationsRequest {
        organization_id: world.organization.clone(),
        mode: Mode::Atomic.into(),
        mutations: [create.clone(), CreateUserRequest { user: Some(user("bob")), ..create.clone() }]
            .map(|create| Mutation { temp_id: String::new(), write: Some(Write::CreateUser(create)) })
            .to_vec(),
        ..ApplyMutationsRequest::default()
    };

    // All or none: then it is none, and nobody waits.
    clients.directory.apply_mutations(together.clone()).await.refused().is(Code::AlreadyExists, ErrorReason::Uniqueness);
    assert_eq!(listed(&world, true).await, []);
    let each = ApplyMutationsRequest { mode: Mode::BestEffort.into(), ..together };
    let results = clients.directory.apply_mutations(each).await.unwrap().into_inner().results;
    Refused::of_item(results[0].error.as_ref().unwrap()).is(Code::AlreadyExists, ErrorReason::Uniqueness);
    assert_eq!((&results[1].error, listed(&world, false).await.len()), (&None, 1));
    let waiting = clients.users.create_user(create.clone()).await.unwrap().into_inner();
    assert_eq!((waiting.outcome(), waiting.user), (Outcome::PendingApproval, None));
    resolve(&world, &before.id, &connection.id, true).await.unwrap();
    let linked = clients.users.create_user(create).await.unwrap().into_inner();
    assert_eq!((linked.outcome(), linked.user.unwrap().id), (Outcome::Linked, before.id));
}

/// Row 29 (JumpCloud)
/// Row 5 (Jumper)
async fn a_takeover_is_taken_back_with_what_it_took(world: World) {
    let before = ada(&world).await;
    let takeover = connection::Takeover::Always.into();
    let policy = Connection { takeover, takeover_match_attributes: vec!["emails".to_owned()], ..Connection::default() };
    let (connection, scim) = world.scim_with(policy.clone()).await;
    let (other, second) = world.scim_with(policy).await;
    scim.post("/Users", &body()).await.expect(201);
    let path = format!("/Users/{}", before.id);
    second.patch(&path, &json!([{"op": "add", "path": "externalId", "value": "S-1"}])).await.expect(200);

    let after = undo(&world, &before.id, &connection.id, true).await.unwrap();

    assert_eq!((after.user_name.as_str(), after.title.as_deref(), &after.emails), ("ada", Some("Countess"), &before.emails));
    assert_eq!(after.links.iter().map(|l| l.connection_id.as_str()).collect::<Vec<_>>(), [other.id.as_str()]);
    assert_eq!(after.external_ids.iter().map(|e| e.value.as_str()).collect::<Vec<_>>(), ["S-1"]);
    assert_eq!(world.user(&before.id).await, after);
    // Its next create does not take the user right back.
    scim.post("/Users", &body()).await.is_error(409, "uniqueness");
    assert_eq!(world.user(&before.id).await, after);
    resolve(&world, &before.id, &connection.id, true).await.unwrap();
    assert_eq!(scim.post("/Users", &body()).await.expect(201)["title"], "Dr");
    // This time the attributes stay.
    let after = undo(&world, &before.id, &connection.id, false).await.unwrap();
    assert_eq!((after.user_name.as_str(), after.title.as_deref()), ("lovelace", Some("Dr")));
}

/// Row 5 (Jumper)
async fn what_is_no_takeover_is_unlinked_and_not_restored(world: World) {
    let (connection, scim) = asking(&world).await;
    let id = scim.post("/Users", &json!({"schemas": [USER], "userName": "bob", "externalId": "B-1"})).await.id();
    let (before, head) = (world.user(&id).await, world.head().await);

    let refused = Refused::read(&undo(&world, &id, &connection.id, true).await.unwrap_err());
    refused.is(Code::InvalidArgument, ErrorReason::InvalidValue).says("attribute", "restore_attributes");
    for (user, of) in [(id.as_str(), "nobody"), ("nobody", connection.id.as_str()), (&id, &world.connection)] {
        for restore in [false, true] {
            Refused::read(&undo(&world, user, of, restore).await.unwrap_err()).is(Code::NotFound, ErrorReason::NotFound);
        }
    }
    assert_eq!((world.user(&id).await, world.head().await), (before, head));
    let after = undo(&world, &id, &connection.id, false).await.unwrap();
    assert_eq!((after.links.len(), after.external_ids.len()), (0, 0));
}

/// Row 5 (Jumper)
async fn a_name_that_was_taken_since_stays_with_who_has_it(world: World) {
    let before = ada(&world).await;
    let takeover = connection::Takeover::Always.into();
    let policy = Connection { takeover, takeover_match_attributes: vec!["emails".to_owned()], ..Connection::default() };
    let (connection, scim) = world.scim_with(policy).await;
    scim.post("/Users", &body()).await.expect(201);
    world.create_user(user("ADA")).await;
    let (taken, head) = (world.user(&before.id).await, world.head().await);

    let refused = Refused::read(&undo(&world, &before.id, &connection.id, true).await.unwrap_err());

    refused.is(Code::AlreadyExists, ErrorReason::Uniqueness).says("attribute", "userName");
    assert_eq!((world.user(&before.id).await, world.head().await), (taken, head));
}

/// Row 29 (JumpCloud)
async fn what_was_recorded_ends_with_its_user_and_with_its_connection(world: World) {
    let before = ada(&world).await;
    let (connection, scim) = asking(&world).await;
    let waits = async || scim.post("/Users", &body()).await.is_error(409, "uniqueness");
    let undelete =
        UndeleteUserRequest { organization_id: world.organization.clone(), user_id: before.id.clone(), ..UndeleteUserRequest::default() };
    let purge = PurgeUserRequest { organization_id: world.organization.clone(), user_id: before.id.clone(), ..PurgeUserRequest::default() };
    let mut grpc = world.grpc();

    waits().await;
    world.delete_user(&before.id).await;
    assert_eq!(listed(&world, true).await, [], "nobody waits for whom nobody has");
    grpc.users.undelete_user(undelete.clone()).await.unwrap();
    waits().await;
    resolve(&world, &before.id, &connection.id, false).await.unwrap();
    // A refusal is remembered for as long as the user may come back.
    world.delete_user(&before.id).await;
    assert_eq!(listed(&world, true).await.len(), 1);
    grpc.users.undelete_user(undelete).await.unwrap();
    waits().await;
    assert_eq!(listed(&world, true).await[0].state(), State::Rejected);
    grpc.users.purge_user(purge).await.unwrap();
    assert_eq!(listed(&world, true).await, []);

    ada(&world).await;
    let (other, others) = asking(&world).await;
    waits().await;
    others.post("/Users", &body()).await.is_error(409, "uniqueness");
    let delete = DeleteConnectionRequest {
        organization_id: world.organization.clone(),
        connection_id: connection.id.clone(),
        ..DeleteConnectionRequest::default()
    };
    grpc.provisioning.delete_connection(delete).await.unwrap();
    let left: Vec<String> = listed(&world, true).await.into_iter().map(|entry| entry.connection_id).collect();
    assert_eq!(left, [other.id]);
}

both! {
    what_was_recorded_ends_with_its_user_and_with_its_connection
    who_was_refused_to_a_connection_is_not_had_by_deleting
    a_create_waits_until_a_person_agrees
    a_refusal_stands_until_somebody_agrees_after_all
    the_answer_says_what_became_of_the_create
    a_takeover_is_taken_back_with_what_it_took
    what_is_no_takeover_is_unlinked_and_not_restored
    a_name_that_was_taken_since_stays_with_who_has_it
}
