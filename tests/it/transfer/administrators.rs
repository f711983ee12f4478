//! Whom a record would make an administrator.

use super::desk::{bring, chunk, dry, header, id, person, send, under};
use crate::harness::{
    Refused, World, both,
    deeds::Desk,
    roles::{mapping, role},
    shapes::{group_principal, principal},
};
use roster::api::v1::{
    ErrorReason, Group, Link, MultiValue, PrincipalRef, User,
    import_directory_request::{OnConflict, Part},
    link::{Reason, State},
    role_mapping::Source,
    transfer_record::{Membership, Record},
};
use tonic::{Code, Status};

/// A provider whose mappings make administrators, by every kind of data; its connection, and who imports without the scope for it.
async fn mapped(world: &World) -> (String, Desk) {
    let (connection, _) = world.scim_as("default").await;
    let boss = world.create_role(role("boss", &["admin"])).await.id;
    let by = |source, role: &str| mapping(source, role);
    let mappings = vec![
        by(Source::RoleValue("adm".to_owned()), "admin"),
        by(Source::EntitlementValue("boss".to_owned()), &boss),
        by(Source::GroupDisplayName("Chiefs".to_owned()), "admin"),
    ];
    world.map_roles(&connection.id, mappings).await.unwrap();
    let bound = Desk::new(&world.organization, world.with_scopes(&["directory.import"]).await);
    (connection.id, bound)
}

fn linked(connection: &str) -> Vec<Link> {
    let (state, reason) = (State::Linked.into(), Reason::Created.into());
    vec![Link { connection_id: connection.to_owned(), state, reason, ..Link::default() }]
}

fn values(value: &str) -> Vec<MultiValue> {
    vec![MultiValue { value: Some(value.to_owned()), ..MultiValue::default() }]
}

/// Somebody new, with this changed.
fn new(number: usize, change: impl FnOnce(&mut User)) -> Record {
    let Record::User(mut user) = person(number, &format!("u{number}")) else { unreachable!() };
    change(&mut user);
    Record::User(user)
}

fn group(number: usize, name: &str, links: Vec<Link>) -> Record {
    Record::Group(Group { id: id(number), display_name: name.to_owned(), links, ..Group::default() })
}

fn inside(group: usize, member: PrincipalRef) -> Record {
    Record::Membership(Membership { group_id: id(group), member: Some(member) })
}

fn is_guarded(status: &Status) {
    Refused::read(status).is(Code::FailedPrecondition, ErrorReason::Policy).says("policy", "ADMINISTRATOR");
}

async fn nobody_new_becomes_an_administrator_without_the_scope_for_it(world: World) {
    let (connection, bound) = mapped(&world).await;
    let ours = || linked(&connection);
    let chunks = [
        vec![new(1, |user| (user.links, user.roles) = (ours(), values("adm")))],
        vec![new(1, |user| (user.links, user.entitlements) = (ours(), values("boss")))],
        vec![new(1, |user| (user.links, user.roles, user.active) = (ours(), values("adm"), Some(false)))],
        vec![person(1, "ada"), group(2, "Chiefs", ours()), inside(2, principal(&id(1)))],
        vec![person(1, "ada"), group(2, "Chiefs", vec![]), inside(2, principal(&id(1))), group(2, "Chiefs", ours())],
        vec![
            person(1, "ada"),
            group(2, "Inner", vec![]),
            group(3, "Chiefs", ours()),
            inside(2, principal(&id(1))),
            inside(3, group_principal(&id(2))),
        ],
    ];
    let head = world.head().await;
    for records in chunks {
        let header = || under(header(&world.organization), OnConflict::Replace);
        is_guarded(&bring(&bound, header(), records.clone()).await.unwrap_err());
        if records.len() == 1 {
            is_guarded(&bring(&bound, dry(header()), records).await.unwrap_err());
        }
    }
    assert_eq!(world.head().await, head);

    // Whom no mapping of the connection gives anything comes, and with the scope for it everybody.
    let plain = vec![
        new(1, |user| (user.links, user.roles) = (ours(), values("reader"))),
        new(2, |user| user.roles = values("adm")),
        group(3, "Chiefs", ours()),
        group(4, "Others", ours()),
        inside(4, principal(&id(1))),
    ];
    assert_eq!(bring(&bound, header(&world.organization), plain).await.unwrap().created, 5);
    assert!(!world.holds(&id(1), "admin").await && !world.holds(&id(2), "admin").await);
    let free = Desk::new(&world.organization, world.with_scopes(&["directory.import", "administrators.write"]).await);
    let chief = new(5, |user| (user.links, user.roles) = (ours(), values("adm")));
    assert_eq!(bring(&free, header(&world.organization), vec![chief]).await.unwrap().created, 1);
    assert!(world.holds(&id(5), "admin").await);
}

async fn a_group_with_members_is_not_passed_off_as_the_providers_own(world: World) {
    let (connection, bound) = mapped(&world).await;
    let before = vec![person(1, "ada"), group(2, "Soon", vec![]), inside(2, principal(&id(1)))];
    let as_its_own = || group(2, "Soon", linked(&connection));
    let header = || under(header(&world.organization), OnConflict::Replace);

    // A rename by the provider would be enough then.
    let (answers, end) = send(&bound.grpc(), vec![Part::Header(header()), chunk(2, before), chunk(9, [as_its_own()])]).await;

    assert_eq!(answers.len(), 1);
    is_guarded(&end.unwrap_err());
}

both! {
    nobody_new_becomes_an_administrator_without_the_scope_for_it
    a_group_with_members_is_not_passed_off_as_the_providers_own
}
