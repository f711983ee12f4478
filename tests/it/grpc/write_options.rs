//! Every write of the contract takes the same options: tried once for each method that does not promise to be without effects.

use crate::harness::{
    Refused, World, both,
    roles::{grant, role},
    schema::badge,
    scim::USER,
    shapes::{add, group, operation, principal, text, user, user_with_email},
    tenant::name,
};
use prost_types::FieldMask;
use roster::api::{
    method,
    v1::{
        self, Connection, ErrorReason, Group, Organization, Role, Schema, ServiceAccount, User, WriteOptions,
        apply_mutations_request::Mode, connection::Takeover, mutation::Write, patch_operation::Op, stream_replace_group_request::Header,
        stream_replace_group_request::Part,
    },
};
use serde_json::json;
use std::collections::BTreeMap;
use tonic::{Code, Status};

/// What each method is done to.
struct Scene {
    users: Vec<String>,
    deleted: String,
    groups: Vec<String>,
    connections: Vec<String>,
    accounts: Vec<String>,
    tokens: Vec<String>,
    roles: Vec<String>,
    /// A connection, and two users that it would take over: one that waits, one that it was given.
    asking: (String, String, String),
}

const OTHER_SCHEMA: &str = "urn:example:params:scim:2.0:Locker";

impl Scene {
    async fn set(world: &World) -> Scene {
        let organization = world.organization.as_str();
        let users = world.crowd("u", 6).await;
        let deleted = world.create_user(user("deleted")).await.id;
        world.delete_user(&deleted).await;
        let (mut groups, mut connections, mut accounts, mut tokens, mut roles) = (vec![], vec![], vec![], vec![], vec![]);
        for number in 0..6 {
            groups.push(world.create_group(&format!("G{number}"), vec![principal(&users[0])]).await.id);
        }
        for _ in 0..2 {
            connections.push(world.connection(organization, "default").await.id);
            accounts.push(world.service_account(organization).await.id);
        }
        for _ in 0..2 {
            tokens.push(world.issue(organization, &connections[0], "", &["scim".to_owned()]).await.unwrap().token_id);
        }
        for key in ["one", "two", "three"] {
            roles.push(world.create_role(role(key, &[])).await.id);
        }
        world.register(Schema { urn: OTHER_SCHEMA.to_owned(), display_name: "Locker".to_owned(), ..badge() }).await.unwrap();
        let (takeover, by) = (Takeover::RequireApproval.into(), vec!["emails".to_owned()]);
        let (connection, scim) = world.scim_with(Connection { takeover, takeover_match_attributes: by, ..Connection::default() }).await;
        let mut waiting = Vec::new();
        for name in ["ada", "grace"] {
            let address = format!("{name}@corp.example");
            waiting.push(world.create_user(user_with_email(name, &address)).await.id);
            let body = json!({"schemas": [USER], "userName": format!("{name}-2"), "emails": [{"value": address}]});
            scim.post("/Users", &body).await.is_error(409, "uniqueness");
        }
        let approve = v1::ResolveTakeoverRequest {
            organization_id: organization.to_owned(),
            user_id: waiting[1].clone(),
            connection_id: connection.id.clone(),
            approve: true,
            write: None,
        };
        world.grpc().takeovers.resolve_takeover(approve).await.unwrap();
        let asking = (connection.id, waiting[0].clone(), waiting[1].clone());
        Scene { users, deleted, groups, connections, accounts, tokens, roles, asking }
    }
}

/// Sends a write that changes something of its own; answers what was said.
#[allow(clippy::needless_update, reason = "of some requests nothing else is left to say")]
async fn send(world: &World, scene: &Scene, method: &str, options: WriteOptions) -> Result<String, Status> {
    let mut to = world.grpc();
    let (organization_id, write) = (world.organization.clone(), Some(options));
    let mask = |path: &str| Some(FieldMask { paths: vec![path.to_owned()] });
    let title = || vec![operation(Op::Replace, "title", Some(text("Dr")))];
    let renamed = |id: &str| Some(Group { id: id.to_owned(), ..group("Renamed") });
    macro_rules! sent {
        ($client:ident . $call:ident ($request:ident { $($field:ident $(: $value:expr)?),* $(,)? })) => {
            to.$client.$call(v1::$request { write, $($field $(: $value)?,)* ..Default::default() }).await.map(|a| format!("{:?}", a.into_inner()))
        };
    }
    match method {
        "CreateUser" => sent!(users.create_user(CreateUserRequest { organization_id, user: Some(user("new")) })),
        "UpdateUser" => {
            let user = Some(User { id: scene.users[0].clone(), title: Some("Dr".to_owned()), ..User::default() });
            sent!(users.update_user(UpdateUserRequest { organization_id, user, update_mask: mask("title") }))
        }
        "ReplaceUser" => {
            let user = Some(User { id: scene.users[1].clone(), ..user("replaced") });
            sent!(users.replace_user(ReplaceUserRequest { organization_id, user }))
        }
        "PatchUser" => {
            sent!(users.patch_user(PatchUserRequest { organization_id, user_id: scene.users[2].clone(), operations: title() }))
        }
        "DeleteUser" => sent!(users.delete_user(DeleteUserRequest { organization_id, user_id: scene.users[3].clone() })),
        "UndeleteUser" => sent!(users.undelete_user(UndeleteUserRequest { organization_id, user_id: scene.deleted.clone() })),
        "PurgeUser" => sent!(users.purge_user(PurgeUserRequest { organization_id, user_id: scene.users[4].clone() })),
        "CreateGroup" => sent!(groups.create_group(CreateGroupRequest { organization_id, group: Some(group("New")) })),
        "UpdateGroup" => {
            let group = renamed(&scene.groups[0]);
            sent!(groups.update_group(UpdateGroupRequest { organization_id, group, update_mask: mask("display_name") }))
        }
        "PatchGroup" => {
            let (group_id, operations) = (scene.groups[1].clone(), vec![operation(Op::Remove, "members", None)]);
            sent!(groups.patch_group(PatchGroupRequest { organization_id, group_id, operations }))
        }
        "ReplaceGroup" => {
            let group_id = scene.groups[2].clone();
            sent!(groups.replace_group(ReplaceGroupRequest { organization_id, group_id, group: Some(group("Replaced")) }))
        }
        "StreamReplaceGroup" => {
            let header =
                Header { organization_id, group_id: scene.groups[3].clone(), expected_members: Some(0), write, ..Header::default() };
            let parts = [v1::StreamReplaceGroupRequest { part: Some(Part::Header(header)) }];
            to.groups.stream_replace_group(tokio_stream::iter(parts)).await.map(|a| format!("{:?}", a.into_inner()))
        }
        "DeleteGroup" => sent!(groups.delete_group(DeleteGroupRequest { organization_id, group_id: scene.groups[4].clone() })),
        "ModifyGroupMembers" => {
            let (group_id, deltas) = (scene.groups[5].clone(), vec![add(principal(&scene.users[5]))]);
            sent!(groups.modify_group_members(ModifyGroupMembersRequest { organization_id, group_id, deltas }))
        }
        "ApplyMutations" => {
            let create = |name: &str| v1::Mutation {
                write: Some(Write::CreateUser(v1::CreateUserRequest { user: Some(user(name)), ..Default::default() })),
                ..v1::Mutation::default()
            };
            let (mutations, mode) = (vec![create("m1"), create("m2")], Mode::Atomic.into());
            sent!(directory.apply_mutations(ApplyMutationsRequest { organization_id, mutations, mode }))
        }
        "CreateOrganization" => {
            let organization = Some(Organization { key: "new".to_owned(), ..Organization::default() });
            sent!(organizations.create_organization(CreateOrganizationRequest { organization }))
        }
        "UpdateOrganization" => {
            let organization = Some(Organization { id: organization_id, display_name: "Acme".to_owned(), ..Organization::default() });
            sent!(organizations.update_organization(UpdateOrganizationRequest { organization, update_mask: mask("display_name") }))
        }
        "CreateConnection" => {
            let connection = Some(Connection { display_name: "New".to_owned(), ..Connection::default() });
            sent!(provisioning.create_connection(CreateConnectionRequest { organization_id, connection }))
        }
        "UpdateConnection" => {
            let (id, display_name) = (scene.connections[0].clone(), "Other".to_owned());
            let connection = Some(Connection { id, display_name, ..Connection::default() });
            sent!(provisioning.update_connection(UpdateConnectionRequest {
                organization_id,
                connection,
                update_mask: mask("display_name"),
            }))
        }
        "DeleteConnection" => {
            let connection_id = scene.connections[1].clone();
            sent!(provisioning.delete_connection(DeleteConnectionRequest { organization_id, connection_id }))
        }
        "IssueToken" => {
            let (service_account_id, scopes) = (scene.accounts[0].clone(), vec!["users.read".to_owned()]);
            sent!(provisioning.issue_token(IssueTokenRequest { organization_id, service_account_id, scopes }))
        }
        "RotateToken" => sent!(provisioning.rotate_token(RotateTokenRequest { organization_id, token_id: scene.tokens[0].clone() })),
        "RevokeToken" => sent!(provisioning.revoke_token(RevokeTokenRequest { organization_id, token_id: scene.tokens[1].clone() })),
        "PutSchema" => sent!(provisioning.put_schema(PutSchemaRequest { organization_id, schema: Some(badge()) })),
        "DeleteSchema" => sent!(provisioning.delete_schema(DeleteSchemaRequest { organization_id, urn: OTHER_SCHEMA.to_owned() })),
        "CreateServiceAccount" => {
            let service_account = Some(ServiceAccount { display_name: "New".to_owned(), ..ServiceAccount::default() });
            sent!(service_accounts.create_service_account(CreateServiceAccountRequest { organization_id, service_account }))
        }
        "UpdateServiceAccount" => {
            let (id, display_name) = (scene.accounts[0].clone(), "Other".to_owned());
            let service_account = Some(ServiceAccount { id, display_name, ..ServiceAccount::default() });
            let update_mask = mask("display_name");
            sent!(service_accounts.update_service_account(UpdateServiceAccountRequest { organization_id, service_account, update_mask }))
        }
        "DeleteServiceAccount" => {
            let service_account_id = scene.accounts[1].clone();
            sent!(service_accounts.delete_service_account(DeleteServiceAccountRequest { organization_id, service_account_id }))
        }
        "ResolveTakeover" => {
            let (connection_id, user_id, _) = scene.asking.clone();
            sent!(takeovers.resolve_takeover(ResolveTakeoverRequest { organization_id, user_id, connection_id, approve: true }))
        }
        "UndoTakeover" => {
            let (connection_id, _, user_id) = scene.asking.clone();
            sent!(takeovers.undo_takeover(UndoTakeoverRequest { organization_id, user_id, connection_id }))
        }
        "CreateRole" => sent!(roles.create_role(CreateRoleRequest { organization_id, role: Some(role("new", &[])) })),
        "UpdateRole" => {
            let role = Some(Role { id: scene.roles[0].clone(), display_name: "Other".to_owned(), ..Role::default() });
            sent!(roles.update_role(UpdateRoleRequest { organization_id, role, update_mask: mask("display_name") }))
        }
        "DeleteRole" => sent!(roles.delete_role(DeleteRoleRequest { organization_id, role_id: scene.roles[1].clone() })),
        "ModifyRoleAssignments" => {
            let add = vec![grant(&scene.roles[2], principal(&scene.users[5]))];
            sent!(roles.modify_role_assignments(ModifyRoleAssignmentsRequest { organization_id, add }))
        }
        "ImportDirectory" => {
            let source = Some(v1::TransferHeader { format: 1, ..v1::TransferHeader::default() });
            let header = v1::import_directory_request::Header { organization_id, source, write, ..Default::default() };
            let brought = User { id: "0198f0a0-0000-7000-8000-0000000000aa".to_owned(), ..user("imported") };
            let record = Some(v1::TransferRecord { record: Some(v1::transfer_record::Record::User(brought)) });
            let lines = vec![v1::import_directory_request::Line { number: 2, record }];
            let chunk = v1::import_directory_request::Chunk { lines };
            let parts = [v1::import_directory_request::Part::Header(header), v1::import_directory_request::Part::Chunk(chunk)];
            let parts = parts.map(|part| v1::ImportDirectoryRequest { part: Some(part) });
            let mut answers = to.transfers.import_directory(tokio_stream::iter(parts)).await?.into_inner();
            answers.message().await.map(|answer| format!("{answer:?}"))
        }
        unknown => panic!("{unknown} writes and is not in this table"),
    }
}

/// Commits, and answers kept.
async fn counts(world: &World) -> (i64, i64) {
    world.pairs("SELECT CAST((SELECT SUM(revision) FROM heads) AS BIGINT), (SELECT COUNT(*) FROM requests)").await[0]
}

async fn every_write_is_tried_dry_done_once_and_kept(world: World) {
    let scene = Scene::set(&world).await;
    let writes: Vec<&str> = method::ALL.iter().filter(|method| !method.read_only).map(name).collect();
    assert!(writes.len() > 30, "{writes:?}");

    for (number, method) in writes.into_iter().enumerate() {
        let request_id = format!("0198f0a0-0000-7000-8000-{number:012}");
        let named = WriteOptions { request_id, ..WriteOptions::default() };
        let dry = WriteOptions { validate_only: true, ..named.clone() };
        let before = counts(&world).await;

        send(&world, &scene, method, dry.clone()).await.unwrap_or_else(|refused| panic!("{method}: {refused:?}"));
        assert_eq!(counts(&world).await, before, "{method}: a dry run leaves nothing");

        let first = send(&world, &scene, method, named.clone()).await.unwrap_or_else(|refused| panic!("{method}: {refused:?}"));
        let after = counts(&world).await;
        // Of an import also the name of all its chunks.
        let kept = if method == "ImportDirectory" { 2 } else { 1 };
        assert_eq!(after, (before.0 + 1, before.1 + kept), "{method}: one commit, one answer kept");

        for again in [named.clone(), dry] {
            match send(&world, &scene, method, again).await {
                Ok(answer) => assert_eq!(answer, first, "{method}: the same answer"),
                Err(status) => {
                    let refused = Refused::read(&status);
                    assert!(["IssueToken", "RotateToken"].contains(&method), "{method}: {refused:?}");
                    refused.is(Code::AlreadyExists, ErrorReason::TokenAlreadyIssued);
                    assert!(first.contains(&refused.metadata["token_id"]), "{method}: {refused:?}");
                }
            }
        }

        let annotations = BTreeMap::from([("ticket".to_owned(), "7".to_owned())]);
        let refused = Refused::read(&send(&world, &scene, method, WriteOptions { annotations, ..named.clone() }).await.unwrap_err());
        refused.is(Code::AlreadyExists, ErrorReason::RequestIdReused).says("request_id", &named.request_id);
        assert_eq!(counts(&world).await, after, "{method}: nothing more was done");
    }
}

both! {
    every_write_is_tried_dry_done_once_and_kept
}
