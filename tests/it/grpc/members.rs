//! GroupService: membership by delta, by page, by stream, and from the member's side.

use crate::harness::{
    World, both,
    refusal::{ExpectRefusal as _, Refused},
    shapes::{add, any_principal, group, group_principal, if_match, principal, principal_id, remove, user},
};
use roster::api::v1::{
    BatchListPrincipalGroupsRequest, ErrorReason, GetUserRequest, Group, GroupSummary, ListGroupMembersRequest, ModifyGroupMembersRequest,
    ReadSelection, RedundantChange, StreamGroupMembersRequest, StreamGroupMembersResponse, StreamReplaceGroupRequest,
    group_summary::Kind,
    stream_replace_group_request::{Chunk, Header, Part},
};
use std::collections::BTreeSet;
use tonic::{Code, Status};

async fn one_member_is_added(world: World) {
    let ada = world.create_user(user("ada")).await;
    let before = world.create_group("Engines", vec![]).await;

    let answer = world.modify(&before.id, vec![add(principal(&ada.id))]).await.unwrap();

    assert_eq!((answer.members_added, answer.members_removed, answer.redundant), (1, 0, 0));
    assert_eq!(world.members(&before.id).await, [ada.id]);
    let after = world.group(&before.id).await;
    assert_eq!(after.direct_member_count, 1);
    assert_eq!(after.meta.as_ref().unwrap().etag, answer.etag);
    assert_ne!(after.meta.unwrap().etag, before.meta.unwrap().etag);
}

async fn deltas_apply_in_order_and_redundant_ones_are_counted(world: World) {
    let people = world.crowd("u", 3).await;
    let group = world.create_group("Engines", vec![principal(&people[0])]).await;

    let answer = world
        .modify(
            &group.id,
            vec![
                add(principal(&people[0])),
                add(any_principal(&people[1])),
                remove(any_principal(&people[0])),
                remove(principal(&people[2])),
                add(principal(&people[1])),
            ],
        )
        .await
        .unwrap();

    assert_eq!((answer.members_added, answer.members_removed, answer.redundant), (1, 1, 3));
    assert_eq!(world.members(&group.id).await, [people[1].clone()]);
    let head = world.head().await;
    let nothing = world.modify(&group.id, vec![add(principal(&people[1])), remove(principal(&people[0]))]).await.unwrap();
    assert_eq!((nothing.redundant, nothing.etag), (2, answer.etag));
    assert_eq!(world.head().await, head, "nothing changed, no revision");
}

async fn a_redundant_delta_fails_where_that_is_asked_for(world: World) {
    let people = world.crowd("u", 2).await;
    let group = world.create_group("Engines", vec![principal(&people[0])]).await;
    let head = world.head().await;

    for delta in [add(principal(&people[0])), remove(principal(&people[1]))] {
        let request = ModifyGroupMembersRequest {
            organization_id: world.organization.clone(),
            group_id: group.id.clone(),
            deltas: vec![add(principal(&people[1])), delta.clone(), delta],
            on_redundant: RedundantChange::Fail.into(),
            ..ModifyGroupMembersRequest::default()
        };
        let refused = world.grpc().groups.modify_group_members(request).await.refused();
        refused.is(Code::FailedPrecondition, ErrorReason::RedundantChange);
        assert!(people.contains(&refused.metadata["member"]), "{refused:?}");
    }

    assert_eq!(world.members(&group.id).await, [people[0].clone()]);
    assert_eq!(world.head().await, head);
}

async fn a_delta_that_cannot_be_meant_is_refused_whole(world: World) {
    let ada = world.create_user(user("ada")).await;
    let group = world.create_group("Engines", vec![]).await;
    let request = |deltas| ModifyGroupMembersRequest {
        organization_id: world.organization.clone(),
        group_id: group.id.clone(),
        deltas,
        ..ModifyGroupMembersRequest::default()
    };
    let mut groups = world.grpc().groups;

    for stranger in [principal("nobody"), any_principal("nobody"), group_principal(&ada.id), principal(&group.id)] {
        let refused = groups.modify_group_members(request(vec![add(principal(&ada.id)), add(stranger.clone())])).await.refused();
        assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "INVALID_VALUE"), "{stranger:?}");
    }
    groups.modify_group_members(request(vec![])).await.refused().is(Code::InvalidArgument, ErrorReason::InvalidValue);
    let mut unsaid = add(principal(&ada.id));
    unsaid.action = 0;
    groups.modify_group_members(request(vec![unsaid])).await.refused().is(Code::InvalidArgument, ErrorReason::InvalidValue);
    groups
        .modify_group_members(request((0..10_001).map(|_| add(principal(&ada.id))).collect()))
        .await
        .refused()
        .is(Code::InvalidArgument, ErrorReason::TooLarge);
    let stale = ModifyGroupMembersRequest { precondition: if_match("W/\"0\""), ..request(vec![add(principal(&ada.id))]) };
    groups.modify_group_members(stale).await.refused().is(Code::Aborted, ErrorReason::EtagMismatch);
    let unknown = ModifyGroupMembersRequest { group_id: "unknown".to_owned(), ..request(vec![add(principal(&ada.id))]) };
    groups.modify_group_members(unknown).await.refused().is(Code::NotFound, ErrorReason::NotFound);

    assert_eq!(world.members(&group.id).await, Vec::<String>::new());
    // Someone who is gone can still be removed.
    assert_eq!(world.modify(&group.id, vec![remove(principal("nobody"))]).await.unwrap().redundant, 1);
}

async fn members_come_in_pages_with_their_kind_and_name(world: World) {
    let people = world.crowd("u", 7).await;
    let inner = world.create_group("Inner", vec![]).await;
    let mut members: Vec<_> = people.iter().map(|p| principal(p)).collect();
    members.push(group_principal(&inner.id));
    let group = world.create_group("Outer", members.clone()).await;
    let request = |page_size, page_token: &str| ListGroupMembersRequest {
        organization_id: world.organization.clone(),
        group_id: group.id.clone(),
        page_size,
        page_token: page_token.to_owned(),
        ..ListGroupMembersRequest::default()
    };
    let mut groups = world.grpc().groups;

    let (mut seen, mut sizes, mut token) = (Vec::new(), Vec::new(), String::new());
    loop {
        let answer = groups.list_group_members(request(3, &token)).await.unwrap().into_inner();
        sizes.push(answer.members.len());
        seen.extend(answer.members);
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
    }

    assert_eq!(sizes, [3, 3, 2]);
    assert!(seen.iter().all(|m| m.kind() == Kind::Direct));
    let shown: BTreeSet<&str> = seen.iter().map(|m| m.display.as_str()).collect();
    assert_eq!(shown, ["u0", "u1", "u2", "u3", "u4", "u5", "u6", "Inner"].into());
    let found: BTreeSet<_> = seen.iter().map(|m| format!("{:?}", m.member)).collect();
    assert_eq!(found, members.iter().map(|m| format!("{:?}", Some(m))).collect());
    groups.list_group_members(request(3, "nonsense")).await.refused().is(Code::InvalidArgument, ErrorReason::InvalidPageToken);
    let other = world.create_group("Other", vec![]).await;
    let first = groups.list_group_members(request(3, "")).await.unwrap().into_inner();
    let of_other = ListGroupMembersRequest { group_id: other.id, ..request(3, &first.next_page_token) };
    groups.list_group_members(of_other).await.refused().is(Code::InvalidArgument, ErrorReason::InvalidPageToken);
    let unknown = ListGroupMembersRequest { group_id: "unknown".to_owned(), ..request(3, "") };
    groups.list_group_members(unknown).await.refused().is(Code::NotFound, ErrorReason::NotFound);
}

async fn a_stream_yields_every_member_and_goes_on_where_it_broke(world: World) {
    let people = world.populate(2_500).await;
    let group = world.create_group("Everyone", people.iter().map(|p| principal(p)).collect()).await;
    let request = StreamGroupMembersRequest {
        organization_id: world.organization.clone(),
        group_id: group.id.clone(),
        ..StreamGroupMembersRequest::default()
    };

    let whole = chunks(&world, request.clone()).await.unwrap();
    let resume_token = whole[0].resume_token.clone();
    let rest = chunks(&world, StreamGroupMembersRequest { resume_token, ..request.clone() }).await.unwrap();

    assert_eq!(whole[0].group.as_ref(), Some(&group), "the group comes with its first members");
    assert!(whole.len() > 1 && whole[1..].iter().all(|c| c.group.is_none()));
    assert!(whole.iter().all(|c| c.read_at == whole[0].read_at));
    let ids = |chunks: &[StreamGroupMembersResponse]| -> Vec<String> {
        chunks.iter().flat_map(|c| &c.members).map(|m| principal_id(m.member.as_ref().unwrap()).to_owned()).collect()
    };
    let mut sorted = ids(&whole);
    sorted.sort();
    let mut expected = people;
    expected.sort();
    assert_eq!(sorted, expected);
    let first = whole[0].members.len();
    assert_eq!(ids(&rest), ids(&whole)[first..]);
    let forged = StreamGroupMembersRequest { resume_token: "nonsense".to_owned(), ..request.clone() };
    Refused::read(&chunks(&world, forged).await.unwrap_err()).is(Code::InvalidArgument, ErrorReason::InvalidToken);
    let unknown = StreamGroupMembersRequest { group_id: "unknown".to_owned(), ..request };
    Refused::read(&chunks(&world, unknown).await.unwrap_err()).is(Code::NotFound, ErrorReason::NotFound);
}

async fn an_empty_group_streams_itself(world: World) {
    let group = world.create_group("Empty", vec![]).await;

    let chunks = chunks(
        &world,
        StreamGroupMembersRequest {
            organization_id: world.organization.clone(),
            group_id: group.id.clone(),
            ..StreamGroupMembersRequest::default()
        },
    )
    .await
    .unwrap();

    assert_eq!(chunks.len(), 1);
    assert_eq!((chunks[0].group.as_ref(), chunks[0].members.len()), (Some(&group), 0));
}

async fn an_upload_replaces_the_membership_in_one_commit(world: World) {
    let people = world.crowd("u", 30).await;
    let before = world.create_group("Engines", people[..10].iter().map(|p| principal(p)).collect()).await;
    let head = world.head().await;

    let answer =
        upload(&world, header(&world, &before.id, Some(group("Machines")), Some(25)), &[&people[5..20], &people[20..]]).await.unwrap();

    assert_eq!((answer.members_added, answer.members_removed, answer.members_kept), (20, 5, 5));
    assert_eq!(answer.committed_at.unwrap().number, head + 1);
    let mut expected = people[5..].to_vec();
    expected.sort();
    assert_eq!(world.members(&before.id).await, expected);
    assert_eq!(world.group(&before.id).await.display_name, "Machines");
}

async fn an_upload_that_breaks_or_miscounts_changes_nothing(world: World) {
    let people = world.crowd("u", 6).await;
    let before = world.create_group("Engines", people[..3].iter().map(|p| principal(p)).collect()).await;
    let head = world.head().await;

    for (expected_members, chunks) in
        [(Some(4), vec![&people[..3]]), (Some(2), vec![&people[..3]]), (None, vec![&people[..3]]), (Some(-1), vec![])]
    {
        let refused = upload(&world, header(&world, &before.id, None, expected_members), &chunks).await.map(tonic::Response::new).refused();
        assert_eq!(refused.code, Code::InvalidArgument, "{refused:?}");
    }
    let headless = vec![StreamReplaceGroupRequest { part: Some(Part::Chunk(Chunk { members: vec![principal(&people[0])] })) }];
    assert_eq!(world.grpc().groups.stream_replace_group(tokio_stream::iter(headless)).await.refused().code, Code::InvalidArgument);
    let twice = vec![header(&world, &before.id, None, Some(0)), header(&world, &before.id, None, Some(0))];
    assert_eq!(world.grpc().groups.stream_replace_group(tokio_stream::iter(twice)).await.refused().code, Code::InvalidArgument);

    assert_eq!(world.group(&before.id).await, before);
    assert_eq!(world.head().await, head);
    // Twice is once: the number counts distinct members.
    let same = upload(&world, header(&world, &before.id, None, Some(3)), &[&people[..3], &people[..3]]).await.unwrap();
    assert_eq!((same.members_added, same.members_removed, same.members_kept), (0, 0, 3));
}

async fn the_groups_of_many_principals_come_in_one_call(world: World) {
    let (ada, grace) = (world.create_user(user("ada")).await, world.create_user(user("grace")).await);
    let a = world.create_group("A", vec![principal(&ada.id)]).await;
    let b = world.create_group("B", vec![principal(&ada.id), group_principal(&a.id)]).await;
    let request = |max_groups| BatchListPrincipalGroupsRequest {
        organization_id: world.organization.clone(),
        principals: vec![principal(&ada.id), principal("unknown"), group_principal(&a.id), principal(&grace.id)],
        max_groups,
        ..BatchListPrincipalGroupsRequest::default()
    };
    let mut groups = world.grpc().groups;

    let answer = groups.batch_list_principal_groups(request(0)).await.unwrap().into_inner().results;
    let cut = groups.batch_list_principal_groups(request(1)).await.unwrap().into_inner().results;

    assert_eq!(answer.len(), 4);
    assert_eq!(summaries(&answer[0].groups), [(a.id.as_str(), "A"), (b.id.as_str(), "B")].into());
    Refused::of_item(answer[1].error.as_ref().unwrap()).is(Code::NotFound, ErrorReason::NotFound);
    assert_eq!(summaries(&answer[2].groups), [(b.id.as_str(), "B")].into());
    assert_eq!((answer[3].groups.len(), answer[3].truncated, answer[3].error.as_ref()), (0, false, None));
    assert_eq!((cut[0].groups.len(), cut[0].truncated), (1, true));
    assert_eq!((cut[2].groups.len(), cut[2].truncated), (1, false));
}

async fn a_user_shows_its_groups_when_asked(world: World) {
    let ada = world.create_user(user("ada")).await;
    let get = |attributes: &[&str]| GetUserRequest {
        organization_id: world.organization.clone(),
        user: Some(crate::harness::shapes::by_id(&ada.id)),
        selection: Some(ReadSelection { attributes: attributes.iter().map(|&a| a.to_owned()).collect(), ..ReadSelection::default() }),
        ..GetUserRequest::default()
    };
    let mut users = world.grpc().users;
    let before = users.get_user(get(&["groups"])).await.unwrap().into_inner().user.unwrap();
    let group = world.create_group("Engines", vec![principal(&ada.id)]).await;

    let after = users.get_user(get(&["userName", "groups"])).await.unwrap().into_inner().user.unwrap();

    assert!(before.groups.is_empty());
    assert_eq!(summaries(&after.groups), [(group.id.as_str(), "Engines")].into());
    assert!(after.groups_version > before.groups_version);
    assert_eq!(world.user(&ada.id).await.meta, ada.meta, "membership is no change of the user's own");
}

async fn groups_may_hold_each_other(world: World) {
    let a = world.create_group("A", vec![]).await;
    let b = world.create_group("B", vec![group_principal(&a.id)]).await;

    let answer = world.modify(&a.id, vec![add(group_principal(&b.id))]).await.unwrap();

    assert_eq!(answer.members_added, 1);
    assert_eq!(world.members(&a.id).await, [b.id.clone()]);
    assert_eq!(world.members(&b.id).await, [a.id]);
}

fn summaries(groups: &[GroupSummary]) -> BTreeSet<(&str, &str)> {
    assert!(groups.iter().all(|g| g.kind() == Kind::Direct));
    groups.iter().map(|g| (g.group_id.as_str(), g.display_name.as_str())).collect()
}

async fn chunks(world: &World, request: StreamGroupMembersRequest) -> Result<Vec<StreamGroupMembersResponse>, Status> {
    let mut stream = world.grpc().groups.stream_group_members(request).await?.into_inner();
    let mut chunks = Vec::new();
    while let Some(chunk) = stream.message().await? {
        chunks.push(chunk);
    }
    Ok(chunks)
}

fn header(world: &World, group_id: &str, group: Option<Group>, expected_members: Option<i64>) -> StreamReplaceGroupRequest {
    let header =
        Header { organization_id: world.organization.clone(), group_id: group_id.to_owned(), group, expected_members, ..Header::default() };
    StreamReplaceGroupRequest { part: Some(Part::Header(header)) }
}

async fn upload(
    world: &World,
    header: StreamReplaceGroupRequest,
    chunks: &[&[String]],
) -> Result<roster::api::v1::StreamReplaceGroupResponse, Status> {
    let mut parts = vec![header];
    parts.extend(chunks.iter().map(|ids| StreamReplaceGroupRequest {
        part: Some(Part::Chunk(Chunk { members: ids.iter().map(|id| any_principal(id)).collect() })),
    }));
    Ok(world.grpc().groups.stream_replace_group(tokio_stream::iter(parts)).await?.into_inner())
}

both! {
    one_member_is_added
    deltas_apply_in_order_and_redundant_ones_are_counted
    a_redundant_delta_fails_where_that_is_asked_for
    a_delta_that_cannot_be_meant_is_refused_whole
    members_come_in_pages_with_their_kind_and_name
    a_stream_yields_every_member_and_goes_on_where_it_broke
    an_empty_group_streams_itself
    an_upload_replaces_the_membership_in_one_commit
    an_upload_that_breaks_or_miscounts_changes_nothing
    the_groups_of_many_principals_come_in_one_call
    a_user_shows_its_groups_when_asked
    groups_may_hold_each_other
}
