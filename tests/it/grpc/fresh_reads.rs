//! Reads of roles and of administrative resources are as fresh as they must be, too, and say of which revision they are.

use crate::harness::{
    World, both,
    refusal::ExpectRefusal as _,
    shapes::{principal, user},
};
use roster::api::v1::{
    Consistency, ErrorReason, GetConnectionRequest, GetOrganizationRequest, GetRoleRequest, GetServiceAccountRequest,
    ListConnectionsRequest, ListOrganizationsRequest, ListRoleAssignmentsRequest, ListRolesRequest, ListSchemasRequest,
    ListServiceAccountsRequest, ListTakeoversRequest, ListTokensRequest, Revision, Role, consistency::Requirement, get_role_request,
};
use tonic::{Code, Response, Status};

/// What a read of this name was answered at.
type Read = (&'static str, Result<Revision, Status>);

/// Whom the reads are about.
struct Reads {
    role: String,
    connection: String,
    service_account: String,
}

impl Reads {
    async fn of(world: &World) -> Reads {
        let role = world.create_role(Role { key: "reader".to_owned(), ..Role::default() }).await.id;
        let ada = world.create_user(user("ada")).await;
        world.grant(&role, principal(&ada.id)).await;
        let service_account = world.service_account(&world.organization).await.id;
        Reads { role, connection: world.connection.clone(), service_account }
    }

    async fn all(&self, world: &World, requirement: Requirement) -> Vec<Read> {
        let (mut to, organization_id) = (world.grpc(), world.organization.clone());
        let consistency = Some(Consistency { requirement: Some(requirement) });
        let mut read = Vec::new();
        macro_rules! ask {
            ($($service:ident.$method:ident($request:ident { $($field:ident: $value:expr),* }))*) => {$({
                let (organization_id, consistency) = (organization_id.clone(), consistency.clone());
                #[allow(clippy::needless_update, reason = "some requests have no more than these fields")]
                let request = $request { organization_id, consistency, $($field: $value,)* ..Default::default() };
                let answer = to.$service.$method(request).await;
                read.push((stringify!($method), answer.map(|answer| answer.into_inner().read_at.unwrap())));
            })*};
        }
        let role = Some(get_role_request::Role::RoleId(self.role.clone()));
        ask! {
            roles.get_role(GetRoleRequest { role: role })
            roles.list_roles(ListRolesRequest {})
            roles.list_role_assignments(ListRoleAssignmentsRequest { role_id: self.role.clone() })
            provisioning.get_connection(GetConnectionRequest { connection_id: self.connection.clone() })
            provisioning.list_connections(ListConnectionsRequest {})
            provisioning.list_tokens(ListTokensRequest {})
            provisioning.list_schemas(ListSchemasRequest {})
            service_accounts.get_service_account(GetServiceAccountRequest { service_account_id: self.service_account.clone() })
            service_accounts.list_service_accounts(ListServiceAccountsRequest {})
            takeovers.list_takeovers(ListTakeoversRequest {})
        }
        read
    }
}

async fn every_read_says_its_revision_and_takes_that_of_another(world: World) {
    let reads = Reads::of(&world).await;
    let newest = world.try_create_user(user("bob")).await.unwrap().1;

    for requirement in [Requirement::AtLeastAsFresh(newest.token.clone()), Requirement::MinimizeLatency(true)] {
        for (name, read) in reads.all(&world, requirement).await {
            assert_eq!(read.unwrap(), newest, "{name}");
        }
    }
    for (name, read) in reads.all(&world, Requirement::AtLeastAsFresh("nonsense".to_owned())).await {
        let refused = read.map(Response::new).refused();
        assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "INVALID_TOKEN"), "{name}");
    }
}

async fn organizations_are_read_at_the_revisions_of_system(world: World) {
    let mut organizations = world.grpc().organizations;
    let fresh = |token: &str| Some(Consistency { requirement: Some(Requirement::AtLeastAsFresh(token.to_owned())) });
    let get =
        |token: Option<&str>| GetOrganizationRequest { organization_id: world.organization.clone(), consistency: token.and_then(fresh) };
    let list = |token: &str| ListOrganizationsRequest { consistency: fresh(token), ..Default::default() };

    let first = organizations.get_organization(get(None)).await.unwrap().into_inner().read_at.unwrap();
    world.tenant("acme").await;
    let again = organizations.get_organization(get(Some(&first.token))).await.unwrap().into_inner().read_at.unwrap();
    let listed = organizations.list_organizations(list(&again.token)).await.unwrap().into_inner().read_at.unwrap();

    assert!(again.number > first.number, "{first:?} {again:?}");
    assert_eq!(listed, again);
    let refused = organizations.get_organization(get(Some("nonsense"))).await.refused();
    refused.is(Code::InvalidArgument, ErrorReason::InvalidToken);
    organizations.list_organizations(list("nonsense")).await.refused().is(Code::InvalidArgument, ErrorReason::InvalidToken);
}

both! {
    every_read_says_its_revision_and_takes_that_of_another
    organizations_are_read_at_the_revisions_of_system
}
