//! Whose links a connection's token takes back, and that it decides no takeover.

use crate::harness::{
    Clients, World, both,
    refusal::{ExpectRefusal as _, Refused},
    scim::{Scim, USER},
    shapes::{resolve_takeover, undo_takeover, user},
};
use roster::api::v1::{
    Connection, ErrorReason, Takeover, User,
    connection::{Takeover as Policy, Visibility},
    takeover::State,
};
use serde_json::json;
use tonic::{Code, Response, Status};

both! {
    a_connection_takes_back_its_own_links_alone
    no_connection_agrees_to_a_takeover
    the_answer_never_holds_whom_the_connection_does_not_see
}

const NOBODY: &str = "0198f0a0-0000-7000-8000-00000000ffff";
const BOTH: [Visibility; 2] = [Visibility::Organization, Visibility::Linked];

fn lacks(refused: &Refused) {
    refused.is(Code::PermissionDenied, ErrorReason::ScopeMissing).says("scope", "administrators.write");
}

async fn undo(world: &World, by: &Clients, user: &str, connection: &str, restore: bool) -> Result<Response<Option<User>>, Status> {
    let request = undo_takeover(&world.organization, user, connection, restore);
    Ok(by.takeovers.clone().undo_takeover(request).await?.map(|answer| answer.user))
}

async fn resolve(world: &World, by: &Clients, user: &str, connection: &str, approve: bool) -> Result<Response<Takeover>, Status> {
    let request = resolve_takeover(&world.organization, user, connection, approve);
    Ok(by.takeovers.clone().resolve_takeover(request).await?.map(|answer| answer.takeover.unwrap()))
}

/// A connection that sees so much and asks before it takes over, its façade and its clients.
async fn connected(world: &World, visibility: Visibility, more: &[&str]) -> (Connection, Scim, Clients) {
    let asking = Connection {
        visibility: visibility.into(),
        takeover: Policy::RequireApproval.into(),
        takeover_match_attributes: vec!["userName".to_owned()],
        ..Connection::default()
    };
    let (connection, scim) = world.scim_with(asking).await;
    let scopes: Vec<String> = ["scim", "provisioning.write"].iter().chain(more).map(|&scope| scope.to_owned()).collect();
    let token = world.issue(&world.organization, &connection.id, "", &scopes).await.unwrap().secret;
    (connection, scim, world.grpc_as(&token))
}

async fn person(scim: &Scim, name: &str) -> String {
    let body = json!({ "schemas": [USER], "userName": name, "externalId": format!("x-{name}"), "title": "Dr" });
    scim.post("/Users", &body).await.id()
}

/// Row 29 (JumpCloud)
async fn a_connection_takes_back_its_own_links_alone(world: World) {
    let (other, theirs, _) = connected(&world, Visibility::Organization, &[]).await;
    let eve = person(&theirs, "eve").await;
    let before = world.user(&eve).await;

    for visibility in BOTH {
        let (own, scim, clients) = connected(&world, visibility, &[]).await;
        let ada = person(&scim, &format!("ada{visibility:?}")).await;
        let head = world.head().await;
        // In the same words, whether there is such a user, such a link or such a connection.
        for (user, of) in [(&*eve, &*other.id), (&ada, &other.id), (NOBODY, &other.id), (&eve, NOBODY)] {
            for restore in [false, true] {
                lacks(&undo(&world, &clients, user, of, restore).await.refused());
            }
        }
        for restore in [false, true] {
            let absent = undo(&world, &clients, NOBODY, &own.id, restore).await.refused();
            absent.is(Code::NotFound, ErrorReason::NotFound);
            let hidden = undo(&world, &clients, &eve, &own.id, restore).await.refused();
            hidden.is(Code::NotFound, ErrorReason::NotFound);
            assert_eq!(hidden == absent, visibility == Visibility::Linked);
        }
        assert_eq!((world.head().await, world.user(&eve).await), (head, before.clone()));
        undo(&world, &clients, &ada, &own.id, false).await.unwrap();
        assert_eq!(world.user(&ada).await.links, []);
    }
    let (_, _, clients) = connected(&world, Visibility::Organization, &["administrators.write"]).await;
    undo(&world, &clients, &eve, &other.id, false).await.unwrap();
    assert_eq!(world.user(&eve).await.links, []);
}

/// Row 29 (JumpCloud)
async fn no_connection_agrees_to_a_takeover(world: World) {
    let (other, theirs, others) = connected(&world, Visibility::Organization, &[]).await;
    let may = connected(&world, Visibility::Organization, &["administrators.write"]).await.2;
    for visibility in BOTH {
        let name = format!("ada{visibility:?}");
        let ada = world.create_user(user(&name)).await.id;
        let (own, scim, clients) = connected(&world, visibility, &[]).await;
        let body = json!({ "schemas": [USER], "userName": name });
        for scim in [&scim, &theirs] {
            scim.post("/Users", &body).await.is_error(409, "uniqueness");
        }
        let head = world.head().await;

        for (by, user, of) in
            [(&clients, &*ada, &*own.id), (&clients, &ada, &other.id), (&clients, NOBODY, &own.id), (&others, &ada, &own.id)]
        {
            for approve in [true, false] {
                lacks(&resolve(&world, by, user, of, approve).await.refused());
            }
        }
        assert_eq!(world.head().await, head);
        scim.post("/Users", &body).await.is_error(409, "uniqueness");
        // A person, or a token that says so.
        assert_eq!(resolve(&world, &may, &ada, &other.id, false).await.unwrap().into_inner().state(), State::Rejected);
        assert_eq!(resolve(&world, &world.grpc(), &ada, &own.id, true).await.unwrap().into_inner().state(), State::Approved);
        assert_eq!(scim.post("/Users", &body).await.expect(201)["id"], json!(ada));
    }
}

async fn the_answer_never_holds_whom_the_connection_does_not_see(world: World) {
    for visibility in BOTH {
        let (own, scim, clients) = connected(&world, visibility, &[]).await;
        let ada = person(&scim, &format!("ada{visibility:?}")).await;

        let told = undo(&world, &clients, &ada, &own.id, false).await.unwrap().into_inner();

        let shown = scim.get(&format!("/Users/{ada}")).await.status;
        match visibility {
            Visibility::Linked => assert_eq!((told, shown), (None, 404)),
            _ => assert_eq!((told.unwrap().id, shown), (ada, 200)),
        }
    }
}
