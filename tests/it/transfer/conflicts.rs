//! What is to happen where a record meets something else.

use super::desk::{bring, chunk, dry, empty, export, header, id, person, send, under};
use crate::harness::{
    Refused, World, both,
    shapes::{external, principal},
};
use roster::api::v1::{
    ErrorReason, Group, ImportConflict, Role, RoleAssignment, ServiceAccount, User,
    import_directory_request::{OnConflict, Part},
    transfer_record::{Membership, Record},
};
use tonic::Code;

fn conflict(line: u64, record: &str, field: &str, record_id: usize, existing_id: &str) -> ImportConflict {
    ImportConflict {
        line,
        record: record.to_owned(),
        field: field.to_owned(),
        record_id: id(record_id),
        existing_id: existing_id.to_owned(),
    }
}

fn called(number: usize, name: &str, external_id: &str) -> Record {
    let Record::User(user) = person(number, name) else { unreachable!() };
    Record::User(User { external_ids: vec![external("", external_id)], ..user })
}

fn edge(group: usize, member: usize) -> Record {
    Record::Membership(Membership { group_id: id(group), member: Some(principal(&id(member))) })
}

fn grant(number: usize, role: usize, user: usize) -> Record {
    let principal = Some(principal(&id(user)));
    Record::RoleAssignment(RoleAssignment { id: id(number), role_id: id(role), principal, ..RoleAssignment::default() })
}

/// ada and bob, of whom bob is called B-1, a group and a role.
async fn furnished(world: &World) -> crate::harness::deeds::Desk {
    let desk = empty(world, "acme").await;
    let group = Group { id: id(10), display_name: "Team".to_owned(), ..Group::default() };
    let role = Role { id: id(20), key: "reader".to_owned(), ..Role::default() };
    let records = vec![Record::Role(role), person(1, "ada"), called(2, "bob", "B-1"), Record::Group(group)];
    bring(&desk, header(&desk.organization), records).await.unwrap();
    desk
}

/// Each meets something, but for the last; lines 2 to 9.
fn meeting() -> Vec<Record> {
    vec![
        Record::Role(Role { id: id(21), key: "reader".to_owned(), ..Role::default() }),
        person(1, "ada.lovelace"),
        person(3, "ADA"),
        called(4, "bert", "B-1"),
        person(10, "team"),
        Record::Group(Group { id: id(10), display_name: "Other".to_owned(), ..Group::default() }),
        edge(10, 99),
        person(5, "eve"),
    ]
}

async fn a_dry_run_lists_every_conflict_and_changes_nothing(world: World) {
    let desk = furnished(&world).await;
    let (head, before) = (desk.head().await, export(&desk).await);

    let answer = bring(&desk, dry(header(&desk.organization)), meeting()).await.unwrap();

    // That 99 is not there is not judged: it may come with the same import.
    let expected = [
        conflict(2, "role", "key", 21, &id(20)),
        conflict(3, "user", "id", 1, &id(1)),
        conflict(4, "user", "userName", 3, &id(1)),
        conflict(5, "user", "externalId", 4, &id(2)),
        conflict(6, "user", "id", 10, &id(10)),
        conflict(7, "group", "id", 10, &id(10)),
    ];
    assert_eq!(answer.conflicts, expected);
    assert_eq!((answer.created, answer.last_line), (2, 9));
    assert_eq!((desk.head().await, export(&desk).await[1..].to_vec()), (head, before[1..].to_vec()));
}

async fn by_default_a_chunk_with_a_conflict_changes_nothing_and_those_before_it_stand(world: World) {
    let desk = furnished(&world).await;
    let parts =
        vec![Part::Header(header(&desk.organization)), chunk(2, [person(6, "fay")]), chunk(3, [person(5, "eve"), person(3, "ADA")])];

    let (answers, end) = send(&desk.grpc(), parts).await;

    assert_eq!(answers.len(), 1);
    let refused = Refused::read(&end.unwrap_err());
    refused.is(Code::AlreadyExists, ErrorReason::ImportConflict).says("line", "4").says("record", "user").says("attribute", "userName");
    refused.says("record_id", &id(3)).says("existing_id", &id(1));
    desk.user(&id(6)).await;
    let missing = desk.try_get_user(crate::harness::shapes::by_id(&id(5))).await.unwrap_err();
    Refused::read(&missing).is(Code::NotFound, ErrorReason::NotFound);
}

async fn what_meets_something_is_left_out_and_the_rest_comes(world: World) {
    let desk = furnished(&world).await;

    let answer = bring(&desk, under(header(&desk.organization), OnConflict::Skip), meeting()).await.unwrap();

    let fields: Vec<&str> = answer.conflicts.iter().map(|one| one.field.as_str()).collect();
    assert_eq!(fields, ["key", "id", "userName", "externalId", "id", "id", "members"]);
    assert_eq!((answer.created, answer.replaced), (1, 0));
    assert_eq!((desk.user(&id(1)).await.user_name, desk.group(&id(10)).await.display_name), ("ada".to_owned(), "Team".to_owned()));
    assert_eq!(desk.user(&id(5)).await.user_name, "eve");
}

async fn what_has_the_same_id_becomes_as_the_record_says(world: World) {
    let desk = furnished(&world).await;

    let answer = bring(&desk, under(header(&desk.organization), OnConflict::Replace), meeting()).await.unwrap();

    let fields: Vec<&str> = answer.conflicts.iter().map(|one| one.field.as_str()).collect();
    // "ada" is free from line 3 on, so line 4 has it.
    assert_eq!(fields, ["key", "externalId", "id", "members"]);
    assert_eq!((answer.created, answer.replaced), (2, 2));
    assert_eq!(
        (desk.user(&id(1)).await.user_name, desk.group(&id(10)).await.display_name),
        ("ada.lovelace".to_owned(), "Other".to_owned())
    );
    assert_eq!(desk.user(&id(3)).await.user_name, "ADA");
}

async fn an_id_of_another_organization_is_met_like_any_other(world: World) {
    let theirs = furnished(&world).await;
    let account = ServiceAccount { id: id(30), display_name: "Sync".to_owned(), ..ServiceAccount::default() };
    bring(&theirs, header(&theirs.organization), vec![Record::ServiceAccount(account.clone()), grant(40, 20, 1)]).await.unwrap();
    theirs.delete_user(&id(2)).await;
    let ours = empty(&world, "ours").await;
    let role = Role { id: id(20), key: "other".to_owned(), ..Role::default() };
    let records = vec![
        Record::Role(role),
        Record::ServiceAccount(account),
        person(1, "one"),
        person(2, "two"),
        Record::Group(Group { id: id(10), display_name: "Ours".to_owned(), ..Group::default() }),
        person(3, "three"),
        Record::Role(Role { id: id(21), key: "writer".to_owned(), ..Role::default() }),
        grant(40, 21, 3),
    ];

    let answer = bring(&ours, under(header(&ours.organization), OnConflict::Replace), records).await.unwrap();

    let met: Vec<_> = answer.conflicts.iter().map(|one| (one.line, one.field.as_str(), one.existing_id.as_str())).collect();
    assert_eq!(met, [2, 3, 4, 5, 6, 9].map(|line| (line, "id", "")));
    assert_eq!(answer.created, 2);
}

both! {
    a_dry_run_lists_every_conflict_and_changes_nothing
    by_default_a_chunk_with_a_conflict_changes_nothing_and_those_before_it_stand
    what_meets_something_is_left_out_and_the_rest_comes
    what_has_the_same_id_becomes_as_the_record_says
    an_id_of_another_organization_is_met_like_any_other
}
