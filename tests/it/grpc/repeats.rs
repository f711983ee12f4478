//! Writes that are sent again: what a `request_id` promises beside what every method keeps (`write_options`).

use crate::harness::{
    Clients, Refused, World, both,
    refusal::ExpectRefusal as _,
    shapes::{by_name, group, operation, principal, text, user},
    tenant::every_scope,
};
use futures_util::future::join_all;
use roster::api::v1::{
    ApplyMutationsRequest, ApplyMutationsResponse, CreateGroupRequest, CreateGroupResponse, CreateUserRequest, CreateUserResponse,
    ErrorReason, ListChangesRequest, Mutation, PatchUserRequest, PurgeUserRequest, ReplaceUserRequest, User, WriteOptions,
    apply_mutations_request::Mode, mutation::Write, patch_operation::Op,
};
use std::collections::{BTreeMap, BTreeSet};
use tonic::{Code, Status};

const ID: &str = "0198f0a0-0000-7000-8000-00000000abcd";
const OTHER: &str = "0198f0a0-0000-7000-8000-00000000beef";

fn named(request_id: &str) -> Option<WriteOptions> {
    Some(WriteOptions { request_id: request_id.to_owned(), ..WriteOptions::default() })
}

fn creation(world: &World, request_id: &str, user_name: &str) -> CreateUserRequest {
    let (organization_id, write) = (world.organization.clone(), named(request_id));
    CreateUserRequest { organization_id, user: Some(user(user_name)), write, ..CreateUserRequest::default() }
}

async fn create(clients: &Clients, request: CreateUserRequest) -> Result<CreateUserResponse, Status> {
    Ok(clients.users.clone().create_user(request).await?.into_inner())
}

async fn create_group(world: &World, request_id: &str) -> Result<CreateGroupResponse, Status> {
    let (organization_id, write) = (world.organization.clone(), named(request_id));
    let request = CreateGroupRequest { organization_id, group: Some(group("Engines")), write, ..CreateGroupRequest::default() };
    Ok(world.grpc().groups.create_group(request).await?.into_inner())
}

async fn kept(world: &World) -> i64 {
    world.pairs("SELECT COUNT(*), COUNT(*) FROM requests").await[0].0
}

async fn what_is_sent_many_times_at_once_is_done_once(world: World) {
    let head = world.head().await;
    let clients = world.grpc();

    let answers = join_all((0..40).map(|_| create(&clients, creation(&world, ID, "ada")))).await;

    let answers: Vec<CreateUserResponse> = answers.into_iter().map(Result::unwrap).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!((world.head().await, kept(&world).await), (head + 1, 1));
}

async fn a_name_is_the_callers_own_and_read_in_any_letter_case(world: World) {
    let request = creation(&world, ID, "ada");
    let first = create(&world.grpc(), request.clone()).await.unwrap();
    let account = world.service_account(&world.organization).await;
    let scopes = ["users.read", "users.write"].map(str::to_owned);
    let mut clients = Vec::new();
    for _ in 0..2 {
        clients.push(world.grpc_as(&world.issue(&world.organization, "", &account.id, &scopes).await.unwrap().secret));
    }
    let (one, two) = (&clients[0], &clients[1]);

    let upper = CreateUserRequest { write: named(&ID.to_uppercase()), ..request.clone() };
    assert_eq!(create(&world.grpc(), upper).await.unwrap(), first);
    // Somebody else's request of that name is its own, with whichever of its tokens.
    create(one, request.clone()).await.map(tonic::Response::new).refused().is(Code::AlreadyExists, ErrorReason::Uniqueness);
    let theirs = create(one, creation(&world, ID, "grace")).await.unwrap();
    assert_eq!(create(two, creation(&world, ID, "grace")).await.unwrap(), theirs);
    assert_ne!(theirs.user.unwrap().id, first.user.unwrap().id);

    for odd in ["x", "0198f0a0-0000-7000-8000-00000000abcg", "0198f0a000007000800000000000abcdffff"] {
        let refused = create(&world.grpc(), creation(&world, odd, "joan")).await.map(tonic::Response::new).refused();
        refused.is(Code::InvalidArgument, ErrorReason::InvalidValue).says("attribute", "write.request_id");
    }
}

async fn another_method_or_organization_is_another_request(world: World) {
    create(&world.grpc(), creation(&world, ID, "ada")).await.unwrap();
    let tenant = world.tenant("acme").await;

    let refused = create_group(&world, ID).await.map(tonic::Response::new).refused();
    refused.is(Code::AlreadyExists, ErrorReason::RequestIdReused).says("request_id", ID);
    let elsewhere = CreateUserRequest { organization_id: tenant.organization.id, ..creation(&world, ID, "ada") };
    create(&world.grpc(), elsewhere).await.unwrap();
}

async fn what_was_refused_is_tried_again(world: World) {
    let ada = world.create_user(user("ada")).await;
    let request = creation(&world, ID, "ada");
    create(&world.grpc(), request.clone()).await.map(tonic::Response::new).refused().is(Code::AlreadyExists, ErrorReason::Uniqueness);
    assert_eq!(kept(&world).await, 0);
    world.delete_user(&ada.id).await;

    let made = create(&world.grpc(), request.clone()).await.unwrap();

    assert_ne!(made.user.as_ref().unwrap().id, ada.id);
    assert_eq!(create(&world.grpc(), request).await.unwrap(), made);
}

/// A write that was late does not undo what came after it, even if it changed nothing when it was done.
async fn what_changed_nothing_changes_nothing_later(world: World) {
    let ada = world.create_user(User { title: Some("Countess".to_owned()), ..user("ada") }).await;
    let to = |title: &str, request_id: &str| PatchUserRequest {
        organization_id: world.organization.clone(),
        user_id: ada.id.clone(),
        operations: vec![operation(Op::Replace, "title", Some(text(title)))],
        write: named(request_id),
        ..PatchUserRequest::default()
    };
    let mut users = world.grpc().users;
    let first = users.patch_user(to("Countess", ID)).await.unwrap().into_inner();
    assert!(!first.changed);
    users.patch_user(to("Dr", OTHER)).await.unwrap();
    let head = world.head().await;

    let again = users.patch_user(to("Countess", ID)).await.unwrap().into_inner();

    assert_eq!(again, first);
    assert_eq!((world.user(&ada.id).await.title.as_deref(), world.head().await), (Some("Dr"), head));
}

async fn what_was_answered_is_forgotten_after_a_day(world: World) {
    let first = create_group(&world, ID).await.unwrap().group.unwrap();
    world.server().clock().advance(std::time::Duration::from_secs(86_000));
    assert_eq!(create_group(&world, ID).await.unwrap().group.unwrap(), first);
    world.server().purge().due().await.unwrap();
    assert_eq!(kept(&world).await, 1);
    world.server().clock().advance(std::time::Duration::from_secs(1_000));

    // Its time is over, whether it was forgotten already or not.
    let second = create_group(&world, ID).await.unwrap().group.unwrap();
    assert_ne!(second.id, first.id);
    assert_eq!(kept(&world).await, 1);
    world.server().clock().advance(std::time::Duration::from_hours(25));
    world.server().purge().due().await.unwrap();
    assert_eq!(kept(&world).await, 0);
}

async fn nothing_is_kept_of_a_user_who_was_erased(world: World) {
    let request = creation(&world, ID, "lovelace-the-erased");
    let ada = create(&world.grpc(), request.clone()).await.unwrap().user.unwrap();
    let replace = ReplaceUserRequest {
        organization_id: world.organization.clone(),
        user: Some(User { title: Some("Countess".to_owned()), ..ada.clone() }),
        write: named(OTHER),
        ..ReplaceUserRequest::default()
    };
    world.grpc().users.replace_user(replace.clone()).await.unwrap();
    let purge = PurgeUserRequest { organization_id: world.organization.clone(), user_id: ada.id.clone(), ..PurgeUserRequest::default() };

    world.grpc().users.purge_user(purge).await.unwrap();

    assert_eq!(world.pairs("SELECT CAST(length(body) AS BIGINT), part FROM requests").await, [(0, 0), (0, 0)]);
    create(&world.grpc(), request).await.map(tonic::Response::new).refused().is(Code::NotFound, ErrorReason::NotFound);
    world.grpc().users.replace_user(replace).await.refused().is(Code::NotFound, ErrorReason::NotFound);
    world.try_get_user(by_name("lovelace-the-erased")).await.map(tonic::Response::new).refused().is(Code::NotFound, ErrorReason::NotFound);
}

/// A short secret could be guessed from a digest, so it is no part of what is compared.
async fn a_password_is_no_part_of_what_is_asked(world: World) {
    let with = |password: &str| CreateUserRequest { password: Some(password.to_owned()), ..creation(&world, ID, "ada") };
    let made = create(&world.grpc(), with("hunter2")).await.unwrap();
    assert_eq!(create(&world.grpc(), with("hunter3")).await.unwrap(), made);
    let user_id = made.user.unwrap().id;
    let patch = |value: &str, title: &str| PatchUserRequest {
        organization_id: world.organization.clone(),
        user_id: user_id.clone(),
        operations: vec![
            operation(Op::Replace, "urn:ietf:params:scim:schemas:core:2.0:User:Password", Some(text(value))),
            operation(Op::Replace, "title", Some(text(title))),
        ],
        write: named(OTHER),
        ..PatchUserRequest::default()
    };
    let mut users = world.grpc().users;
    let first = users.patch_user(patch("hunter2", "Dr")).await.unwrap().into_inner();
    assert_eq!(users.patch_user(patch("hunter3", "Dr")).await.unwrap().into_inner(), first);
    users.patch_user(patch("hunter2", "Countess")).await.refused().is(Code::AlreadyExists, ErrorReason::RequestIdReused);
}

fn creations(names: &[&str]) -> Vec<Mutation> {
    let create = |name: &&str| Write::CreateUser(CreateUserRequest { user: Some(user(name)), ..CreateUserRequest::default() });
    names.iter().map(|name| Mutation { temp_id: (*name).to_owned(), write: Some(create(name)) }).collect()
}

async fn apply(world: &World, mode: Mode, mutations: Vec<Mutation>) -> Result<ApplyMutationsResponse, Status> {
    let (organization_id, write) = (world.organization.clone(), named(ID));
    let request = ApplyMutationsRequest { organization_id, mode: mode.into(), mutations, write, ..ApplyMutationsRequest::default() };
    Ok(world.grpc().directory.apply_mutations(request).await?.into_inner())
}

/// Each write by itself: what was done is not done again, what was refused is tried again, and both name each other still.
async fn a_batch_that_was_cut_short_goes_on_where_it_was(world: World) {
    let taken = world.create_user(user("grace")).await;
    let mut mutations = creations(&["ada", "grace", "joan"]);
    let members = vec![principal("temp:ada"), principal("temp:joan")];
    let make = CreateGroupRequest { group: Some(group("Engines")), members, ..CreateGroupRequest::default() };
    mutations.push(Mutation { temp_id: String::new(), write: Some(Write::CreateGroup(make)) });
    let first = apply(&world, Mode::BestEffort, mutations.clone()).await.unwrap().results;
    assert_eq!(first.iter().map(|one| one.error.is_some()).collect::<Vec<_>>(), [false, true, false, false]);
    let head = world.head().await;

    let again = apply(&world, Mode::BestEffort, mutations.clone()).await.unwrap().results;
    assert_eq!((again, world.head().await), (first.clone(), head));

    // The group was not made yet, say: it is made of those who were.
    world.delete_user(&taken.id).await;
    let third = apply(&world, Mode::BestEffort, mutations.clone()).await.unwrap().results;
    assert_eq!(third[1].error, None);
    assert_eq!((&third[0], &third[2], &third[3]), (&first[0], &first[2], &first[3]));
    let mut members = world.members(&third[3].resource_id).await;
    members.sort();
    let made: BTreeSet<String> = [&first[0], &first[2]].map(|one| one.resource_id.clone()).into();
    assert_eq!(members, made.into_iter().collect::<Vec<_>>());

    mutations.reverse();
    let refused = Refused::read(&apply(&world, Mode::BestEffort, mutations).await.unwrap_err());
    refused.is(Code::AlreadyExists, ErrorReason::RequestIdReused);
}

async fn a_batch_of_one_commit_is_done_once(world: World) {
    let mutations = creations(&["ada", "grace"]);
    let first = apply(&world, Mode::Atomic, mutations.clone()).await.unwrap();
    let head = world.head().await;

    assert_eq!(apply(&world, Mode::Atomic, mutations).await.unwrap(), first);
    assert_eq!(world.head().await, head);
}

/// The text of a secret is nowhere, and neither is what an answer with one said.
async fn a_secret_is_shown_once(world: World) {
    let account = world.service_account(&world.organization).await;
    let request = roster::api::v1::IssueTokenRequest {
        organization_id: world.organization.clone(),
        service_account_id: account.id,
        scopes: every_scope(),
        write: named(ID),
        ..Default::default()
    };
    let mut provisioning = world.grpc().provisioning;
    let issued = provisioning.issue_token(request.clone()).await.unwrap().into_inner();

    let refused = provisioning.issue_token(request).await.refused();

    refused.is(Code::AlreadyExists, ErrorReason::TokenAlreadyIssued).says("token_id", &issued.token_id);
    let holds = |text: &str| world.bytes().windows(text.len()).any(|some| some == text.as_bytes());
    assert!(!holds(&issued.secret));
}

/// Whoever follows the changes sees which request made one, and what its sender noted; what was sent again made none.
async fn the_feed_tells_the_request_and_its_notes(world: World) {
    let annotations = BTreeMap::from([("ticket".to_owned(), "CHG-7".to_owned())]);
    let write = named(ID).map(|options| WriteOptions { annotations: annotations.clone(), ..options });
    let request = CreateUserRequest { write, ..creation(&world, ID, "ada") };
    for _ in 0..2 {
        create(&world.grpc(), request.clone()).await.unwrap();
    }

    let follow = ListChangesRequest { organization_id: world.organization.clone(), ..ListChangesRequest::default() };
    let commits = world.grpc().changes.list_changes(follow).await.unwrap().into_inner().commits;

    let actors = commits.into_iter().filter_map(|commit| commit.actor).filter(|actor| !actor.request_id.is_empty());
    assert_eq!(actors.map(|actor| (actor.request_id, actor.annotations)).collect::<Vec<_>>(), [(ID.to_owned(), annotations)]);
}

both! {
    the_feed_tells_the_request_and_its_notes
    what_is_sent_many_times_at_once_is_done_once
    a_name_is_the_callers_own_and_read_in_any_letter_case
    another_method_or_organization_is_another_request
    what_was_refused_is_tried_again
    what_changed_nothing_changes_nothing_later
    what_was_answered_is_forgotten_after_a_day
    nothing_is_kept_of_a_user_who_was_erased
    a_password_is_no_part_of_what_is_asked
    a_batch_that_was_cut_short_goes_on_where_it_was
    a_batch_of_one_commit_is_done_once
    a_secret_is_shown_once
}
