//! What one connection keeps to itself, no other writes.

use crate::harness::{
    Clients, Refused, World, faces,
    refusal::ExpectRefusal as _,
    scim::{ENTERPRISE, Scim, USER},
    shapes::{operation, text, user},
};
use prost_types::FieldMask;
use roster::api::v1::{
    ApplyMutationsRequest, Connection, CreateConnectionRequest, ErrorReason, GetDeviationReportRequest, Mutation, PatchOperation,
    PatchUserRequest, ReplaceUserRequest, UpdateUserRequest, User, WriteOptions, apply_mutations_request::Mode, mutation::Write,
    patch_operation::Op,
};
use serde_json::{Value, json};
use tonic::Code;

fn owning(names: &[&str]) -> Connection {
    Connection { owned_attributes: names.iter().map(ToString::to_string).collect(), ..Connection::default() }
}

fn department() -> String {
    format!("{ENTERPRISE}:department")
}

/// Two connections manage one user: HR made it, and owns the title, the given name and the department; mail called it something.
struct Shared {
    hr: (Connection, Scim),
    mail: (Connection, Scim),
    path: String,
    id: String,
}

async fn shared(world: &World, mail: Connection) -> Shared {
    let hr = world.scim_with(owning(&["title", "name.givenName", &department()])).await;
    let mail = world.scim_with(mail).await;
    let id = hr.1.post("/Users", &document("Countess", "Ada")).await.id();
    let path = format!("/Users/{id}");
    mail.1.patch(&path, &json!([{"op": "add", "path": "externalId", "value": "M-1"}])).await.expect(200);
    Shared { hr, mail, path, id }
}

fn document(title: &str, given: &str) -> Value {
    json!({
        "schemas": [USER, ENTERPRISE], "userName": "ada", "title": title, "nickName": "A",
        "name": {"givenName": given, "familyName": "King"}, ENTERPRISE: {"department": "Engines", "costCenter": "1"}
    })
}

async fn uses(world: &World, connection: &Connection) -> i64 {
    let request =
        GetDeviationReportRequest { organization_id: world.organization.clone(), connection_id: connection.id.clone(), since: None };
    let report = world.grpc().provisioning.get_deviation_report(request).await.unwrap().into_inner();
    report.deviations.iter().find(|d| d.tolerance == "owned_attributes").map_or(0, |d| d.count)
}

/// Row 32 (JumpCloud)
async fn what_another_owns_is_left_and_the_rest_is_done(world: World) {
    let Shared { hr, mail, path, id } = shared(&world, Connection::default()).await;

    let put = json!({"schemas": [USER], "userName": "ada", "title": "Dr", "name": {"givenName": "Augusta", "familyName": "Byron"}});
    let after = mail.1.put(&path, &put).await.expect(200);

    assert_eq!((&after["title"], &after["name"]), (&json!("Countess"), &json!({"givenName": "Ada", "familyName": "Byron"})));
    assert_eq!(after[ENTERPRISE], json!({"department": "Engines"}), "the cost centre is nobody's, and is replaced away");
    assert_eq!(uses(&world, &mail.0).await, 3);
    let title = json!([{"op": "replace", "path": "title", "value": "Dr"}, {"op": "replace", "path": "nickName", "value": "Augie"}]);
    let after = mail.1.patch(&path, &title).await.expect(200);
    assert_eq!((&after["title"], &after["nickName"]), (&json!("Countess"), &json!("Augie")));
    assert_eq!(uses(&world, &mail.0).await, 4);
    // Nothing is left of this one, and so it makes no revision.
    let head = world.head().await;
    mail.1.patch(&path, &json!([{"op": "remove", "path": "title"}])).await.expect(200);
    let data = json!({"Operations": [{"op": "remove", "path": "title"}]});
    let done = mail.1.bulk(&json!([{"method": "PATCH", "path": path, "data": data}])).await.expect(200);
    assert_eq!(done["Operations"][0]["status"], "200", "{done}");
    assert_eq!((world.head().await, uses(&world, &mail.0).await), (head, 6));

    let after = hr.1.put(&path, &document("Baroness", "Augusta")).await.expect(200);
    assert_eq!((&after["title"], &after["name"]["givenName"]), (&json!("Baroness"), &json!("Augusta")));
    assert_eq!(uses(&world, &hr.0).await, 0);
    // What it repeats is no change.
    mail.1.put(&path, &document("Baroness", "Augusta")).await.expect(200);
    assert_eq!(uses(&world, &mail.0).await, 6);
    // A PUT without externalId takes it away; the link stays.
    let user = world.user(&id).await;
    assert_eq!((user.external_ids.len(), user.links.len()), (0, 2));
}

/// Row 26 (JupiterOne)
async fn the_strict_profile_and_programs_are_refused(world: World) {
    let Shared { hr, mail, path, id } = shared(&world, Connection { profile: "strict".to_owned(), ..Connection::default() }).await;
    let clients = world.with_scopes(&["users.write", "bulk.write"]).await;
    let (before, head) = (world.user(&id).await, world.head().await);

    for operations in [
        json!([{"op": "replace", "path": "title", "value": "Dr"}]),
        json!([{"op": "replace", "path": "nickName", "value": "Augie"}, {"op": "remove", "path": "name"}]),
        json!([{"op": "replace", "path": department(), "value": "Pumps"}]),
        json!([{"op": "remove", "path": ENTERPRISE}]),
    ] {
        let detail = mail.1.patch(&path, &operations).await.is_error(400, "mutability");
        assert!(detail.contains(&hr.0.id), "{detail}");
    }
    mail.1.put(&path, &json!({"schemas": [USER], "userName": "ada"})).await.is_error(400, "mutability");
    let data = json!({"schemas": [USER], "userName": "ada"});
    let done = mail.1.bulk(&json!([{"method": "PUT", "path": path, "data": data}])).await.expect(200);
    assert_eq!((&done["Operations"][0]["status"], &done["Operations"][0]["response"]["scimType"]), (&json!("400"), &json!("mutability")));

    for refused in refused_everywhere(&world, &clients, &id).await {
        refused.is(Code::FailedPrecondition, ErrorReason::AttributeOwned).says("attribute", "title").says("connection_id", &hr.0.id);
    }
    assert_eq!((world.user(&id).await, world.head().await), (before, head));
}

/// One change of the title by each way there is.
async fn refused_everywhere(world: &World, clients: &Clients, id: &str) -> Vec<Refused> {
    let organization_id = world.organization.clone();
    let changed = User { id: id.to_owned(), title: Some("Dr".to_owned()), ..user("ada") };
    let patch = PatchUserRequest {
        organization_id: organization_id.clone(),
        user_id: id.to_owned(),
        operations: title("Dr"),
        ..Default::default()
    };
    let atomic = ApplyMutationsRequest {
        organization_id: organization_id.clone(),
        mode: Mode::Atomic.into(),
        mutations: vec![Mutation { temp_id: String::new(), write: Some(Write::PatchUser(patch.clone())) }],
        ..Default::default()
    };
    let best = ApplyMutationsRequest { mode: Mode::BestEffort.into(), ..atomic.clone() };
    let update = UpdateUserRequest {
        organization_id: organization_id.clone(),
        user: Some(changed.clone()),
        update_mask: Some(FieldMask { paths: vec!["title".to_owned()] }),
        ..Default::default()
    };
    let replace = ReplaceUserRequest { organization_id, user: Some(changed), ..Default::default() };
    let mut to = clients.clone();
    vec![
        to.users.patch_user(patch).await.refused(),
        to.users.update_user(update).await.refused(),
        to.users.replace_user(replace).await.refused(),
        to.directory.apply_mutations(atomic).await.refused(),
        Refused::of_item(to.directory.apply_mutations(best).await.unwrap().into_inner().results[0].error.as_ref().unwrap()),
    ]
}

fn title(text_of_it: &str) -> Vec<PatchOperation> {
    vec![operation(Op::Replace, "title", Some(text(text_of_it)))]
}

/// Row 26 (JupiterOne)
async fn a_program_passes_over_ownership_only_if_it_may(world: World) {
    let Shared { id, .. } = shared(&world, Connection::default()).await;
    let request = |write: Option<WriteOptions>| PatchUserRequest {
        organization_id: world.organization.clone(),
        user_id: id.clone(),
        operations: title("Dr"),
        write,
        ..PatchUserRequest::default()
    };

    let mut plain = world.with_scopes(&["users.write"]).await.users;
    plain.patch_user(request(None)).await.refused().is(Code::FailedPrecondition, ErrorReason::AttributeOwned);
    let leave = WriteOptions { leave_owned: true, ..WriteOptions::default() };
    assert!(!plain.patch_user(request(Some(leave))).await.unwrap().into_inner().changed);
    let mut entitled = world.with_scopes(&["users.write", "users.override"]).await.users;
    assert!(entitled.patch_user(request(None)).await.unwrap().into_inner().changed);

    assert_eq!(world.user(&id).await.title.as_deref(), Some("Dr"));
}

/// Row 26 (JupiterOne)
async fn it_ends_with_the_link_and_with_the_connection(world: World) {
    let Shared { hr, mail, path, .. } = shared(&world, Connection::default()).await;
    let other = format!("/Users/{}", mail.1.post("/Users", &json!({"schemas": [USER], "userName": "bob", "title": "x"})).await.id());
    let set = json!([{"op": "replace", "path": "title", "value": "Dr"}]);

    // Whom HR does not manage, it owns nothing of.
    assert_eq!(mail.1.patch(&other, &set).await.expect(200)["title"], "Dr");
    assert_eq!(mail.1.patch(&path, &set).await.expect(200)["title"], "Countess");
    // What both name, both may write.
    world
        .update_connection(Connection { owned_attributes: vec!["TITLE".to_owned()], ..mail.0.clone() }, &["owned_attributes"])
        .await
        .unwrap();
    let token = world.issue(&world.organization, &mail.0.id, "", &["scim".to_owned()]).await.unwrap().secret;
    let both = mail.1.with_token(&token);
    assert_eq!(both.patch(&path, &set).await.expect(200)["title"], "Dr");
    let given = json!([{"op": "replace", "path": "name.givenName", "value": "Augusta"}]);
    assert_eq!(both.patch(&path, &given).await.expect(200)["name"]["givenName"], "Ada");
    // HR lets go.
    assert_eq!(hr.1.delete(&path).await.status, 204);
    assert_eq!(both.patch(&path, &given).await.expect(200)["name"]["givenName"], "Augusta");
}

/// Row 26 (JupiterOne)
async fn what_cannot_be_owned_is_refused_by_name(world: World) {
    let many: Vec<String> = (0..65).map(|k| format!("urn:x:y:{k}")).collect();
    let long = format!("urn:x:{}", "y".repeat(5_000));
    let cases: Vec<(Vec<&str>, ErrorReason)> = vec![
        (vec!["shoeSize"], ErrorReason::InvalidValue),
        (vec!["title", "externalId"], ErrorReason::InvalidValue),
        (vec!["id"], ErrorReason::InvalidValue),
        (vec!["password"], ErrorReason::InvalidValue),
        (vec!["emails.value"], ErrorReason::InvalidValue),
        (vec!["title", "TITLE"], ErrorReason::InvalidValue),
        (vec![&long], ErrorReason::TooLarge),
        (many.iter().map(String::as_str).collect(), ErrorReason::TooLarge),
    ];
    for (names, reason) in cases {
        let request = CreateConnectionRequest {
            organization_id: world.organization.clone(),
            connection: Some(Connection { display_name: "x".to_owned(), ..owning(&names) }),
            ..CreateConnectionRequest::default()
        };
        let refused = world.grpc().provisioning.create_connection(request).await.refused();
        refused.is(Code::InvalidArgument, reason);
        let key = if reason == ErrorReason::TooLarge { "bound" } else { "attribute" };
        refused.says(key, "connection.owned_attributes");
    }
}

faces! {
    what_another_owns_is_left_and_the_rest_is_done
    the_strict_profile_and_programs_are_refused
    a_program_passes_over_ownership_only_if_it_may
    it_ends_with_the_link_and_with_the_connection
    what_cannot_be_owned_is_refused_by_name
}
