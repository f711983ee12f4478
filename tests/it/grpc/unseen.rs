//! A connection that sees only what it manages is told of nobody else who holds a role, and of no other connection's credentials.

mod writes;

use crate::harness::{
    Clients, Refused, World, both,
    deeds::Desk,
    refusal::ExpectRefusal as _,
    roles::{account, grant, mapping, role},
    scim::{GROUP, USER},
    shapes::{group_principal, principal, principal_id},
};
use roster::api::v1::{
    BatchCheckAccessRequest, Connection, ErrorReason, GetConnectionRequest, GetDeviationReportRequest, ListConnectionsRequest,
    ListEffectiveRolesRequest, ListRoleAssignmentsRequest, ListTakeoversRequest, ListTokensRequest, PrincipalRef,
    batch_check_access_request::{Item, item::Asked},
    batch_check_access_response::result::Result as Outcome,
    connection::{Takeover, Visibility},
    role_mapping::Source,
};
use serde_json::json;
use tonic::Code;

both! {
    a_narrow_connection_is_told_who_holds_a_role_of_its_own_alone
    a_reason_that_leads_through_others_is_left_out_and_counts
    a_narrow_connection_neither_grants_to_nor_withdraws_from_others
    a_connection_is_not_told_what_others_map
    a_narrow_connection_is_told_of_its_own_connection_alone
}

const NOBODY: &str = "0198f0a0-0000-7000-8000-00000000ffff";

/// A connection that sees only its own and may read and write roles; a user of its own, a user of nobody, and a group that both
/// are in and that it does not see.
struct Scene {
    connection: Connection,
    desk: Desk,
    ada: String,
    eve: String,
    foreign: String,
}

fn desk(world: &World, token: &str) -> Desk {
    Desk::new(&world.organization, world.grpc_as(token))
}

async fn scene(world: &World, connection: Connection) -> Scene {
    let (connection, scim) = world.scim_with(Connection { visibility: Visibility::Linked.into(), ..connection }).await;
    let scopes = ["roles.read", "roles.write", "provisioning.read"].map(str::to_owned);
    let token = world.issue(&world.organization, &connection.id, "", &scopes).await.unwrap().secret;
    let ada = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await.id();
    let eve = world.scim().post("/Users", &json!({"schemas": [USER], "userName": "eve"})).await.id();
    let foreign = world.create_group("Foreign", vec![principal(&ada), principal(&eve)]).await.id;
    Scene { connection, desk: desk(world, &token), ada, eve, foreign }
}

/// Every page of the grants of a role and a principal, by holder.
async fn grants(clients: &Desk, role_id: &str, of: Option<PrincipalRef>) -> Vec<String> {
    let mut request = ListRoleAssignmentsRequest {
        organization_id: clients.organization.clone(),
        role_id: role_id.to_owned(),
        principal: of,
        page_size: 1,
        ..ListRoleAssignmentsRequest::default()
    };
    let mut found = Vec::new();
    loop {
        let page = clients.grpc().roles.list_role_assignments(request.clone()).await.unwrap().into_inner();
        found.extend(page.assignments.iter().map(|grant| principal_id(grant.principal.as_ref().unwrap()).to_owned()));
        if page.next_page_token.is_empty() {
            found.sort();
            return found;
        }
        request.page_token = page.next_page_token;
    }
}

async fn effective(desk: &Desk, of: PrincipalRef) -> Refused {
    let request = ListEffectiveRolesRequest {
        organization_id: desk.organization.clone(),
        principal: Some(of),
        explain: true,
        ..ListEffectiveRolesRequest::default()
    };
    desk.grpc().roles.list_effective_roles(request).await.refused()
}

fn sorted<const N: usize>(ids: [&str; N]) -> Vec<String> {
    let mut ids = ids.map(str::to_owned).to_vec();
    ids.sort();
    ids
}

async fn a_narrow_connection_is_told_who_holds_a_role_of_its_own_alone(world: World) {
    let Scene { desk, ada, eve, foreign, .. } = scene(&world, Connection::default()).await;
    let viewer = world.create_role(role("viewer", &[])).await.id;
    let robot = world.service_account(&world.organization).await.id;
    for holder in [group_principal(&foreign), principal(&eve), account(&robot)] {
        world.grant(&viewer, holder).await;
    }

    assert_eq!(desk.holders(&viewer).await, sorted([&ada, &robot]));
    assert_eq!(world.holders(&viewer).await, sorted([&ada, &eve, &robot]));
    assert_eq!(grants(&desk, &viewer, None).await, [robot.as_str()]);
    assert_eq!(grants(&desk, "", None).await, [robot.as_str()]);
    for hidden in [principal(&eve), group_principal(&foreign), principal(NOBODY)] {
        assert_eq!(grants(&desk, "", Some(hidden.clone())).await, Vec::<String>::new());
        // As for whoever is not there at all.
        let refused = effective(&desk, hidden).await;
        refused.is(Code::NotFound, ErrorReason::NotFound);
        assert_eq!(refused, effective(&desk, principal(NOBODY)).await);
    }
    assert_eq!(grants(&world, "", Some(principal(&eve))).await, [eve.as_str()]);

    let asked = || Asked::RoleKey("viewer".to_owned());
    let into = |group: &str| Asked::GroupId(group.to_owned());
    let questions = vec![
        (principal(&ada), asked(), ""),
        (principal(&eve), asked(), ""),
        (principal(NOBODY), asked(), ""),
        (principal(&ada), into(&foreign), ""),
        (principal(&ada), into(NOBODY), ""),
        (principal(&eve), into(&foreign), ""),
    ];
    let answers = desk.check(questions).await;
    let not_found = Code::NotFound as i32;
    let codes: Vec<_> = answers.iter().map(|answer| answer.as_ref().map(|decision| decision.allowed).map_err(|code| *code)).collect();
    assert_eq!(codes, [Ok(true), Err(not_found), Err(not_found), Err(not_found), Err(not_found), Err(not_found)]);
    let item = |of| Item { principal: Some(of), asked: Some(asked()), scope: String::new() };
    let request = BatchCheckAccessRequest {
        organization_id: world.organization.clone(),
        items: vec![item(principal(&eve)), item(principal(NOBODY))],
        explain: true,
        consistency: None,
    };
    let results = desk.grpc().roles.batch_check_access(request).await.unwrap().into_inner().results;
    let refusals: Vec<_> = results.into_iter().map(|result| result.result.unwrap()).collect();
    assert!(matches!(refusals[0], Outcome::Error(_)) && refusals[0] == refusals[1], "{refusals:?}");
}

async fn a_reason_that_leads_through_others_is_left_out_and_counts(world: World) {
    let Scene { desk, ada, foreign, connection, .. } = scene(&world, Connection::default()).await;
    let token = world.issue(&world.organization, &connection.id, "", &["scim".to_owned()]).await.unwrap().secret;
    let scim = world.scim().at(&connection.scim_base_url).with_token(&token);
    let own = scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Own", "members": [{"value": ada}]})).await.id();
    let outer = world.create_group("Outer", vec![group_principal(&own)]).await.id;
    let (both, one) = (world.create_role(role("both", &[])).await.id, world.create_role(role("one", &[])).await.id);
    for holder in [&foreign, &outer, &own] {
        world.grant(&both, group_principal(holder)).await;
    }
    world.grant(&one, group_principal(&foreign)).await;

    let held = desk.effective(principal(&ada), "").await;

    let told: Vec<(String, Vec<Vec<String>>)> = held
        .into_iter()
        .map(|held| (held.role.unwrap().key, held.derivations.into_iter().map(|derivation| derivation.group_path).collect()))
        .collect();
    assert_eq!(told, [("both".to_owned(), vec![vec![own.clone()]]), ("one".to_owned(), vec![])]);
    let everything = world.effective(principal(&ada), "").await;
    assert_eq!(everything.iter().map(|held| held.derivations.len()).collect::<Vec<_>>(), [3, 1]);
    let one = Asked::RoleKey("one".to_owned());
    let decision = desk.check(vec![(principal(&ada), one, "")]).await.remove(0).unwrap();
    assert_eq!((decision.allowed, decision.derivations.len()), (true, 0));
    // In a group that is shown, by a way that is not.
    world.modify(&own, vec![crate::harness::shapes::add(group_principal(&foreign))]).await.unwrap();
    world.modify(&own, vec![crate::harness::shapes::remove(principal(&ada))]).await.unwrap();
    let decision = desk.check(vec![(principal(&ada), Asked::GroupId(own.clone()), "")]).await.remove(0).unwrap();
    assert_eq!((decision.allowed, decision.derivations.len()), (true, 0));
    let decision = world.check(vec![(principal(&ada), Asked::GroupId(own.clone()), "")]).await.remove(0).unwrap();
    assert_eq!(decision.derivations[0].group_path, [own, foreign]);
}

async fn a_narrow_connection_neither_grants_to_nor_withdraws_from_others(world: World) {
    let Scene { desk, ada, eve, foreign, .. } = scene(&world, Connection::default()).await;
    let viewer = world.create_role(role("viewer", &[])).await.id;
    let theirs = world.grant(&viewer, principal(&eve)).await;
    let head = world.head().await;

    for hidden in [principal(&eve), group_principal(&foreign), principal(NOBODY)] {
        let refused = desk.assign(vec![grant(&viewer, hidden)], &[]).await.map(tonic::Response::new).refused();
        refused.is(Code::InvalidArgument, ErrorReason::InvalidValue).says("attribute", "add.principal");
    }
    let done = desk.assign(vec![], &[theirs, NOBODY.to_owned()]).await.unwrap();
    assert_eq!((done.removed, done.redundant), (0, 2));
    assert_eq!(world.head().await, head);
    assert_eq!(grants(&world, &viewer, None).await, [eve.as_str()]);

    let own = desk.grant(&viewer, principal(&ada)).await;
    assert_eq!(desk.assign(vec![], &[own]).await.unwrap().removed, 1);
}

async fn a_connection_is_not_told_what_others_map(world: World) {
    let (first, a) = world.scim_as("default").await;
    let (second, _) = world.scim_as("default").await;
    let ada = a.post("/Users", &json!({"schemas": [USER], "userName": "ada", "roles": [{"value": "Chief"}]})).await.id();
    let chief = world.create_role(role("chief", &[])).await.id;
    world.map_roles(&first.id, vec![mapping(Source::RoleValue("Chief".into()), &chief)]).await.unwrap();
    let token_of = async |connection: &Connection| {
        let token = world.issue(&world.organization, &connection.id, "", &["roles.read".to_owned()]).await.unwrap().secret;
        desk(&world, &token)
    };
    let (own, other) = (token_of(&first).await, token_of(&second).await);

    for (desk, reasons) in [(&own, 1), (&other, 0)] {
        let held = desk.effective(principal(&ada), "").await;
        assert_eq!(held.len(), 1);
        assert_eq!(held[0].derivations.len(), reasons);
        assert!(desk.holds(&ada, "chief").await);
        assert_eq!(desk.holders(&chief).await, [ada.as_str()]);
    }
}

async fn tokens(clients: &Clients, request: ListTokensRequest) -> Vec<String> {
    let page = clients.provisioning.clone().list_tokens(request).await.unwrap().into_inner();
    page.tokens.into_iter().map(|token| token.connection_id).collect()
}

async fn a_narrow_connection_is_told_of_its_own_connection_alone(world: World) {
    let policy = Connection {
        takeover: Takeover::RequireApproval.into(),
        takeover_match_attributes: vec!["userName".to_owned()],
        ..Connection::default()
    };
    let Scene { connection, desk, .. } = scene(&world, policy).await;
    let token = world.issue(&world.organization, &connection.id, "", &["scim".to_owned()]).await.unwrap().secret;
    let scim = world.scim().at(&connection.scim_base_url).with_token(&token);
    scim.post("/Users", &json!({"schemas": [USER], "userName": "eve"})).await.is_error(409, "uniqueness");
    let robot = world.service_account(&world.organization).await.id;
    world.issue(&world.organization, "", &robot, &["users.read".to_owned()]).await.unwrap();
    let (clients, organization_id) = (desk.grpc(), world.organization.clone());
    let request = ListTokensRequest { organization_id: organization_id.clone(), ..ListTokensRequest::default() };

    assert_eq!(tokens(&clients, request.clone()).await, vec![connection.id.clone(); 3]);
    let of_other = ListTokensRequest { connection_id: world.connection.clone(), ..request.clone() };
    assert_eq!(tokens(&clients, of_other.clone()).await, Vec::<String>::new());
    assert_eq!(tokens(&world.grpc(), of_other).await.len(), 1);
    assert!(tokens(&world.grpc(), request).await.iter().any(String::is_empty), "service accounts have some too");

    let request = ListConnectionsRequest { organization_id: organization_id.clone(), ..ListConnectionsRequest::default() };
    let seen = clients.provisioning.clone().list_connections(request).await.unwrap().into_inner().connections;
    assert_eq!(seen.into_iter().map(|connection| connection.id).collect::<Vec<_>>(), std::slice::from_ref(&connection.id));
    let get = async |id: &str| {
        let request = GetConnectionRequest { organization_id: organization_id.clone(), connection_id: id.to_owned(), ..Default::default() };
        clients.provisioning.clone().get_connection(request).await
    };
    get(&connection.id).await.unwrap();
    let refused = get(&world.connection).await.refused();
    refused.is(Code::NotFound, ErrorReason::NotFound);
    assert_eq!(refused, get(NOBODY).await.refused());
    let request = GetDeviationReportRequest {
        organization_id: organization_id.clone(),
        connection_id: world.connection.clone(),
        ..GetDeviationReportRequest::default()
    };
    clients.provisioning.clone().get_deviation_report(request).await.refused().is(Code::NotFound, ErrorReason::NotFound);
    // Whom its create met is not its own yet.
    let request = ListTakeoversRequest { organization_id, ..ListTakeoversRequest::default() };
    assert_eq!(clients.takeovers.clone().list_takeovers(request.clone()).await.unwrap().into_inner().takeovers, vec![]);
    assert_eq!(world.grpc().takeovers.list_takeovers(request).await.unwrap().into_inner().takeovers.len(), 1);
}
