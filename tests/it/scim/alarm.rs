//! The mass-change alarm of a connection: counted with the commits, told once in a window, holding what it may.

use super::bulk::statuses;
use crate::harness::{
    World, faces,
    refusal::ExpectRefusal as _,
    scim::{GROUP, PATCH, Scim, USER, with_body},
};
use reqwest::Method;
use roster::api::v1::{Connection, DeleteUserRequest, ErrorReason, MassChangeAlarm, connection::Deprovision};
use serde_json::{Value, json};
use tonic::{Code, Response, Status};

const HOUR: i64 = 3_600;

async fn set(world: &World, connection: &str, alarm: Option<MassChangeAlarm>) -> Result<Response<Connection>, Status> {
    let connection = Connection { id: connection.to_owned(), mass_change_alarm: alarm, ..Connection::default() };
    world.update_connection(connection, &["mass_change_alarm"]).await.map(Response::new)
}

/// A connection under an alarm, its client and its token.
async fn under(world: &World, alarm: MassChangeAlarm) -> (Connection, Scim, String) {
    let (connection, scim) = world.scim_as("default").await;
    set(world, &connection.id, Some(alarm)).await.unwrap();
    let token = world.issue(&world.organization, &connection.id, "", &["scim".to_owned()]).await.unwrap().secret;
    (connection, scim.with_token(&token), token)
}

/// How many alarms the feed tells of.
async fn alarms(world: &World) -> i64 {
    world.pairs("SELECT COUNT(*), COUNT(*) FROM changes WHERE kind = 7 AND action = 15").await[0].0
}

async fn people(scim: &Scim, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for i in 0..count {
        ids.push(scim.post("/Users", &json!({"schemas": [USER], "userName": format!("u{i}"), "active": true})).await.id());
    }
    ids
}

async fn group(scim: &Scim, name: &str, members: &[String]) -> String {
    let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
    format!("/Groups/{}", scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": name, "members": members})).await.id())
}

fn inactive() -> Value {
    json!([{"op": "replace", "path": "active", "value": false}])
}

/// Row 39 (JumpCloud)
async fn an_alarm_rises_once_when_more_ends_than_it_says(world: World) {
    let alarm = MassChangeAlarm { deactivations: 2, deletions: 1, removals: 3, ..MassChangeAlarm::default() };
    let (_, scim, _) = under(&world, alarm).await;
    let ids = people(&scim, 6).await;
    let crew = group(&scim, "Crew", &ids).await;

    for (at, risen) in [(0, 0), (1, 0), (2, 1), (3, 1)] {
        scim.patch(&format!("/Users/{}", ids[at]), &inactive()).await.expect(200);
        assert_eq!(alarms(&world).await, risen, "{at} were made inactive before");
    }
    // It has risen, so nothing more of the window is told; and nothing is held unless that is said.
    scim.patch(&crew, &json!([{"op": "remove", "path": "members"}])).await.expect(200);
    for id in &ids {
        scim.delete(&format!("/Users/{id}")).await.expect(204);
    }
    assert_eq!(alarms(&world).await, 1);
}

async fn each_threshold_counts_for_itself_and_everybody_else_counts_for_nothing(world: World) {
    let (_, scim, _) = under(&world, MassChangeAlarm { removals: 3, ..MassChangeAlarm::default() }).await;
    let (_, other, _) = under(&world, MassChangeAlarm { deletions: 1, ..MassChangeAlarm::default() }).await;
    let ids = people(&scim, 5).await;
    let crew = group(&scim, "Crew", &ids).await;

    // What another connection, a connection without an alarm or an administrator ends is not this one's.
    for id in &ids[..2] {
        scim.patch(&crew, &json!([{"op": "remove", "path": format!("members[value eq \"{id}\"]")}])).await.expect(200);
        world.scim().patch(&crew, &json!([{"op": "add", "path": "members", "value": [{"value": id}]}])).await.expect(200);
    }
    world.scim().patch(&crew, &json!([{"op": "remove", "path": "members"}])).await.expect(200);
    world.delete_user(&ids[4]).await;
    assert_eq!(alarms(&world).await, 0);
    let members: Vec<Value> = ids[..4].iter().map(|id| json!({"value": id})).collect();
    scim.put(&crew, &json!({"schemas": [GROUP], "displayName": "Crew", "members": members})).await.expect(200);
    // The third and the fourth, in one write; what a deletion ends is counted too.
    scim.put(&crew, &json!({"schemas": [GROUP], "displayName": "Crew", "members": members[2..]})).await.expect(200);
    assert_eq!(alarms(&world).await, 1);
    let (one, two) = (group(&other, "One", &[]).await, group(&other, "Two", &[]).await);
    other.delete(&one).await.expect(204);
    assert_eq!(alarms(&world).await, 1);
    other.delete(&two).await.expect(204);
    assert_eq!(alarms(&world).await, 2);
}

/// Row 39 (JumpCloud)
async fn what_is_past_the_alarm_is_held_but_never_a_deactivation(world: World) {
    let window = Some(prost_types::Duration { seconds: HOUR, nanos: 0 });
    let alarm = MassChangeAlarm { deletions: 1, removals: 2, hold: true, window, ..MassChangeAlarm::default() };
    let (connection, scim, token) = under(&world, alarm).await;
    let ids = people(&scim, 8).await;
    let crew = group(&scim, "Crew", &ids).await;
    let delete = |at: usize| format!("/Users/{}", ids[at]);
    scim.delete(&delete(0)).await.expect(204);
    scim.delete(&delete(1)).await.expect(204);
    assert_eq!(alarms(&world).await, 1);
    let head = world.head().await;

    let held = async |method: Method, path: &str, body: &Value| {
        // A harness that takes no 5xx for an answer cannot send these.
        let answer = with_body(scim.request(method, path), body).send().await.unwrap();
        assert_eq!(answer.status(), 503, "{path}");
        let after: i64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!(after > HOUR - 600 && after <= HOUR, "{after}");
        let error: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!((&error["status"], &error["schemas"][0]), (&json!("503"), &json!("urn:ietf:params:scim:api:messages:2.0:Error")));
        assert!(error["detail"].as_str().unwrap().contains("mass_change_alarm"), "{error}");
    };
    held(Method::DELETE, &delete(2), &Value::Null).await;
    held(Method::DELETE, &crew, &Value::Null).await;
    let request =
        DeleteUserRequest { organization_id: world.organization.clone(), user_id: ids[2].clone(), ..DeleteUserRequest::default() };
    let refused = world.grpc_as(&token).users.delete_user(request).await.refused();
    refused.is(Code::Unavailable, ErrorReason::Held).says("held", "deletions").says("limit", "1");
    let bulk = scim
        .bulk(&json!([
            {"method": "DELETE", "path": delete(2)},
            {"method": "PATCH", "path": delete(3), "data": {"schemas": [PATCH], "Operations": inactive()}},
        ]))
        .await;
    assert_eq!(statuses(&bulk), ["503", "200"], "{}", bulk.body);
    assert_eq!(world.head().await, head + 1);
    // Everything else goes on, for this connection and for everybody else.
    scim.patch(&delete(4), &inactive()).await.expect(200);
    scim.patch(&crew, &json!([{"op": "remove", "path": format!("members[value eq \"{}\"]", ids[5])}])).await.expect(200);
    let one = json!({"schemas": [PATCH], "Operations": [{"op": "remove", "path": format!("members[value eq \"{}\"]", ids[6])}]});
    held(Method::PATCH, &crew, &one).await;
    held(Method::PUT, &crew, &json!({"schemas": [GROUP], "displayName": "Crew"})).await;
    scim.post("/Users", &json!({"schemas": [USER], "userName": "new"})).await.expect(201);
    world.delete_user(&ids[2]).await;
    assert_eq!(alarms(&world).await, 1);
    // Switched off, it holds nothing.
    set(&world, &connection.id, None).await.unwrap();
    let token = world.issue(&world.organization, &connection.id, "", &["scim".to_owned()]).await.unwrap().secret;
    scim.with_token(&token).delete(&delete(6)).await.expect(204);
}

/// Row 39 (JumpCloud)
async fn a_delete_that_deactivates_counts_as_both_and_is_never_held(world: World) {
    for (alarm, risen) in [
        (MassChangeAlarm { deletions: 1, hold: true, ..MassChangeAlarm::default() }, 1),
        (MassChangeAlarm { deactivations: 1, ..MassChangeAlarm::default() }, 2),
    ] {
        let (connection, _, _) = under(&world, alarm).await;
        let ending = Connection { id: connection.id.clone(), on_delete: Deprovision::Deactivate.into(), ..Connection::default() };
        world.update_connection(ending, &["on_delete"]).await.unwrap();
        let token = world.issue(&world.organization, &connection.id, "", &["scim".to_owned()]).await.unwrap().secret;
        let scim = world.scim().at(&connection.scim_base_url).with_token(&token);
        let mut ids = Vec::new();
        for i in 0..3 {
            let body = json!({"schemas": [USER], "userName": format!("{risen}-{i}"), "active": true});
            ids.push(scim.post("/Users", &body).await.id());
        }
        for (id, risen) in ids.iter().zip([risen - 1, risen, risen]) {
            scim.delete(&format!("/Users/{id}")).await.expect(204);
            assert_eq!(alarms(&world).await, risen);
        }
    }
}

async fn a_window_that_is_over_counts_anew(world: World) {
    let window = Some(prost_types::Duration { seconds: 24 * HOUR, nanos: 0 });
    let alarm = MassChangeAlarm { deletions: 1, hold: true, window, ..MassChangeAlarm::default() };
    let (_, scim, _) = under(&world, alarm).await;
    let ids = people(&scim, 8).await;
    let mut ids = ids.iter().map(|id| format!("/Users/{id}"));
    let mut delete = async || scim.request(Method::DELETE, &ids.next().unwrap()).send().await.unwrap().status().as_u16();

    for risen in 1..=2 {
        assert_eq!([delete().await, delete().await, delete().await], [204, 204, 503]);
        assert_eq!(alarms(&world).await, risen);
        world.after_days(2).await;
    }
    assert_eq!(delete().await, 204);
    assert_eq!(alarms(&world).await, 2);
}

async fn an_alarm_that_watches_nothing_or_never_ends_is_refused(world: World) {
    let connection = world.connection.clone();
    let seconds = |seconds| Some(prost_types::Duration { seconds, nanos: 0 });
    for (alarm, field) in [
        (MassChangeAlarm::default(), ""),
        (MassChangeAlarm { hold: true, deactivations: 5, ..MassChangeAlarm::default() }, ".hold"),
        (MassChangeAlarm { deletions: 5, window: seconds(59), ..MassChangeAlarm::default() }, ".window"),
        (MassChangeAlarm { deletions: 5, window: seconds(7 * 24 * HOUR + 1), ..MassChangeAlarm::default() }, ".window"),
        (MassChangeAlarm { deletions: 5, window: seconds(-1), ..MassChangeAlarm::default() }, ".window"),
    ] {
        let refused = set(&world, &connection, Some(alarm)).await.refused();
        refused.is(Code::InvalidArgument, ErrorReason::InvalidValue).says("attribute", &format!("connection.mass_change_alarm{field}"));
    }
    for window in [seconds(60), seconds(7 * 24 * HOUR), None] {
        let alarm = MassChangeAlarm { deletions: 5, window, ..MassChangeAlarm::default() };
        let set = set(&world, &connection, Some(alarm)).await.unwrap().into_inner();
        assert_eq!(set.mass_change_alarm, Some(alarm));
    }
}

faces! {
    an_alarm_rises_once_when_more_ends_than_it_says
    each_threshold_counts_for_itself_and_everybody_else_counts_for_nothing
    what_is_past_the_alarm_is_held_but_never_a_deactivation
    a_delete_that_deactivates_counts_as_both_and_is_never_held
    a_window_that_is_over_counts_anew
    an_alarm_that_watches_nothing_or_never_ends_is_refused
}
