//! UserService: changing users.

use super::users::everything;
use crate::harness::{
    World, both,
    refusal::ExpectRefusal as _,
    shapes::{boolean, by_email, by_name, complex, if_match, list, operation, text, user, user_with_email},
};
use prost_types::FieldMask;
use roster::api::v1::{
    CreateUserRequest, DeleteUserRequest, ErrorReason, PatchUserRequest, Precondition, ReplaceUserRequest, UpdateUserRequest, User,
    WriteOptions, patch_operation::Op,
};
use tonic::Code;

async fn an_update_touches_what_its_mask_names(world: World) {
    let mut given = everything();
    given.nick_name = Some("Countess".to_owned());
    let before = world.create_user(given).await;
    let update = |paths: &[&str], user: User| UpdateUserRequest {
        organization_id: world.organization.clone(),
        user: Some(User { id: before.id.clone(), ..user }),
        update_mask: Some(FieldMask { paths: paths.iter().map(|&p| p.to_owned()).collect() }),
        ..UpdateUserRequest::default()
    };
    let mut users = world.grpc().users;

    let new = User { title: Some("Dr".to_owned()), user_name: "ignored".to_owned(), ..User::default() };
    let answer = users.update_user(update(&["title", "nick_name"], new)).await.unwrap().into_inner();

    let after = answer.user.unwrap();
    let mut expected = before.clone();
    expected.title = Some("Dr".to_owned());
    expected.nick_name = None;
    expected.meta.clone_from(&after.meta);
    assert_eq!(after, expected);
    assert_ne!(after.meta, before.meta);
    assert_eq!(world.user(&before.id).await, after);
    for (paths, reason) in [
        (&["no_such_field"][..], ErrorReason::InvalidPath),
        (&[][..], ErrorReason::InvalidValue),
        (&["id"][..], ErrorReason::Mutability),
        (&["groups"][..], ErrorReason::Mutability),
    ] {
        let refused = users.update_user(update(paths, user("ada"))).await.refused();
        refused.is(Code::InvalidArgument, reason);
    }
    assert_eq!(world.user(&before.id).await, after);
}

async fn a_replacement_keeps_active_and_clears_what_it_does_not_name(world: World) {
    let mut given = everything();
    given.active = Some(false);
    let before = world.create_user(given).await;
    let request = ReplaceUserRequest {
        organization_id: world.organization.clone(),
        user: Some(User { id: before.id.clone(), display_name: Some("Ada".to_owned()), ..user("ada.l") }),
        ..ReplaceUserRequest::default()
    };

    let after = world.grpc().users.replace_user(request).await.unwrap().into_inner().user.unwrap();

    let expected = User {
        id: before.id.clone(),
        organization_id: world.organization.clone(),
        user_name: "ada.l".to_owned(),
        display_name: Some("Ada".to_owned()),
        active: Some(false),
        meta: after.meta.clone(),
        links: after.links.clone(),
        setup_state: before.setup_state,
        ..User::default()
    };
    assert_eq!(after, expected);
    assert_eq!(after.meta.as_ref().unwrap().create_time, before.meta.unwrap().create_time);
    assert_eq!(world.user(&before.id).await, after);
}

async fn a_patch_applies_its_operations_in_order(world: World) {
    let ada = world.create_user(user_with_email("ada", "ada@mail.example")).await;
    let operations = vec![
        operation(Op::Add, "title", Some(text("Countess"))),
        operation(Op::Replace, "name.givenName", Some(text("Ada"))),
        operation(Op::Replace, "emails[type eq \"work\"].value", Some(text("ada@new.example"))),
        operation(
            Op::Add,
            "emails",
            Some(list(vec![complex([("value", text("a@home.example")), ("type", text("home")), ("primary", boolean(true))])])),
        ),
        operation(Op::Replace, "title", Some(text("Dr"))),
        operation(Op::Replace, "", Some(complex([("nickName", text("Al")), ("active", boolean(false))]))),
        operation(Op::Add, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", Some(text("Engines"))),
    ];

    let answer = world.patch_user(&ada.id, operations).await.unwrap();

    let after = answer.user.unwrap();
    assert!(answer.changed);
    assert_eq!((after.title.as_deref(), after.nick_name.as_deref(), after.active), (Some("Dr"), Some("Al"), Some(false)));
    assert_eq!(after.name.as_ref().unwrap().given_name.as_deref(), Some("Ada"));
    assert_eq!(after.enterprise.as_ref().unwrap().department.as_deref(), Some("Engines"));
    let emails: Vec<_> = after.emails.iter().map(|e| (e.value.as_deref().unwrap(), e.primary == Some(true))).collect();
    assert_eq!(emails, [("ada@new.example", false), ("a@home.example", true)], "the last primary wins");
    assert_eq!(world.user(&ada.id).await, after);
    assert_eq!(world.try_get_user(by_email("ADA@new.example")).await.unwrap().id, ada.id);
    assert!(world.try_get_user(by_email("ada@mail.example")).await.is_err(), "the old address finds nobody");
}

async fn a_patch_that_fails_half_way_changes_nothing(world: World) {
    let ada = world.create_user(user("ada")).await;
    let head = world.head().await;
    let operations = vec![operation(Op::Replace, "title", Some(text("Dr"))), operation(Op::Replace, "active", Some(text("perhaps")))];

    let refused = world.patch_user(&ada.id, operations).await.map(tonic::Response::new).refused();

    refused.is(Code::InvalidArgument, ErrorReason::InvalidValue).says("operation", "1");
    assert_eq!(world.user(&ada.id).await, ada);
    assert_eq!(world.head().await, head);
}

async fn a_patch_that_says_what_is_already_so_makes_no_revision(world: World) {
    let ada = world.create_user(User { title: Some("Dr".to_owned()), ..user_with_email("ada", "ada@mail.example") }).await;
    let head = world.head().await;
    let operations = vec![
        operation(Op::Replace, "title", Some(text("Dr"))),
        operation(Op::Add, "active", Some(boolean(true))),
        operation(
            Op::Add,
            "emails",
            Some(list(vec![complex([("value", text("ada@mail.example")), ("type", text("work")), ("primary", boolean(true))])])),
        ),
        operation(Op::Remove, "nickName", None),
    ];

    let answer = world.patch_user(&ada.id, operations).await.unwrap();

    assert!(!answer.changed);
    assert_eq!(answer.user.unwrap(), ada);
    assert_eq!(world.head().await, head);
}

async fn a_write_on_a_stale_version_is_refused(world: World) {
    let before = world.create_user(user("ada")).await;
    let stale = before.meta.as_ref().unwrap().etag.clone();
    let after = world.patch_user(&before.id, vec![operation(Op::Replace, "title", Some(text("Dr")))]).await.unwrap().user.unwrap();
    let current = after.meta.as_ref().unwrap().etag.clone();
    let head = world.head().await;
    let mut users = world.grpc().users;
    let organization_id = world.organization.clone();
    let patch = |precondition| PatchUserRequest {
        organization_id: organization_id.clone(),
        user_id: before.id.clone(),
        operations: vec![operation(Op::Replace, "title", Some(text("Countess")))],
        precondition,
        ..PatchUserRequest::default()
    };

    let refused = [
        users.patch_user(patch(if_match(&stale))).await.refused(),
        users
            .replace_user(ReplaceUserRequest {
                organization_id: organization_id.clone(),
                user: Some(before.clone()),
                precondition: if_match(&stale),
                ..ReplaceUserRequest::default()
            })
            .await
            .refused(),
        users
            .delete_user(DeleteUserRequest {
                organization_id: organization_id.clone(),
                user_id: before.id.clone(),
                precondition: if_match(&stale),
                ..DeleteUserRequest::default()
            })
            .await
            .refused(),
        users.patch_user(patch(Some(Precondition { if_none_match: vec![current.clone()], ..Precondition::default() }))).await.refused(),
    ];

    for refused in refused {
        refused.is(Code::Aborted, ErrorReason::EtagMismatch).says("etag", &current);
    }
    assert_eq!(world.user(&before.id).await, after);
    assert_eq!(world.head().await, head);
    let several = Precondition { if_match: vec![stale, current], ..Precondition::default() };
    users.patch_user(patch(Some(several))).await.unwrap();
    users.patch_user(patch(if_match("*"))).await.unwrap();
}

async fn a_dry_run_checks_everything_and_changes_nothing(world: World) {
    let ada = world.create_user(user("ada")).await;
    let head = world.head().await;
    let write = Some(WriteOptions { validate_only: true, ..WriteOptions::default() });
    let mut users = world.grpc().users;
    let create = |name: &str| CreateUserRequest {
        organization_id: world.organization.clone(),
        user: Some(user(name)),
        write: write.clone(),
        ..CreateUserRequest::default()
    };

    users.create_user(create("grace")).await.unwrap();
    users.create_user(create("ADA")).await.refused().is(Code::AlreadyExists, ErrorReason::Uniqueness);
    let patch = PatchUserRequest {
        organization_id: world.organization.clone(),
        user_id: ada.id.clone(),
        operations: vec![operation(Op::Replace, "title", Some(text("Dr")))],
        write: write.clone(),
        ..PatchUserRequest::default()
    };
    users.patch_user(patch).await.unwrap();

    assert_eq!(world.head().await, head);
    assert_eq!(world.user(&ada.id).await, ada);
    world.try_get_user(by_name("grace")).await.map(tonic::Response::new).refused().is(Code::NotFound, ErrorReason::NotFound);
}

both! {
    an_update_touches_what_its_mask_names
    a_replacement_keeps_active_and_clears_what_it_does_not_name
    a_patch_applies_its_operations_in_order
    a_patch_that_fails_half_way_changes_nothing
    a_patch_that_says_what_is_already_so_makes_no_revision
    a_write_on_a_stale_version_is_refused
    a_dry_run_checks_everything_and_changes_nothing
}
