//! Bounds over gRPC: a refusal names the bound, and nothing is stored.

use crate::harness::{
    Refused, World, both,
    refusal::ExpectRefusal as _,
    shapes::{any_principal, by_id, complex, filter, group, group_by_id, list, operation, text, user},
};
use roster::api::v1::{
    AttributeMap, AttributeValue, BatchGetGroupsRequest, BatchGetUsersRequest, CreateGroupRequest, CreateUserRequest, ErrorReason,
    ListUsersRequest, MultiValue, PatchUserRequest, User, attribute_map, patch_operation::Op,
};
use std::collections::BTreeMap;
use tonic::{Code, Status};

/// A value that nests this deep.
fn deep(levels: usize) -> AttributeValue {
    (0..levels).fold(text("core"), |inner, level| if level % 2 == 0 { list(vec![inner]) } else { complex([("k", inner)]) })
}

fn extended(value: AttributeValue) -> User {
    let entries = vec![attribute_map::Entry { name: "k".to_owned(), value: Some(value) }];
    User { extensions: BTreeMap::from([("urn:example:x".to_owned(), AttributeMap { entries })]), ..user("ada") }
}

async fn create(world: &World, user: User) -> Result<User, Status> {
    let request = CreateUserRequest { organization_id: world.organization.clone(), user: Some(user), ..CreateUserRequest::default() };
    Ok(world.grpc().users.create_user(request).await?.into_inner().user.unwrap())
}

async fn values_nest_as_deep_as_the_bound(world: World) {
    let head = world.head().await;

    for levels in [20, 40, 90, 1_000] {
        let refused = Refused::read(&create(&world, extended(deep(levels))).await.unwrap_err());
        assert_eq!(refused.code, Code::InvalidArgument, "{levels} levels: {refused:?}");
    }

    assert_eq!(world.head().await, head);
    let stored = create(&world, extended(deep(6))).await.unwrap();
    assert_eq!(world.user(&stored.id).await.extensions, extended(deep(6)).extensions);
}

async fn a_resource_is_as_large_as_the_bound(world: World) {
    let head = world.head().await;
    let value = |i: usize, bytes: usize| MultiValue { value: Some(format!("{i}{}", "x".repeat(bytes))), ..MultiValue::default() };
    let too_large = [
        User { title: Some("x".repeat(8 * 1024 + 1)), ..user("ada") },
        User { roles: (0..201).map(|i| value(i, 1)).collect(), ..user("ada") },
        User { roles: (0..60).map(|i| value(i, 5_000)).collect(), ..user("ada") },
        user(&"x".repeat(257)),
    ];

    for person in too_large {
        let refused = Refused::read(&create(&world, person).await.unwrap_err());
        assert_eq!(refused.code, Code::InvalidArgument, "{refused:?}");
        assert!(["INVALID_VALUE", "TOO_LARGE"].contains(&refused.reason.as_str()), "{refused:?}");
        assert!(refused.detail.bytes().any(|b| b.is_ascii_digit()), "the bound is named: {refused:?}");
    }

    assert_eq!(world.head().await, head);
    let fits = User { title: Some("x".repeat(8 * 1024)), roles: (0..200).map(|i| value(i, 100)).collect(), ..user(&"x".repeat(256)) };
    create(&world, fits).await.unwrap();
}

async fn a_request_is_as_long_as_the_bound(world: World) {
    let organization_id = world.organization.clone();
    let ada = create(&world, user("ada")).await.unwrap();
    let head = world.head().await;
    let mut clients = world.grpc();

    let users = (0..1_001).map(|_| by_id(&ada.id)).collect();
    let request = BatchGetUsersRequest { organization_id: organization_id.clone(), users, ..BatchGetUsersRequest::default() };
    clients.users.batch_get_users(request).await.refused().is(Code::InvalidArgument, ErrorReason::TooLarge).says("limit", "1000");
    let groups = (0..1_001).map(|_| group_by_id("x")).collect();
    let request = BatchGetGroupsRequest { organization_id: organization_id.clone(), groups, ..BatchGetGroupsRequest::default() };
    clients.groups.batch_get_groups(request).await.refused().is(Code::InvalidArgument, ErrorReason::TooLarge).says("limit", "1000");
    let operations = (0..1_001).map(|_| operation(Op::Replace, "title", Some(text("x")))).collect();
    let request = PatchUserRequest { organization_id: organization_id.clone(), user_id: ada.id.clone(), operations, ..Default::default() };
    clients.users.patch_user(request).await.refused().is(Code::InvalidArgument, ErrorReason::TooLarge).says("limit", "1000");
    let members = (0..10_001).map(|i| any_principal(&format!("{i}"))).collect();
    let request = CreateGroupRequest { organization_id: organization_id.clone(), group: Some(group("G")), members, ..Default::default() };
    clients.groups.create_group(request).await.refused().is(Code::InvalidArgument, ErrorReason::TooLarge).says("limit", "10000");
    for expression in ["(".repeat(33), format!("userName eq \"{}\"", "x".repeat(8 * 1024)), "id pr or ".repeat(257) + "id pr"] {
        let request = ListUsersRequest { organization_id: organization_id.clone(), filter: filter(&expression), ..Default::default() };
        clients.users.list_users(request).await.refused().is(Code::InvalidArgument, ErrorReason::InvalidFilter);
    }
    let empty = BatchGetUsersRequest { organization_id, ..BatchGetUsersRequest::default() };
    clients.users.batch_get_users(empty).await.refused().is(Code::InvalidArgument, ErrorReason::InvalidValue);
    assert_eq!(world.head().await, head);
}

/// What does not fit into a message never reaches a service; the connection lives on.
async fn a_message_is_as_large_as_the_bound(world: World) {
    let huge = User { title: Some("x".repeat(5 * 1024 * 1024)), ..user("ada") };

    let refused = Refused::read(&create(&world, huge).await.unwrap_err());

    refused.is(Code::InvalidArgument, ErrorReason::TooLarge).says("limit", "4194304");
    create(&world, user("ada")).await.unwrap();
}

both! {
    values_nest_as_deep_as_the_bound
    a_resource_is_as_large_as_the_bound
    a_request_is_as_long_as_the_bound
    a_message_is_as_large_as_the_bound
}
