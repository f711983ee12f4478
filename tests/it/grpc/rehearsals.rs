//! Many writes that are only checked: the answer is the one that the writes would get.

use crate::harness::{
    World, both,
    refusal::Refused,
    shapes::{any_principal, group, operation, principal, text, user},
};
use roster::api::v1::{
    ApplyMutationsRequest, CreateGroupRequest, CreateUserRequest, DeleteUserRequest, ErrorReason, ModifyGroupMembersRequest, Mutation,
    PatchGroupRequest, PatchUserRequest, Precondition, PrincipalRef, ReplaceGroupRequest, WriteOptions, apply_mutations_request::Mode,
    apply_mutations_response::Result as Done, mutation::Write, patch_operation::Op,
};
use tonic::{Code, Status};

fn mutation(temp_id: &str, write: Write) -> Mutation {
    Mutation { temp_id: temp_id.to_owned(), write: Some(write) }
}

fn make_user(temp_id: &str, name: &str) -> Mutation {
    mutation(temp_id, Write::CreateUser(CreateUserRequest { user: Some(user(name)), ..CreateUserRequest::default() }))
}

fn make_group(temp_id: &str, name: &str, members: Vec<PrincipalRef>) -> Mutation {
    mutation(temp_id, Write::CreateGroup(CreateGroupRequest { group: Some(group(name)), members, ..CreateGroupRequest::default() }))
}

fn retitle(id: &str, title: &str, if_match: &str) -> Mutation {
    let precondition = (!if_match.is_empty()).then(|| Precondition { if_match: vec![if_match.to_owned()], ..Precondition::default() });
    let operations = vec![operation(Op::Replace, "title", Some(text(title)))];
    mutation("", Write::PatchUser(PatchUserRequest { user_id: id.to_owned(), operations, precondition, ..PatchUserRequest::default() }))
}

fn delete(id: &str) -> Mutation {
    mutation("", Write::DeleteUser(DeleteUserRequest { user_id: id.to_owned(), ..DeleteUserRequest::default() }))
}

async fn apply(world: &World, mode: Mode, max_errors: i32, mutations: Vec<Mutation>, validate_only: bool) -> Result<Vec<Done>, Status> {
    let write = Some(WriteOptions { validate_only, ..WriteOptions::default() });
    let request = ApplyMutationsRequest { organization_id: world.organization.clone(), mode: mode as i32, mutations, max_errors, write };
    Ok(world.grpc().directory.apply_mutations(request).await?.into_inner().results)
}

/// What stays the same from one try to the next: ids that are new do not.
fn outcome(done: &Done, known: &[&str]) -> (bool, String, String, String) {
    let refused = done.error.as_ref().map(Refused::of_item);
    let id = if known.contains(&done.resource_id.as_str()) { done.resource_id.clone() } else { String::new() };
    let (reason, detail) = refused.map_or_else(Default::default, |refused| (refused.reason, refused.detail));
    (done.skipped, id, reason, format!("{} {detail}", done.etag))
}

async fn a_rehearsal_answers_as_the_writes_would_and_changes_nothing(world: World) {
    let old = world.create_user(user("old")).await;
    let crew = world.create_group("Crew", vec![principal(&old.id)]).await;
    let replace = ReplaceGroupRequest {
        group_id: crew.id.clone(),
        group: Some(group("Crew")),
        members: vec![any_principal("temp:ann")],
        ..ReplaceGroupRequest::default()
    };
    let leave = PatchGroupRequest {
        group_id: crew.id.clone(),
        operations: vec![operation(Op::Replace, "displayName", Some(text("Staff")))],
        precondition: Some(Precondition { if_match: vec![crew.meta.clone().unwrap().etag], ..Precondition::default() }),
        ..PatchGroupRequest::default()
    };
    let writes = || {
        vec![
            make_user("ann", "ann"),
            make_group("", "Ann's", vec![any_principal("temp:ann")]),
            make_user("again", "ANN"),
            make_group("", "Nobody's", vec![any_principal("temp:again")]),
            mutation("", Write::ReplaceGroup(replace.clone())),
            mutation("", Write::PatchGroup(leave.clone())),
            retitle("temp:ann", "Dr", ""),
            delete(&old.id),
            retitle(&old.id, "Dr", ""),
            make_user("", "old"),
            make_group("x", "X", vec![any_principal("temp:y")]),
            make_group("y", "Y", vec![any_principal("temp:x")]),
            mutation("", Write::ModifyGroupMembers(ModifyGroupMembersRequest { group_id: "temp:x".into(), ..Default::default() })),
        ]
    };
    for max_errors in [2, 0] {
        let before = world.head().await;
        let checked = apply(&world, Mode::BestEffort, max_errors, writes(), true).await.unwrap();
        assert_eq!(world.head().await, before);
        let at = |done: &Done| done.committed_at.as_ref().map(|at| at.number);
        assert!(checked.iter().all(|done| at(done).is_none_or(|at| at == before)), "{checked:?}");
        if max_errors > 0 {
            assert_eq!(checked.iter().filter(|done| done.error.is_some()).count(), 2);
            assert_eq!(checked.iter().filter(|done| done.skipped).count(), 9);
            continue;
        }
        let reasons: Vec<String> = checked.iter().map(|done| outcome(done, &[]).2).collect();
        let expected = ["", "", "UNIQUENESS", "INVALID_VALUE", "", "ETAG_MISMATCH", "", "", "NOT_FOUND"];
        assert_eq!(reasons[..9], expected);
        let done = apply(&world, Mode::BestEffort, 0, writes(), false).await.unwrap();
        let known = [old.id.as_str(), crew.id.as_str()];
        let tell = |all: &[Done]| all.iter().map(|one| outcome(one, &known)).collect::<Vec<_>>();
        assert_eq!(tell(&checked), tell(&done));
    }
}

async fn a_refusal_tells_the_version_that_stands_and_not_one_of_the_request_itself(world: World) {
    let ada = world.create_user(user("ada")).await;
    let etag = ada.meta.clone().unwrap().etag;
    let writes = vec![retitle(&ada.id, "A", &etag), retitle(&ada.id, "B", &etag)];

    let refused = Refused::read(&apply(&world, Mode::Atomic, 0, writes, false).await.unwrap_err());
    refused.is(Code::Aborted, ErrorReason::EtagMismatch).says("mutation", "1").says("etag", &etag);

    // What was not there before has no version to tell.
    let writes = vec![make_user("bob", "bob"), retitle("temp:bob", "B", &etag)];
    let refused = Refused::read(&apply(&world, Mode::Atomic, 0, writes, false).await.unwrap_err());
    refused.is(Code::Aborted, ErrorReason::EtagMismatch).says("mutation", "1");
    assert_eq!(refused.metadata.get("etag"), None, "{refused:?}");
    // Each by itself, the first stands, and its version is told.
    let done = apply(&world, Mode::BestEffort, 0, vec![retitle(&ada.id, "A", &etag), retitle(&ada.id, "B", &etag)], false).await.unwrap();
    assert_eq!(Refused::of_item(done[1].error.as_ref().unwrap()).metadata["etag"], done[0].etag);
}

both! {
    a_rehearsal_answers_as_the_writes_would_and_changes_nothing
    a_refusal_tells_the_version_that_stands_and_not_one_of_the_request_itself
}
