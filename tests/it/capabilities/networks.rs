//! A connection is used from its own networks and from nowhere else, whatever a request says of where it comes from.

use crate::harness::{
    Clients, Engine, Refused, Scim, World, faces,
    refusal::ExpectRefusal as _,
    scim::{USER, send},
};
use roster::{
    api::v1::{Connection, ErrorReason, GetConnectionRequest, ListUsersRequest, connection_status::State},
    config::Network,
};
use serde_json::json;
use tonic::{Code, Request};

/// The connection with these networks, and clients whose token begins with what is true now.
async fn used_from(world: &World, connection: &Connection, networks: &[&str]) -> (Scim, Clients) {
    let allowed_networks = networks.iter().map(|&network| network.to_owned()).collect();
    world.update_connection(Connection { allowed_networks, ..connection.clone() }, &["allowed_networks"]).await.unwrap();
    let token = world.issue(&world.organization, &connection.id, "", &["scim".to_owned()]).await.unwrap().secret;
    (world.scim().at(&connection.scim_base_url).with_token(&token), world.grpc_as(&token))
}

/// A list over either face by one that says that it speaks for these.
async fn listed(world: &World, (scim, clients): &(Scim, Clients), said: &[&str]) -> (u16, Code) {
    let mut request = scim.request(reqwest::Method::GET, "/Users");
    let list = ListUsersRequest { organization_id: world.organization.clone(), ..ListUsersRequest::default() };
    let mut call = Request::new(list);
    for value in said {
        request = request.header("x-forwarded-for", *value);
        call.metadata_mut().append("x-forwarded-for", value.parse().unwrap());
    }
    let code = clients.users.clone().list_users(call).await.map_or_else(|status| status.code(), |_| Code::Ok);
    (send(request).await.status, code)
}

const LET_IN: (u16, Code) = (200, Code::Ok);
const REFUSED: (u16, Code) = (403, Code::PermissionDenied);

/// Row 41 (JumpCloud)
async fn a_connection_is_used_from_its_networks_and_from_nowhere_else(world: World) {
    let (connection, everywhere) = world.scim_with(Connection::default()).await;
    everywhere.get("/Users").await.expect(200);
    let here = used_from(&world, &connection, &["2001:db8::/32", "127.0.0.0/8"]).await;
    assert_eq!(listed(&world, &here, &[]).await, LET_IN);
    let one = used_from(&world, &connection, &["127.0.0.1"]).await;
    assert_eq!(listed(&world, &one, &[]).await, LET_IN);

    let elsewhere = used_from(&world, &connection, &["192.0.2.0/24"]).await;

    let head = world.head().await;
    for said in [&[][..], &["192.0.2.7"], &["192.0.2.7, 127.0.0.1"], &["192.0.2.7", "192.0.2.8"], &["unknown"]] {
        assert_eq!(listed(&world, &elsewhere, said).await, REFUSED, "nobody is believed: {said:?}");
    }
    let (scim, clients) = &elsewhere;
    let detail = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await.is_error(403, "");
    assert!(detail.contains("127.0.0.1"), "{detail}");
    for path in ["/Schemas", "/ResourceTypes", "/Groups/none", "/Me"] {
        scim.get(path).await.is_error(403, "");
    }
    scim.get("/ServiceProviderConfig").await.expect(200);
    let list = ListUsersRequest { organization_id: world.organization.clone(), ..ListUsersRequest::default() };
    let refused = clients.users.clone().list_users(list).await.refused();
    refused.is(Code::PermissionDenied, ErrorReason::NetworkDenied).says("address", "127.0.0.1");
    assert_eq!(world.head().await, head);
    let get = GetConnectionRequest {
        organization_id: world.organization.clone(),
        connection_id: connection.id.clone(),
        ..GetConnectionRequest::default()
    };
    let status = world.grpc().provisioning.get_connection(get).await.unwrap().into_inner().connection.unwrap().status.unwrap();
    assert_eq!((status.state(), status.last_error.unwrap().reason.as_str()), (State::Failing, "NETWORK_DENIED"));
    // Others are not meant.
    world.scim().get("/Users").await.expect(200);

    let again = used_from(&world, &connection, &[]).await;
    assert_eq!(listed(&world, &again, &["198.51.100.1"]).await, LET_IN);
}

/// Row 41 (JumpCloud)
async fn what_is_no_network_is_refused_by_name(world: World) {
    let many: Vec<String> = (0..=100).map(|i| format!("192.0.2.{i}")).collect();
    for (networks, reason) in [
        (vec!["10.1.2.3/8".to_owned()], ErrorReason::InvalidValue),
        (vec!["any".to_owned()], ErrorReason::InvalidValue),
        (vec![String::new()], ErrorReason::InvalidValue),
        (many, ErrorReason::TooLarge),
    ] {
        let connection = Connection { id: world.connection.clone(), allowed_networks: networks, ..Connection::default() };
        let refused = Refused::read(&world.update_connection(connection, &["allowed_networks"]).await.unwrap_err());
        refused.is(Code::InvalidArgument, reason);
        assert!(refused.detail.contains("connection.allowed_networks"), "{}", refused.detail);
    }
    world.scim().get("/Users").await.expect(200);
}

faces! {
    a_connection_is_used_from_its_networks_and_from_nowhere_else
    what_is_no_network_is_refused_by_name
}

fn trusting(network: &mut Network) {
    network.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
}

/// Row 41 (JumpCloud): where the operator trusts a proxy, what that says is believed, and what it was told is not.
async fn a_proxy_that_is_trusted_says_for_whom_it_speaks(world: World) {
    let (connection, _) = world.scim_with(Connection::default()).await;
    let clients = used_from(&world, &connection, &["192.0.2.0/24"]).await;

    for said in
        [&["192.0.2.7"][..], &["198.51.100.1, 192.0.2.7"], &["198.51.100.1", "192.0.2.7:4711, 10.0.0.9"], &["192.0.2.7, [::ffff:10.0.0.9]"]]
    {
        assert_eq!(listed(&world, &clients, said).await, LET_IN, "{said:?}");
    }
    // A client writes what it likes before its proxy does.
    for said in
        [&[][..], &["192.0.2.7, 198.51.100.1"], &["192.0.2.7", "198.51.100.1, 10.0.0.9"], &["192.0.2.7, unknown"], &["10.0.0.9"], &[""]]
    {
        assert_eq!(listed(&world, &clients, said).await, REFUSED, "{said:?}");
    }
    let (scim, _) = &clients;
    let (get, path) = (reqwest::Method::GET, "/Schemas");
    send(scim.request(get.clone(), path).header("x-forwarded-for", "192.0.2.7")).await.expect(200);
    send(scim.request(get, path).header("x-forwarded-for", "198.51.100.1")).await.is_error(403, "");
}

mod proxied {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn sqlite() {
        let world = World::with(Engine::Sqlite, |config| trusting(&mut config.network)).await;
        Box::pin(a_proxy_that_is_trusted_says_for_whom_it_speaks(world)).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn postgres() {
        let world = World::with(Engine::Postgres, |config| trusting(&mut config.network)).await;
        Box::pin(a_proxy_that_is_trusted_says_for_whom_it_speaks(world)).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn alone() {
        let world = World::alone_with(trusting).await;
        Box::pin(a_proxy_that_is_trusted_says_for_whom_it_speaks(world)).await;
    }
}
