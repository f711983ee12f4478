//! A connection that sees only what it manages changes nothing of others, and is not told by a refusal that they are there.

use super::{NOBODY, Scene, scene};
use crate::harness::{World, both, refusal::ExpectRefusal as _, shapes::undo_takeover};
use roster::api::v1::{Connection, ErrorReason, RevokeTokenRequest, RotateTokenRequest};
use tonic::Code;

both! {
    who_is_hidden_is_undone_as_whoever_is_not_there
    tokens_that_are_hidden_are_replaced_and_revoked_as_those_that_are_not_there
}

async fn who_is_hidden_is_undone_as_whoever_is_not_there(world: World) {
    let Scene { connection, eve, ada, .. } = scene(&world, Connection::default()).await;
    let token = world.issue(&world.organization, &connection.id, "", &["provisioning.write".to_owned()]).await.unwrap().secret;
    let takeovers = world.grpc_as(&token).takeovers;
    let undo = async |user: &str, connection: &str, restore_attributes: bool| {
        let request = undo_takeover(&world.organization, user, connection, restore_attributes);
        takeovers.clone().undo_takeover(request).await
    };

    for restore in [false, true] {
        for by in [connection.id.as_str(), &world.connection, NOBODY] {
            let hidden = undo(&eve, by, restore).await.refused();
            assert_eq!(hidden, undo(NOBODY, by, restore).await.refused(), "{by}");
        }
        let hidden = undo(&eve, &connection.id, restore).await.refused();
        hidden.is(Code::NotFound, ErrorReason::NotFound).says("resource", "user");
    }
    // Its own it may give back.
    undo(&ada, &connection.id, false).await.unwrap();
    undo(&ada, &connection.id, false).await.refused().is(Code::NotFound, ErrorReason::NotFound).says("resource", "user");
}

async fn tokens_that_are_hidden_are_replaced_and_revoked_as_those_that_are_not_there(world: World) {
    let Scene { connection, .. } = scene(&world, Connection::default()).await;
    let issue = async |connection: &str, account: &str, scope: &str| {
        world.issue(&world.organization, connection, account, &[scope.to_owned()]).await.unwrap()
    };
    let token = issue(&connection.id, "", "provisioning.write").await.secret;
    let narrow = world.grpc_as(&token).provisioning;
    let robot = world.service_account(&world.organization).await.id;
    let own = issue(&connection.id, "", "provisioning.write").await.token_id;
    let theirs = issue(&world.connection, "", "scim").await.token_id;
    let robots = issue("", &robot, "users.read").await.token_id;
    let rotate = async |id: &str| {
        let (organization_id, token_id) = (world.organization.clone(), id.to_owned());
        narrow.clone().rotate_token(RotateTokenRequest { organization_id, token_id, ..RotateTokenRequest::default() }).await
    };
    let revoke = async |id: &str| {
        let (organization_id, token_id) = (world.organization.clone(), id.to_owned());
        narrow.clone().revoke_token(RevokeTokenRequest { organization_id, token_id, ..RevokeTokenRequest::default() }).await
    };
    let head = world.head().await;

    for hidden in [&theirs, &robots] {
        let (replaced, revoked) = (rotate(hidden).await.refused(), revoke(hidden).await.refused());
        replaced.is(Code::NotFound, ErrorReason::NotFound).says("resource", "token");
        assert_eq!((replaced, revoked), (rotate(NOBODY).await.refused(), revoke(NOBODY).await.refused()));
    }
    assert_eq!(world.head().await, head);
    let next = rotate(&own).await.unwrap().into_inner().token_id;
    revoke(&next).await.unwrap();
}
