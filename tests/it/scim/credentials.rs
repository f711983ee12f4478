//! Several tokens of one connection, and how one takes another's place: rows 11, 21 and 45 of the capabilities.

use crate::harness::{World, faces};
use prost_types::Duration;
use roster::api::v1::{ListTokensRequest, RevokeTokenRequest, RotateTokenRequest, RotateTokenResponse};
use std::time::{Duration as StdDuration, Instant};

async fn rotate(world: &World, token_id: &str, seconds: i64) -> RotateTokenResponse {
    let request = RotateTokenRequest {
        organization_id: world.organization.clone(),
        token_id: token_id.to_owned(),
        overlap: Some(Duration { seconds, nanos: 0 }),
        ..RotateTokenRequest::default()
    };
    world.grpc().provisioning.rotate_token(request).await.unwrap().into_inner()
}

async fn until_refused(world: &World, token: &str) {
    let (begun, scim) = (Instant::now(), world.scim().with_token(token));
    loop {
        let answer = scim.get("/Users").await;
        if answer.status == 401 {
            answer.is_error(401, "");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
            return;
        }
        assert!(begun.elapsed() < StdDuration::from_secs(20), "still accepted");
        tokio::time::sleep(StdDuration::from_millis(20)).await;
    }
}

/// Row 45 (Bitwarden)
async fn an_old_key_works_beside_the_new_one_for_as_long_as_asked(world: World) {
    let first = world.issue(&world.organization, &world.connection, "", &["scim".to_owned()]).await.unwrap();

    let second = rotate(&world, &first.token_id, 3_600).await;
    for secret in [&first.secret, &second.secret] {
        world.scim().with_token(secret).get("/Users").await.expect(200);
    }
    let third = rotate(&world, &second.token_id, 0).await;

    until_refused(&world, &second.secret).await;
    for secret in [&first.secret, &third.secret] {
        world.scim().with_token(secret).get("/Users").await.expect(200);
    }
}

/// Row 11 (Infisical)
async fn a_connection_has_several_keys_and_losing_one_loses_no_other(world: World) {
    let mut keys = Vec::new();
    for _ in 0..3 {
        keys.push(world.issue(&world.organization, &world.connection, "", &["scim".to_owned()]).await.unwrap());
    }
    for key in &keys {
        world.scim().with_token(&key.secret).get("/Users").await.expect(200);
    }
    let mut provisioning = world.grpc().provisioning;

    let revoke = RevokeTokenRequest {
        organization_id: world.organization.clone(),
        token_id: keys[1].token_id.clone(),
        ..RevokeTokenRequest::default()
    };
    provisioning.revoke_token(revoke).await.unwrap();

    until_refused(&world, &keys[1].secret).await;
    for key in [&keys[0], &keys[2]] {
        world.scim().with_token(&key.secret).get("/Users").await.expect(200);
    }
    let list = ListTokensRequest {
        organization_id: world.organization.clone(),
        connection_id: world.connection.clone(),
        ..ListTokensRequest::default()
    };
    let listed = provisioning.list_tokens(list).await.unwrap().into_inner().tokens;
    assert_eq!(listed.len(), 4, "the first start's is the fourth");
    let shown = format!("{listed:?}");
    assert!(keys.iter().all(|key| shown.contains(&key.token_id) && !shown.contains(&key.secret[26..])), "{shown}");
}

faces! {
    an_old_key_works_beside_the_new_one_for_as_long_as_asked
    a_connection_has_several_keys_and_losing_one_loses_no_other
}
