//! An id is one resource's, whatever brings it and wherever: in all organizations, of all kinds, at every moment.

use super::desk::{bring, chunk, empty, header, id, person, send, under};
use crate::harness::{Engine, Refused, World, both, deeds::Desk};
use futures_util::future::join_all;
use roster::api::v1::{
    Connection, DeleteUserRequest, ErrorReason, Group, PurgeUserRequest, Role, ServiceAccount,
    import_directory_request::{OnConflict, Part},
    transfer_record::Record,
};
use tonic::Code;

/// One of every kind that has an id of its own, and fifty users.
fn crowd(from: usize) -> Vec<Record> {
    let mut records = vec![
        Record::Role(Role { id: id(from), key: format!("r{from}"), ..Role::default() }),
        Record::Connection(provider(from + 1)),
        Record::ServiceAccount(account(from + 2)),
    ];
    records.extend((0..50).map(|number| person(from + 10 + number, &format!("u{from}.{number}"))));
    records.push(Record::Group(team(from + 3)));
    records
}

fn provider(number: usize) -> Connection {
    Connection { id: id(number), display_name: "Okta".to_owned(), profile: "okta".to_owned(), ..Connection::default() }
}

fn account(number: usize) -> ServiceAccount {
    ServiceAccount { id: id(number), display_name: "Sync".to_owned(), ..ServiceAccount::default() }
}

fn team(number: usize) -> Group {
    Group { id: id(number), display_name: "Team".to_owned(), ..Group::default() }
}

/// Brings the same into all of them at once, several times: each time one takes it, and the others meet it.
async fn race(desks: &[Desk]) {
    for round in 0..4 {
        let records = crowd(1_000 * (round + 1));
        let count = i64::try_from(records.len()).unwrap();
        let answers = join_all(desks.iter().map(|desk| bring(desk, header(&desk.organization), records.clone()))).await;
        let mut made = Vec::new();
        for (desk, answer) in desks.iter().zip(answers) {
            match answer {
                Ok(answer) => made.push((desk, answer.created)),
                Err(status) => {
                    let refused = Refused::read(&status);
                    refused.is(Code::AlreadyExists, ErrorReason::ImportConflict).says("line", "2").says("attribute", "id");
                }
            }
        }
        assert_eq!(made.iter().map(|(_, created)| *created).collect::<Vec<_>>(), [count]);
        // Taken in again where they are nothing changes.
        let again = bring(made[0].0, header(&made[0].0.organization), records).await.unwrap();
        assert_eq!((again.unchanged, again.created), (count, 0));
    }
}

async fn one_of_several_organizations_that_bring_an_id_at_once_has_it(world: World) {
    let keys = ["a", "b", "c", "d"];
    let desks = join_all(keys.map(|key| empty(&world, key))).await;
    race(&desks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_nodes_that_bring_an_id_at_once_has_it() {
    let world = World::start(Engine::Postgres).await;
    let node = world.node(|_| {}).await;
    let (a, b) = (empty(&world, "a").await, empty(&world, "b").await);
    let there = |desk: &Desk| Desk::new(&desk.organization, node.grpc_as(&world.admin_token));
    race(&[a, there(&b)]).await;
}

async fn an_id_of_another_kind_is_met(world: World) {
    let desk = empty(&world, "acme").await;
    let other = empty(&world, "other").await;
    let furniture = vec![
        Record::Role(Role { id: id(1), key: "reader".to_owned(), ..Role::default() }),
        Record::Connection(provider(2)),
        Record::ServiceAccount(account(3)),
        person(4, "ada"),
        Record::Group(team(5)),
    ];
    bring(&desk, header(&desk.organization), furniture).await.unwrap();

    let named = |id: &str, number: usize| {
        let Record::User(user) = person(number, &format!("n{number}")) else { unreachable!() };
        Record::User(roster::api::v1::User { id: id.to_owned(), ..user })
    };
    let records = vec![
        Record::Role(Role { id: id(4), key: "writer".to_owned(), ..Role::default() }),
        Record::Connection(provider(1)),
        Record::ServiceAccount(account(5)),
        person(1, "one"),
        person(2, "two"),
        person(3, "three"),
        named(&desk.organization, 10),
        named(&other.organization, 11),
        // Of two kinds that come together, the second meets the first.
        Record::ServiceAccount(account(20)),
        person(20, "twenty"),
        Record::Group(team(3)),
        Record::Group(team(21)),
    ];
    let answer = bring(&desk, under(header(&desk.organization), OnConflict::Replace), records).await.unwrap();

    let met: Vec<_> = answer.conflicts.iter().map(|one| (one.line, one.field.as_str(), one.existing_id.clone())).collect();
    let here = |line: u64, number: usize| (line, "id", id(number));
    let elsewhere = |line: u64| (line, "id", String::new());
    let expected =
        [here(2, 4), here(3, 1), here(4, 5), here(5, 1), here(6, 2), here(7, 3), elsewhere(8), elsewhere(9), here(11, 20), here(12, 3)];
    assert_eq!(met, expected);
    assert_eq!((answer.created, answer.replaced), (2, 0));
}

async fn who_was_erased_or_deleted_does_not_come_back_by_an_import(world: World) {
    let desk = empty(&world, "acme").await;
    let records = || vec![person(1, "ada"), person(2, "bob")];
    bring(&desk, header(&desk.organization), records()).await.unwrap();
    let (organization_id, user_id) = (desk.organization.clone(), id(1));
    desk.grpc().users.purge_user(PurgeUserRequest { organization_id, user_id, ..PurgeUserRequest::default() }).await.unwrap();
    let (organization_id, user_id) = (desk.organization.clone(), id(2));
    desk.grpc().users.delete_user(DeleteUserRequest { organization_id, user_id, ..DeleteUserRequest::default() }).await.unwrap();

    for on_conflict in [OnConflict::Skip, OnConflict::Replace] {
        let answer = bring(&desk, under(header(&desk.organization), on_conflict), records()).await.unwrap();
        let met: Vec<_> = answer.conflicts.iter().map(|one| (one.line, one.field.as_str(), one.existing_id.clone())).collect();
        assert_eq!(met, [(2, "id", String::new()), (3, "id", id(2))]);
    }
    let parts = vec![Part::Header(header(&desk.organization)), chunk(2, records())];
    Refused::read(&send(&desk.grpc(), parts).await.1.unwrap_err()).is(Code::AlreadyExists, ErrorReason::ImportConflict);
}

both! {
    one_of_several_organizations_that_bring_an_id_at_once_has_it
    an_id_of_another_kind_is_met
    who_was_erased_or_deleted_does_not_come_back_by_an_import
}
