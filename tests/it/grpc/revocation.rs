//! A revoked token is refused within a second on the node and within five on another one of the same database.
//!
//! What counts is when a call was begun: none that begins later than that after the revocation was answered is let in, however
//! busy the machine is. `scripts/revocation` shows the figures.

use crate::harness::{Clients, Engine, World};
use futures_util::future::join_all;
use roster::api::v1::{ListUsersRequest, RevokeTokenRequest};
use std::time::{Duration, Instant};
use tonic::Code;

const ROUNDS: usize = 100;

async fn is_let_in(clients: &Clients, organization_id: &str) -> bool {
    let request = ListUsersRequest { organization_id: organization_id.to_owned(), ..ListUsersRequest::default() };
    match clients.users.clone().list_users(request).await {
        Ok(_) => true,
        Err(status) => {
            assert_eq!(status.code(), Code::Unauthenticated, "{status:?}");
            false
        }
    }
}

/// How long after the revocation the last call that was let in was begun.
async fn until_refused(clients: &Clients, organization: &str, revoked: Instant, bound: Duration) -> Duration {
    let mut last = Duration::ZERO;
    loop {
        let begun = Instant::now();
        if !is_let_in(clients, organization).await {
            return last;
        }
        last = begun.saturating_duration_since(revoked);
        assert!(last <= bound, "a call begun {last:?} after the revocation was let in");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Row 11 (Infisical)
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_revocations_bite_in_time_on_both_nodes() {
    let world = World::start(Engine::Postgres).await;
    let node = world.node(|_| {}).await;
    let organization = world.organization.as_str();

    let round = async |_: usize| {
        let issued = world.issue(organization, &world.connection, "", &["scim".to_owned()]).await.unwrap();
        let (here, there) = (world.grpc_as(&issued.secret), node.grpc_as(&issued.secret));
        // Both nodes have just learnt that it is good.
        assert!(is_let_in(&here, organization).await && is_let_in(&there, organization).await);
        let revoke =
            RevokeTokenRequest { organization_id: organization.to_owned(), token_id: issued.token_id, ..RevokeTokenRequest::default() };
        world.grpc().provisioning.revoke_token(revoke).await.unwrap();
        let revoked = Instant::now();
        tokio::join!(
            until_refused(&here, organization, revoked, Duration::from_secs(1)),
            until_refused(&there, organization, revoked, Duration::from_secs(5)),
        )
    };
    let mut figures: (Vec<Duration>, Vec<Duration>) = join_all((0..ROUNDS).map(round)).await.into_iter().unzip();

    for (name, times) in [("the node", &mut figures.0), ("the other node", &mut figures.1)] {
        times.sort();
        let (median, most) = (times[ROUNDS / 2], times[ROUNDS - 1]);
        println!("{ROUNDS} revocations: on {name} the last call let in was begun after {median:?} (median), {most:?} (most)");
    }
}
