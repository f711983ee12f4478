//! DirectoryService: many writes in one request.

use crate::harness::{
    World, both,
    refusal::{ExpectRefusal as _, Refused},
    shapes::{any_principal, group, principal, user},
};
use roster::api::v1::{
    ApplyMutationsRequest, ApplyMutationsResponse, AttributeList, AttributeMap, CreateGroupRequest, CreateUserRequest, DeleteUserRequest,
    ErrorReason, Mutation, PrincipalRef, apply_mutations_request::Mode, apply_mutations_response::Result as Done, attribute_map::Entry,
    attribute_value::Kind, mutation::Write,
};
use tonic::{Code, Response, Status};

fn make_user(temp_id: &str, name: &str) -> Mutation {
    let request = CreateUserRequest { user: Some(user(name)), ..CreateUserRequest::default() };
    Mutation { temp_id: temp_id.to_owned(), write: Some(Write::CreateUser(request)) }
}

fn make_group(temp_id: &str, name: &str, members: Vec<PrincipalRef>) -> Mutation {
    let request = CreateGroupRequest { group: Some(group(name)), members, ..CreateGroupRequest::default() };
    Mutation { temp_id: temp_id.to_owned(), write: Some(Write::CreateGroup(request)) }
}

fn delete_user(id: &str) -> Mutation {
    let request = DeleteUserRequest { user_id: id.to_owned(), ..DeleteUserRequest::default() };
    Mutation { temp_id: String::new(), write: Some(Write::DeleteUser(request)) }
}

async fn apply(world: &World, mode: Mode, max_errors: i32, mutations: Vec<Mutation>) -> Result<Response<ApplyMutationsResponse>, Status> {
    let organization_id = world.organization.clone();
    let request = ApplyMutationsRequest { organization_id, mode: mode as i32, mutations, max_errors, write: None };
    world.grpc().directory.apply_mutations(request).await
}

fn error(done: &Done) -> Refused {
    Refused::of_item(done.error.as_ref().unwrap())
}

async fn atomic_writes_are_one_commit(world: World) {
    let before = world.head().await;
    // The group comes first and names who comes after it.
    let writes = vec![
        make_group("g", "Crew", vec![principal("temp:ann"), any_principal("temp:bob")]),
        make_user("ann", "ann"),
        make_user("bob", "bob"),
    ];

    let results = apply(&world, Mode::Atomic, 0, writes).await.unwrap().into_inner().results;

    let revision = before + 1;
    assert_eq!(results.iter().map(|r| r.committed_at.as_ref().unwrap().number).collect::<Vec<_>>(), [revision; 3]);
    assert_eq!(world.head().await, revision);
    let mut crew = vec![results[1].resource_id.clone(), results[2].resource_id.clone()];
    crew.sort();
    assert_eq!(world.members(&results[0].resource_id).await, crew);
    assert_eq!(world.group(&results[0].resource_id).await.meta.unwrap().etag, results[0].etag);
}

async fn a_name_is_marked_and_text_that_looks_like_one_is_text(world: World) {
    let texts = ["temp:ann", "../Users/temp:ann", "temp::ann", "temp:::", "../Users/temp:nobody"]
        .map(|text| Kind::StringValue(text.to_owned()).into());
    let entry = Entry { name: "texts".to_owned(), value: Some(Kind::ListValue(AttributeList { values: texts.to_vec() }).into()) };
    let mut bob = user("bob");
    bob.extensions.insert("urn:example:x".to_owned(), AttributeMap { entries: vec![entry] });
    let request = CreateUserRequest { user: Some(bob), ..CreateUserRequest::default() };
    let writes = vec![Mutation { temp_id: String::new(), write: Some(Write::CreateUser(request)) }, make_user("ann", "ann")];

    let results = apply(&world, Mode::Atomic, 0, writes).await.unwrap().into_inner().results;

    let ann = &results[1].resource_id;
    let stored = world.user(&results[0].resource_id).await.extensions["urn:example:x"].entries[0].value.clone().unwrap();
    let Some(Kind::ListValue(list)) = stored.kind else { panic!("{stored:?}") };
    let expected = [ann.clone(), format!("../Users/{ann}"), "temp:ann".into(), "temp::".into(), "../Users/temp:nobody".into()];
    assert_eq!(list.values, expected.map(|text| Kind::StringValue(text).into()));
    apply(&world, Mode::Atomic, 0, vec![make_user(":a", "eve")]).await.refused().is(Code::InvalidArgument, ErrorReason::InvalidValue);
}

async fn one_refusal_undoes_all_atomic_writes_and_names_its_write(world: World) {
    world.create_user(user("taken")).await;
    let before = world.head().await;

    let refused = apply(&world, Mode::Atomic, 0, vec![make_user("", "ann"), make_user("", "TAKEN"), make_user("", "bob")]).await.refused();

    refused.is(Code::AlreadyExists, ErrorReason::Uniqueness).says("mutation", "1").says("attribute", "userName");
    assert_eq!(world.head().await, before);
}

async fn groups_may_hold_each_other(world: World) {
    for mode in [Mode::Atomic, Mode::BestEffort] {
        let writes = vec![make_group("a", "A", vec![any_principal("temp:b")]), make_group("b", "B", vec![any_principal("temp:a")])];

        let results = apply(&world, mode, 0, writes).await.unwrap().into_inner().results;

        let (a, b) = (&results[0], &results[1]);
        assert_eq!(world.members(&a.resource_id).await, [b.resource_id.clone()], "{mode:?}");
        assert_eq!(world.members(&b.resource_id).await, [a.resource_id.clone()], "{mode:?}");
        assert_eq!(world.group(&a.resource_id).await.meta.unwrap().etag, a.etag, "{mode:?}");
    }
}

async fn best_effort_does_what_can_be_done(world: World) {
    let old = world.create_user(user("taken")).await;
    let writes = vec![
        make_user("first", "ann"),
        make_user("second", "Taken"),
        make_group("", "Crew", vec![principal("temp:second")]),
        make_group("", "Other", vec![principal("temp:nobody")]),
        delete_user(&old.id),
        delete_user("unknown"),
    ];

    let results = apply(&world, Mode::BestEffort, 0, writes).await.unwrap().into_inner().results;

    assert_eq!(world.user(&results[0].resource_id).await.meta.unwrap().etag, results[0].etag);
    error(&results[1]).is(Code::AlreadyExists, ErrorReason::Uniqueness);
    error(&results[2]).is(Code::InvalidArgument, ErrorReason::InvalidValue);
    error(&results[3]).is(Code::InvalidArgument, ErrorReason::InvalidValue);
    assert_eq!((results[4].error.as_ref(), results[4].resource_id.as_str(), results[4].etag.as_str()), (None, old.id.as_str(), ""));
    error(&results[5]).is(Code::NotFound, ErrorReason::NotFound);
    assert!(results.iter().all(|r| !r.skipped));
}

async fn best_effort_stops_after_so_many_errors(world: World) {
    let writes = vec![delete_user("x"), make_user("", "ann"), delete_user("y"), make_user("", "bob")];

    let results = apply(&world, Mode::BestEffort, 2, writes).await.unwrap().into_inner().results;

    assert_eq!(
        results.iter().map(|r| (r.error.is_some(), r.skipped)).collect::<Vec<_>>(),
        [(true, false), (false, false), (true, false), (false, true)]
    );
}

async fn a_request_that_is_wrong_as_a_whole_changes_nothing(world: World) {
    let before = world.head().await;
    let foreign = {
        let request = CreateUserRequest { organization_id: "other".to_owned(), user: Some(user("ann")), ..CreateUserRequest::default() };
        Mutation { temp_id: String::new(), write: Some(Write::CreateUser(request)) }
    };

    apply(&world, Mode::Atomic, 0, vec![]).await.refused().is(Code::InvalidArgument, ErrorReason::InvalidValue);
    apply(&world, Mode::Unspecified, 0, vec![make_user("", "ann")]).await.refused().is(Code::InvalidArgument, ErrorReason::InvalidValue);
    apply(&world, Mode::Atomic, -1, vec![make_user("", "ann")]).await.refused().is(Code::InvalidArgument, ErrorReason::InvalidValue);
    apply(&world, Mode::Atomic, 0, vec![make_user("a", "ann"), make_user("a", "bob")])
        .await
        .refused()
        .is(Code::InvalidArgument, ErrorReason::InvalidValue);
    apply(&world, Mode::Atomic, 0, vec![foreign])
        .await
        .refused()
        .is(Code::InvalidArgument, ErrorReason::InvalidValue)
        .says("mutation", "0");
    apply(&world, Mode::Atomic, 0, vec![delete_user("x"); 1_001])
        .await
        .refused()
        .is(Code::InvalidArgument, ErrorReason::TooLarge)
        .says("limit", "1000");

    assert_eq!(world.head().await, before);
}

both! {
    atomic_writes_are_one_commit
    a_name_is_marked_and_text_that_looks_like_one_is_text
    one_refusal_undoes_all_atomic_writes_and_names_its_write
    groups_may_hold_each_other
    best_effort_does_what_can_be_done
    best_effort_stops_after_so_many_errors
    a_request_that_is_wrong_as_a_whole_changes_nothing
}
