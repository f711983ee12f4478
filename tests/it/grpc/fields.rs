//! Which field of the request a refusal is about: in the contract's words, from the request on.

use crate::harness::{
    Refused, World, both,
    shapes::{external, filter, group, operation, principal, text, user},
};
use roster::api::v1::{
    ApplyMutationsRequest, BatchCheckAccessRequest, BatchListPrincipalGroupsRequest, CreateGroupRequest, CreateUserRequest, EnterpriseUser,
    GetUserRequest, ListGroupMembersRequest, ListGroupsRequest, ListOptions, ListOrganizationsRequest, ListRoleHoldersRequest,
    ListUsersRequest, Mutation, PatchUserRequest, PersonName, ReadSelection, ReplaceUserRequest, UpdateUserRequest, User,
    apply_mutations_request::Mode,
    batch_check_access_request::{Item, item::Asked},
    mutation::Write,
    patch_operation::Op,
};
use tonic::{Response, Status};
use tonic_types::StatusExt as _;

/// The reason, and the field at fault.
fn at<T: std::fmt::Debug>(answer: Result<Response<T>, Status>) -> (String, String) {
    let status = answer.unwrap_err();
    let violations = status.get_error_details().bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    let fields: Vec<_> = violations.into_iter().map(|violation| violation.field).collect();
    (Refused::read(&status).reason, fields.join(" "))
}

fn is(reason: &str, field: &str) -> (String, String) {
    (reason.to_owned(), field.to_owned())
}

async fn a_list_names_its_options(world: World) {
    let (organization_id, mut clients) = (world.organization.clone(), world.grpc());
    let options = [
        (ListOptions { page_size: -1, ..ListOptions::default() }, is("INVALID_VALUE", "list.page_size")),
        (ListOptions { page_token: "x".into(), ..ListOptions::default() }, is("INVALID_PAGE_TOKEN", "list.page_token")),
        (ListOptions { order_by: "nope".into(), ..ListOptions::default() }, is("INVALID_PATH", "list.order_by")),
        (ListOptions { skip: -1, ..ListOptions::default() }, is("INVALID_VALUE", "list.skip")),
    ];
    for (list, expected) in options {
        let users = ListUsersRequest { organization_id: organization_id.clone(), list: Some(list.clone()), ..Default::default() };
        assert_eq!(at(clients.users.list_users(users).await), expected);
        let groups = ListGroupsRequest { organization_id: organization_id.clone(), list: Some(list.clone()), ..Default::default() };
        assert_eq!(at(clients.groups.list_groups(groups).await), expected);
        if !expected.1.ends_with("order_by") && !expected.1.ends_with("skip") {
            let organizations = ListOrganizationsRequest { list: Some(list), ..Default::default() };
            assert_eq!(at(clients.organizations.list_organizations(organizations).await), expected);
        }
    }
    let request = ListUsersRequest { organization_id: organization_id.clone(), filter: filter("nope eq"), ..Default::default() };
    assert_eq!(at(clients.users.list_users(request).await), is("INVALID_FILTER", "filter"));
    let members = ListGroupMembersRequest { organization_id: organization_id.clone(), page_size: -1, ..Default::default() };
    assert_eq!(at(clients.groups.list_group_members(members).await), is("INVALID_VALUE", "page_size"));
    let batch = BatchListPrincipalGroupsRequest { organization_id: organization_id.clone(), max_groups: -1, ..Default::default() };
    let batch = BatchListPrincipalGroupsRequest { principals: vec![crate::harness::shapes::principal("x")], ..batch };
    assert_eq!(at(clients.groups.batch_list_principal_groups(batch).await), is("INVALID_VALUE", "max_groups"));
    let holders = ListRoleHoldersRequest { organization_id: organization_id.clone(), ..Default::default() };
    assert_eq!(at(clients.roles.list_role_holders(holders).await), is("INVALID_VALUE", "role_id"));
    let both = ReadSelection { attributes: vec!["id".into()], excluded_attributes: vec!["name".into()], ..ReadSelection::default() };
    let request = GetUserRequest {
        organization_id: organization_id.clone(),
        user: Some(crate::harness::shapes::by_id("x")),
        selection: Some(both),
        ..GetUserRequest::default()
    };
    assert_eq!(at(clients.users.get_user(request.clone()).await), is("INVALID_VALUE", "selection.excluded_attributes"));
    let many = vec!["title".to_owned(); 201];
    for (selection, field) in [
        (ReadSelection { attributes: many.clone(), ..ReadSelection::default() }, "selection.attributes"),
        (ReadSelection { excluded_attributes: many.clone(), ..ReadSelection::default() }, "selection.excluded_attributes"),
        (ReadSelection { additional_attributes: many, ..ReadSelection::default() }, "selection.additional_attributes"),
    ] {
        let request = GetUserRequest { selection: Some(selection), ..request.clone() };
        assert_eq!(at(clients.users.get_user(request).await), is("INVALID_VALUE", field));
    }
    let asked = |id: &str| Item { principal: Some(principal(id)), asked: Some(Asked::RoleKey("admin".into())), ..Item::default() };
    let checks = BatchCheckAccessRequest { organization_id, items: vec![asked("a"), asked("")], ..Default::default() };
    assert_eq!(at(clients.roles.batch_check_access(checks).await), is("INVALID_VALUE", "items[1].principal"));
}

async fn a_write_names_what_of_the_resource_is_wrong(world: World) {
    let organization_id = || world.organization.clone();
    let ada = world.create_user(user("ada")).await;
    let long = || Some("x".repeat(9_000));
    let wrong = [
        (User::default(), "user.user_name"),
        (User { name: Some(PersonName { given_name: long(), ..PersonName::default() }), ..user("bob") }, "user.name.given_name"),
        (
            User { enterprise: Some(EnterpriseUser { department: long(), ..EnterpriseUser::default() }), ..user("bob") },
            "user.enterprise.department",
        ),
        (User { external_ids: vec![external("", &"x".repeat(2_000))], ..user("bob") }, "user.external_ids"),
        (User { setup_state: 77, ..user("bob") }, "user.setup_state"),
    ];
    for (given, field) in wrong {
        let create = CreateUserRequest { organization_id: organization_id(), user: Some(given.clone()), ..Default::default() };
        assert_eq!(at(world.grpc().users.create_user(create.clone()).await), is("INVALID_VALUE", field));
        let replace = ReplaceUserRequest {
            organization_id: organization_id(),
            user: Some(User { id: ada.id.clone(), ..given.clone() }),
            ..Default::default()
        };
        assert_eq!(at(world.grpc().users.replace_user(replace).await), is("INVALID_VALUE", field));
        let many = ApplyMutationsRequest {
            organization_id: organization_id(),
            mode: Mode::Atomic as i32,
            mutations: vec![
                Mutation {
                    temp_id: String::new(),
                    write: Some(Write::CreateUser(CreateUserRequest { user: Some(user("eve")), ..Default::default() })),
                },
                Mutation { temp_id: String::new(), write: Some(Write::CreateUser(create)) },
            ],
            ..Default::default()
        };
        let field = format!("mutations[1].create_user.{field}");
        assert_eq!(at(world.grpc().directory.apply_mutations(many).await), is("INVALID_VALUE", &field));
    }
    let create = CreateGroupRequest { organization_id: organization_id(), group: Some(group("")), ..Default::default() };
    assert_eq!(at(world.grpc().groups.create_group(create).await), is("INVALID_VALUE", "group.display_name"));
    for (operations, expected) in [
        (vec![operation(Op::Replace, "nope", Some(text("x")))], "INVALID_PATH"),
        (vec![operation(Op::Remove, "userName", None)], "MUTABILITY"),
    ] {
        let patch = PatchUserRequest { organization_id: organization_id(), user_id: ada.id.clone(), operations, ..Default::default() };
        let (reason, field) = at(world.grpc().users.patch_user(patch).await);
        assert!(reason == expected && field.starts_with("operations"), "{reason} {field}");
    }
}

async fn a_mask_is_named_with_its_path_also_where_that_is_empty(world: World) {
    let ada = world.create_user(user("ada")).await;
    for path in ["nope", "", "meta"] {
        let update = UpdateUserRequest {
            organization_id: world.organization.clone(),
            user: Some(ada.clone()),
            update_mask: Some(prost_types::FieldMask { paths: vec![path.to_owned()] }),
            ..Default::default()
        };
        let answer = world.grpc().users.update_user(update).await;
        let refused = Refused::read(answer.as_ref().unwrap_err());
        let (key, reason) = if path == "meta" { ("attribute", "MUTABILITY") } else { ("path", "INVALID_PATH") };
        assert_eq!((refused.metadata.get(key).map(String::as_str), at(answer)), (Some(path), is(reason, "update_mask")));
    }
}

/// An identifier without a value is none, as the contract says.
async fn an_empty_external_id_is_none(world: World) {
    let given = User { external_ids: vec![external("", "hr-1")], ..user("ada") };
    let ada = world.create_user(given).await;
    let replace = ReplaceUserRequest {
        organization_id: world.organization.clone(),
        user: Some(User { id: ada.id.clone(), external_ids: vec![external("", "")], ..user("ada") }),
        ..Default::default()
    };
    world.grpc().users.replace_user(replace).await.unwrap();
    assert_eq!(world.user(&ada.id).await.external_ids, []);
    assert_eq!(world.create_user(User { external_ids: vec![external("", "")], ..user("bob") }).await.external_ids, []);
}

both! {
    a_list_names_its_options
    a_write_names_what_of_the_resource_is_wrong
    a_mask_is_named_with_its_path_also_where_that_is_empty
    an_empty_external_id_is_none
}
