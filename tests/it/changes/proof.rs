//! The feed across kill -9: eight writers, four readers that store what they are told and the token in one step and come back at
//! random, and servers that are killed again and again. No gap, no repetition, no other order; no write that was answered is
//! missing; and what each reader has replayed is what is listed.
//!
//! `ROSTER_PROOF_KILLS` says how often (3 by default): `scripts/prove-feed`.

use super::mirror::{Mirror, listed};
use crate::{
    cli::process::{Place, Running},
    harness::{
        Clients, Engine,
        deeds::Desk,
        shapes::{add, operation, principal, remove, text, user},
    },
};
use roster::api::v1::{
    Commit, CreateGroupRequest, DeleteUserRequest, Group, ModifyGroupMembersRequest, PatchUserRequest, WatchChangesRequest,
    patch_operation::Op, watch_changes_request::Start, watch_changes_response::Message,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{sync::watch, task::JoinSet};
use tonic::{Status, transport::Endpoint};

const WRITERS: u64 = 8;
const READERS: u64 = 4;
/// Longer than anything here takes while no server is down.
const PATIENCE: Duration = Duration::from_secs(10);

/// Chance without a crate: xorshift.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// Where the servers are, the token to come with, and whether the writers are to stop.
struct Scene {
    organization: String,
    token: String,
    nodes: Vec<watch::Sender<String>>,
    over: watch::Sender<bool>,
    /// Writes that were answered so far.
    answered: AtomicU64,
}

impl Scene {
    /// Clients of one of the nodes, wherever it is now.
    fn clients(&self, dice: &mut Dice) -> Clients {
        let node = usize::try_from(dice.roll(self.nodes.len() as u64)).unwrap();
        let endpoint = Endpoint::from_shared(self.nodes[node].borrow().clone()).unwrap();
        Clients::new(&endpoint.timeout(PATIENCE).connect_lazy(), &self.token)
    }

    /// The same for streams, which take as long as they take.
    fn streams(&self, dice: &mut Dice) -> Clients {
        let node = usize::try_from(dice.roll(self.nodes.len() as u64)).unwrap();
        Clients::new(&Endpoint::from_shared(self.nodes[node].borrow().clone()).unwrap().connect_lazy(), &self.token)
    }
}

/// Starts a node, or starts it again.
async fn start(place: &Place, at: &watch::Sender<String>) -> Running {
    let mut command = place.serve(&["--log", "error"]);
    command.stdout(Stdio::piped()).stderr(Stdio::inherit());
    let running = Running::of(command).await;
    let endpoint = running.line("Roster serves").split(" gRPC at ").nth(1).unwrap().trim_end_matches('.').to_owned();
    at.send_replace(endpoint);
    running
}

/// What a writer was answered: revision → the resource it was about.
type Answered = BTreeMap<u64, String>;

async fn write(scene: Arc<Scene>, seed: u64) -> Answered {
    let (mut dice, mut answered, mut users, mut group) = (Dice(seed), Answered::new(), Vec::<String>::new(), String::new());
    let mut clients = scene.clients(&mut dice);
    let mut made = 0;
    while !*scene.over.borrow() {
        made += 1;
        let told = deed(&scene, &mut clients, &mut dice, &mut users, &mut group, format!("u{seed}-{made}")).await;
        match told {
            Ok(Some((revision, id))) => {
                answered.insert(revision, id);
                scene.answered.fetch_add(1, Ordering::Relaxed);
            }
            Ok(None) => {}
            // Down, or going down: what became of the write is not known.
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
                clients = scene.clients(&mut dice);
            }
        }
    }
    answered
}

async fn deed(
    scene: &Scene,
    clients: &mut Clients,
    dice: &mut Dice,
    users: &mut Vec<String>,
    group: &mut String,
    name: String,
) -> Result<Option<(u64, String)>, Status> {
    let organization_id = scene.organization.clone();
    if group.is_empty() {
        let asked = Some(Group { display_name: name, ..Group::default() });
        let request = CreateGroupRequest { organization_id, group: asked, ..Default::default() };
        let answer = clients.groups.create_group(request).await?.into_inner();
        *group = answer.group.unwrap().id;
        return Ok(Some((answer.committed_at.unwrap().number, group.clone())));
    }
    let Some(one) = users.get(usize::try_from(dice.roll(users.len().max(1) as u64)).unwrap()).cloned() else {
        return create(clients, organization_id, users, &name).await;
    };
    let (revision, id) = match dice.roll(10) {
        0..=2 => return create(clients, organization_id, users, &name).await,
        3..=4 => {
            let operations = vec![operation(Op::Replace, "title", Some(text(&name)))];
            let request = PatchUserRequest { organization_id, user_id: one.clone(), operations, ..Default::default() };
            (clients.users.patch_user(request).await?.into_inner().committed_at, one)
        }
        5..=8 => {
            let deltas = vec![if dice.roll(2) == 0 { add(principal(&one)) } else { remove(principal(&one)) }];
            let request = ModifyGroupMembersRequest { organization_id, group_id: group.clone(), deltas, ..Default::default() };
            let answer = clients.groups.modify_group_members(request).await?.into_inner();
            if answer.members_added + answer.members_removed == 0 {
                return Ok(None);
            }
            (answer.committed_at, group.clone())
        }
        _ => {
            users.retain(|id| *id != one);
            let request = DeleteUserRequest { organization_id, user_id: one.clone(), ..Default::default() };
            (clients.users.delete_user(request).await?.into_inner().committed_at, one)
        }
    };
    Ok(Some((revision.unwrap().number, id)))
}

async fn create(
    clients: &mut Clients,
    organization_id: String,
    users: &mut Vec<String>,
    name: &str,
) -> Result<Option<(u64, String)>, Status> {
    let request = roster::api::v1::CreateUserRequest { organization_id, user: Some(user(name)), ..Default::default() };
    let answer = clients.users.create_user(request).await?.into_inner();
    let id = answer.user.unwrap().id;
    users.push(id.clone());
    Ok(Some((answer.committed_at.unwrap().number, id)))
}

/// What a reader has stored: its copy, and which resources each revision was about.
#[derive(Default)]
struct Stored {
    mirror: Mirror,
    seen: BTreeMap<u64, BTreeSet<String>>,
    events: u64,
    streams: u64,
}

impl Stored {
    fn note(&mut self, commit: &Commit) {
        self.events += commit.events.len() as u64;
        let seen = self.seen.entry(commit.revision.as_ref().unwrap().number).or_default();
        seen.extend(commit.events.iter().map(|event| event.resource_id.clone()));
    }
}

/// Reads until everything up to the end is told.
async fn read(scene: Arc<Scene>, seed: u64, mut end: watch::Receiver<u64>) -> Stored {
    let (mut dice, mut stored) = (Dice(seed), Stored::default());
    let first = if seed.is_multiple_of(2) { Start::Snapshot(true) } else { Start::Earliest(true) };
    let done = |stored: &Stored, end: u64| end > 0 && stored.mirror.at.is_some_and(|(at, whole)| at >= end && whole);
    loop {
        if done(&stored, *end.borrow_and_update()) {
            return stored;
        }
        let start = if stored.mirror.token.is_empty() { first.clone() } else { Start::ResumeToken(stored.mirror.token.clone()) };
        let request = WatchChangesRequest { organization_id: scene.organization.clone(), start: Some(start), ..Default::default() };
        let Ok(answer) = scene.streams(&mut dice).changes.watch_changes(request).await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        stored.streams += 1;
        let mut stream = answer.into_inner();
        loop {
            let message = tokio::select! {
                message = stream.message() => message,
                _ = end.changed() => break,
            };
            let Ok(Some(message)) = message else { break };
            // It goes away before it has stored what came: then it comes again.
            if dice.roll(200) == 0 {
                break;
            }
            if let Some(Message::Commit(commit)) = &message.message {
                stored.note(commit);
            }
            stored.mirror.take(&message);
            if done(&stored, *end.borrow()) {
                break;
            }
        }
    }
}

async fn proof(engine: Engine, nodes: usize) {
    let kills: u64 = std::env::var("ROSTER_PROOF_KILLS").map_or(3, |kills| kills.parse().unwrap());
    let began = Instant::now();
    let place = Place::fresh(engine).await;
    let mut fleet = Vec::new();
    let addresses: Vec<watch::Sender<String>> = (0..nodes).map(|_| watch::Sender::new(String::new())).collect();
    for at in &addresses {
        fleet.push(start(&place, at).await);
    }
    let bootstrap = place.bootstrap();
    let word = |key: &str| bootstrap[key].as_str().unwrap().to_owned();
    let scene = Arc::new(Scene {
        organization: word("organization_id"),
        token: word("admin_token"),
        nodes: addresses,
        over: watch::Sender::new(false),
        answered: AtomicU64::new(0),
    });
    let end = watch::Sender::new(0);
    let (mut writers, mut readers) = (JoinSet::new(), JoinSet::new());
    (1..=WRITERS).for_each(|seed| drop(writers.spawn(write(Arc::clone(&scene), seed))));
    (1..=READERS).for_each(|seed| drop(readers.spawn(read(Arc::clone(&scene), 1_000 + seed, end.subscribe()))));

    let mut dice = Dice(4_711);
    for _ in 0..kills {
        // Amid writes, however slow the machine is.
        let (wanted, waiting) = (scene.answered.load(Ordering::Relaxed) + 20 + dice.roll(100), Instant::now());
        while scene.answered.load(Ordering::Relaxed) < wanted && waiting.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let node = usize::try_from(dice.roll(nodes as u64)).unwrap();
        // SIGKILL.
        fleet[node].child.kill().await.unwrap();
        fleet[node] = start(&place, &scene.nodes[node]).await;
    }
    scene.over.send_replace(true);
    let mut answered = Answered::new();
    while let Some(told) = writers.join_next().await {
        for (revision, id) in told.unwrap() {
            assert!(answered.insert(revision, id).is_none(), "two writes were answered with revision {revision}");
        }
    }
    let desk = Desk::new(&scene.organization, scene.clients(&mut dice));
    let (expected, head) = listed(&desk).await;
    assert!(answered.keys().next_back().is_none_or(|last| *last <= head), "a write that was answered is lost");
    end.send_replace(head);
    let (mut events, mut streams) = (0, 0);
    while let Some(stored) = tokio::time::timeout(PATIENCE * 6, readers.join_next()).await.expect("the readers come to the end") {
        let stored = stored.unwrap();
        let lost: Vec<_> = answered
            .iter()
            .filter(|(revision, id)| {
                stored.seen.first_key_value().is_some_and(|(first, _)| first <= revision)
                    && !stored.seen.get(revision).is_some_and(|seen| seen.contains(*id))
            })
            .collect();
        assert!(lost.is_empty(), "answered and not told: {lost:?}");
        assert_eq!(stored.mirror.counted(), expected);
        events += stored.events;
        streams += stored.streams;
    }
    println!(
        "{engine:?}, {nodes} node(s): {kills} kills, {head} commits, {} writes answered, {events} events told on {streams} streams in {:?}: \
         0 gaps, 0 repetitions, 0 inversions, 0 lost, {READERS} copies equal what is listed",
        answered.len(),
        began.elapsed(),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    proof(Engine::Sqlite, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    proof(Engine::Postgres, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_on_postgres() {
    proof(Engine::Postgres, 2).await;
}
