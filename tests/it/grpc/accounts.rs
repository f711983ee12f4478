//! Organizations, connections and service accounts: made, read, changed, listed, removed.

use crate::harness::{
    World, both,
    refusal::ExpectRefusal as _,
    shapes::{connection_update, if_match},
};
use prost_types::FieldMask;
use roster::api::v1::{
    Connection, CreateConnectionRequest, CreateOrganizationRequest, CreateServiceAccountRequest, DeleteConnectionRequest,
    DeleteServiceAccountRequest, ErrorReason, GetConnectionRequest, GetOrganizationRequest, GetServiceAccountRequest,
    ListConnectionsRequest, ListOptions, ListOrganizationsRequest, ListServiceAccountsRequest, Organization, ServiceAccount,
    UpdateOrganizationRequest, UpdateServiceAccountRequest, connection::Deprovision, list_options::TotalSize, organization::State,
};
use tonic::Code;

fn mask(paths: &[&str]) -> Option<FieldMask> {
    Some(FieldMask { paths: paths.iter().map(|&p| p.to_owned()).collect() })
}

async fn an_organization_is_made_and_changed(world: World) {
    let mut organizations = world.grpc().organizations;
    let given = Organization {
        key: "acme".to_owned(),
        display_name: "Acme".to_owned(),
        verified_domains: vec!["acme.example".to_owned()],
        ..Organization::default()
    };
    let create = CreateOrganizationRequest { organization: Some(given.clone()), ..CreateOrganizationRequest::default() };

    let created = organizations.create_organization(create.clone()).await.unwrap().into_inner().organization.unwrap();
    let update = UpdateOrganizationRequest {
        organization: Some(Organization { id: created.id.clone(), display_name: "ACME".to_owned(), ..Organization::default() }),
        update_mask: mask(&["display_name"]),
        ..UpdateOrganizationRequest::default()
    };
    let updated = organizations.update_organization(update.clone()).await.unwrap().into_inner().organization.unwrap();

    assert_eq!(created, Organization { id: created.id.clone(), state: State::Active.into(), meta: created.meta.clone(), ..given });
    assert_eq!(updated, Organization { display_name: "ACME".to_owned(), meta: updated.meta.clone(), ..created.clone() });
    let get = |id: &str| GetOrganizationRequest { organization_id: id.to_owned(), ..Default::default() };
    assert_eq!(organizations.get_organization(get(&created.id)).await.unwrap().into_inner().organization.unwrap(), updated);
    organizations
        .create_organization(create)
        .await
        .refused()
        .is(Code::AlreadyExists, ErrorReason::Uniqueness)
        .says("attribute", "organization.key");
    let stale = UpdateOrganizationRequest { precondition: if_match(&created.meta.unwrap().etag), ..update.clone() };
    organizations.update_organization(stale).await.refused().is(Code::Aborted, ErrorReason::EtagMismatch);
    organizations
        .update_organization(UpdateOrganizationRequest { update_mask: mask(&["shoe_size"]), ..update.clone() })
        .await
        .refused()
        .is(Code::InvalidArgument, ErrorReason::InvalidPath);
    organizations
        .update_organization(UpdateOrganizationRequest { update_mask: mask(&["id"]), ..update })
        .await
        .refused()
        .is(Code::InvalidArgument, ErrorReason::Mutability);
}

async fn a_key_is_a_short_lower_case_word(world: World) {
    let mut organizations = world.grpc().organizations;
    let create = |key: &str| CreateOrganizationRequest {
        organization: Some(Organization { key: key.to_owned(), ..Organization::default() }),
        ..CreateOrganizationRequest::default()
    };

    for bad in ["", "A", "9lives", "-x", "a_b", "a b", "ä", "a/b", ".."] {
        organizations.create_organization(create(bad)).await.refused().is(Code::InvalidArgument, ErrorReason::InvalidValue);
    }
    organizations
        .create_organization(create(&"a".repeat(64)))
        .await
        .refused()
        .is(Code::InvalidArgument, ErrorReason::TooLarge)
        .says("limit", "63");
    for reserved in ["system", "default"] {
        let refused = organizations.create_organization(create(reserved)).await.refused();
        assert!([Code::InvalidArgument, Code::AlreadyExists].contains(&refused.code), "{reserved}: {refused:?}");
    }
    organizations.create_organization(create(&"a".repeat(63))).await.unwrap();
}

async fn organizations_are_listed_page_by_page(world: World) {
    for key in ["a", "b", "c"] {
        world.tenant(key).await;
    }
    let list = |page_token: &str| ListOrganizationsRequest {
        list: Some(ListOptions {
            page_size: 3,
            page_token: page_token.to_owned(),
            total_size: TotalSize::Exact.into(),
            ..ListOptions::default()
        }),
        ..ListOrganizationsRequest::default()
    };
    let mut organizations = world.grpc().organizations;

    let first = organizations.list_organizations(list("")).await.unwrap().into_inner();
    let second = organizations.list_organizations(list(&first.next_page_token)).await.unwrap().into_inner();

    let mut keys: Vec<&str> = first.organizations.iter().chain(&second.organizations).map(|o| o.key.as_str()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["a", "b", "c", "default"], "system is not listed");
    assert_eq!((first.organizations.len(), first.total_size, second.next_page_token.as_str()), (3, Some(4), ""));
}

async fn a_tenant_sees_its_own_organization_alone(world: World) {
    let acme = world.tenant("acme").await;
    let mut organizations = acme.clients.organizations.clone();

    let listed = organizations.list_organizations(ListOrganizationsRequest::default()).await.unwrap().into_inner().organizations;

    assert_eq!(listed, [acme.organization.clone()]);
    let create = CreateOrganizationRequest {
        organization: Some(Organization { key: "new".to_owned(), ..Organization::default() }),
        ..CreateOrganizationRequest::default()
    };
    organizations.create_organization(create).await.refused().is(Code::PermissionDenied, ErrorReason::OrganizationDenied);
    let update = UpdateOrganizationRequest {
        organization: Some(Organization { display_name: "Mine".to_owned(), ..acme.organization }),
        update_mask: mask(&["display_name"]),
        ..UpdateOrganizationRequest::default()
    };
    organizations.update_organization(update).await.refused().is(Code::PermissionDenied, ErrorReason::OrganizationDenied);
}

/// Row 12 (Infisical)
async fn a_connection_is_made_changed_and_removed(world: World) {
    let organization_id = world.organization.clone();
    let mut provisioning = world.grpc().provisioning;

    let created = world.connection(&organization_id, "okta").await;

    assert_eq!((created.profile.as_str(), created.enabled, created.on_delete()), ("okta", true, Deprovision::SoftDelete));
    assert_eq!(created.scim_base_url, world.scim().base);
    let get = GetConnectionRequest { organization_id: organization_id.clone(), connection_id: created.id.clone(), ..Default::default() };
    let got = provisioning.get_connection(get.clone()).await.unwrap().into_inner().connection.unwrap();
    // How it fares is said where it is read.
    assert_eq!(got, Connection { status: got.status.clone(), ..created.clone() });
    let update = |profile: &str, paths: &[&str]| {
        connection_update(&organization_id, Connection { profile: profile.to_owned(), ..created.clone() }, paths)
    };
    let updated = provisioning.update_connection(update("entra", &["profile"])).await.unwrap().into_inner().connection.unwrap();
    assert_eq!(updated, Connection { profile: "entra".to_owned(), meta: updated.meta.clone(), ..created.clone() });
    provisioning.update_connection(update("acme's own", &["profile"])).await.refused().is(Code::InvalidArgument, ErrorReason::InvalidValue);
    provisioning.update_connection(update("okta", &["scim_base_url"])).await.refused().is(Code::InvalidArgument, ErrorReason::Mutability);
    provisioning.update_connection(update("okta", &["nothing"])).await.refused().is(Code::InvalidArgument, ErrorReason::InvalidPath);
    let nameless = CreateConnectionRequest {
        organization_id: organization_id.clone(),
        connection: Some(Connection::default()),
        ..CreateConnectionRequest::default()
    };
    provisioning.create_connection(nameless).await.refused().is(Code::InvalidArgument, ErrorReason::InvalidValue);
    let list = ListConnectionsRequest { organization_id: organization_id.clone(), ..ListConnectionsRequest::default() };
    let listed = provisioning.list_connections(list.clone()).await.unwrap().into_inner().connections;
    assert_eq!(listed.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), [world.connection.as_str(), created.id.as_str()]);
    let delete = DeleteConnectionRequest { organization_id, connection_id: created.id.clone(), ..DeleteConnectionRequest::default() };
    provisioning.delete_connection(delete.clone()).await.unwrap();
    provisioning.delete_connection(delete).await.refused().is(Code::NotFound, ErrorReason::NotFound).says("resource", "connection");
    provisioning.get_connection(get).await.refused().is(Code::NotFound, ErrorReason::NotFound);
    assert_eq!(provisioning.list_connections(list).await.unwrap().into_inner().connections.len(), 1);
}

async fn a_service_account_is_made_changed_and_removed(world: World) {
    let organization_id = world.organization.clone();
    let mut accounts = world.grpc().service_accounts;

    let created = world.service_account(&organization_id).await;

    assert_eq!(
        created,
        ServiceAccount {
            id: created.id.clone(),
            organization_id: organization_id.clone(),
            meta: created.meta.clone(),
            display_name: "reader".to_owned(),
            disabled: false
        }
    );
    let get =
        GetServiceAccountRequest { organization_id: organization_id.clone(), service_account_id: created.id.clone(), ..Default::default() };
    assert_eq!(accounts.get_service_account(get.clone()).await.unwrap().into_inner().service_account.unwrap(), created);
    let update = |paths: &[&str]| UpdateServiceAccountRequest {
        organization_id: organization_id.clone(),
        service_account: Some(ServiceAccount { display_name: "writer".to_owned(), ..created.clone() }),
        update_mask: mask(paths),
        ..UpdateServiceAccountRequest::default()
    };
    let updated = accounts.update_service_account(update(&["display_name"])).await.unwrap().into_inner().service_account.unwrap();
    assert_eq!(updated.display_name, "writer");
    accounts.update_service_account(update(&["nothing"])).await.refused().is(Code::InvalidArgument, ErrorReason::InvalidPath);
    let nameless = CreateServiceAccountRequest {
        organization_id: organization_id.clone(),
        service_account: Some(ServiceAccount::default()),
        ..CreateServiceAccountRequest::default()
    };
    accounts.create_service_account(nameless).await.refused().is(Code::InvalidArgument, ErrorReason::InvalidValue);
    world.service_account(&organization_id).await;
    let list = |page_token: &str| ListServiceAccountsRequest {
        organization_id: organization_id.clone(),
        page_size: 1,
        page_token: page_token.to_owned(),
        ..Default::default()
    };
    let first = accounts.list_service_accounts(list("")).await.unwrap().into_inner();
    let second = accounts.list_service_accounts(list(&first.next_page_token)).await.unwrap().into_inner();
    assert_eq!(first.service_accounts, [updated]);
    assert_eq!((second.service_accounts.len(), second.next_page_token.as_str()), (1, ""));
    let delete = DeleteServiceAccountRequest { organization_id, service_account_id: created.id, ..DeleteServiceAccountRequest::default() };
    accounts.delete_service_account(delete.clone()).await.unwrap();
    accounts.delete_service_account(delete).await.refused().is(Code::NotFound, ErrorReason::NotFound);
    accounts.get_service_account(get).await.refused().is(Code::NotFound, ErrorReason::NotFound);
}

both! {
    an_organization_is_made_and_changed
    a_key_is_a_short_lower_case_word
    organizations_are_listed_page_by_page
    a_tenant_sees_its_own_organization_alone
    a_connection_is_made_changed_and_removed
    a_service_account_is_made_changed_and_removed
}
