//! UserService: deleting users, bringing them back, erasing them.

use super::users::everything;
use crate::harness::{
    Engine, World, both,
    refusal::ExpectRefusal as _,
    shapes::{by_email, by_external_id, by_id, by_name, external, operation, principal, text, user, user_with_email},
};
use roster::api::v1::{DeleteOutcome, DeleteUserRequest, ErrorReason, PurgeUserRequest, UndeleteUserRequest, User, patch_operation::Op};
use tonic::Code;

async fn a_deleted_user_is_gone_and_its_name_is_free(world: World) {
    let mut given = user_with_email("ada", "ada@mail.example");
    given.external_ids = vec![external("", "HR-7")];
    let ada = world.create_user(given.clone()).await;
    let group = world.create_group("Engines", vec![principal(&ada.id)]).await;
    let request =
        DeleteUserRequest { organization_id: world.organization.clone(), user_id: ada.id.clone(), ..DeleteUserRequest::default() };

    let answer = world.grpc().users.delete_user(request.clone()).await.unwrap().into_inner();

    assert_eq!(answer.outcome(), DeleteOutcome::SoftDeleted);
    for reference in [by_id(&ada.id), by_name("ada"), by_email("ada@mail.example"), by_external_id("", "HR-7")] {
        world.try_get_user(reference).await.map(tonic::Response::new).refused().is(Code::NotFound, ErrorReason::NotFound);
    }
    assert_eq!(world.members(&group.id).await, Vec::<String>::new());
    let after = world.group(&group.id).await;
    assert_eq!(after.direct_member_count, 0);
    assert_ne!(after.meta.unwrap().etag, group.meta.unwrap().etag, "a membership change is a change of the group");
    let mut users = world.grpc().users;
    users.delete_user(request.clone()).await.refused().is(Code::NotFound, ErrorReason::NotFound);
    users.delete_user(DeleteUserRequest { allow_missing: true, ..request }).await.unwrap();
    let again = world.create_user(given).await;
    assert_ne!(again.id, ada.id, "an id is never used twice");
}

async fn an_undeleted_user_comes_back_whole(world: World) {
    let ada = world.create_user(everything()).await;
    let group = world.create_group("Engines", vec![principal(&ada.id)]).await;
    world.delete_user(&ada.id).await;
    let request =
        UndeleteUserRequest { organization_id: world.organization.clone(), user_id: ada.id.clone(), ..UndeleteUserRequest::default() };

    let back = world.grpc().users.undelete_user(request.clone()).await.unwrap().into_inner().user.unwrap();

    let mut expected = ada.clone();
    expected.meta.clone_from(&back.meta);
    expected.links.clone_from(&back.links);
    assert_eq!(back, expected);
    assert_eq!(world.user(&ada.id).await, back);
    assert_eq!(world.try_get_user(by_name(&ada.user_name)).await.unwrap(), back);
    assert_eq!(world.members(&group.id).await, [ada.id]);
    assert_eq!(world.group(&group.id).await.direct_member_count, 1);
    world
        .grpc()
        .users
        .undelete_user(UndeleteUserRequest { user_id: "unknown".to_owned(), ..request })
        .await
        .refused()
        .is(Code::NotFound, ErrorReason::NotFound);
}

async fn an_undelete_does_not_take_a_name_from_another(world: World) {
    let ada = world.create_user(user("ada")).await;
    world.delete_user(&ada.id).await;
    world.create_user(user("ADA")).await;
    let request = UndeleteUserRequest { organization_id: world.organization.clone(), user_id: ada.id, ..UndeleteUserRequest::default() };

    let refused = world.grpc().users.undelete_user(request).await.refused();

    refused.is(Code::AlreadyExists, ErrorReason::Uniqueness);
}

async fn a_purged_user_does_not_come_back(world: World) {
    let (ada, grace) = (world.create_user(user("ada")).await, world.create_user(user("grace")).await);
    world.delete_user(&grace.id).await;

    for id in [&ada.id, &grace.id] {
        let request = PurgeUserRequest { organization_id: world.organization.clone(), user_id: id.clone(), ..PurgeUserRequest::default() };
        world.grpc().users.purge_user(request).await.unwrap();

        world.try_get_user(by_id(id)).await.map(tonic::Response::new).refused().is(Code::NotFound, ErrorReason::NotFound);
        let request =
            UndeleteUserRequest { organization_id: world.organization.clone(), user_id: id.clone(), ..UndeleteUserRequest::default() };
        world.grpc().users.undelete_user(request).await.refused().is(Code::NotFound, ErrorReason::NotFound);
    }
}

/// How many changes the feed keeps, and how many of them tell of a "Lovelace".
async fn told(world: &World) -> (i64, i64) {
    let query = match world.engine {
        Engine::Sqlite => "SELECT COUNT(*), COALESCE(SUM(instr(body, CAST('Lovelace' AS BLOB)) > 0), 0) FROM changes",
        Engine::Postgres => "SELECT COUNT(*), COUNT(*) FILTER (WHERE position('Lovelace'::bytea IN body) > 0) FROM changes",
    };
    world.pairs(query).await[0]
}

fn lovelace(name: &str) -> User {
    User { display_name: Some("Lovelace".to_owned()), ..user(name) }
}

async fn an_erasure_reaches_what_earlier_changes_told_and_that_they_happened_stays(world: World) {
    let (ada, grace) = (world.create_user(lovelace("ada")).await, world.create_user(lovelace("grace")).await);
    world.patch_user(&ada.id, vec![operation(Op::Replace, "title", Some(text("x")))]).await.unwrap();
    world.delete_user(&grace.id).await;
    let (changes, telling) = told(&world).await;
    assert_eq!(telling, 4);

    for id in [&ada.id, &grace.id] {
        let request = PurgeUserRequest { organization_id: world.organization.clone(), user_id: id.clone(), ..PurgeUserRequest::default() };
        world.grpc().users.purge_user(request).await.unwrap();
    }

    assert_eq!(told(&world).await, (changes + 2, 0));
}

async fn who_was_deleted_is_erased_when_the_time_is_over_and_not_before(world: World) {
    let (ada, grace) = (world.create_user(lovelace("ada")).await, world.create_user(lovelace("grace")).await);
    world.delete_user(&ada.id).await;
    let undelete = |id: &str| {
        let request = UndeleteUserRequest { organization_id: world.organization.clone(), user_id: id.to_owned(), ..Default::default() };
        let mut users = world.grpc().users;
        async move { users.undelete_user(request).await }
    };

    assert_eq!(world.after_days(29).await, 0);
    world.delete_user(&grace.id).await;
    assert_eq!(world.after_days(2).await, 1);
    assert_eq!(world.after_days(0).await, 0);

    undelete(&ada.id).await.refused().is(Code::NotFound, ErrorReason::NotFound);
    undelete(&grace.id).await.unwrap();
    let (_, telling) = told(&world).await;
    assert_eq!(telling, 3, "what was told of the other stays");
    // Who was brought back is not erased when the time would have been over.
    assert_eq!(world.after_days(60).await, 0);
    world.user(&grace.id).await;
}

both! {
    an_erasure_reaches_what_earlier_changes_told_and_that_they_happened_stays
    who_was_deleted_is_erased_when_the_time_is_over_and_not_before
    a_deleted_user_is_gone_and_its_name_is_free
    an_undeleted_user_comes_back_whole
    an_undelete_does_not_take_a_name_from_another
    a_purged_user_does_not_come_back
}
