//! Credentials: who may call what, for how long, and how a token ends.

use super::every_call::call;
use crate::harness::{
    Clients, Refused, World, both,
    refusal::ExpectRefusal as _,
    shapes::connection_update,
    tenant::{every_scope, name, served},
};
use prost_types::{Duration, FieldMask, Timestamp};
use roster::api::v1::{
    Connection, DeleteConnectionRequest, DeleteServiceAccountRequest, ErrorReason, GetCallerRequest, IssueTokenRequest, ListTokensRequest,
    Organization, RevokeTokenRequest, RotateTokenRequest, ServiceAccount, UpdateOrganizationRequest, UpdateServiceAccountRequest,
    organization::State,
};
use std::time::{Duration as StdDuration, Instant, SystemTime, UNIX_EPOCH};
use tonic::{Code, Status};

const NOBODY: &str = "0198f0a0-0000-7000-8000-00000000dead";

async fn no_rpc_is_answered_without_a_good_token(world: World) {
    let good = world.issue(&world.organization, &world.connection, "", &["scim".to_owned()]).await.unwrap().secret;
    let mut damaged = good.clone();
    damaged.replace_range(damaged.len() - 1.., if damaged.ends_with('A') { "B" } else { "A" });
    let cut = &good[..good.len() - 1];

    for token in ["", "null", &damaged, cut, "roster_scim_000000000000_0000000000000000000000000000000000000000000000000"] {
        let clients = world.grpc_as(token);
        for method in served() {
            let refused = call(&clients, name(method), &world.organization, NOBODY).await.expect_err(method.path);
            Refused::read(&refused).is(Code::Unauthenticated, ErrorReason::InvalidCredential);
        }
    }
}

async fn no_rpc_is_answered_without_its_scope(world: World) {
    let schemas = world.with_scopes(&["schemas.read"]).await;

    for method in served().filter(|m| !m.scope.is_empty() && m.scope != "schemas.read") {
        let refused = call(&schemas, name(method), &world.organization, NOBODY).await.expect_err(method.path);
        Refused::read(&refused).is(Code::PermissionDenied, ErrorReason::ScopeMissing).says("scope", method.scope);
    }
    call(&schemas, "ListSchemas", &world.organization, "").await.unwrap();
    call(&schemas, "GetCaller", &world.organization, "").await.unwrap();
}

async fn each_scope_opens_its_methods_and_no_others(world: World) {
    for scope in every_scope() {
        // A scope whose services are not served yet opens nothing that could be called here.
        let clients = world.with_scopes(&[&scope]).await;
        for method in served().filter(|m| !m.scope.is_empty()) {
            let refused = call(&clients, name(method), &world.organization, NOBODY).await.err().map(|s| Refused::read(&s));
            // Giving a token away asks for more than the method's scope.
            let lacks = refused.is_some_and(|r| r.reason == "SCOPE_MISSING" && r.metadata["scope"] == method.scope);
            assert_eq!(lacks, method.scope != scope, "{} with {scope}", method.path);
        }
    }
}

async fn a_caller_is_told_who_it_is(world: World) {
    let tenant = world.tenant("acme").await;
    let caller = async |clients: &Clients| clients.provisioning.clone().get_caller(GetCallerRequest {}).await.unwrap().into_inner();

    let admin = caller(&world.grpc()).await;
    let account = caller(&tenant.clients).await;
    let connection = caller(&world.grpc_as(&tenant.scim_token)).await;

    assert_eq!(admin.organization_ids, Vec::<String>::new(), "a platform account may enter all");
    assert_eq!(admin.organization.unwrap().id, "system");
    assert_eq!(account.organization_ids, [tenant.organization.id.clone()]);
    assert_eq!(format!("{:?}", account.principal.unwrap().principal.unwrap()), format!("ServiceAccountId({:?})", tenant.account.id));
    assert_eq!((account.connection_id.as_str(), account.connection), ("", None));
    assert_eq!(connection.connection_id, tenant.connection.id);
    assert_eq!(connection.connection.unwrap(), tenant.connection);
    assert_eq!(connection.principal, None);
    assert_eq!(connection.scopes, ["bulk.write", "groups.read", "groups.write", "schemas.read", "scim", "users.read", "users.write"]);
    assert_eq!(connection.organization.unwrap(), tenant.organization);
    let days = (connection.expire_time.unwrap().seconds - now()) / 86_400;
    assert!((364..=365).contains(&days), "{days} days");
}

/// Row 11 (Infisical)
async fn a_token_is_shown_once_and_found_by_its_id(world: World) {
    let tenant = world.tenant("acme").await;
    let mut provisioning = tenant.clients.provisioning.clone();

    let request = ListTokensRequest { organization_id: tenant.organization.id.clone(), ..ListTokensRequest::default() };
    let tokens = provisioning.list_tokens(request).await.unwrap().into_inner().tokens;

    assert_eq!(tokens.len(), 2);
    for (secret, owner) in [(&tenant.token, &tenant.account.id), (&tenant.scim_token, &tenant.connection.id)] {
        let token = tokens.iter().find(|t| secret.contains(&t.id)).expect("the id is the public part of the text");
        assert!(owner == &token.service_account_id || owner == &token.connection_id);
        assert!(!format!("{tokens:?}").contains(secret.rsplit('_').next().unwrap()));
    }
}

/// Row 11 (Infisical)
async fn a_revoked_token_is_worthless_within_a_second(world: World) {
    let tenant = world.tenant("acme").await;
    call(&tenant.clients, "ListUsers", &tenant.organization.id, "").await.unwrap();
    let token_id = token_id(&world, &tenant.organization.id, &tenant.account.id).await;
    let revoke = RevokeTokenRequest { organization_id: tenant.organization.id.clone(), token_id, ..RevokeTokenRequest::default() };

    let revoked = world.grpc().provisioning.revoke_token(revoke.clone()).await.unwrap().into_inner();
    let again = world.grpc().provisioning.revoke_token(revoke).await.unwrap().into_inner();

    assert_eq!(revoked.committed_at, again.committed_at, "what is revoked stays revoked");
    until_refused(&tenant.clients, &tenant.organization.id).await.is(Code::Unauthenticated, ErrorReason::InvalidCredential);
    tenant.scim.get("/Users").await.expect(200);
}

/// Row 21 (JupiterOne)
async fn a_token_ends_when_its_time_is_over(world: World) {
    let tenant = world.tenant("acme").await;
    let issue = |expire_time: Timestamp| IssueTokenRequest {
        organization_id: tenant.organization.id.clone(),
        connection_id: tenant.connection.id.clone(),
        scopes: vec!["scim".to_owned()],
        expire_time: Some(expire_time),
        ..IssueTokenRequest::default()
    };
    let mut provisioning = world.grpc().provisioning;

    let soon = provisioning.issue_token(issue(Timestamp { seconds: now() + 4, nanos: 0 })).await.unwrap().into_inner().secret;

    let (clients, scim) = (world.grpc_as(&soon), tenant.scim.with_token(&soon));
    call(&clients, "ListUsers", &tenant.organization.id, "").await.unwrap();
    until_refused(&clients, &tenant.organization.id).await.is(Code::Unauthenticated, ErrorReason::InvalidCredential);
    let refused = scim.get("/Users").await;
    refused.is_error(401, "");
    assert!(refused.header("www-authenticate").starts_with("Bearer"));
    for bad in [now() - 1, now() + 366 * 86_400] {
        provisioning
            .issue_token(issue(Timestamp { seconds: bad, nanos: 0 }))
            .await
            .refused()
            .is(Code::InvalidArgument, ErrorReason::InvalidValue);
    }
}

/// Row 45 (Bitwarden)
async fn a_rotated_token_ends_after_the_overlap(world: World) {
    let tenant = world.tenant("acme").await;
    let rotate = |token_id: String, overlap| RotateTokenRequest {
        organization_id: tenant.organization.id.clone(),
        token_id,
        overlap,
        ..RotateTokenRequest::default()
    };
    let first = token_id(&world, &tenant.organization.id, &tenant.account.id).await;
    let mut provisioning = world.grpc().provisioning;

    let second = provisioning.rotate_token(rotate(first.clone(), Some(Duration { seconds: 3_600, nanos: 0 }))).await.unwrap().into_inner();
    let clients = world.grpc_as(&second.secret);
    call(&clients, "ListUsers", &tenant.organization.id, "").await.unwrap();
    call(&tenant.clients, "ListUsers", &tenant.organization.id, "").await.unwrap();
    let third = provisioning.rotate_token(rotate(second.token_id.clone(), None)).await.unwrap().into_inner();

    assert_eq!(second.token.as_ref().unwrap().scopes, every_scope());
    assert_eq!(third.token.unwrap().service_account_id, tenant.account.id);
    until_refused(&clients, &tenant.organization.id).await.is(Code::Unauthenticated, ErrorReason::InvalidCredential);
    call(&world.grpc_as(&third.secret), "ListUsers", &tenant.organization.id, "").await.unwrap();
    provisioning.rotate_token(rotate(second.token_id, None)).await.refused().is(Code::NotFound, ErrorReason::NotFound);
}

/// Row 21 (JupiterOne)
async fn nobody_gives_away_what_he_does_not_hold(world: World) {
    let account = world.service_account(&world.organization).await;
    let clients = world.with_scopes(&["provisioning.write", "users.read"]).await;
    let issue = |scopes: &[&str]| IssueTokenRequest {
        organization_id: world.organization.clone(),
        service_account_id: account.id.clone(),
        scopes: scopes.iter().map(|&s| s.to_owned()).collect(),
        ..IssueTokenRequest::default()
    };
    let mut provisioning = clients.provisioning.clone();

    provisioning.issue_token(issue(&["users.read"])).await.unwrap();
    provisioning
        .issue_token(issue(&["users.read", "users.write"]))
        .await
        .refused()
        .is(Code::PermissionDenied, ErrorReason::ScopeMissing)
        .says("scope", "users.write");
    provisioning.issue_token(issue(&["scim"])).await.refused().is(Code::PermissionDenied, ErrorReason::ScopeMissing);
    provisioning.issue_token(issue(&["users.fly"])).await.refused().is(Code::InvalidArgument, ErrorReason::InvalidValue);
    provisioning.issue_token(issue(&[])).await.refused().is(Code::InvalidArgument, ErrorReason::InvalidValue);
}

async fn a_disabled_account_is_refused_and_comes_back(world: World) {
    let tenant = world.tenant("acme").await;
    let update = |disabled| UpdateServiceAccountRequest {
        organization_id: tenant.organization.id.clone(),
        service_account: Some(ServiceAccount { id: tenant.account.id.clone(), disabled, ..ServiceAccount::default() }),
        update_mask: Some(FieldMask { paths: vec!["disabled".to_owned()] }),
        ..UpdateServiceAccountRequest::default()
    };
    let mut accounts = world.grpc().service_accounts;

    accounts.update_service_account(update(true)).await.unwrap();
    until_refused(&tenant.clients, &tenant.organization.id).await.is(Code::Unauthenticated, ErrorReason::InvalidCredential);
    accounts.update_service_account(update(false)).await.unwrap();
    call(&tenant.clients, "ListUsers", &tenant.organization.id, "").await.unwrap();

    let delete = DeleteServiceAccountRequest {
        organization_id: tenant.organization.id.clone(),
        service_account_id: tenant.account.id.clone(),
        ..DeleteServiceAccountRequest::default()
    };
    accounts.delete_service_account(delete).await.unwrap();
    until_refused(&tenant.clients, &tenant.organization.id).await.is(Code::Unauthenticated, ErrorReason::InvalidCredential);
}

/// Rows 2, 10, 17 (Jumper, Infisical)
async fn a_connection_that_is_off_or_gone_is_refused(world: World) {
    let tenant = world.tenant("acme").await;
    let clients = world.grpc_as(&tenant.scim_token);
    let update = |enabled| {
        let connection = Connection { id: tenant.connection.id.clone(), enabled, ..Connection::default() };
        connection_update(&tenant.organization.id, connection, &["enabled"])
    };
    let mut provisioning = world.grpc().provisioning;

    provisioning.update_connection(update(false)).await.unwrap();
    until_refused(&clients, &tenant.organization.id).await.is(Code::PermissionDenied, ErrorReason::ConnectionDisabled);
    tenant.scim.get("/Users").await.is_error(403, "");
    provisioning.update_connection(update(true)).await.unwrap();
    tenant.scim.get("/Users").await.expect(200);

    let delete = DeleteConnectionRequest {
        organization_id: tenant.organization.id.clone(),
        connection_id: tenant.connection.id.clone(),
        ..DeleteConnectionRequest::default()
    };
    provisioning.delete_connection(delete).await.unwrap();
    until_refused(&clients, &tenant.organization.id).await.is(Code::Unauthenticated, ErrorReason::InvalidCredential);
    tenant.scim.get("/Users").await.is_error(401, "");
}

/// Rows 10, 17 (Infisical)
async fn a_suspended_organization_is_closed_to_its_own(world: World) {
    let tenant = world.tenant("acme").await;
    let update = |state: State| UpdateOrganizationRequest {
        organization: Some(Organization { id: tenant.organization.id.clone(), state: state.into(), ..Organization::default() }),
        update_mask: Some(FieldMask { paths: vec!["state".to_owned()] }),
        ..UpdateOrganizationRequest::default()
    };
    let mut organizations = world.grpc().organizations;

    organizations.update_organization(update(State::Suspended)).await.unwrap();
    until_refused(&tenant.clients, &tenant.organization.id).await.is(Code::FailedPrecondition, ErrorReason::OrganizationSuspended);
    tenant.scim.get("/Users").await.is_error(403, "");
    organizations.update_organization(update(State::Active)).await.unwrap();

    call(&tenant.clients, "ListUsers", &tenant.organization.id, "").await.unwrap();
}

/// The id of a service account's one token.
async fn token_id(world: &World, organization_id: &str, service_account_id: &str) -> String {
    let request = ListTokensRequest {
        organization_id: organization_id.to_owned(),
        service_account_id: service_account_id.to_owned(),
        ..ListTokensRequest::default()
    };
    world.grpc().provisioning.list_tokens(request).await.unwrap().into_inner().tokens.remove(0).id
}

/// Calls until the credential is refused; a change of a credential bites within a second, an expiry when it is due.
async fn until_refused(clients: &Clients, organization: &str) -> Refused {
    let begun = Instant::now();
    loop {
        let answer: Result<String, Status> = call(clients, "ListUsers", organization, "").await;
        match answer {
            Err(status) => return Refused::read(&status),
            Ok(_) => assert!(begun.elapsed() < StdDuration::from_secs(20), "still accepted"),
        }
        tokio::time::sleep(StdDuration::from_millis(20)).await;
    }
}

/// Seconds since 1970.
fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

both! {
    no_rpc_is_answered_without_a_good_token
    no_rpc_is_answered_without_its_scope
    each_scope_opens_its_methods_and_no_others
    a_caller_is_told_who_it_is
    a_token_is_shown_once_and_found_by_its_id
    a_revoked_token_is_worthless_within_a_second
    a_token_ends_when_its_time_is_over
    a_rotated_token_ends_after_the_overlap
    nobody_gives_away_what_he_does_not_hold
    a_disabled_account_is_refused_and_comes_back
    a_connection_that_is_off_or_gone_is_refused
    a_suspended_organization_is_closed_to_its_own
}
