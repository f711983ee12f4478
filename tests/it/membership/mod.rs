//! The membership oracle: ten thousand groups in groups, ten deep, with circles. Who is in which group, by which way, and who is in
//! a group, is what brute force says, before and after changes, on both engines.
//!
//! `ROSTER_MEMBERSHIP_QUESTIONS` says how many questions of access are asked in a round, in thousands.

mod ask;
mod model;

use crate::harness::{
    Engine, World,
    shapes::{add, any_principal, group, group_principal, principal, principal_id, remove, user},
};
use crate::roles::dice::Dice;
use model::Model;
use roster::api::v1::{
    ApplyMutationsRequest, CreateGroupRequest, CreateUserRequest, DeleteGroupRequest, Mutation, PrincipalRef,
    apply_mutations_request::Mode, mutation::Write,
};

const LAYERS: usize = 10;
/// Groups of one layer, written in one request.
const WIDE: usize = 1_000;
const USERS: usize = 1_000;
/// Edges that lead back up: circles of every length.
const CIRCLES: usize = 60;
const ROUNDS: usize = 3;
const CHANGES: usize = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_says_what_brute_force_says() {
    oracle(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_says_what_brute_force_says() {
    oracle(Engine::Postgres).await;
}

async fn oracle(engine: Engine) {
    let world = World::start(engine).await;
    let (mut model, mut dice) = (Model::default(), Dice::new(7));
    let layers = build(&world, &mut model, &mut dice).await;
    assert_eq!(model.groups.len(), LAYERS * WIDE);
    for round in 0..=ROUNDS {
        ask::round(&world, &model, &mut dice, round).await;
        if round < ROUNDS {
            change(&world, &mut model, &mut dice, &layers).await;
        }
    }
}

async fn apply(world: &World, writes: Vec<Write>) -> Vec<String> {
    let mutations = writes.into_iter().map(|write| Mutation { temp_id: String::new(), write: Some(write) }).collect();
    let request =
        ApplyMutationsRequest { organization_id: world.organization.clone(), mode: Mode::Atomic.into(), mutations, ..Default::default() };
    let answer = world.grpc().directory.apply_mutations(request).await.unwrap().into_inner();
    answer.results.into_iter().map(|result| result.resource_id).collect()
}

/// The layers from the lowest up: each group holds some of the layer below, so that each of these is held, some of them twice.
async fn build(world: &World, model: &mut Model, dice: &mut Dice) -> Vec<Vec<String>> {
    let people = (0..USERS).map(|k| CreateUserRequest { user: Some(user(&format!("u{k}"))), ..Default::default() });
    let people = apply(world, people.map(Write::CreateUser).collect()).await;
    model.users.extend(people.iter().cloned());
    let mut layers: Vec<Vec<String>> = Vec::new();
    for layer in 0..LAYERS {
        let mut held: Vec<Vec<PrincipalRef>> = vec![Vec::new(); WIDE];
        for one in layers.last().into_iter().flatten() {
            for _ in 0..=usize::from(dice.below(4) == 0) {
                held[dice.place(WIDE)].push(group_principal(one));
            }
        }
        // Few people are high up, some are in many groups, some in none.
        for person in people.iter().take(USERS - 50) {
            if layer < 2 || dice.below(8) == 0 {
                held[dice.place(WIDE)].push(principal(person));
            }
        }
        let writes = held.iter().enumerate().map(|(k, members)| {
            let group = Some(group(&format!("g{layer}-{k}")));
            Write::CreateGroup(CreateGroupRequest { group, members: members.clone(), ..Default::default() })
        });
        let made = apply(world, writes.collect()).await;
        for (id, members) in made.iter().zip(&held) {
            model.groups.insert(id.clone());
            for member in members {
                model.join(id, principal_id(member));
            }
        }
        layers.push(made);
    }
    for k in 0..CIRCLES {
        let low = dice.place(LAYERS);
        let high = if k < 10 { low } else { low + dice.place(LAYERS - low) };
        let (inner, outer) = (layers[high][dice.place(WIDE)].clone(), layers[low][dice.place(WIDE)].clone());
        // The first ones are in themselves.
        let inner = if k < 3 { outer.clone() } else { inner };
        world.modify(&outer, vec![add(group_principal(&inner))]).await.unwrap();
        model.join(&outer, &inner);
    }
    layers
}

/// Edges come and go, between groups and to people, and groups end.
async fn change(world: &World, model: &mut Model, dice: &mut Dice, layers: &[Vec<String>]) {
    let groups: Vec<String> = model.groups.iter().cloned().collect();
    let people: Vec<String> = model.users.iter().cloned().collect();
    for _ in 0..CHANGES {
        let outer = dice.one_of(&groups).clone();
        if dice.coin() {
            let inner = if dice.coin() { dice.one_of(&groups) } else { dice.one_of(&people) };
            world.modify(&outer, vec![add(any_principal(inner))]).await.unwrap();
            model.join(&outer, inner);
        } else if let Some(inner) = model.members(&outer).iter().next().cloned() {
            world.modify(&outer, vec![remove(any_principal(&inner))]).await.unwrap();
            model.leave(&outer, &inner);
        }
    }
    for _ in 0..3 {
        let layer = &layers[2 + dice.place(LAYERS - 2)];
        let id = dice.one_of(layer).clone();
        if model.groups.contains(&id) {
            apply(world, vec![Write::DeleteGroup(DeleteGroupRequest { group_id: id.clone(), ..Default::default() })]).await;
            model.forget(&id);
        }
    }
}
