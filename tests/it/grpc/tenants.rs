//! Organizations are sealed against each other: another's id is an unknown id, another's organization an unknown organization.

use super::every_call::call;
use crate::harness::{
    Clients, World, both,
    shapes::{add, any_principal, group, principal, user},
    tenant::{name, served},
};
use roster::api::v1::{
    CreateGroupRequest, CreateUserRequest, ErrorReason, ModifyGroupMembersRequest, PatchGroupRequest, ReplaceGroupRequest,
    patch_operation::Op,
};
use tonic::{Code, Status};

const UNKNOWN: &str = "0198f0a0-0000-7000-8000-00000000dead";

async fn every_rpc_answers_a_foreign_id_as_an_unknown_one(world: World) {
    let ours = world.tenant("ours").await;
    let theirs = Theirs::make(&world).await;
    let before = theirs.seen(&world).await;

    for method in served() {
        for (kind, id) in theirs.ids() {
            // As long as the foreign one: lengths are told too.
            let unknown_id = if id.len() == UNKNOWN.len() { UNKNOWN.to_owned() } else { "0".repeat(id.len()) };
            let foreign = call(&ours.clients, name(method), &ours.organization.id, id).await.map_err(|s| told(&s));
            let unknown = call(&ours.clients, name(method), &ours.organization.id, &unknown_id).await.map_err(|s| told(&s));

            let hide = |told: Result<String, String>| {
                told.map(|t| t.replace(id, "ID").replace(&unknown_id, "ID")).map_err(|t| t.replace(id, "ID").replace(&unknown_id, "ID"))
            };
            assert_eq!(hide(foreign), hide(unknown), "{} with the id of their {kind}", method.path);
        }
    }

    assert_eq!(theirs.seen(&world).await, before);
}

async fn every_rpc_answers_a_foreign_organization_as_an_unknown_one(world: World) {
    let ours = world.tenant("ours").await;
    let theirs = Theirs::make(&world).await;
    let before = theirs.seen(&world).await;
    let without_organization = ["CreateOrganization", "UpdateOrganization", "ListOrganizations", "GetCaller"];

    for method in served().filter(|m| !without_organization.contains(&name(m))) {
        for organization in [world.organization.as_str(), UNKNOWN, "system", "default", "DEFAULT"] {
            let refused = call(&ours.clients, name(method), organization, &theirs.user).await.expect_err(method.path);
            crate::harness::Refused::read(&refused).is(Code::PermissionDenied, ErrorReason::OrganizationDenied);
            let unknown = call(&ours.clients, name(method), UNKNOWN, &theirs.user).await.unwrap_err();
            assert_eq!(told(&refused), told(&unknown), "{}", method.path);
        }
        let refused = call(&ours.clients, name(method), "", &theirs.user).await.expect_err(method.path);
        crate::harness::Refused::read(&refused).is(Code::InvalidArgument, ErrorReason::InvalidValue);
    }

    assert_eq!(theirs.seen(&world).await, before);
}

async fn a_foreign_member_is_an_unknown_member(world: World) {
    let ours = world.tenant("ours").await;
    let theirs = Theirs::make(&world).await;
    let organization_id = ours.organization.id.clone();
    let mut groups = ours.clients.groups.clone();
    let request =
        CreateGroupRequest { organization_id: organization_id.clone(), group: Some(group("Ours")), ..CreateGroupRequest::default() };
    let mine = groups.create_group(request).await.unwrap().into_inner().group.unwrap();

    for id in [&theirs.user, &theirs.group] {
        let mut answers = Vec::new();
        for id in [id.as_str(), UNKNOWN] {
            let member = any_principal(id);
            let modify = ModifyGroupMembersRequest {
                organization_id: organization_id.clone(),
                group_id: mine.id.clone(),
                deltas: vec![add(member.clone())],
                ..ModifyGroupMembersRequest::default()
            };
            let replace = ReplaceGroupRequest {
                organization_id: organization_id.clone(),
                group_id: mine.id.clone(),
                group: Some(group("Ours")),
                members: vec![member.clone()],
                ..ReplaceGroupRequest::default()
            };
            let create = CreateGroupRequest {
                organization_id: organization_id.clone(),
                group: Some(group("Other")),
                members: vec![member],
                ..CreateGroupRequest::default()
            };
            let value = crate::harness::shapes::complex([("value", crate::harness::shapes::text(id))]);
            let patch = PatchGroupRequest {
                organization_id: organization_id.clone(),
                group_id: mine.id.clone(),
                operations: vec![crate::harness::shapes::operation(Op::Add, "members", Some(value))],
                ..PatchGroupRequest::default()
            };
            let refusals = [
                groups.modify_group_members(modify).await.unwrap_err(),
                groups.replace_group(replace).await.unwrap_err(),
                groups.create_group(create).await.unwrap_err(),
                groups.patch_group(patch).await.unwrap_err(),
            ];
            answers.push(refusals.map(|s| told(&s).replace(id, "ID")));
        }
        assert_eq!(answers[0], answers[1]);
    }
}

/// Row 15 (Infisical)
async fn the_same_names_live_in_both(world: World) {
    let ours = world.tenant("ours").await;
    let theirs = world.create_user(crate::harness::shapes::user_with_email("ada", "ada@mail.example")).await;
    let request = CreateUserRequest {
        organization_id: ours.organization.id.clone(),
        user: Some(crate::harness::shapes::user_with_email("ada", "ada@mail.example")),
        ..CreateUserRequest::default()
    };

    let mine = ours.clients.users.clone().create_user(request).await.unwrap().into_inner();

    let revision = mine.committed_at.unwrap().number;
    let mine = mine.user.unwrap();
    assert_ne!(mine.id, theirs.id);
    assert_eq!(mine.organization_id, ours.organization.id);
    assert_eq!(world.user(&theirs.id).await, theirs);
    // Each organization counts for itself.
    assert_eq!(mine.meta.unwrap().last_revision.unwrap().number, revision);
    let found = ours.scim.list("/Users", &[("filter", "userName eq \"ada\"")]).await.expect(200);
    assert_eq!((found["totalResults"].as_i64(), found["Resources"][0]["id"].as_str()), (Some(1), Some(mine.id.as_str())));
}

/// Rows 15, 44 (Infisical, Bitwarden)
async fn a_scim_token_opens_its_own_organization_alone(world: World) {
    let ours = world.tenant("ours").await;
    let theirs = Theirs::make(&world).await;
    let their_base = world.scim().base.clone();
    let unknown_base = their_base.replace("/default", "/nowhere");

    let foreign = ours.scim.at(&their_base).get("/Users").await;
    let unknown = ours.scim.at(&unknown_base).get("/Users").await;
    foreign.is_error(404, "");
    assert_eq!((unknown.status, &unknown.body), (404, &foreign.body), "an unknown organization and a foreign one are alike");
    for path in [format!("/Users/{}", theirs.user), format!("/Groups/{}", theirs.group)] {
        let unknown_path = format!("{}/{UNKNOWN}", path.rsplit_once('/').unwrap().0);
        let (foreign, unknown) = (ours.scim.get(&path).await, ours.scim.get(&unknown_path).await);
        foreign.is_error(404, "");
        assert_eq!(foreign.body, unknown.body);
        ours.scim.delete(&path).await.is_error(404, "");
        ours.scim.patch(&path, &serde_json::json!([{"op": "replace", "path": "displayName", "value": "x"}])).await.is_error(404, "");
    }
    assert_eq!(ours.scim.get("/Users").await.expect(200)["totalResults"], 0);
    // The token alone names the organization.
    let bare = their_base.trim_end_matches("/default").to_owned();
    assert_eq!(ours.scim.at(&bare).get("/Users").await.expect(200)["totalResults"], 0);
    assert_eq!(world.scim().at(&bare).get("/Users").await.expect(200)["totalResults"], 1);
}

/// What another organization (the world's own) has.
struct Theirs {
    user: String,
    group: String,
    account: String,
    token: String,
    connection: String,
}

impl Theirs {
    async fn make(world: &World) -> Self {
        let user = world.create_user(user("ada")).await.id;
        let group = world.create_group("Engines", vec![principal(&user)]).await.id;
        let account = world.service_account(&world.organization).await.id;
        let token = world.issue(&world.organization, "", &account, &["users.read".to_owned()]).await.unwrap().token_id;
        Theirs { user, group, account, token, connection: world.connection.clone() }
    }

    fn ids(&self) -> [(&'static str, &str); 5] {
        [
            ("user", &self.user),
            ("group", &self.group),
            ("service account", &self.account),
            ("token", &self.token),
            ("connection", &self.connection),
        ]
    }

    /// Everything of theirs, as the administrator sees it.
    async fn seen(&self, world: &World) -> Vec<String> {
        let admin: Clients = world.grpc();
        let mut seen = vec![world.head().await.to_string(), format!("{:?}", world.members(&self.group).await)];
        for (method, id) in [
            ("GetUser", &self.user),
            ("GetGroup", &self.group),
            ("GetServiceAccount", &self.account),
            ("GetConnection", &self.connection),
            ("ListTokens", &self.account),
        ] {
            seen.push(call(&admin, method, &world.organization, id).await.unwrap());
        }
        seen
    }
}

/// All that a status tells.
fn told(status: &Status) -> String {
    format!("{:?} {} {:?}", status.code(), status.message(), String::from_utf8_lossy(status.details()))
}

both! {
    every_rpc_answers_a_foreign_id_as_an_unknown_one
    every_rpc_answers_a_foreign_organization_as_an_unknown_one
    a_foreign_member_is_an_unknown_member
    the_same_names_live_in_both
    a_scim_token_opens_its_own_organization_alone
}
