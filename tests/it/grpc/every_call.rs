//! One call of each method that is served, well-formed, with one id wherever an id can stand.

use crate::harness::{
    Clients,
    schema::badge,
    shapes::{add, by_id, connection_update, group, group_by_id, operation, text, user},
};
use prost_types::FieldMask;
use roster::api::v1::{
    BatchCheckAccessRequest, BatchGetGroupsRequest, BatchGetUsersRequest, BatchListPrincipalGroupsRequest, Connection,
    CreateConnectionRequest, CreateGroupRequest, CreateOrganizationRequest, CreateRoleRequest, CreateServiceAccountRequest,
    CreateUserRequest, DeleteConnectionRequest, DeleteGroupRequest, DeleteRoleRequest, DeleteSchemaRequest, DeleteServiceAccountRequest,
    DeleteUserRequest, ExportDirectoryRequest, GetCallerRequest, GetConnectionRequest, GetDeviationReportRequest, GetGroupRequest,
    GetOrganizationRequest, GetRevisionsRequest, GetRoleRequest, GetServiceAccountRequest, GetUserRequest, Group, ImportDirectoryRequest,
    IssueTokenRequest, ListChangesRequest, ListConnectionsRequest, ListEffectiveRolesRequest, ListGroupMembersRequest, ListGroupsRequest,
    ListOrganizationsRequest, ListRoleAssignmentsRequest, ListRoleHoldersRequest, ListRolesRequest, ListSchemasRequest,
    ListServiceAccountsRequest, ListTakeoversRequest, ListTokensRequest, ListUsersRequest, ModifyGroupMembersRequest,
    ModifyRoleAssignmentsRequest, Organization, PatchGroupRequest, PatchUserRequest, PrincipalRef, PurgeUserRequest, PutSchemaRequest,
    ReplaceGroupRequest, ReplaceUserRequest, ResolveTakeoverRequest, RevokeTokenRequest, Role, RoleAssignment, RotateTokenRequest,
    ServiceAccount, StreamGroupMembersRequest, StreamReplaceGroupRequest, TransferHeader, UndeleteUserRequest, UndoTakeoverRequest,
    UpdateGroupRequest, UpdateOrganizationRequest, UpdateRoleRequest, UpdateServiceAccountRequest, UpdateUserRequest, User,
    WatchChangesRequest, WriteOptions,
    batch_check_access_request::{Item, item::Asked},
    get_role_request, import_directory_request,
    patch_operation::Op,
    principal_ref::Principal,
    stream_replace_group_request::{Header, Part},
    watch_changes_request::Start,
};
use std::fmt::Debug;
use tonic::{Response, Status};

/// Calls the method. Creates are dry runs, so that every method can be called again and again.
///
/// # Panics
/// On a method it does not know: a new one is added here, and with it to every story that walks the contract.
#[allow(clippy::too_many_lines, reason = "a table: one method, one line")]
pub async fn call(clients: &Clients, method: &str, organization: &str, id: &str) -> Result<String, Status> {
    let (organization_id, id) = (organization.to_owned(), id.to_owned());
    let mut to = clients.clone();
    let mask = |path: &str| Some(FieldMask { paths: vec![path.to_owned()] });
    let dry = Some(WriteOptions { validate_only: true, ..WriteOptions::default() });
    let title = || vec![operation(Op::Replace, "title", Some(text("Dr")))];
    let name = || vec![operation(Op::Replace, "displayName", Some(text("Other")))];
    let principal = || PrincipalRef { principal: Some(Principal::AnyId(id.clone())) };
    match method {
        "GetUser" => said(to.users.get_user(GetUserRequest { organization_id, user: Some(by_id(&id)), ..Default::default() }).await),
        "BatchGetUsers" => {
            said(to.users.batch_get_users(BatchGetUsersRequest { organization_id, users: vec![by_id(&id)], ..Default::default() }).await)
        }
        "ListUsers" => said(to.users.list_users(ListUsersRequest { organization_id, ..Default::default() }).await),
        "CreateUser" => said(
            to.users
                .create_user(CreateUserRequest {
                    organization_id,
                    user: Some(User { id, ..user("new") }),
                    write: dry,
                    ..Default::default()
                })
                .await
                .map(|_| Response::new("created")),
        ),
        "UpdateUser" => said(
            to.users
                .update_user(UpdateUserRequest {
                    organization_id,
                    user: Some(User { id, ..user("new") }),
                    update_mask: mask("title"),
                    ..Default::default()
                })
                .await,
        ),
        "ReplaceUser" => said(
            to.users
                .replace_user(ReplaceUserRequest { organization_id, user: Some(User { id, ..user("new") }), ..Default::default() })
                .await,
        ),
        "PatchUser" => {
            said(to.users.patch_user(PatchUserRequest { organization_id, user_id: id, operations: title(), ..Default::default() }).await)
        }
        "DeleteUser" => said(to.users.delete_user(DeleteUserRequest { organization_id, user_id: id, ..Default::default() }).await),
        "UndeleteUser" => said(to.users.undelete_user(UndeleteUserRequest { organization_id, user_id: id, ..Default::default() }).await),
        "PurgeUser" => said(to.users.purge_user(PurgeUserRequest { organization_id, user_id: id, ..Default::default() }).await),

        "GetGroup" => {
            said(to.groups.get_group(GetGroupRequest { organization_id, group: Some(group_by_id(&id)), ..Default::default() }).await)
        }
        "BatchGetGroups" => said(
            to.groups
                .batch_get_groups(BatchGetGroupsRequest { organization_id, groups: vec![group_by_id(&id)], ..Default::default() })
                .await,
        ),
        "ListGroups" => said(to.groups.list_groups(ListGroupsRequest { organization_id, ..Default::default() }).await),
        "CreateGroup" => said(
            to.groups
                .create_group(CreateGroupRequest { organization_id, group: Some(group("New")), members: vec![principal()], write: dry })
                .await,
        ),
        "UpdateGroup" => said(
            to.groups
                .update_group(UpdateGroupRequest {
                    organization_id,
                    group: Some(Group { id, ..group("New") }),
                    update_mask: mask("display_name"),
                    ..Default::default()
                })
                .await,
        ),
        "PatchGroup" => {
            said(to.groups.patch_group(PatchGroupRequest { organization_id, group_id: id, operations: name(), ..Default::default() }).await)
        }
        "ReplaceGroup" => said(
            to.groups
                .replace_group(ReplaceGroupRequest { organization_id, group_id: id, group: Some(group("New")), ..Default::default() })
                .await,
        ),
        "StreamReplaceGroup" => {
            let header = Header { organization_id, group_id: id, expected_members: Some(0), ..Default::default() };
            said(to.groups.stream_replace_group(tokio_stream::iter([StreamReplaceGroupRequest { part: Some(Part::Header(header)) }])).await)
        }
        "DeleteGroup" => said(to.groups.delete_group(DeleteGroupRequest { organization_id, group_id: id, ..Default::default() }).await),
        "ModifyGroupMembers" => said(
            to.groups
                .modify_group_members(ModifyGroupMembersRequest {
                    organization_id,
                    group_id: id.clone(),
                    deltas: vec![add(principal())],
                    ..Default::default()
                })
                .await,
        ),
        "ListGroupMembers" => {
            said(to.groups.list_group_members(ListGroupMembersRequest { organization_id, group_id: id, ..Default::default() }).await)
        }
        "StreamGroupMembers" => {
            let mut stream = to
                .groups
                .stream_group_members(StreamGroupMembersRequest { organization_id, group_id: id, ..Default::default() })
                .await?
                .into_inner();
            let mut all = Vec::new();
            while let Some(chunk) = stream.message().await? {
                all.push(chunk);
            }
            Ok(format!("{all:?}"))
        }
        "BatchListPrincipalGroups" => said(
            to.groups
                .batch_list_principal_groups(BatchListPrincipalGroupsRequest {
                    organization_id,
                    principals: vec![principal()],
                    ..Default::default()
                })
                .await,
        ),

        "CreateOrganization" => said(
            to.organizations
                .create_organization(CreateOrganizationRequest {
                    organization: Some(Organization { id, key: "new".to_owned(), ..Default::default() }),
                    write: dry,
                })
                .await,
        ),
        "GetOrganization" => {
            said(to.organizations.get_organization(GetOrganizationRequest { organization_id, ..Default::default() }).await)
        }
        "ListOrganizations" => said(to.organizations.list_organizations(ListOrganizationsRequest::default()).await),
        "UpdateOrganization" => said(
            to.organizations
                .update_organization(UpdateOrganizationRequest {
                    organization: Some(Organization { id, display_name: "Other".to_owned(), ..Default::default() }),
                    update_mask: mask("display_name"),
                    ..Default::default()
                })
                .await,
        ),

        "CreateConnection" => said(
            to.provisioning
                .create_connection(CreateConnectionRequest {
                    organization_id,
                    connection: Some(Connection { id, display_name: "New".to_owned(), ..Default::default() }),
                    write: dry,
                })
                .await
                .map(|_| Response::new("created")),
        ),
        "GetConnection" => {
            said(to.provisioning.get_connection(GetConnectionRequest { organization_id, connection_id: id, ..Default::default() }).await)
        }
        "ListConnections" => said(to.provisioning.list_connections(ListConnectionsRequest { organization_id, ..Default::default() }).await),
        "UpdateConnection" => said(
            to.provisioning
                .update_connection(connection_update(
                    &organization_id,
                    Connection { id, display_name: "Other".to_owned(), ..Default::default() },
                    &["display_name"],
                ))
                .await,
        ),
        "DeleteConnection" => said(
            to.provisioning.delete_connection(DeleteConnectionRequest { organization_id, connection_id: id, ..Default::default() }).await,
        ),
        "IssueToken" => {
            let scopes = vec!["users.read".to_owned()];
            said(
                to.provisioning
                    .issue_token(IssueTokenRequest { organization_id, service_account_id: id, scopes, write: dry, ..Default::default() })
                    .await,
            )
        }
        "RotateToken" => {
            said(to.provisioning.rotate_token(RotateTokenRequest { organization_id, token_id: id, ..Default::default() }).await)
        }
        "ListTokens" => {
            said(to.provisioning.list_tokens(ListTokensRequest { organization_id, service_account_id: id, ..Default::default() }).await)
        }
        "RevokeToken" => {
            said(to.provisioning.revoke_token(RevokeTokenRequest { organization_id, token_id: id, ..Default::default() }).await)
        }
        "PutSchema" => {
            let schema = Some(badge());
            said(to.provisioning.put_schema(PutSchemaRequest { organization_id, schema, write: dry }).await)
        }
        "DeleteSchema" => said(to.provisioning.delete_schema(DeleteSchemaRequest { organization_id, urn: id, ..Default::default() }).await),
        "ListSchemas" => said(to.provisioning.list_schemas(ListSchemasRequest { organization_id, ..Default::default() }).await),
        "GetDeviationReport" => said(
            to.provisioning
                .get_deviation_report(GetDeviationReportRequest { organization_id, connection_id: id, ..Default::default() })
                .await,
        ),
        "GetCaller" => said(to.provisioning.get_caller(GetCallerRequest {}).await),

        "CreateServiceAccount" => said(
            to.service_accounts
                .create_service_account(CreateServiceAccountRequest {
                    organization_id,
                    service_account: Some(ServiceAccount { id, display_name: "New".to_owned(), ..Default::default() }),
                    write: dry,
                })
                .await
                .map(|_| Response::new("created")),
        ),
        "GetServiceAccount" => said(
            to.service_accounts
                .get_service_account(GetServiceAccountRequest { organization_id, service_account_id: id, ..Default::default() })
                .await,
        ),
        "ListServiceAccounts" => {
            said(to.service_accounts.list_service_accounts(ListServiceAccountsRequest { organization_id, ..Default::default() }).await)
        }
        "UpdateServiceAccount" => said(
            to.service_accounts
                .update_service_account(UpdateServiceAccountRequest {
                    organization_id,
                    service_account: Some(ServiceAccount { id, display_name: "Other".to_owned(), ..Default::default() }),
                    update_mask: mask("display_name"),
                    ..Default::default()
                })
                .await,
        ),
        "ListTakeovers" => said(to.takeovers.list_takeovers(ListTakeoversRequest { organization_id, ..Default::default() }).await),
        "ResolveTakeover" => said(
            to.takeovers
                .resolve_takeover(ResolveTakeoverRequest { organization_id, user_id: id.clone(), connection_id: id, ..Default::default() })
                .await,
        ),
        "UndoTakeover" => said(
            to.takeovers
                .undo_takeover(UndoTakeoverRequest { organization_id, user_id: id.clone(), connection_id: id, ..Default::default() })
                .await,
        ),
        "DeleteServiceAccount" => said(
            to.service_accounts
                .delete_service_account(DeleteServiceAccountRequest { organization_id, service_account_id: id, ..Default::default() })
                .await,
        ),
        "CreateRole" => said(
            to.roles
                .create_role(CreateRoleRequest {
                    organization_id,
                    role: Some(Role { key: "new".to_owned(), ..Default::default() }),
                    write: dry,
                })
                .await
                .map(|_| Response::new("created")),
        ),
        "GetRole" => said(
            to.roles
                .get_role(GetRoleRequest { organization_id, role: Some(get_role_request::Role::RoleId(id)), ..Default::default() })
                .await,
        ),
        "ListRoles" => said(to.roles.list_roles(ListRolesRequest { organization_id, ..Default::default() }).await),
        "UpdateRole" => said(
            to.roles
                .update_role(UpdateRoleRequest {
                    organization_id,
                    role: Some(Role { id, display_name: "Other".to_owned(), ..Default::default() }),
                    update_mask: mask("display_name"),
                    ..Default::default()
                })
                .await,
        ),
        "DeleteRole" => said(to.roles.delete_role(DeleteRoleRequest { organization_id, role_id: id, ..Default::default() }).await),
        "ModifyRoleAssignments" => said(
            to.roles
                .modify_role_assignments(ModifyRoleAssignmentsRequest {
                    organization_id,
                    add: vec![RoleAssignment { role_id: "admin".to_owned(), principal: Some(principal()), ..Default::default() }],
                    write: dry,
                    ..Default::default()
                })
                .await,
        ),
        "ListRoleAssignments" => said(
            to.roles
                .list_role_assignments(ListRoleAssignmentsRequest { organization_id, principal: Some(principal()), ..Default::default() })
                .await,
        ),
        "ListEffectiveRoles" => said(
            to.roles
                .list_effective_roles(ListEffectiveRolesRequest { organization_id, principal: Some(principal()), ..Default::default() })
                .await,
        ),
        "ListRoleHolders" => {
            said(to.roles.list_role_holders(ListRoleHoldersRequest { organization_id, role_id: id, ..Default::default() }).await)
        }
        "BatchCheckAccess" => {
            let asked = Some(Asked::RoleKey("admin".to_owned()));
            let items = vec![Item { principal: Some(principal()), asked, ..Default::default() }];
            said(to.roles.batch_check_access(BatchCheckAccessRequest { organization_id, items, ..Default::default() }).await)
        }
        "WatchChanges" => {
            let start = Some(Start::ResumeToken(id));
            let mut stream = to.changes.watch_changes(WatchChangesRequest { organization_id, start, ..Default::default() }).await?;
            Ok(format!("{:?}", stream.get_mut().message().await?))
        }
        "ListChanges" => {
            said(to.changes.list_changes(ListChangesRequest { organization_id, resume_token: id, ..Default::default() }).await)
        }
        "GetRevisions" => said(to.changes.get_revisions(GetRevisionsRequest { organization_id }).await),
        "ExportDirectory" => {
            let mut stream =
                to.transfers.export_directory(ExportDirectoryRequest { organization_id, resume_token: String::new() }).await?.into_inner();
            // To its end: one that is left running would count against the bound.
            while stream.message().await?.is_some() {}
            Ok("exported".to_owned())
        }
        "ImportDirectory" => {
            let source = Some(TransferHeader { format: 1, ..TransferHeader::default() });
            let header = import_directory_request::Header { organization_id, source, write: dry, ..Default::default() };
            let part = Some(import_directory_request::Part::Header(header));
            let mut stream = to.transfers.import_directory(tokio_stream::iter([ImportDirectoryRequest { part }])).await?.into_inner();
            Ok(format!("{:?}", stream.message().await?))
        }
        unknown => panic!("{unknown} is served and not in this table"),
    }
}

fn said<T: Debug>(answer: Result<Response<T>, Status>) -> Result<String, Status> {
    answer.map(|a| format!("{:?}", a.into_inner()))
}
