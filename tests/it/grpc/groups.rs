//! GroupService: a group and its attributes.

use crate::harness::{
    World, both,
    refusal::{ExpectRefusal as _, Refused},
    shapes::{
        any_principal, complex, external, group, group_by_id, group_by_name, group_principal, if_match, list, operation, principal, text,
        user,
    },
};
use prost_types::FieldMask;
use roster::api::v1::{
    BatchGetGroupsRequest, CreateGroupRequest, DeleteGroupRequest, DeleteOutcome, ErrorReason, GetGroupRequest, Group, GroupRef,
    PatchGroupRequest, PatchOperation, ReplaceGroupRequest, UpdateGroupRequest, batch_get_groups_response::result, group_ref::Ref,
    patch_operation::Op,
};
use tonic::Code;

async fn a_group_is_found_by_each_of_its_names(world: World) {
    let given = Group { external_ids: vec![external("", "G-1")], description: Some("who build".to_owned()), ..group("Night Shift") };
    let request = CreateGroupRequest { organization_id: world.organization.clone(), group: Some(given), ..CreateGroupRequest::default() };
    let created = world.grpc().groups.create_group(request).await.unwrap().into_inner().group.unwrap();
    let by_external_id = GroupRef { r#ref: Some(Ref::ExternalId(external("", "G-1"))) };
    let get =
        |group: GroupRef| GetGroupRequest { organization_id: world.organization.clone(), group: Some(group), ..GetGroupRequest::default() };
    let mut groups = world.grpc().groups;

    for reference in [group_by_id(&created.id), group_by_name("Night Shift"), group_by_name("NIGHT SHIFT"), by_external_id] {
        let found = groups.get_group(get(reference.clone())).await.unwrap().into_inner().group.unwrap();
        assert_eq!(found, created, "{reference:?}");
    }
    assert_eq!((created.direct_member_count, created.description.as_deref()), (0, Some("who build")));
    groups.get_group(get(group_by_id("unknown"))).await.refused().is(Code::NotFound, ErrorReason::NotFound).says("resource", "group");
    world.create_group("night shift", vec![]).await;
    groups.get_group(get(group_by_name("Night Shift"))).await.refused().is(Code::InvalidArgument, ErrorReason::AmbiguousReference);
}

async fn a_batch_of_groups_answers_in_order(world: World) {
    let (a, b) = (world.create_group("A", vec![]).await, world.create_group("B", vec![]).await);
    let groups = vec![group_by_name("b"), group_by_id("unknown"), group_by_id(&a.id)];

    let request = BatchGetGroupsRequest { organization_id: world.organization.clone(), groups, ..BatchGetGroupsRequest::default() };
    let answers: Vec<_> =
        world.grpc().groups.batch_get_groups(request).await.unwrap().into_inner().results.into_iter().map(|r| r.result.unwrap()).collect();

    assert_eq!((&answers[0], &answers[2]), (&result::Result::Group(b), &result::Result::Group(a)));
    let result::Result::Error(status) = &answers[1] else { panic!("{:?}", answers[1]) };
    Refused::of_item(status).is(Code::NotFound, ErrorReason::NotFound);
}

async fn a_group_begins_with_its_first_members(world: World) {
    let (ada, inner) = (world.create_user(user("ada")).await, world.create_group("Inner", vec![]).await);

    // The kind need not be known, and twice is once.
    let outer = world.create_group("Outer", vec![principal(&ada.id), any_principal(&inner.id), any_principal(&ada.id)]).await;

    assert_eq!(outer.direct_member_count, 2);
    let mut expected = vec![ada.id, inner.id];
    expected.sort();
    assert_eq!(world.members(&outer.id).await, expected);
}

async fn an_unknown_member_is_refused_and_nothing_is_made(world: World) {
    let ada = world.create_user(user("ada")).await;
    let head = world.head().await;
    let strangers = [principal("0198f0a0-0000-7000-8000-000000000000"), any_principal("nobody"), group_principal(&ada.id), principal("")];

    for stranger in strangers {
        let request = CreateGroupRequest {
            organization_id: world.organization.clone(),
            group: Some(group("Engines")),
            members: vec![principal(&ada.id), stranger.clone()],
            ..CreateGroupRequest::default()
        };
        let refused = world.grpc().groups.create_group(request).await.refused();
        assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "INVALID_VALUE"), "{stranger:?}: {refused:?}");
    }
    assert_eq!(world.head().await, head);
}

async fn an_update_and_a_patch_change_attributes_and_leave_members(world: World) {
    let ada = world.create_user(user("ada")).await;
    let before = world.create_group("Engines", vec![principal(&ada.id)]).await;
    let mut groups = world.grpc().groups;
    let update = UpdateGroupRequest {
        organization_id: world.organization.clone(),
        group: Some(Group { id: before.id.clone(), description: Some("who build".to_owned()), ..group("ignored") }),
        update_mask: Some(FieldMask { paths: vec!["description".to_owned()] }),
        ..UpdateGroupRequest::default()
    };
    let patch = |operations: Vec<PatchOperation>| PatchGroupRequest {
        organization_id: world.organization.clone(),
        group_id: before.id.clone(),
        operations,
        ..PatchGroupRequest::default()
    };

    let updated = groups.update_group(update).await.unwrap().into_inner().group.unwrap();
    let patched =
        groups.patch_group(patch(vec![operation(Op::Replace, "displayName", Some(text("Machines")))])).await.unwrap().into_inner();
    let again = groups.patch_group(patch(vec![operation(Op::Replace, "displayName", Some(text("Machines")))])).await.unwrap().into_inner();

    assert_eq!(
        (updated.display_name.as_str(), updated.description.as_deref(), updated.direct_member_count),
        ("Engines", Some("who build"), 1)
    );
    assert!(patched.changed && !again.changed);
    assert_eq!((patched.members_added, patched.members_removed), (0, 0));
    let after = patched.group.unwrap();
    assert_eq!((after.display_name.as_str(), after.direct_member_count), ("Machines", 1));
    assert_eq!(again.group.unwrap(), after, "what is already so makes no version");
    assert_eq!(world.members(&before.id).await, [ada.id]);
    assert_eq!(world.group(&before.id).await, after);
}

async fn a_patch_changes_members_in_every_shape_that_is_sent(world: World) {
    let people = world.crowd("u", 4).await;
    let id = world.create_group("Engines", vec![]).await.id;
    let value = |user: &str| complex([("value", text(user))]);
    let path = format!("members[value eq \"{}\"]", people[1]);
    let sorted = |ids: &[usize]| {
        let mut ids: Vec<String> = ids.iter().map(|&i| people[i].clone()).collect();
        ids.sort();
        ids
    };
    let steps = [
        (vec![operation(Op::Add, "members", Some(list(vec![value(&people[0]), value(&people[1])])))], (2, 0), sorted(&[0, 1])),
        // One who is there already, one who is not, and one object where a list could stand.
        (
            vec![
                operation(Op::Add, "members", Some(list(vec![value(&people[1]), value(&people[2])]))),
                operation(Op::Add, "members", Some(value(&people[3]))),
            ],
            (2, 0),
            sorted(&[0, 1, 2, 3]),
        ),
        (vec![operation(Op::Remove, &path, None)], (0, 1), sorted(&[0, 2, 3])),
        // A removal that names members removes these, and those who are not there are no fault.
        (vec![operation(Op::Remove, "members", Some(list(vec![value(&people[0]), value(&people[1])])))], (0, 1), sorted(&[2, 3])),
        (vec![operation(Op::Replace, "members", Some(list(vec![value(&people[0]), value(&people[2])])))], (1, 1), sorted(&[0, 2])),
        (
            vec![operation(
                Op::Replace,
                "",
                Some(complex([("displayName", text("Machines")), ("members", list(vec![value(&people[3])]))])),
            )],
            (1, 2),
            sorted(&[3]),
        ),
        (vec![operation(Op::Remove, "members", None)], (0, 1), vec![]),
        (
            vec![
                operation(Op::Add, "members", Some(value(&people[0]))),
                operation(Op::Remove, "members", None),
                operation(Op::Add, "members", Some(value(&people[1]))),
            ],
            (2, 1),
            sorted(&[1]),
        ),
    ];

    for (operations, (added, removed), expected) in steps {
        let request = PatchGroupRequest {
            organization_id: world.organization.clone(),
            group_id: id.clone(),
            operations: operations.clone(),
            ..PatchGroupRequest::default()
        };
        let answer = world.grpc().groups.patch_group(request).await.unwrap().into_inner();

        assert_eq!(world.members(&id).await, expected, "{operations:?}");
        assert_eq!((answer.members_added, answer.members_removed, answer.changed), (added, removed, true), "{operations:?}");
        assert_eq!(answer.group.unwrap().direct_member_count, i64::try_from(expected.len()).unwrap());
    }
    assert_eq!(world.group(&id).await.display_name, "Machines");
}

async fn a_group_patch_that_fails_half_way_changes_nothing(world: World) {
    let ada = world.create_user(user("ada")).await;
    let before = world.create_group("Engines", vec![principal(&ada.id)]).await;
    let head = world.head().await;
    let operations = vec![
        operation(Op::Remove, "members", None),
        operation(Op::Replace, "displayName", Some(text("Machines"))),
        operation(Op::Add, "members", Some(complex([("value", text("nobody"))]))),
    ];

    let request = PatchGroupRequest {
        organization_id: world.organization.clone(),
        group_id: before.id.clone(),
        operations,
        ..PatchGroupRequest::default()
    };
    world.grpc().groups.patch_group(request).await.refused().is(Code::InvalidArgument, ErrorReason::InvalidValue);

    assert_eq!(world.group(&before.id).await, before);
    assert_eq!(world.members(&before.id).await, [ada.id]);
    assert_eq!(world.head().await, head);
}

async fn a_replacement_touches_only_the_members_that_differ(world: World) {
    let people = world.crowd("u", 5).await;
    let before = world.create_group("Engines", people[..3].iter().map(|p| principal(p)).collect()).await;
    let replace = |group: Group, members: &[String]| ReplaceGroupRequest {
        organization_id: world.organization.clone(),
        group_id: before.id.clone(),
        group: Some(group),
        members: members.iter().map(|m| any_principal(m)).collect(),
        ..ReplaceGroupRequest::default()
    };
    let mut groups = world.grpc().groups;

    let answer = groups.replace_group(replace(group("Machines"), &people[1..])).await.unwrap().into_inner();

    assert_eq!((answer.members_added, answer.members_removed, answer.members_kept), (2, 1, 2));
    let after = answer.group.unwrap();
    assert_eq!((after.display_name.as_str(), after.direct_member_count), ("Machines", 4));
    let mut expected = people[1..].to_vec();
    expected.sort();
    assert_eq!(world.members(&before.id).await, expected);
    let head = world.head().await;
    let same = groups.replace_group(replace(group("Machines"), &people[1..])).await.unwrap().into_inner();
    assert_eq!((same.members_added, same.members_removed, same.members_kept), (0, 0, 4));
    assert_eq!(same.group.unwrap(), after);
    assert_eq!(world.head().await, head);
    let stale = ReplaceGroupRequest { precondition: if_match(&before.meta.unwrap().etag), ..replace(group("Other"), &[]) };
    groups.replace_group(stale).await.refused().is(Code::Aborted, ErrorReason::EtagMismatch).says("etag", &after.meta.unwrap().etag);
    groups.replace_group(replace(group("Empty"), &[])).await.unwrap();
    assert_eq!(world.members(&before.id).await, Vec::<String>::new());
}

async fn a_deleted_group_leaves_its_members_alone(world: World) {
    let ada = world.create_user(user("ada")).await;
    let inner = world.create_group("Inner", vec![principal(&ada.id)]).await;
    let outer = world.create_group("Outer", vec![group_principal(&inner.id)]).await;
    let delete =
        DeleteGroupRequest { organization_id: world.organization.clone(), group_id: inner.id.clone(), ..DeleteGroupRequest::default() };
    let mut groups = world.grpc().groups;

    let stale = DeleteGroupRequest { precondition: if_match("W/\"0\""), ..delete.clone() };
    groups.delete_group(stale).await.refused().is(Code::Aborted, ErrorReason::EtagMismatch);
    let answer = groups.delete_group(delete.clone()).await.unwrap().into_inner();

    assert_eq!(answer.outcome(), DeleteOutcome::Purged);
    assert_eq!(world.user(&ada.id).await, ada);
    assert_eq!(world.members(&outer.id).await, Vec::<String>::new());
    assert_eq!(world.group(&outer.id).await.direct_member_count, 0);
    groups.delete_group(delete.clone()).await.refused().is(Code::NotFound, ErrorReason::NotFound);
    groups.delete_group(DeleteGroupRequest { allow_missing: true, ..delete }).await.unwrap();
    let request =
        GetGroupRequest { organization_id: world.organization.clone(), group: Some(group_by_id(&inner.id)), ..GetGroupRequest::default() };
    groups.get_group(request).await.refused().is(Code::NotFound, ErrorReason::NotFound);
    world.create_group("Inner", vec![]).await;
}

both! {
    a_group_is_found_by_each_of_its_names
    a_batch_of_groups_answers_in_order
    a_group_begins_with_its_first_members
    an_unknown_member_is_refused_and_nothing_is_made
    an_update_and_a_patch_change_attributes_and_leave_members
    a_patch_changes_members_in_every_shape_that_is_sent
    a_group_patch_that_fails_half_way_changes_nothing
    a_replacement_touches_only_the_members_that_differ
    a_deleted_group_leaves_its_members_alone
}
