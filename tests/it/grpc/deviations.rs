//! The report of what a connection sent beside the RFCs: who may add to it, what it holds, and how long.

use crate::harness::{
    Clients, World, both,
    refusal::ExpectRefusal as _,
    scim::{Scim, USER},
};
use roster::api::v1::{
    Connection, DeleteConnectionRequest, ErrorReason, GetCallerRequest, GetDeviationReportRequest, GetDeviationReportResponse,
};
use roster::store::Uses;
use serde_json::json;
use std::collections::BTreeMap;
use tonic::{Code, Request, Response, Status};

const DAY: i64 = 24 * 3600 * 1_000_000;

async fn ask(world: &World, organization: &str, connection: &str) -> Result<Response<GetDeviationReportResponse>, Status> {
    let request = GetDeviationReportRequest { organization_id: organization.to_owned(), connection_id: connection.to_owned(), since: None };
    world.grpc().provisioning.get_deviation_report(request).await
}

async fn counts(world: &World, connection: &str) -> BTreeMap<String, i64> {
    let report = ask(world, &world.organization, connection).await.unwrap().into_inner();
    report.deviations.into_iter().map(|deviation| (deviation.tolerance, deviation.count)).collect()
}

/// Says so with a call, as a façade does.
async fn tell(clients: &Clients, used: &str) {
    let mut request = Request::new(GetCallerRequest {});
    request.metadata_mut().insert("roster-deviations", used.parse().unwrap());
    clients.provisioning.clone().get_caller(request).await.unwrap();
}

async fn make_inactive(scim: &Scim, name: &str) -> String {
    scim.post("/Users", &json!({"schemas": [USER], "userName": name, "active": "False"})).await.id()
}

async fn a_report_adds_up_what_a_connection_did_and_is_current(world: World) {
    let (connection, scim) = world.scim_as("entra").await;
    let id = make_inactive(&scim, "ines").await;
    make_inactive(&scim, "kofi").await;
    scim.patch(&format!("/Users/{id}"), &json!([{"op": "Replace", "path": "active", "value": "true"}])).await.expect(200);
    scim.list("/Users", &[("filter", "active eq \"True\"")]).await.expect(200);
    // The façade cannot read this one to its end, so nothing of it is told to the directory.
    let unreadable = json!([{"op": "Replace", "path": "active", "value": "true"}, {"op": "Flip", "path": "active"}]);
    scim.patch(&format!("/Users/{id}"), &unreadable).await.is_error(400, "invalidSyntax");

    let report = ask(&world, &world.organization, &connection.id).await.unwrap().into_inner();
    let read: Vec<_> = report.deviations.iter().map(|d| (d.tolerance.as_str(), d.count)).collect();
    assert_eq!(read, [("capital_op", 1), ("text_booleans", 4)]);
    for deviation in &report.deviations {
        let (first, last) = (deviation.first_time.unwrap(), deviation.last_time.unwrap());
        assert!((first.seconds, first.nanos) <= (last.seconds, last.nanos) && first.seconds > report.since.unwrap().seconds);
        assert!(!deviation.description.is_empty());
    }
    assert_eq!(report.since.unwrap().seconds % (24 * 3600), 0);
    assert_eq!(counts(&world, &world.connection).await, BTreeMap::new(), "another connection did nothing");

    let tomorrow = prost_types::Timestamp { seconds: report.deviations[0].last_time.unwrap().seconds + 24 * 3600, nanos: 0 };
    let request = GetDeviationReportRequest {
        organization_id: world.organization.clone(),
        connection_id: connection.id.clone(),
        since: Some(tomorrow),
    };
    assert_eq!(world.grpc().provisioning.get_deviation_report(request).await.unwrap().into_inner().deviations, []);
}

async fn only_a_connection_adds_to_its_own_report_and_only_what_is_known(world: World) {
    let (connection, _) = world.scim_as("default").await;
    let token = world.issue(&world.organization, &connection.id, "", &["scim".to_owned()]).await.unwrap().secret;
    let provider = world.grpc_as(&token);

    tell(&world.grpc(), "text_booleans=5").await;
    tell(&provider, "text_booleans=2,nonsense=7,capital_op=-1,bare_value=4000000000").await;
    tell(&provider, "text_booleans=3").await;
    tell(&provider, &"text_booleans=1,".repeat(100)).await;

    let expected = [("text_booleans".to_owned(), 5), ("bare_value".to_owned(), 1_000_000)];
    assert_eq!(counts(&world, &connection.id).await, BTreeMap::from(expected));
    assert_eq!(counts(&world, &world.connection).await, BTreeMap::new());
}

async fn a_report_is_of_a_connection_that_is_there(world: World) {
    let tenant = world.tenant("other").await;
    make_inactive(&tenant.scim, "ines").await;
    let (own, other) = (world.organization.as_str(), tenant.organization.id.as_str());

    for (organization, connection) in [(own, "nobody"), (own, tenant.connection.id.as_str()), (other, world.connection.as_str())] {
        ask(&world, organization, connection).await.refused().is(Code::NotFound, ErrorReason::NotFound);
    }
    let mut foreign = tenant.clients.provisioning.clone();
    let request = GetDeviationReportRequest { organization_id: own.to_owned(), connection_id: world.connection.clone(), since: None };
    foreign.get_deviation_report(request).await.refused().is(Code::PermissionDenied, ErrorReason::OrganizationDenied);

    assert_eq!(ask(&world, other, &tenant.connection.id).await.unwrap().into_inner().deviations.len(), 1);
    let request = DeleteConnectionRequest {
        organization_id: other.to_owned(),
        connection_id: tenant.connection.id.clone(),
        ..DeleteConnectionRequest::default()
    };
    world.grpc().provisioning.delete_connection(request).await.unwrap();
    ask(&world, other, &tenant.connection.id).await.refused().is(Code::NotFound, ErrorReason::NotFound);
    let mut reader = world.store().read(other).await.unwrap().unwrap();
    assert_eq!(reader.deviations(&tenant.connection.id, 0).await.unwrap(), [], "nothing is left of it");
}

async fn counts_are_added_up_by_day_and_forgotten_after_the_bound(world: World) {
    let uses = |day: i64, uses: i64| Uses {
        organization: world.organization.clone(),
        connection: world.connection.clone(),
        day,
        tolerance: "capital_op".to_owned(),
        uses,
        first_at: day * DAY + uses,
        last_at: day * DAY + 2 * uses,
    };
    let of_nobody = Uses { connection: "nobody".to_owned(), ..uses(7, 1) };
    let sums = async |since| {
        let mut reader = world.store().read(&world.organization).await.unwrap().unwrap();
        reader.deviations(&world.connection, since).await.unwrap()
    };

    world.store().add_deviations(vec![uses(7, 1), uses(8, 2), of_nobody], 0).await.unwrap();
    world.store().add_deviations(vec![uses(7, 4)], 0).await.unwrap();
    let name = "capital_op".to_owned();
    assert_eq!(sums(0).await, [(name.clone(), 7, 7 * DAY + 1, 8 * DAY + 4)]);
    assert_eq!(sums(8).await, [(name.clone(), 2, 8 * DAY + 2, 8 * DAY + 4)]);
    let mut reader = world.store().read(&world.organization).await.unwrap().unwrap();
    assert_eq!(reader.deviations("nobody", 0).await.unwrap(), [], "who is not there is not counted");
    drop(reader);

    world.store().add_deviations(vec![uses(9, 1)], 8).await.unwrap();
    assert_eq!(sums(0).await, [(name, 3, 8 * DAY + 2, 9 * DAY + 2)]);
}

async fn switches_are_stored_and_only_known_ones(world: World) {
    let update = async |tolerances: BTreeMap<String, bool>, path: &str| {
        let connection = Connection { id: world.connection.clone(), tolerances, profile: "rauthy".to_owned(), ..Connection::default() };
        world.update_connection(connection, &[path]).await.map(tonic::Response::new)
    };
    let switches = BTreeMap::from([("text_booleans".to_owned(), false), ("dotted_urn".to_owned(), true)]);
    let stored = update(switches.clone(), "tolerances").await.unwrap().into_inner();
    assert_eq!((stored.tolerances, stored.profile.as_str()), (switches.clone(), ""));
    let stored = update(BTreeMap::new(), "profile").await.unwrap().into_inner();
    assert_eq!((stored.tolerances, stored.profile.as_str()), (switches, "rauthy"));

    let refused = update(BTreeMap::from([("text_boolean".to_owned(), true)]), "tolerances").await.refused();
    refused.is(Code::InvalidArgument, ErrorReason::InvalidValue);
    assert!(refused.detail.contains("connection.tolerances") && refused.detail.contains("text_booleans"), "{refused:?}");
}

both! {
    a_report_adds_up_what_a_connection_did_and_is_current
    only_a_connection_adds_to_its_own_report_and_only_what_is_known
    a_report_is_of_a_connection_that_is_there
    counts_are_added_up_by_day_and_forgotten_after_the_bound
    switches_are_stored_and_only_known_ones
}
