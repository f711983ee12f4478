//! UserService: deleting users, bringing them back, erasing them.

use super::users::everything;
use crate::harness::{
    Engine, World, both,
    refusal::ExpectRefusal as _,
    shapes::{by_email, by_external_id, by_id, by_name, external, filter, operation, page, principal, text, user, user_with_email},
};
use roster::api::v1::{
    DeleteOutcome, DeleteUserRequest, ErrorReason, ListOptions, ListUsersRequest, PurgeUserRequest, UndeleteUserRequest, User,
    list_options::TotalSize, patch_operation::Op,
};
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

async fn deleted_users_are_listed_where_that_is_asked_for(world: World) {
    let mut ids = Vec::new();
    for name in ["ada", "bob", "cy", "dan"] {
        ids.push(world.create_user(user(name)).await.id);
    }
    ids.sort();
    for id in [&ids[1], &ids[3]] {
        world.delete_user(id).await;
    }
    let list = async |show_deleted: bool, size: i32, expression: &str, order_by: &str| {
        let (mut found, mut token) = (Vec::new(), String::new());
        loop {
            let options = page(size, &token, order_by).unwrap();
            let list = Some(ListOptions { show_deleted, total_size: TotalSize::Exact.into(), ..options });
            let filter = Some(expression).filter(|text| !text.is_empty()).and_then(filter);
            let request = ListUsersRequest { organization_id: world.organization.clone(), filter, list, ..ListUsersRequest::default() };
            let answer = world.grpc().users.list_users(request).await.unwrap().into_inner();
            let total = answer.total_size.unwrap();
            found.extend(answer.users);
            if answer.next_page_token.is_empty() {
                assert_eq!(total, i64::try_from(found.len()).unwrap());
                return found;
            }
            token = answer.next_page_token;
        }
    };
    let ids_of = |users: &[User]| users.iter().map(|user| user.id.clone()).collect::<Vec<_>>();

    for size in [1, 2, 100] {
        let all = list(true, size, "", "").await;
        assert_eq!(ids_of(&all), ids, "in pages of {size}");
        for user in &all {
            let meta = user.meta.as_ref().unwrap();
            let is_gone = [&ids[1], &ids[3]].contains(&&user.id);
            assert_eq!((meta.delete_time.is_some(), meta.purge_time.is_some()), (is_gone, is_gone));
        }
        assert_eq!(ids_of(&list(false, size, "", "").await), [ids[0].clone(), ids[2].clone()]);
        let backwards: Vec<String> = ids.iter().rev().cloned().collect();
        assert_eq!(ids_of(&list(true, size, "", "id desc").await), backwards);
        let names: Vec<String> = list(true, size, "", "userName desc").await.into_iter().map(|user| user.user_name).collect();
        assert_eq!(names, ["dan", "cy", "bob", "ada"]);
        let mut some = ids_of(&list(true, size, "userName ge \"bob\" and userName lt \"dan\"", "").await);
        some.sort();
        assert_eq!(some.len(), 2);
    }
    let request = UndeleteUserRequest { organization_id: world.organization.clone(), user_id: ids[1].clone(), ..Default::default() };
    let back = world.grpc().users.undelete_user(request).await.unwrap().into_inner().user.unwrap();
    assert_eq!(back.meta.unwrap().delete_time, None);
    let request = PurgeUserRequest { organization_id: world.organization.clone(), user_id: ids[3].clone(), ..Default::default() };
    world.grpc().users.purge_user(request).await.unwrap();
    assert_eq!(ids_of(&list(true, 100, "", "").await), ids[..3]);
    // A connection is shown whom it may bring back itself.
    let token =
        world.issue(&world.organization, &world.connection, "", &["users.read".to_owned(), "users.write".to_owned()]).await.unwrap();
    let mut users = world.grpc_as(&token.secret).users;
    world.delete_user(&ids[0]).await;
    let delete = DeleteUserRequest { organization_id: world.organization.clone(), user_id: ids[2].clone(), ..Default::default() };
    users.delete_user(delete).await.unwrap();
    let list = Some(ListOptions { show_deleted: true, ..ListOptions::default() });
    let request = ListUsersRequest { organization_id: world.organization.clone(), list, ..ListUsersRequest::default() };
    assert_eq!(ids_of(&users.list_users(request).await.unwrap().into_inner().users), ids[1..3]);
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

#[tokio::test(flavor = "multi_thread")]
async fn of_a_purged_user_no_byte_is_left_in_the_file() {
    let world = World::start(Engine::Sqlite).await;
    let canary = "canary-5f1e";
    // More than a page, so that pages of its own are freed.
    let long = format!("{canary} ").repeat(600);
    let ada = User { nick_name: Some(long), ..user_with_email(canary, &format!("{canary}@example.com")) };
    let id = world.create_user(ada).await.id;
    world.create_group("Crew", vec![principal(&id)]).await;
    world.patch_user(&id, vec![operation(Op::Replace, "title", Some(text(canary)))]).await.unwrap();
    let has = |bytes: &[u8]| bytes.windows(canary.len()).any(|bytes| bytes == canary.as_bytes());
    assert!(has(&world.bytes()));

    world.delete_user(&id).await;
    let request = PurgeUserRequest { organization_id: world.organization.clone(), user_id: id, ..PurgeUserRequest::default() };
    world.grpc().users.purge_user(request).await.unwrap();
    world.checkpoint().await;

    assert!(!has(&world.bytes()), "in the file, or in the log beside it");
}

both! {
    deleted_users_are_listed_where_that_is_asked_for
    an_erasure_reaches_what_earlier_changes_told_and_that_they_happened_stays
    who_was_deleted_is_erased_when_the_time_is_over_and_not_before
    a_deleted_user_is_gone_and_its_name_is_free
    an_undeleted_user_comes_back_whole
    an_undelete_does_not_take_a_name_from_another
    a_purged_user_does_not_come_back
}
