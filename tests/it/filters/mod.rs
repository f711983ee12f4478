//! Ten thousand filters over ten data sets: what SQLite answers, what PostgreSQL answers and what the plainest reading of
//! the RFC answers is one and the same.

mod data;
mod generate;
mod naive;
mod text;

use crate::harness::{Engine, World, shapes};
use data::Loaded;
use futures_util::StreamExt as _;
use generate::{Dice, Maker};
use naive::Filter;
use roster::api::v1::{ListGroupsRequest, ListUsersRequest, ReadSelection};
use std::collections::BTreeSet;

const SETS: usize = 10;
const FILTERS: usize = 1_000;
/// Requests under way at once.
const ABREAST: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_engines_answer_what_a_naive_reading_does() {
    let worlds = [World::start(Engine::Sqlite).await, World::start(Engine::Postgres).await];
    let loads = worlds.iter().map(|world| futures_util::future::join_all((0..SETS).map(|set| data::load(world, set))));
    let loaded = futures_util::future::join_all(loads).await;

    let pairs = (0..SETS).flat_map(|set| (0..FILTERS).map(move |k| (set, k)));
    let judged = futures_util::stream::iter(pairs).map(|(set, k)| {
        let servers: Vec<&Loaded> = loaded.iter().map(|sets| &sets[set]).collect();
        async move { judge(&servers, set, k).await }
    });
    let found: Vec<usize> = judged.buffer_unordered(ABREAST).collect().await;

    // A suite of filters that find nothing, or all, would prove little.
    let telling = found.iter().filter(|n| **n > 0 && **n < data::USERS).count();
    assert_eq!(found.len(), SETS * FILTERS);
    assert!(telling > found.len() / 2, "only {telling} filters found some");
}

/// Asks every server and the naive reading; answers how many resources there were.
async fn judge(servers: &[&Loaded], set: usize, k: usize) -> usize {
    let mut dice = Dice(((set * FILTERS + k) as u64) << 20);
    let users = !dice.once_in(4);
    let filter = Maker { dice: &mut dice, users, user_count: data::USERS, group_count: data::GROUPS }.filter(3);
    let mut answers = Vec::new();
    for server in servers {
        let filter = text::resolve(&filter, &server.documents);
        let expression = text::text(&filter);
        let expected = expected(&filter, server, users);
        let answered = ask(server, users, &expression).await;
        assert_eq!(answered, expected, "data set {set}, filter {k}: {expression}\nmissing {:?}", show(server, &expected, &answered));
        answers.push(answered);
    }
    assert!(
        answers.windows(2).all(|pair| pair[0] == pair[1]),
        "data set {set}, filter {k}: {}: {answers:?}",
        text::text(&text::resolve(&filter, &servers[0].documents))
    );
    answers[0].len()
}

fn expected(filter: &Filter, server: &Loaded, users: bool) -> BTreeSet<usize> {
    let of_kind = if users { 0..data::USERS } else { data::USERS..data::USERS + data::GROUPS };
    of_kind.filter(|k| filter.holds(&server.documents[*k])).collect()
}

async fn ask(server: &Loaded, users: bool, expression: &str) -> BTreeSet<usize> {
    let organization_id = server.organization.clone();
    let selection = Some(ReadSelection { attributes: vec!["id".to_owned()], ..ReadSelection::default() });
    let (filter, list) = (shapes::filter(expression), shapes::page(1_000, "", ""));
    let ids: Vec<String> = if users {
        let request = ListUsersRequest { organization_id, filter, list, selection, ..ListUsersRequest::default() };
        let answer = server.clients.users.clone().list_users(request).await;
        let answer = answer.unwrap_or_else(|status| panic!("{expression}: {}", status.message()));
        answer.into_inner().users.into_iter().map(|user| user.id).collect()
    } else {
        let request = ListGroupsRequest { organization_id, filter, list, selection, ..ListGroupsRequest::default() };
        let answer = server.clients.groups.clone().list_groups(request).await;
        let answer = answer.unwrap_or_else(|status| panic!("{expression}: {}", status.message()));
        answer.into_inner().groups.into_iter().map(|group| group.id).collect()
    };
    ids.iter().map(|id| server.places[id]).collect()
}

/// The documents that one side has and the other has not.
fn show<'a>(server: &'a Loaded, one: &BTreeSet<usize>, other: &BTreeSet<usize>) -> Vec<&'a serde_json::Value> {
    one.symmetric_difference(other).map(|k| &server.documents[*k]).collect()
}
