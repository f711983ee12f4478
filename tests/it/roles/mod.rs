//! The role oracle: random changes of membership, nesting, names, activity, mappings, grants and definitions; after each of
//! them who holds what equals a recomputation by brute force, circles of groups included, on both engines.
//!
//! `ROSTER_ROLE_SEQUENCES` says how many sequences are run on each engine (scripts/role-oracle runs ten thousand),
//! `ROSTER_ROLE_SEED` where the dice begin.

pub mod dice;
mod model;
mod steps;

use crate::harness::{Engine, World};
use dice::Dice;
use model::Model;
use roster::{clock::Clock, directory::Services};
use std::env;
use steps::Hand;

/// Sequences per engine unless the environment says otherwise, and steps of one at most.
const SEQUENCES: u64 = 160;
const STEPS: u64 = 12;
/// Organizations that are worked on at once.
const DESKS: u64 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_holds_what_brute_force_says() {
    oracle(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_holds_what_brute_force_says() {
    oracle(Engine::Postgres).await;
}

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().unwrap())
}

async fn oracle(engine: Engine) {
    let world = World::start(engine).await;
    let services = Services::new(world.store().clone(), &Clock::system(), "http://localhost", roster::limits::TOKEN_DAYS);
    let (sequences, seed) = (setting("ROSTER_ROLE_SEQUENCES", SEQUENCES), setting("ROSTER_ROLE_SEED", 1));
    let mut desks = tokio::task::JoinSet::new();
    for desk in 0..DESKS {
        let tenant = world.tenant(&format!("d{desk}")).await;
        let second = world.connection(&tenant.organization.id, "default").await;
        let hand = Hand::new(services.clone(), &tenant.organization.id, [tenant.connection, second]);
        desks.spawn(async move {
            let mut model = Model::default();
            hand.define(&mut model).await;
            let (mut steps, mut allowed) = (0, 0);
            for sequence in (desk..sequences).step_by(usize::try_from(DESKS).unwrap()) {
                let mut dice = Dice::new(seed.wrapping_mul(1_000_003).wrapping_add(sequence));
                for step in 0..=dice.below(STEPS) {
                    let done = hand.step(&mut model, &mut dice).await;
                    allowed += hand.agree(&model, &mut dice, &format!("seed {seed}, sequence {sequence}, step {step}: {done}")).await;
                    steps += 1;
                }
            }
            (steps, allowed)
        });
    }
    let (steps, allowed): (Vec<u64>, Vec<usize>) = desks.join_all().await.into_iter().unzip();
    let (steps, allowed): (u64, usize) = (steps.iter().sum(), allowed.iter().sum());
    eprintln!("{engine:?}: {sequences} sequences, {steps} steps, {allowed} times somebody held a role");
    // An oracle that never says yes proves nothing.
    assert!(allowed > usize::try_from(steps).unwrap());
}
