//! Connections that break between the commit and its reply: whoever sends a named write again has it done once.
//!
//! `scripts/prove-cuts` makes two hundred cuts of each kind.

use crate::harness::{
    Clients, Engine, Refused, World,
    proxy::{Cut, Proxy},
    shapes::group,
};
use roster::{
    api::v1::{CreateGroupRequest, Group, WriteOptions},
    config,
};
use std::{collections::BTreeSet, env, time::Duration};
use tonic::{
    Code, Status,
    transport::{Channel, Endpoint},
};

/// Cuts of each kind.
fn cuts() -> usize {
    env::var("ROSTER_CUTS").map_or(12, |cuts| cuts.parse().unwrap())
}

fn request(world: &World, number: usize) -> CreateGroupRequest {
    let request_id = format!("0198f0a0-0000-7000-8000-{number:012}");
    let write = Some(WriteOptions { request_id, ..WriteOptions::default() });
    // Groups may have the same name: one that was made twice would be there twice.
    CreateGroupRequest { organization_id: world.organization.clone(), group: Some(group("Engines")), write, ..Default::default() }
}

/// A connection that has answered once: what comes next is the call that matters.
async fn warm(endpoint: &str, token: &str) -> Option<Clients> {
    let channel: Channel = Endpoint::from_shared(endpoint.to_owned()).unwrap().connect().await.ok()?;
    let clients = Clients::new(&channel, token);
    clients.provisioning.clone().get_caller(roster::api::v1::GetCallerRequest {}).await.ok()?;
    Some(clients)
}

/// What a client may send again: it cannot know what became of it, or was told to.
fn is_open(status: &Status) -> bool {
    [Code::Unavailable, Code::Unknown, Code::Cancelled, Code::Internal, Code::DeadlineExceeded].contains(&status.code())
}

async fn create(clients: &Clients, request: CreateGroupRequest) -> Result<Group, Status> {
    Ok(clients.groups.clone().create_group(request).await?.into_inner().group.unwrap())
}

/// Every named write was done once: as many groups as names, as many commits as groups.
async fn adds_up(world: &World, head: u64, made: &BTreeSet<String>, cuts: usize) {
    assert_eq!(made.len(), cuts, "every name came to a group of its own");
    let (groups, kept) = world.pairs("SELECT (SELECT COUNT(*) FROM groups), (SELECT COUNT(*) FROM requests)").await[0];
    assert_eq!((groups, kept), (i64::try_from(cuts).unwrap(), i64::try_from(cuts).unwrap()));
    assert_eq!(world.head().await, head + cuts as u64);
}

async fn what_the_client_did_not_hear(world: World, token: String) {
    let proxy = Proxy::before(world.server().grpc_endpoint().trim_start_matches("http://")).await;
    let endpoint = format!("http://{}", proxy.address);
    let (head, mut made, mut unheard) = (world.head().await, BTreeSet::new(), 0);

    for number in 0..2 * cuts() {
        let clients = warm(&endpoint, &token).await.unwrap();
        proxy.arm(if number % 2 == 0 { Cut::Reply } else { Cut::Request });
        let refused = create(&clients, request(&world, number)).await.expect_err("the connection is cut");
        assert!(is_open(&refused), "{refused:?}");
        unheard += usize::from(number % 2 == 0 && world.head().await == head + made.len() as u64 + 1);
        made.insert(create(&warm(&endpoint, &token).await.unwrap(), request(&world, number)).await.unwrap().id);
    }

    assert_eq!((proxy.cuts(), unheard), (2 * cuts(), cuts()), "each reply that was cut off told of a commit");
    adds_up(&world, head, &made, 2 * cuts()).await;
    println!("{:?}: {} connections cut, {} of them after the commit: nothing was done twice", world.engine, proxy.cuts(), unheard);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_does_once_what_the_client_did_not_hear() {
    let world = World::start(Engine::Sqlite).await;
    let token = world.admin_token.clone();
    what_the_client_did_not_hear(world, token).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_does_once_what_the_client_did_not_hear() {
    let world = World::start(Engine::Postgres).await;
    let token = world.admin_token.clone();
    what_the_client_did_not_hear(world, token).await;
}

/// The server itself cannot know: it says so, and the next call finds out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_did_not_hear_is_done_once() {
    let place = crate::harness::store::Place::fresh(Engine::Postgres).await;
    let url = place.url();
    let target = url.rsplit('@').next().unwrap().split('/').next().unwrap().to_owned();
    let proxy = Proxy::before(&target).await;
    let proxied = url.replace(&target, &proxy.address.to_string());
    let world = World::over(place, |config| config.engine = config::Engine::Postgres(proxied)).await;
    let token = world.admin_token.clone();
    let (head, mut made, mut told) = (world.head().await, BTreeSet::new(), 0);

    // What the server writes now and then by itself may be cut in a call's place: then nobody is in doubt, and the next one is cut.
    while told < cuts() {
        let number = made.len();
        let clients = warm(world.server().grpc_endpoint(), &token).await.unwrap();
        proxy.arm(Cut::Commit);
        let group = loop {
            match create(&clients, request(&world, number)).await {
                Ok(group) => break group,
                Err(status) => {
                    assert_eq!(Refused::read(&status).code, Code::Unavailable, "{status:?}");
                    told += 1;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        };
        made.insert(group.id);
    }

    assert!(proxy.cuts() >= cuts(), "whoever was in doubt was told to come again, once for each cut");
    adds_up(&world, head, &made, made.len()).await;
    println!("{} connections to PostgreSQL cut between COMMIT and its reply: nothing was done twice", proxy.cuts());
}
