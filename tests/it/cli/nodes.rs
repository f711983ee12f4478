//! Two processes on one PostgreSQL: no leader, no shared memory, one directory.
//!
//! `scripts/prove-reads` reads ten thousand writes on the other node.

use super::process::{Place, Running, clients};
use crate::harness::{
    Clients, Engine, Refused, Scim,
    scim::{GROUP, USER, send},
    shapes::{by_id, group, user},
};
use futures_util::{StreamExt as _, future::join_all, stream};
use roster::api::v1::{
    ApplyMutationsRequest, Consistency, CreateGroupRequest, CreateUserRequest, GetUserRequest, Mutation, WriteOptions,
    apply_mutations_request::Mode, consistency::Requirement, mutation::Write,
};
use serde_json::json;
use std::env;
use tonic::transport::Endpoint;

/// Nobody reads what they log: a pipe that is full would stop them.
pub const QUIET: &[&str] = &["--log", "warn"];

/// One of the processes and the ways to it.
pub struct Node {
    pub grpc: Clients,
    pub scim: Scim,
    pub running: Running,
}

struct Pair {
    nodes: [Node; 2],
    organization: String,
    place: Place,
}

impl Pair {
    async fn start() -> Pair {
        let place = Place::fresh(Engine::Postgres).await;
        let first = place.start(QUIET).await;
        let bootstrap = place.bootstrap();
        let organization = bootstrap["organization_id"].as_str().unwrap().to_owned();
        let nodes = [Node::of(&place, first).await, Node::of(&place, place.start(QUIET).await).await];
        Pair { nodes, organization, place }
    }

    /// The nodes in turn.
    fn turn(&self, number: usize) -> &Node {
        &self.nodes[number % 2]
    }
}

impl Node {
    pub async fn of(place: &Place, running: Running) -> Node {
        let line = running.line("Roster serves SCIM at ").trim_end_matches('.').to_owned();
        let (base, endpoint) = (line.split(' ').nth(4).unwrap(), line.split(' ').next_back().unwrap());
        let bootstrap = place.bootstrap();
        let channel = Endpoint::from_shared(endpoint.to_owned()).unwrap().connect().await.unwrap();
        let (_, scim) = clients(&bootstrap).await;
        Node {
            grpc: Clients::new(&channel, bootstrap["admin_token"].as_str().unwrap()),
            scim: scim.at(&format!("{base}/default")),
            running,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_added_on_two_nodes_at_once_are_all_there() {
    const ADDED: usize = 64;
    let pair = Pair::start().await;
    let scim = &pair.nodes[0].scim;
    let people: Vec<String> = stream::iter(0..ADDED)
        .map(|i| async move { scim.post("/Users", &json!({"schemas": [USER], "userName": format!("u{i}")})).await.id() })
        .buffered(16)
        .collect()
        .await;
    let id = scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Engines"})).await.id();

    let adds = people.iter().enumerate().map(|(i, person)| {
        let (scim, path) = (&pair.turn(i).scim, format!("/Groups/{id}"));
        async move { scim.patch(&path, &json!([{"op": "add", "path": "members", "value": [{"value": person}]}])).await.status }
    });
    let statuses = join_all(adds).await;

    assert!(statuses.iter().all(|status| [200, 204].contains(status)), "{statuses:?}");
    for node in &pair.nodes {
        let group = node.scim.get(&format!("/Groups/{id}")).await.expect(200);
        assert_eq!(group["members"].as_array().unwrap().len(), ADDED);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_writers_on_two_nodes_with_one_version_one_wins() {
    const ROUNDS: usize = 10;
    const WRITERS: usize = 16;
    let pair = Pair::start().await;
    let made = pair.nodes[0].scim.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await;
    let (path, mut etag) = (format!("/Users/{}", made.id()), made.header("etag").to_owned());

    for round in 0..ROUNDS {
        let writes = (0..WRITERS).map(|writer| {
            let (scim, path, etag) = (&pair.turn(writer).scim, &path, &etag);
            let operations = json!([{"op": "replace", "path": "title", "value": format!("{round}-{writer}")}]);
            async move { scim.patch_if_match(path, etag, &operations).await }
        });
        let answers = join_all(writes).await;
        let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(won.len(), 1, "{:?}", answers.iter().map(|a| a.status).collect::<Vec<_>>());
        assert_eq!(answers.iter().filter(|answer| answer.status == 412).count(), WRITERS - 1);
        assert_eq!(pair.nodes[round % 2].scim.get(&path).await.body["title"], won[0].body["title"]);
        won[0].header("etag").clone_into(&mut etag);
    }
}

/// Of batches that ask for the same names each is done whole or not at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_on_two_nodes_are_whole_or_nothing() {
    const NAMES: usize = 10;
    let pair = Pair::start().await;
    let apply = |batch: usize| {
        let mut directory = pair.turn(batch).grpc.directory.clone();
        let mutations = (0..NAMES).map(|name| {
            // Half the batches in the other order: a lock taken name by name would hold up both.
            let name = if batch % 4 < 2 { name } else { NAMES - 1 - name };
            let title = Some(format!("{batch}"));
            let user = Some(roster::api::v1::User { title, ..user(&format!("u{name}")) });
            Mutation { temp_id: String::new(), write: Some(Write::CreateUser(CreateUserRequest { user, ..Default::default() })) }
        });
        let organization_id = pair.organization.clone();
        let request =
            ApplyMutationsRequest { organization_id, mode: Mode::Atomic.into(), mutations: mutations.collect(), ..Default::default() };
        async move { directory.apply_mutations(request).await }
    };

    let answers = join_all((0..12).map(apply)).await;

    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert_eq!(Refused::read(refused).reason, "UNIQUENESS");
    }
    let listed = pair.nodes[1].scim.get("/Users?attributes=title").await.expect(200);
    let titles: std::collections::BTreeSet<&str> =
        listed["Resources"].as_array().unwrap().iter().map(|user| user["title"].as_str().unwrap()).collect();
    assert_eq!((&listed["totalResults"], titles.len()), (&json!(NAMES), 1), "all are of one batch");
}

/// Whatever one node answered, the other one shows at once to whoever brings the token, over either face.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_node_wrote_the_other_reads() {
    let pairs: usize = env::var("ROSTER_PAIRS").map_or(200, |pairs| pairs.parse().unwrap());
    let pair = Pair::start().await;
    let began = std::time::Instant::now();
    let one = |number: usize| {
        let (writer, reader) = (pair.turn(number), pair.turn(number + 1));
        let (name, organization_id) = (format!("u{number}"), pair.organization.clone());
        let (mut writing, mut reading) = (writer.grpc.users.clone(), reader.grpc.users.clone());
        async move {
            let over_scim = number % 4 < 2;
            let (id, token, at) = if over_scim {
                let made = writer.scim.post("/Users", &json!({"schemas": [USER], "userName": name})).await;
                let at: u64 = made.header("roster-revision").parse().unwrap();
                (made.id(), made.header("roster-revision-token").to_owned(), at)
            } else {
                let create =
                    CreateUserRequest { organization_id: organization_id.clone(), user: Some(user(&name)), ..CreateUserRequest::default() };
                let made = writing.create_user(create).await.unwrap().into_inner();
                let revision = made.committed_at.unwrap();
                (made.user.unwrap().id, revision.token, revision.number)
            };
            let requirement = Some(Requirement::AtLeastAsFresh(token.clone()));
            let get = GetUserRequest {
                organization_id,
                user: Some(by_id(&id)),
                consistency: Some(Consistency { requirement }),
                ..GetUserRequest::default()
            };
            let read = reading.get_user(get).await.unwrap().into_inner();
            assert_eq!(read.user.unwrap().user_name, name);
            assert!(read.read_at.unwrap().number >= at);
            let asked = reader.scim.request(reqwest::Method::GET, &format!("/Users/{id}"));
            let read = send(asked.header("roster-at-least-as-fresh", token)).await;
            assert!(read.header("roster-revision").parse::<u64>().unwrap() >= at);
            assert_eq!(read.expect(200)["userName"], json!(name));
        }
    };

    stream::iter((0..pairs).map(one)).buffer_unordered(16).collect::<Vec<()>>().await;

    println!("{pairs} writes on one node, each read on the other over gRPC and SCIM: 0 stale, in {:?}", began.elapsed());
}

/// What was answered is answered again by the other node, and by the one that was killed when it is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_named_write_is_done_once_whichever_node_is_asked() {
    let pair = Pair::start().await;
    let write = Some(WriteOptions { request_id: "0198f0a0-0000-7000-8000-00000000abcd".to_owned(), ..WriteOptions::default() });
    let request = CreateGroupRequest {
        organization_id: pair.organization.clone(),
        group: Some(group("Engines")),
        write,
        ..CreateGroupRequest::default()
    };
    let send = |grpc: &Clients| {
        let (mut groups, request) = (grpc.groups.clone(), request.clone());
        async move { groups.create_group(request).await.map(tonic::Response::into_inner) }
    };

    let answers = join_all((0..16).map(|number| send(&pair.turn(number).grpc))).await;
    let first = answers[0].as_ref().unwrap().clone();
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap() == &first));

    let Pair { nodes: [killed, other], place, .. } = pair;
    killed.running.signal("KILL");
    killed.running.end().await;
    assert_eq!(send(&other.grpc).await.unwrap(), first);
    let back = Node::of(&place, place.start(QUIET).await).await;
    assert_eq!(send(&back.grpc).await.unwrap(), first);
    assert_eq!(other.scim.get("/Groups").await.expect(200)["totalResults"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_named_write_is_done_once_on_a_file_that_was_killed() {
    let place = Place::fresh(Engine::Sqlite).await;
    let server = Node::of(&place, place.start(QUIET).await).await;
    let organization_id = place.bootstrap()["organization_id"].as_str().unwrap().to_owned();
    let write = Some(WriteOptions { request_id: "0198f0a0-0000-7000-8000-00000000abcd".to_owned(), ..WriteOptions::default() });
    let request = CreateUserRequest { organization_id, user: Some(user("ada")), write, ..CreateUserRequest::default() };
    let first = server.grpc.users.clone().create_user(request.clone()).await.unwrap().into_inner();
    server.running.signal("KILL");
    server.running.end().await;

    let back = Node::of(&place, place.start(QUIET).await).await;

    assert_eq!(back.grpc.users.clone().create_user(request).await.unwrap().into_inner(), first);
}
