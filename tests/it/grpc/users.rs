//! UserService: one user at a time.

use crate::harness::{
    World, both,
    refusal::ExpectRefusal as _,
    shapes::{
        boolean, by_email, by_external_id, by_id, by_name, complex, email, external, group_by_id, if_match, list, operation, principal,
        text, user, user_with_email,
    },
};
use prost_types::FieldMask;
use roster::api::v1::{
    Address, AttributeMap, BatchGetUsersRequest, CreateUserRequest, DeleteOutcome, DeleteUserRequest, EnterpriseUser, ErrorReason,
    GetGroupRequest, Manager, MultiValue, PatchUserRequest, PersonName, Precondition, PurgeUserRequest, ReplaceUserRequest,
    UndeleteUserRequest, UpdateUserRequest, User, WriteOptions, attribute_map, batch_get_users_response::result, patch_operation::Op,
};
use std::collections::BTreeMap;
use tonic::Code;

async fn a_user_is_found_by_each_of_its_names(world: World) {
    let mut ada = user_with_email("Ada@Corp.Example", "ada@mail.example");
    ada.external_ids = vec![external("", "HR-7")];
    let ada = world.create_user(ada).await;

    let references = [
        by_id(&ada.id),
        by_name("Ada@Corp.Example"),
        by_name("aDA@cORP.eXAMPLE"),
        by_external_id("", "HR-7"),
        by_email("ada@mail.example"),
        by_email("ADA@MAIL.EXAMPLE"),
    ];

    for reference in references {
        assert_eq!(world.try_get_user(reference.clone()).await.unwrap(), ada, "{reference:?}");
    }
    assert_eq!(ada.user_name, "Ada@Corp.Example", "kept as it was sent");
    assert_eq!(ada.active, Some(true), "absent on create is true");
}

async fn an_unknown_name_of_any_kind_is_not_found(world: World) {
    let mut ada = user_with_email("ada", "ada@mail.example");
    ada.external_ids = vec![external("", "HR-7")];
    world.create_user(ada).await;

    let unknown = [
        by_id("0198f0a0-0000-7000-8000-000000000000"),
        by_id("no such form"),
        by_name("grace"),
        by_external_id("", "hr-7"),
        by_external_id("another", "HR-7"),
        by_email("grace@mail.example"),
    ];

    for reference in unknown {
        let refused = world.try_get_user(reference.clone()).await.map(tonic::Response::new).refused();
        refused.is(Code::NotFound, ErrorReason::NotFound).says("resource", "user");
    }
}

async fn an_address_that_two_users_have_names_neither(world: World) {
    world.create_user(user_with_email("ada", "desk@mail.example")).await;
    world.create_user(user_with_email("grace", "Desk@mail.example")).await;

    let refused = world.try_get_user(by_email("desk@mail.example")).await.map(tonic::Response::new).refused();

    refused.is(Code::InvalidArgument, ErrorReason::AmbiguousReference);
}

async fn every_attribute_comes_back_as_it_was_sent(world: World) {
    let given = everything();

    let created = world.create_user(given.clone()).await;

    let mut expected = given;
    expected.id.clone_from(&created.id);
    expected.organization_id.clone_from(&world.organization);
    expected.meta.clone_from(&created.meta);
    // Output only, and the manager's name is looked up.
    expected.links.clone_from(&created.links);
    assert_eq!(created, expected);
    assert_eq!(world.user(&created.id).await, created);
    let meta = created.meta.unwrap();
    assert_eq!(meta.create_time, meta.update_time);
    assert_eq!(meta.etag, format!("W/\"{}\"", meta.last_revision.unwrap().number));
}

async fn a_batch_answers_each_reference_in_order(world: World) {
    let (ada, grace) = (world.create_user(user("ada")).await, world.create_user(user("grace")).await);
    let users = vec![by_name("GRACE"), by_id("unknown"), by_id(&ada.id), by_name("grace")];

    let request = BatchGetUsersRequest { organization_id: world.organization.clone(), users, ..BatchGetUsersRequest::default() };
    let answer = world.grpc().users.batch_get_users(request).await.unwrap().into_inner();

    let answers: Vec<_> = answer.results.into_iter().map(|r| r.result.unwrap()).collect();
    assert_eq!(answers.len(), 4);
    assert_eq!(answers[0], result::Result::User(grace.clone()));
    let result::Result::Error(status) = &answers[1] else { panic!("{:?}", answers[1]) };
    crate::harness::Refused::of_item(status).is(Code::NotFound, ErrorReason::NotFound);
    assert_eq!(answers[2], result::Result::User(ada));
    assert_eq!(answers[3], result::Result::User(grace));
}

async fn a_user_name_is_held_once_in_any_letter_case(world: World) {
    let ada = world.create_user(user("ada@corp.example")).await;
    let grace = world.create_user(user("grace@corp.example")).await;
    let head = world.head().await;

    let created = world.try_create_user(user("ADA@Corp.Example")).await.map(tonic::Response::new).refused();
    let renamed = world.patch_user(&grace.id, vec![operation(Op::Replace, "userName", Some(text("Ada@corp.example")))]).await;

    created.is(Code::AlreadyExists, ErrorReason::Uniqueness).says("attribute", "userName");
    renamed.map(tonic::Response::new).refused().is(Code::AlreadyExists, ErrorReason::Uniqueness);
    assert_eq!(world.user(&grace.id).await, grace);
    assert_eq!(world.head().await, head, "a refusal makes no revision");
    // Its own name in another letter case is a rename, not a conflict.
    let own = world.patch_user(&ada.id, vec![operation(Op::Replace, "userName", Some(text("ADA@corp.example")))]).await.unwrap();
    assert_eq!(own.user.unwrap().user_name, "ADA@corp.example");
}

async fn an_external_id_is_held_once_per_connection(world: World) {
    let with = |name: &str| User { external_ids: vec![external("", "HR-7")], ..user(name) };
    world.create_user(with("ada")).await;

    let refused = world.try_create_user(with("grace")).await.map(tonic::Response::new).refused();

    refused.is(Code::AlreadyExists, ErrorReason::Uniqueness).says("attribute", "externalId");
}

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

async fn the_members_of_a_group_are_no_attribute_of_it(world: World) {
    let ada = world.create_user(user("ada")).await;
    let group = world.create_group("Engines", vec![principal(&ada.id)]).await;
    let request =
        GetGroupRequest { organization_id: world.organization.clone(), group: Some(group_by_id(&group.id)), ..GetGroupRequest::default() };

    let answer = world.grpc().groups.get_group(request).await.unwrap().into_inner();

    assert_eq!(answer.group.unwrap().direct_member_count, 1);
}

/// A user with every attribute that can be written.
fn everything() -> User {
    let some = |text: &str| Some(text.to_owned());
    let value =
        |value: &str, kind: &str| MultiValue { value: some(value), r#type: some(kind), display: some("Shown"), ..MultiValue::default() };
    let extension = AttributeMap {
        entries: vec![attribute_map::Entry {
            name: "engine".to_owned(),
            value: Some(complex([("cogs", text("25,000")), ("runs", boolean(false))])),
        }],
    };
    User {
        user_name: "Ada Lovelace".to_owned(),
        external_ids: vec![external("", "HR-7")],
        active: Some(true),
        name: Some(PersonName {
            formatted: some("Countess Ada"),
            family_name: some("Lovelace"),
            given_name: some("Ada"),
            middle_name: some("Byron"),
            honorific_prefix: some("Countess"),
            honorific_suffix: some("of L."),
        }),
        display_name: some("Ada \u{1F469}\u{200D}\u{1F4BB} e\u{301}"),
        nick_name: some("Al"),
        profile_url: some("https://example.com/ada"),
        title: some("Analyst"),
        user_type: some("Employee"),
        preferred_language: some("en-GB"),
        locale: some("en-GB"),
        timezone: some("Europe/London"),
        emails: vec![email("Ada@Mail.Example"), value("a@home.example", "home")],
        phone_numbers: vec![value("tel:+44-20-0000-0000", "work")],
        ims: vec![value("ada", "xmpp")],
        photos: vec![value("https://example.com/ada.png", "photo")],
        addresses: vec![Address {
            formatted: some("12 St James Sq\nLondon"),
            street_address: some("12 St James Sq"),
            locality: some("London"),
            region: some("LDN"),
            postal_code: some("SW1"),
            country: some("GB"),
            r#type: some("home"),
            ..Address::default()
        }],
        entitlements: vec![value("read", "x")],
        roles: vec![MultiValue { primary: Some(true), ..value("analyst", "x") }],
        x509_certificates: vec![MultiValue { value: some("MIIDQzCC"), ..MultiValue::default() }],
        enterprise: Some(EnterpriseUser {
            employee_number: some("7"),
            cost_center: some("C1"),
            organization: some("Babbage"),
            division: some("Engines"),
            department: some("Analysis"),
            manager: Some(Manager { value: some("charles"), ..Manager::default() }),
            extra: None,
        }),
        extensions: BTreeMap::from([("urn:example:engine".to_owned(), extension)]),
        ..User::default()
    }
}

both! {
    a_user_is_found_by_each_of_its_names
    an_unknown_name_of_any_kind_is_not_found
    an_address_that_two_users_have_names_neither
    every_attribute_comes_back_as_it_was_sent
    a_batch_answers_each_reference_in_order
    a_user_name_is_held_once_in_any_letter_case
    an_external_id_is_held_once_per_connection
    an_update_touches_what_its_mask_names
    a_replacement_keeps_active_and_clears_what_it_does_not_name
    a_patch_applies_its_operations_in_order
    a_patch_that_fails_half_way_changes_nothing
    a_patch_that_says_what_is_already_so_makes_no_revision
    a_deleted_user_is_gone_and_its_name_is_free
    an_undeleted_user_comes_back_whole
    an_undelete_does_not_take_a_name_from_another
    a_purged_user_does_not_come_back
    a_write_on_a_stale_version_is_refused
    a_dry_run_checks_everything_and_changes_nothing
    the_members_of_a_group_are_no_attribute_of_it
}
