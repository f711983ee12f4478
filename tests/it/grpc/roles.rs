//! Roles, who was granted them, and who holds them: true the instant a write is answered.

use crate::harness::{
    Refused, World, both,
    refusal::ExpectRefusal,
    roles::{account, grant, in_seconds, role},
    shapes::{add, group_principal, operation, principal, remove, user},
};
use prost_types::FieldMask;
use roster::api::v1::{
    DeleteGroupRequest, DeleteRoleRequest, ErrorReason, GetRoleRequest, ListRoleAssignmentsRequest, ListRolesRequest, Role, RoleAssignment,
    ServiceAccount, UndeleteUserRequest, UpdateRoleRequest, UpdateServiceAccountRequest, batch_check_access_request::item::Asked,
    get_role_request, patch_operation::Op,
};
use tonic::{Code, Status};

both! {
    a_role_is_defined_found_changed_and_deleted
    a_role_may_not_include_itself_by_any_way
    what_cannot_be_a_role_is_refused_by_name
    a_grant_reaches_members_through_groups_and_ends_with_each_step_of_the_way
    a_grant_says_why_where_and_until_when
    a_grant_is_made_once_prolonged_and_withdrawn
    what_was_granted_ends_with_its_holder_and_comes_back_with_the_user
    holders_come_page_by_page_through_groups_in_circles
    many_questions_are_answered_at_once
    the_feed_tells_of_roles_and_grants
}

fn refused<T: std::fmt::Debug>(answer: Result<T, Status>) -> Refused {
    answer.map(tonic::Response::new).refused()
}

fn update(world: &World, role: Role, paths: &[&str]) -> UpdateRoleRequest {
    UpdateRoleRequest {
        organization_id: world.organization.clone(),
        role: Some(role),
        update_mask: Some(FieldMask { paths: paths.iter().map(|&p| p.to_owned()).collect() }),
        ..UpdateRoleRequest::default()
    }
}

async fn a_role_is_defined_found_changed_and_deleted(world: World) {
    let organization_id = world.organization.clone();
    let mut roles = world.grpc().roles;
    let editor = world.create_role(Role { permissions: vec!["page.edit".into()], ..role("editor", &[]) }).await;
    assert_eq!((editor.organization_id.as_str(), editor.built_in), (organization_id.as_str(), false));

    for asked in [get_role_request::Role::RoleId(editor.id.clone()), get_role_request::Role::RoleKey("editor".into())] {
        let request = GetRoleRequest { organization_id: organization_id.clone(), role: Some(asked), ..Default::default() };
        assert_eq!(roles.get_role(request).await.unwrap().into_inner().role.as_ref(), Some(&editor));
    }
    let changed = roles
        .update_role(update(&world, Role { id: editor.id.clone(), display_name: "Editors".into(), ..Role::default() }, &["display_name"]))
        .await
        .unwrap()
        .into_inner()
        .role
        .unwrap();
    assert_eq!((changed.display_name.as_str(), changed.permissions.len()), ("Editors", 1));
    assert_ne!(changed.meta.as_ref().unwrap().etag, editor.meta.as_ref().unwrap().etag);

    world.create_role(role("auditor", &[&editor.id])).await;
    let mut keys = Vec::new();
    let mut request = ListRolesRequest { organization_id: organization_id.clone(), page_size: 1, ..Default::default() };
    loop {
        let page = roles.list_roles(request.clone()).await.unwrap().into_inner();
        keys.extend(page.roles.into_iter().map(|role| (role.key, role.built_in)));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(keys, [("admin".to_owned(), true), ("auditor".to_owned(), false), ("editor".to_owned(), false)]);

    let delete = |id: &str| DeleteRoleRequest { organization_id: organization_id.clone(), role_id: id.to_owned(), ..Default::default() };
    let in_use = roles.delete_role(delete(&editor.id)).await.refused();
    in_use.is(Code::FailedPrecondition, ErrorReason::Policy).says("policy", "ROLE_IN_USE");
    roles.delete_role(delete("admin")).await.refused().is(Code::InvalidArgument, ErrorReason::Mutability);
    roles.update_role(update(&world, Role { id: "admin".into(), ..Role::default() }, &["key"])).await.refused();
    let auditor = GetRoleRequest {
        organization_id: organization_id.clone(),
        role: Some(get_role_request::Role::RoleKey("auditor".into())),
        ..Default::default()
    };
    let auditor = roles.get_role(auditor).await.unwrap().into_inner().role.unwrap();
    roles.delete_role(delete(&auditor.id)).await.unwrap();
    roles.delete_role(delete(&editor.id)).await.unwrap();
    roles.delete_role(delete(&editor.id)).await.refused().is(Code::NotFound, ErrorReason::NotFound);
}

async fn a_role_may_not_include_itself_by_any_way(world: World) {
    let low = world.create_role(role("low", &[])).await;
    let middle = world.create_role(role("middle", &[&low.id])).await;
    let top = world.create_role(role("top", &[&middle.id])).await;

    let mut roles = world.grpc().roles;
    for id in [&low.id, &middle.id, &top.id] {
        let circle = Role { id: low.id.clone(), included_role_ids: vec![id.clone()], ..Role::default() };
        let refused = roles.update_role(update(&world, circle, &["included_role_ids"])).await.refused();
        refused.is(Code::InvalidArgument, ErrorReason::InvalidValue).says("attribute", "role.included_role_ids");
    }
    refused(world.try_create_role(role("lost", &["nowhere"])).await).is(Code::InvalidArgument, ErrorReason::InvalidValue);
}

async fn what_cannot_be_a_role_is_refused_by_name(world: World) {
    world.create_role(role("there", &[])).await;

    for key in ["there", "admin"] {
        refused(world.try_create_role(role(key, &[])).await).is(Code::AlreadyExists, ErrorReason::Uniqueness);
    }
    for key in ["", "Admin", "9", "a b", "ａdmin"] {
        refused(world.try_create_role(role(key, &[])).await).is(Code::InvalidArgument, ErrorReason::InvalidValue);
    }
    let many = Role { permissions: (0..1_001).map(|i| format!("p{i}")).collect(), ..role("many", &[]) };
    refused(world.try_create_role(many).await).is(Code::InvalidArgument, ErrorReason::TooLarge);
    let twice = Role { permissions: vec!["p".into(), "p".into()], ..role("twice", &[]) };
    refused(world.try_create_role(twice).await).is(Code::InvalidArgument, ErrorReason::InvalidValue);
    let user = world.create_user(user("ada")).await;
    let past = RoleAssignment { expire_time: in_seconds(-1), ..grant("admin", principal(&user.id)) };
    refused(world.assign(vec![past], &[]).await).says("attribute", "add.expire_time");
    refused(world.assign(vec![grant("nothing", principal(&user.id))], &[]).await).says("attribute", "add.role_id");
    refused(world.assign(vec![grant("admin", group_principal(&user.id))], &[]).await).says("attribute", "add.principal");
    refused(world.assign(vec![grant("admin", account(&user.id))], &[]).await).says("attribute", "add.principal");
}

async fn a_grant_reaches_members_through_groups_and_ends_with_each_step_of_the_way(world: World) {
    let role = world.create_role(role("reader", &[])).await;
    let ada = world.create_user(user("ada")).await.id;
    let (outer, inner) = (world.create_group("Outer", vec![]).await.id, world.create_group("Inner", vec![]).await.id);
    let granted = world.grant(&role.id, group_principal(&outer)).await;
    assert!(!world.holds(&ada, "reader").await);

    world.modify(&inner, vec![add(principal(&ada))]).await.unwrap();
    assert!(!world.holds(&ada, "reader").await);
    world.modify(&outer, vec![add(group_principal(&inner))]).await.unwrap();
    assert!(world.holds(&ada, "reader").await);
    assert_eq!(world.holders(&role.id).await, [ada.clone()]);

    let active = |value| vec![operation(Op::Replace, "active", Some(crate::harness::shapes::boolean(value)))];
    world.patch_user(&ada, active(false)).await.unwrap();
    assert!(!world.holds(&ada, "reader").await && world.holders(&role.id).await.is_empty());
    world.patch_user(&ada, active(true)).await.unwrap();
    assert!(world.holds(&ada, "reader").await);

    world.modify(&outer, vec![remove(group_principal(&inner))]).await.unwrap();
    assert!(!world.holds(&ada, "reader").await);
    world.modify(&outer, vec![add(group_principal(&inner))]).await.unwrap();
    world.modify(&inner, vec![remove(principal(&ada))]).await.unwrap();
    assert!(!world.holds(&ada, "reader").await);
    world.modify(&inner, vec![add(principal(&ada))]).await.unwrap();
    assert!(world.holds(&ada, "reader").await);
    world.assign(vec![], &[granted]).await.unwrap();
    assert!(!world.holds(&ada, "reader").await);
    world.grant(&role.id, group_principal(&outer)).await;
    assert!(world.holds(&ada, "reader").await);
    let gone = DeleteGroupRequest { organization_id: world.organization.clone(), group_id: inner, ..DeleteGroupRequest::default() };
    world.grpc().groups.delete_group(gone).await.unwrap();
    assert!(!world.holds(&ada, "reader").await && world.holders(&role.id).await.is_empty());
}

async fn a_grant_says_why_where_and_until_when(world: World) {
    let low = world.create_role(role("low", &[])).await;
    let high = world.create_role(Role { permissions: vec!["p".into()], ..role("high", &[&low.id]) }).await;
    let ada = world.create_user(user("ada")).await.id;
    let inner = world.create_group("Inner", vec![principal(&ada)]).await.id;
    let outer = world.create_group("Outer", vec![group_principal(&inner)]).await.id;
    let until = in_seconds(3_600);
    let here = RoleAssignment { scope: "here".into(), expire_time: until, ..grant(&high.id, group_principal(&outer)) };
    let here = world.assign(vec![here], &[]).await.unwrap().added.remove(0).id;

    let held = world.effective(principal(&ada), "").await;
    let told: Vec<_> = held.iter().map(|h| (h.role.as_ref().unwrap().key.as_str(), h.scope.as_str(), h.expire_time)).collect();
    assert_eq!(told, [("high", "here", until), ("low", "here", until)]);
    let why = &held[1].derivations[0];
    assert_eq!((&why.assignment_id, &why.group_path, &why.role_path), (&here, &vec![outer.clone(), inner.clone()], &vec![low.id.clone()]));
    assert!(world.effective(principal(&ada), "elsewhere").await.is_empty());
    assert_eq!(world.effective(principal(&ada), "here").await.len(), 2);
    // A group has what its members have by it.
    assert_eq!(world.effective(group_principal(&inner), "").await.len(), 2);

    let asked = |scope: &'static str| (principal(&ada), Asked::RoleKey("low".into()), scope);
    let answers = world.check(vec![asked(""), asked("here"), asked("elsewhere")]).await;
    let allowed: Vec<_> = answers.iter().map(|a| (a.as_ref().unwrap().allowed, a.as_ref().unwrap().valid_until)).collect();
    assert_eq!(allowed, [(false, None), (true, until), (false, None)]);

    // What lasts longer decides, and what holds everywhere holds here.
    world.grant(&low.id, principal(&ada)).await;
    let answers = world.check(vec![asked(""), asked("here")]).await;
    assert!(answers.iter().all(|a| a.as_ref().unwrap().allowed && a.as_ref().unwrap().valid_until.is_none()));
    assert_eq!(world.effective(principal(&ada), "here").await.len(), 3);
}

async fn a_grant_is_made_once_prolonged_and_withdrawn(world: World) {
    let role = world.create_role(role("reader", &[])).await;
    let ada = world.create_user(user("ada")).await.id;
    let one = grant(&role.id, principal(&ada));

    let first = world.assign(vec![one.clone(), one.clone()], &[]).await.unwrap();
    assert_eq!((first.added.len(), first.redundant), (1, 1));
    let head = world.head().await;
    let again = world.assign(vec![one.clone()], &[]).await.unwrap();
    assert_eq!((again.added.len(), again.redundant, world.head().await), (0, 1, head));
    let longer = RoleAssignment { expire_time: in_seconds(60), ..one.clone() };
    let longer = world.assign(vec![longer], &[]).await.unwrap().added;
    assert_eq!((longer.len(), &longer[0].id), (1, &first.added[0].id));

    let list = |role_id: &str, of| ListRoleAssignmentsRequest {
        organization_id: world.organization.clone(),
        role_id: role_id.to_owned(),
        principal: of,
        ..ListRoleAssignmentsRequest::default()
    };
    for request in [list(&role.id, None), list("", Some(principal(&ada))), list(&role.id, Some(principal(&ada))), list("", None)] {
        assert_eq!(world.grpc().roles.list_role_assignments(request).await.unwrap().into_inner().assignments, longer);
    }
    let gone = world.assign(vec![], &[longer[0].id.clone(), longer[0].id.clone(), "nothing".into()]).await.unwrap();
    assert_eq!((gone.removed, gone.redundant), (1, 2));
    assert!(world.roles_of(&ada).await.is_empty());
}

/// Row 19 (JupiterOne)
async fn what_was_granted_ends_with_its_holder_and_comes_back_with_the_user(world: World) {
    let organization_id = world.organization.clone();
    let role = world.create_role(role("reader", &[])).await;
    let gone = world.create_role(crate::harness::roles::role("gone", &[])).await;
    let ada = world.create_user(user("ada")).await.id;
    let program = world.service_account(&organization_id).await;
    for to in [principal(&ada), account(&program.id)] {
        world.grant(&role.id, to).await;
    }
    world.grant(&gone.id, principal(&ada)).await;
    assert_eq!(world.effective(account(&program.id), "").await.len(), 1);
    assert_eq!(world.holders(&role.id).await.len(), 2);

    let disabled = ServiceAccount { disabled: true, ..program.clone() };
    let update_mask = Some(FieldMask { paths: vec!["disabled".into()] });
    let disable = UpdateServiceAccountRequest {
        organization_id: organization_id.clone(),
        service_account: Some(disabled),
        update_mask,
        ..UpdateServiceAccountRequest::default()
    };
    world.grpc().service_accounts.update_service_account(disable).await.unwrap();
    assert!(world.effective(account(&program.id), "").await.is_empty());
    assert_eq!(world.holders(&role.id).await, [ada.clone()]);

    world.delete_user(&ada).await;
    let delete = DeleteRoleRequest { organization_id: organization_id.clone(), role_id: gone.id, ..DeleteRoleRequest::default() };
    world.grpc().roles.delete_role(delete).await.unwrap();
    let list = ListRoleAssignmentsRequest { organization_id: organization_id.clone(), ..ListRoleAssignmentsRequest::default() };
    let left = world.grpc().roles.list_role_assignments(list.clone()).await.unwrap().into_inner().assignments;
    assert_eq!(left.len(), 1);
    assert!(world.holders(&role.id).await.is_empty());
    let undelete = UndeleteUserRequest { organization_id: organization_id.clone(), user_id: ada.clone(), ..UndeleteUserRequest::default() };
    world.grpc().users.undelete_user(undelete).await.unwrap();
    assert_eq!(world.roles_of(&ada).await, ["reader"]);

    let delete = roster::api::v1::DeleteServiceAccountRequest { organization_id, service_account_id: program.id, ..Default::default() };
    world.grpc().service_accounts.delete_service_account(delete).await.unwrap();
    assert_eq!(world.grpc().roles.list_role_assignments(list).await.unwrap().into_inner().assignments.len(), 1);
}

async fn holders_come_page_by_page_through_groups_in_circles(world: World) {
    let low = world.create_role(role("low", &[])).await;
    let high = world.create_role(role("high", &[&low.id])).await;
    let crowd = world.crowd("u", 7).await;
    let one = world.create_group("One", crowd[..3].iter().map(|id| principal(id)).collect()).await.id;
    let two = world.create_group("Two", crowd[2..5].iter().map(|id| principal(id)).chain([group_principal(&one)]).collect()).await.id;
    world.modify(&one, vec![add(group_principal(&two))]).await.unwrap();
    world.grant(&high.id, group_principal(&one)).await;
    world.grant(&low.id, principal(&crowd[5])).await;
    world.grant(&low.id, principal(&crowd[0])).await;

    let mut expected = crowd[..6].to_vec();
    expected.sort();
    assert_eq!(world.holders(&low.id).await, expected);
    let mut expected = crowd[..5].to_vec();
    expected.sort();
    assert_eq!(world.holders(&high.id).await, expected);
    assert!(world.holders("admin").await.is_empty());
}

async fn many_questions_are_answered_at_once(world: World) {
    let role = world.create_role(Role { permissions: vec!["page.edit".into()], ..role("editor", &[]) }).await;
    let ada = world.create_user(user("ada")).await.id;
    let group = world.create_group("All", vec![principal(&ada)]).await.id;
    let other = world.create_group("Other", vec![]).await.id;
    let outer = world.create_group("Outer", vec![group_principal(&group)]).await.id;
    world.grant(&role.id, group_principal(&outer)).await;

    let of = || principal(&ada);
    let answers = world
        .check(vec![
            (of(), Asked::Permission("page.edit".into()), ""),
            (of(), Asked::Permission("page.delete".into()), ""),
            (of(), Asked::GroupId(outer.clone()), ""),
            (of(), Asked::GroupId(other), ""),
            (of(), Asked::GroupId("nowhere".into()), ""),
            (of(), Asked::RoleKey("nobody".into()), ""),
            (principal("nobody"), Asked::RoleKey("editor".into()), ""),
            (crate::harness::shapes::any_principal(&ada), Asked::RoleKey("editor".into()), "anywhere"),
        ])
        .await;

    let told: Vec<_> = answers.iter().map(|a| a.as_ref().map(|d| d.allowed).map_err(|code| *code)).collect();
    let missing = Err(Code::NotFound as i32);
    assert_eq!(told, [Ok(true), Ok(false), Ok(true), Ok(false), missing, missing, missing, Ok(true)]);
    assert_eq!(answers[2].as_ref().unwrap().derivations[0].group_path, [outer, group]);
}

async fn the_feed_tells_of_roles_and_grants(world: World) {
    const EVENTS: &str = "SELECT kind, action FROM changes WHERE kind IN (4, 5) ORDER BY revision, idx";
    let role = world.create_role(role("reader", &[])).await;
    let ada = world.create_user(user("ada")).await.id;
    world.grant(&role.id, principal(&ada)).await;
    world.delete_user(&ada).await;
    let delete = DeleteRoleRequest { organization_id: world.organization.clone(), role_id: role.id, ..DeleteRoleRequest::default() };
    world.grpc().roles.delete_role(delete).await.unwrap();

    assert_eq!(world.pairs(EVENTS).await, [(4, 1), (5, 10), (5, 11), (4, 9)]);
}
