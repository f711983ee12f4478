//! Many reads by any reference: a result for each, in order, and as many statements as there are kinds of references.

use crate::harness::{
    Refused, World, both,
    shapes::{by_email, by_external_id, by_id, by_name, external, group, group_by_id, group_by_name, user_with_email},
};
use roster::api::v1::{
    BatchGetGroupsRequest, BatchGetUsersRequest, CreateGroupRequest, Group, GroupRef, User, UserRef, batch_get_groups_response,
    batch_get_users_response, group_ref,
};
use tonic::Code;

const MANY: usize = 120;

fn group_by_external_id(value: &str) -> GroupRef {
    GroupRef { r#ref: Some(group_ref::Ref::ExternalId(external("", value))) }
}

/// What was found, or the reason why nothing was.
async fn users(world: &World, users: Vec<UserRef>) -> (Vec<Result<String, String>>, u64) {
    use batch_get_users_response::result::Result as Outcome;
    let request = BatchGetUsersRequest { organization_id: world.organization.clone(), users, ..BatchGetUsersRequest::default() };
    let (answer, counted) = world.least(async || world.grpc().users.batch_get_users(request.clone()).await.unwrap().into_inner()).await;
    let found = answer.results.into_iter().map(|one| match one.result.unwrap() {
        Outcome::User(user) => Ok(user.id),
        Outcome::Error(error) => Err(Refused::of_item(&error).reason),
    });
    (found.collect(), counted.statements)
}

async fn groups(world: &World, groups: Vec<GroupRef>) -> (Vec<Result<String, String>>, u64) {
    use batch_get_groups_response::result::Result as Outcome;
    let request = BatchGetGroupsRequest { organization_id: world.organization.clone(), groups, ..BatchGetGroupsRequest::default() };
    let (answer, counted) = world.least(async || world.grpc().groups.batch_get_groups(request.clone()).await.unwrap().into_inner()).await;
    let found = answer.results.into_iter().map(|one| match one.result.unwrap() {
        Outcome::Group(group) => Ok(group.id),
        Outcome::Error(error) => Err(Refused::of_item(&error).reason),
    });
    (found.collect(), counted.statements)
}

async fn many_users_are_read_by_any_reference_in_a_few_statements(world: World) {
    let mut ids = Vec::new();
    for i in 0..MANY {
        let given =
            User { external_ids: vec![external("", &format!("E-{i}"))], ..user_with_email(&format!("u{i}"), &format!("u{i}@x.example")) };
        ids.push(world.create_user(given).await.id);
    }
    let shared = world.create_user(user_with_email("twin", "U0@x.example")).await;
    let reference = |i: usize| match i % 4 {
        0 => by_id(&ids[i]),
        1 => by_name(&format!("U{i}")),
        2 => by_external_id("", &format!("E-{i}")),
        _ => by_email(&format!("u{i}@X.example")),
    };

    let (few, statements) = users(&world, (0..4).map(reference).collect()).await;
    assert_eq!(few, ids[..4].iter().cloned().map(Ok).collect::<Vec<_>>());

    let odd = [by_id("nobody"), by_name("nobody"), by_email("u0@x.example"), by_external_id("", ""), by_id(&shared.id)];
    let (many, the_same) = users(&world, (0..MANY).map(reference).chain(odd).collect()).await;
    let mut expected: Vec<Result<String, String>> = ids.iter().cloned().map(Ok).collect();
    let not_found = || Err("NOT_FOUND".to_owned());
    expected.extend([not_found(), not_found(), Err("AMBIGUOUS_REFERENCE".to_owned()), not_found(), Ok(shared.id)]);
    assert_eq!((many, the_same), (expected, statements));
}

async fn many_groups_are_read_by_any_reference_in_a_few_statements(world: World) {
    let mut ids = Vec::new();
    for i in 0..MANY {
        let given = Group { external_ids: vec![external("", &format!("E-{i}"))], ..group(&format!("G{i}")) };
        let request =
            CreateGroupRequest { organization_id: world.organization.clone(), group: Some(given), ..CreateGroupRequest::default() };
        ids.push(world.grpc().groups.create_group(request).await.unwrap().into_inner().group.unwrap().id);
    }
    world.create_group("g0", vec![]).await;
    let reference = |i: usize| match i % 3 {
        0 => group_by_id(&ids[i]),
        1 => group_by_name(&format!("g{i}")),
        _ => group_by_external_id(&format!("E-{i}")),
    };

    let (few, statements) = groups(&world, (0..3).map(reference).collect()).await;
    assert_eq!(few, ids[..3].iter().cloned().map(Ok).collect::<Vec<_>>());

    let odd = [group_by_name("G0"), group_by_name("nobody"), group_by_id(""), group_by_external_id("E")];
    let (many, the_same) = groups(&world, (0..MANY).map(reference).chain(odd).collect()).await;
    let mut expected: Vec<Result<String, String>> = ids.iter().cloned().map(Ok).collect();
    expected.extend(["AMBIGUOUS_REFERENCE", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND"].map(|reason| Err(reason.to_owned())));
    assert_eq!((many, the_same), (expected, statements));
}

/// A batch is bounded, and says by what.
async fn a_batch_has_at_most_a_thousand_references(world: World) {
    let users = |count: usize| BatchGetUsersRequest {
        organization_id: world.organization.clone(),
        users: vec![by_id("x"); count],
        ..BatchGetUsersRequest::default()
    };
    let mut clients = world.grpc();
    assert_eq!(clients.users.batch_get_users(users(1_000)).await.unwrap().into_inner().results.len(), 1_000);
    for count in [0, 1_001] {
        assert_eq!(clients.users.batch_get_users(users(count)).await.unwrap_err().code(), Code::InvalidArgument);
    }
}

both! {
    many_users_are_read_by_any_reference_in_a_few_statements
    many_groups_are_read_by_any_reference_in_a_few_statements
    a_batch_has_at_most_a_thousand_references
}
