//! UserService: making and finding users.

use crate::harness::{
    World, both,
    refusal::ExpectRefusal as _,
    shapes::{boolean, by_email, by_external_id, by_id, by_name, complex, email, external, operation, text, user, user_with_email},
};
use roster::api::v1::{
    Address, AttributeMap, BatchGetUsersRequest, EnterpriseUser, ErrorReason, Manager, MultiValue, PersonName, User, attribute_map,
    batch_get_users_response::result, patch_operation::Op, user::SetupState,
};
use std::collections::BTreeMap;
use tonic::Code;

/// Row 24 (JupiterOne)
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
    // What the server adds: nobody has finished setting the account up.
    expected.set_setup_state(SetupState::Provisioned);
    expected.links.clone_from(&created.links);
    assert_eq!(created, expected);
    assert_eq!(world.user(&created.id).await, created);
    let meta = created.meta.unwrap();
    assert_eq!(meta.create_time, meta.update_time);
    assert!(meta.etag.starts_with(&format!("W/\"{}.", meta.last_revision.unwrap().number)), "{}", meta.etag);
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

/// Row 24 (JupiterOne)
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

/// Row 28 (JumpCloud)
async fn an_external_id_is_held_once_per_connection(world: World) {
    let with = |name: &str| User { external_ids: vec![external("", "HR-7")], ..user(name) };
    world.create_user(with("ada")).await;

    let refused = world.try_create_user(with("grace")).await.map(tonic::Response::new).refused();

    refused.is(Code::AlreadyExists, ErrorReason::Uniqueness).says("attribute", "externalId");
}

/// A user with every attribute that can be written.
pub(super) fn everything() -> User {
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
}
