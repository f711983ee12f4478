//! What is no export, and who may make none.

use super::desk::{bring, chunk, empty, header, id, person, rest, send};
use crate::harness::{
    Refused, World, both,
    shapes::{any_principal, group_principal, principal},
};
use roster::api::v1::{
    ErrorReason, ExportDirectoryRequest, Group, Link, ResourceMeta, Role, RoleAssignment, TransferFooter, TransferHeader, User,
    import_directory_request::{Header, Part},
    link::{Reason, State},
    transfer_record::{Membership, Record},
};
use tonic::Code;

async fn a_connection_transfers_nothing_and_the_server_s_own_organization_stays(world: World) {
    let scopes = ["directory.export".to_owned(), "directory.import".to_owned()];
    let token = world.issue(&world.organization, &world.connection, "", &scopes).await.unwrap().secret;
    let connection = crate::harness::deeds::Desk::new(&world.organization, world.grpc_as(&token));
    let request = |organization: &str| ExportDirectoryRequest { organization_id: organization.to_owned(), resume_token: String::new() };

    let refused = Refused::read(&rest(&connection, request(&world.organization)).await.unwrap_err());
    refused.is(Code::FailedPrecondition, ErrorReason::Policy).says("policy", "CONNECTION");
    let refused = Refused::read(&bring(&connection, header(&world.organization), vec![person(1, "ada")]).await.unwrap_err());
    refused.is(Code::FailedPrecondition, ErrorReason::Policy).says("policy", "CONNECTION");

    let system = world.within("system");
    Refused::read(&rest(&system, request("system")).await.unwrap_err()).is(Code::InvalidArgument, ErrorReason::InvalidValue);
    let refused = Refused::read(&bring(&system, header("system"), vec![person(1, "ada")]).await.unwrap_err());
    refused.is(Code::InvalidArgument, ErrorReason::InvalidValue);
}

async fn who_administers_comes_with_the_scope_for_it_alone(world: World) {
    let grant =
        || RoleAssignment { id: id(3), role_id: "admin".to_owned(), principal: Some(principal(&id(1))), ..RoleAssignment::default() };
    let records = || vec![person(1, "ada"), Record::RoleAssignment(grant())];
    let desk = |clients| crate::harness::deeds::Desk::new(&world.organization, clients);

    let bound = desk(world.with_scopes(&["directory.import"]).await);
    let refused = Refused::read(&bring(&bound, header(&world.organization), records()).await.unwrap_err());
    refused.is(Code::FailedPrecondition, ErrorReason::Policy).says("policy", "ADMINISTRATOR");
    let free = desk(world.with_scopes(&["directory.import", "administrators.write"]).await);
    assert_eq!(bring(&free, header(&world.organization), records()).await.unwrap().created, 2);
}

async fn a_token_of_an_export_is_its_organization_s_and_good_for_its_revision(world: World) {
    let (desk, other) = (empty(&world, "acme").await, empty(&world, "other").await);
    bring(&desk, header(&desk.organization), vec![person(1, "ada")]).await.unwrap();
    let from = |desk: &crate::harness::deeds::Desk, token: &str| ExportDirectoryRequest {
        organization_id: desk.organization.clone(),
        resume_token: token.to_owned(),
    };
    let token = rest(&desk, from(&desk, "")).await.unwrap().remove(0).1;
    let changes = roster::api::v1::ListChangesRequest { organization_id: desk.organization.clone(), ..Default::default() };
    let of_changes = desk.grpc().changes.list_changes(changes).await.unwrap().into_inner().resume_token;

    for foreign in ["x", "AAAA", &of_changes, &token[1..]] {
        let refused = Refused::read(&rest(&desk, from(&desk, foreign)).await.unwrap_err());
        refused.is(Code::InvalidArgument, ErrorReason::InvalidToken);
    }
    let refused = Refused::read(&rest(&other, from(&other, &token)).await.unwrap_err());
    refused.is(Code::InvalidArgument, ErrorReason::InvalidToken);
    assert!(!rest(&desk, from(&desk, &token)).await.unwrap().is_empty());
    bring(&desk, header(&desk.organization), vec![person(2, "bob")]).await.unwrap();
    let refused = Refused::read(&rest(&desk, from(&desk, &token)).await.unwrap_err());
    refused.is(Code::OutOfRange, ErrorReason::ExportOutdated);
}

async fn an_organization_whose_exports_nobody_takes_leaves_room_for_others(world: World) {
    let (desk, other) = (empty(&world, "acme").await, empty(&world, "other").await);
    // More than all the buffers on the way hold.
    let large = |number| {
        let Record::User(mut user) = person(number, &format!("u{number}")) else { unreachable!() };
        (user.title, user.nick_name) = (Some("t".repeat(8_000)), Some("n".repeat(8_000)));
        Record::User(user)
    };
    for part in 0..5 {
        bring(&desk, header(&desk.organization), (part * 100..(part + 1) * 100).map(large).collect()).await.unwrap();
    }
    let request = |desk: &crate::harness::deeds::Desk| ExportDirectoryRequest {
        organization_id: desk.organization.clone(),
        resume_token: String::new(),
    };
    let mut standing = Vec::new();
    for _ in 0..2 {
        let mut stream = desk.grpc().transfers.export_directory(request(&desk)).await.unwrap().into_inner();
        stream.message().await.unwrap().unwrap();
        standing.push(stream);
    }

    let refused = Refused::read(&rest(&desk, request(&desk)).await.unwrap_err());
    refused.is(Code::ResourceExhausted, ErrorReason::Rate);
    assert_eq!(rest(&other, request(&other)).await.unwrap().len(), 2, "header and footer");
    // One that is taken to its end makes room for another.
    let mut stream = standing.remove(0);
    while stream.message().await.unwrap().is_some() {}
    drop(standing);
    assert!(rest(&desk, request(&desk)).await.unwrap().len() > 5);
}

async fn a_stream_that_is_none_is_refused_and_changes_nothing(world: World) {
    let desk = empty(&world, "acme").await;
    let organization = desk.organization.as_str();
    let plain = || Part::Header(header(organization));
    let source = |source| Part::Header(Header { source, ..header(organization) });
    let streams = [
        (vec![], "header"),
        (vec![chunk(2, [person(1, "ada")])], "header"),
        (vec![plain(), plain()], "chunk"),
        (vec![plain(), chunk(2, [])], "chunk.lines"),
        (vec![source(None)], "header.source"),
        (vec![source(Some(TransferHeader { format: 2, ..TransferHeader::default() }))], "header.source.format"),
        (vec![Part::Header(Header { on_conflict: 9, ..header(organization) })], "header.on_conflict"),
        (vec![plain(), chunk(0, [person(1, "ada")])], "chunk.lines.number"),
        (vec![plain(), chunk(2, (0..501).map(|number| person(number, &format!("u{number}"))))], "chunk.lines"),
    ];
    for (parts, field) in streams {
        let refused = Refused::read(&send(&desk.grpc(), parts).await.1.unwrap_err());
        assert_eq!(refused.code, Code::InvalidArgument, "{field}: {refused:?}");
        assert!(refused.metadata.values().any(|value| value == field), "{field}: {refused:?}");
    }
    // Of two chunks the second begins before the first has ended.
    let (answers, end) = send(&desk.grpc(), vec![plain(), chunk(5, [person(1, "ada")]), chunk(5, [person(2, "bob")])]).await;
    assert_eq!(answers.len(), 1);
    Refused::read(&end.unwrap_err()).is(Code::InvalidArgument, ErrorReason::InvalidValue);
    let Record::User(user) = person(3, "eve") else { unreachable!() };
    let huge = Record::User(User { title: Some("x".repeat(5 * 1024 * 1024)), ..user });
    let refused = Refused::read(&send(&desk.grpc(), vec![plain(), chunk(2, [huge])]).await.1.unwrap_err());
    refused.is(Code::InvalidArgument, ErrorReason::TooLarge).says("limit", "4194304");
}

/// A link of the year 10000.
fn late_link() -> Link {
    let link_time = Some(prost_types::Timestamp { seconds: 253_402_300_800, nanos: 0 });
    Link { connection_id: id(8), state: State::Linked.into(), reason: Reason::Created.into(), link_time, ..Link::default() }
}

async fn a_record_that_no_export_has_is_refused_by_its_line(world: World) {
    let desk = empty(&world, "acme").await;
    let user = |change: fn(&mut User)| {
        let Record::User(mut user) = person(1, "ada") else { unreachable!() };
        change(&mut user);
        Record::User(user)
    };
    let dated = |meta| {
        let Record::User(user) = person(1, "ada") else { unreachable!() };
        Record::User(User { meta, ..user })
    };
    let edge = |member| Record::Membership(Membership { group_id: id(2), member });
    let at = |seconds, nanos| Some(prost_types::Timestamp { seconds, nanos });
    let times = |seconds, nanos| Some(ResourceMeta { update_time: at(seconds, nanos), ..ResourceMeta::default() });
    let grant =
        || RoleAssignment { id: id(3), role_id: "admin".to_owned(), principal: Some(principal(&id(7))), ..RoleAssignment::default() };
    let records = vec![
        Record::Header(TransferHeader::default()),
        Record::Footer(TransferFooter::default()),
        user(|user| "admin".clone_into(&mut user.id)),
        user(|user| user.user_name.clear()),
        user(|user| user.setup_state = 9),
        user(|user| user.links = vec![Link::default()]),
        user(|user| user.display_name = Some("a\0b".to_owned())),
        dated(times(1 << 62, 0)),
        dated(times(0, -1)),
        user(|user| user.links = vec![late_link()]),
        Record::Group(Group { id: id(2), display_name: "A".to_owned(), meta: times(-62_135_596_801, 0), ..Group::default() }),
        Record::Role(Role { id: id(2), key: "r".to_owned(), meta: times(0, 1_000_000_000), ..Role::default() }),
        Record::RoleAssignment(RoleAssignment { expire_time: at(253_402_300_800, 0), ..grant() }),
        Record::RoleAssignment(RoleAssignment { create_time: at(0, i32::MAX), ..grant() }),
        Record::Group(Group { id: id(2), display_name: String::new(), ..Group::default() }),
        Record::Role(Role { id: "admin".to_owned(), key: "admin".to_owned(), ..Role::default() }),
        edge(None),
        edge(Some(any_principal(&id(1)))),
        Record::RoleAssignment(RoleAssignment { id: id(3), role_id: "admin".to_owned(), ..RoleAssignment::default() }),
    ];
    for record in records {
        let refused = Refused::read(&bring(&desk, header(&desk.organization), vec![person(7, "good"), record]).await.unwrap_err());
        refused.is(Code::InvalidArgument, ErrorReason::InvalidValue).says("line", "3");
    }
    assert_eq!(desk.head().await, 0);
}

async fn circles_are_refused_where_the_organization_will_have_none(world: World) {
    let desk = empty(&world, "acme").await;
    let organization = roster::api::v1::Organization { id: desk.organization.clone(), refuse_group_cycles: true, ..Default::default() };
    let mask = Some(prost_types::FieldMask { paths: vec!["refuse_group_cycles".to_owned()] });
    let update = roster::api::v1::UpdateOrganizationRequest { organization: Some(organization), update_mask: mask, ..Default::default() };
    desk.grpc().organizations.update_organization(update).await.unwrap();
    let group = |number| Record::Group(Group { id: id(number), display_name: format!("G{number}"), ..Group::default() });
    let inside = |group, member: usize| Record::Membership(Membership { group_id: id(group), member: Some(group_principal(&id(member))) });

    bring(&desk, header(&desk.organization), vec![group(1), group(2), inside(1, 2)]).await.unwrap();
    let refused = Refused::read(&bring(&desk, header(&desk.organization), vec![inside(2, 1)]).await.unwrap_err());

    refused.is(Code::InvalidArgument, ErrorReason::InvalidValue).says("line", "2");
}

both! {
    who_administers_comes_with_the_scope_for_it_alone
    a_connection_transfers_nothing_and_the_server_s_own_organization_stays
    a_token_of_an_export_is_its_organization_s_and_good_for_its_revision
    an_organization_whose_exports_nobody_takes_leaves_room_for_others
    a_stream_that_is_none_is_refused_and_changes_nothing
    a_record_that_no_export_has_is_refused_by_its_line
    circles_are_refused_where_the_organization_will_have_none
}
