//! What is taken out of one store and into another is the same there.

use super::desk::{bring, chunk, empty, export, header, id, person, rest, send};
use crate::harness::{
    World, both,
    deeds::Desk,
    roles::{account, grant, in_seconds, mapping, role},
    schema::badge,
    shapes::{boolean, complex, external, group_principal, principal, text, user_with_email},
};
use prost_types::FieldMask;
use roster::api::v1::{
    Connection, DeleteUserRequest, ExportDirectoryRequest, Group, PutSchemaRequest, Role, RoleAssignment, TransferFooter,
    UpdateRoleRequest, User, attribute_value::Kind, connection::Deprovision, import_directory_request::Part, role_mapping::Source,
    transfer_record::Record,
};

/// An organization with something of everything; answers the ids of a user and of a role.
async fn furnish(world: &World, desk: &Desk) -> (String, String) {
    let schema = badge();
    let put = PutSchemaRequest { organization_id: desk.organization.clone(), schema: Some(schema), write: None };
    desk.grpc().provisioning.put_schema(put).await.unwrap();
    // The one that includes has the smaller id of the two.
    let outer = desk.create_role(role("outer", &[])).await;
    let inner = desk.create_role(Role { permissions: vec!["page.read".to_owned()], ..role("inner", &[]) }).await;
    let update = UpdateRoleRequest {
        organization_id: desk.organization.clone(),
        role: Some(Role { id: outer.id.clone(), included_role_ids: vec![inner.id.clone()], ..Role::default() }),
        update_mask: Some(FieldMask { paths: vec!["included_role_ids".to_owned()] }),
        ..UpdateRoleRequest::default()
    };
    desk.grpc().roles.update_role(update).await.unwrap();
    let connection = world.connection(&desk.organization, "okta").await;
    let change = Connection {
        id: connection.id.clone(),
        enabled: true,
        on_delete: Deprovision::Unlink.into(),
        owned_attributes: vec!["title".to_owned()],
        role_mappings: vec![mapping(Source::GroupDisplayName("Editors".to_owned()), &inner.id)],
        ..Connection::default()
    };
    desk.update_connection(change, &["on_delete", "owned_attributes", "role_mappings"]).await.unwrap();
    let program = world.service_account(&desk.organization).await;

    let deep = complex([("deep", complex([("deeper", text("x")), ("yes", boolean(false))]))]);
    let Some(Kind::ComplexValue(map)) = complex([("more", deep), ("empty", text(""))]).kind else { panic!() };
    let ada = User {
        external_ids: vec![external("", "A-1"), external(&connection.id, "okta-1")],
        extensions: [("urn:example:open".to_owned(), map)].into(),
        display_name: Some("Ada \"the\" Lovelace\n\u{1f600}".to_owned()),
        active: Some(false),
        ..user_with_email("ada", "ada@example.com")
    };
    let ada = desk.create_user(ada).await;
    let others = desk.crowd("u", 30).await;

    // Somebody whom the connection made and let go.
    let token = world.issue(&desk.organization, &connection.id, "", &["scim".to_owned()]).await.unwrap().secret;
    let provider = Desk::new(&desk.organization, world.grpc_as(&token));
    let gone = provider.create_user(User { external_ids: vec![external("", "gone")], ..user_with_email("gone", "g@example.com") }).await;
    let delete = DeleteUserRequest { organization_id: desk.organization.clone(), user_id: gone.id.clone(), ..DeleteUserRequest::default() };
    provider.grpc().users.delete_user(delete).await.unwrap();
    let editors = provider.create_group("Editors", others[..5].iter().map(|id| principal(id)).collect()).await;

    let all = desk.create_group("All", others.iter().map(|id| principal(id)).collect()).await;
    let above = desk.create_group("Above", vec![group_principal(&all.id), group_principal(&editors.id), principal(&ada.id)]).await;
    desk.create_group("Empty", Vec::new()).await;
    let lasting = RoleAssignment { scope: "page/7".to_owned(), expire_time: in_seconds(3_600), ..grant(&outer.id, principal(&ada.id)) };
    desk.assign(vec![lasting, grant("admin", group_principal(&above.id)), grant(&inner.id, account(&program.id))], &[]).await.unwrap();
    (ada.id, inner.id)
}

async fn an_organization_comes_back_as_it_was(world: World) {
    let from = empty(&world, "acme").await;
    let (ada, inner) = furnish(&world, &from).await;
    let there = export(&from).await;
    let other = World::start(world.engine).await;
    let to = empty(&other, "acme2").await;

    let (answers, end) = send(&to.grpc(), vec![Part::Header(header(&to.organization)), chunk(2, super::desk::body(&there))]).await;
    end.unwrap();

    let count = i64::try_from(there.len() - 2).unwrap();
    assert_eq!((answers.len(), answers[0].created, answers[0].conflicts.len()), (1, count, 0), "{answers:?}");
    let here = export(&to).await;
    assert_eq!(here[1..], there[1..]);
    let Record::Footer(footer) = here.last().unwrap() else { panic!("the footer is last: {here:?}") };
    let TransferFooter { schemas, roles, connections, service_accounts, users, groups, memberships, role_assignments } = *footer;
    assert_eq!((schemas, roles, connections, service_accounts, users, groups), (1, 2, 1, 1, 32, 4));
    assert_eq!((memberships, role_assignments), (38, 3));
    let (old, new) = (from.user(&ada).await, to.user(&ada).await);
    assert_eq!((&new.extensions, &new.external_ids, new.active), (&old.extensions, &old.external_ids, Some(false)));
    assert_eq!(new.meta.as_ref().unwrap().create_time, old.meta.as_ref().unwrap().create_time);
    // What follows from memberships and roles follows there, too.
    let (before, after) = (from.holders(&inner).await, to.holders(&inner).await);
    assert_eq!(before.len(), 6, "the five editors and a program: {before:?}");
    assert_eq!(before, after);
}

async fn what_is_taken_in_again_changes_nothing(world: World) {
    let from = empty(&world, "acme").await;
    furnish(&world, &from).await;
    let there = super::desk::body(&export(&from).await);
    let head = from.head().await;

    let again = bring(&from, header(&from.organization), there.clone()).await.unwrap();

    let count = i64::try_from(there.len()).unwrap();
    assert_eq!((again.unchanged, again.created, again.replaced, again.conflicts.len()), (count, 0, 0, 0));
    assert_eq!((from.head().await, again.committed_at.unwrap().number), (head, head));
}

async fn an_export_goes_on_where_it_broke(world: World) {
    let desk = empty(&world, "acme").await;
    let people: Vec<Record> = (0..450).map(|number| person(number, &format!("u{number}"))).collect();
    bring(&desk, header(&desk.organization), people).await.unwrap();
    let request =
        |resume_token: &str| ExportDirectoryRequest { organization_id: desk.organization.clone(), resume_token: resume_token.to_owned() };

    let whole = rest(&desk, request("")).await.unwrap();
    assert!(whole.len() > 4, "header, three pages, footer");
    for (at, (_, token)) in whole.iter().enumerate() {
        assert_eq!(rest(&desk, request(token)).await.unwrap(), whole[at + 1..], "behind answer {at}");
    }
}

async fn memberships_arrive_in_groups_that_came_before_them_and_are_told_in_the_feed(world: World) {
    let desk = empty(&world, "acme").await;
    let team = Group { id: id(900), display_name: "Team".to_owned(), ..Group::default() };
    let edge = |member: usize| {
        Record::Membership(roster::api::v1::transfer_record::Membership { group_id: id(900), member: Some(principal(&id(member))) })
    };
    let parts = vec![
        Part::Header(header(&desk.organization)),
        chunk(2, [person(1, "ada"), person(2, "bob"), Record::Group(team)]),
        chunk(5, [edge(1), edge(2)]),
    ];

    let (answers, end) = send(&desk.grpc(), parts).await;

    end.unwrap();
    assert_eq!(answers.iter().map(|a| (a.last_line, a.created)).collect::<Vec<_>>(), [(4, 3), (6, 2)]);
    assert_eq!(answers[1].committed_at.as_ref().unwrap().number, answers[0].committed_at.as_ref().unwrap().number + 1);
    assert_eq!(desk.members(&id(900)).await, [id(1), id(2)]);
    let group = desk.group(&id(900)).await;
    assert_eq!(group.direct_member_count, 2);
    // Its version is that of the commit that brought the members.
    assert_eq!(group.meta.unwrap().last_revision.unwrap().number, desk.head().await);
}

both! {
    an_organization_comes_back_as_it_was
    what_is_taken_in_again_changes_nothing
    an_export_goes_on_where_it_broke
    memberships_arrive_in_groups_that_came_before_them_and_are_told_in_the_feed
}
