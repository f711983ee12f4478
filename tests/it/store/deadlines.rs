//! Whoever has gone before its turn has nothing done: the deadline is over, or nobody waits for the answer.

use crate::harness::{
    Engine, Refused, World, both,
    scim::http,
    shapes::{by_name, user},
    store::{ACME, Bare},
};
use futures_util::poll;
use prost::Message as _;
use roster::{
    api::v1::{CreateUserRequest, ErrorReason, User, WatchChangesRequest, watch_changes_request::Start},
    store::{Stop, Terms, Work},
};
use sqlx::{Connection as _, Executor as _};
use std::pin::pin;
use tonic::{Code, Request, Status};

/// Keeps every lane waiting for its organization until it is let go.
enum Held {
    File(sqlx::SqliteConnection),
    Server(sqlx::PgConnection),
}

impl Held {
    async fn by(world: &World) -> Held {
        match world.engine {
            Engine::Sqlite => {
                let mut file = sqlx::SqliteConnection::connect(&format!("sqlite://{}", world.database_url())).await.unwrap();
                file.execute("BEGIN IMMEDIATE").await.unwrap();
                Held::File(file)
            }
            Engine::Postgres => {
                let mut server = sqlx::PgConnection::connect(&world.database_url()).await.unwrap();
                server.execute("BEGIN").await.unwrap();
                server.execute("SELECT revision FROM heads FOR UPDATE").await.unwrap();
                Held::Server(server)
            }
        }
    }

    async fn let_go(self) {
        match self {
            Held::File(mut file) => drop(file.execute("ROLLBACK").await.unwrap()),
            Held::Server(mut server) => drop(server.execute("ROLLBACK").await.unwrap()),
        }
    }
}

/// Sent by hand, so that the answer is the server's and no client's own.
async fn a_write_whose_deadline_is_over_before_its_turn_is_not_done(world: World) {
    let head = world.head().await;
    let request =
        CreateUserRequest { organization_id: world.organization.clone(), user: Some(user("late")), ..CreateUserRequest::default() };
    let message = request.encode_to_vec();
    let frame = [&[0][..], &u32::try_from(message.len()).unwrap().to_be_bytes(), &message].concat();
    let client = http().http2_prior_knowledge().build().unwrap();
    let call = client
        .post(format!("{}/roster.v1.UserService/CreateUser", world.server().grpc_endpoint()))
        .bearer_auth(&world.admin_token)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-timeout", "300m")
        .body(frame);
    let held = Held::by(&world).await;

    let answer = call.send().await.unwrap();

    let refused = Status::from_header_map(answer.headers()).unwrap();
    Refused::read(&refused).is(Code::DeadlineExceeded, ErrorReason::DeadlineExceeded);
    held.let_go().await;
    let (_, next) = world.try_create_user(user("next")).await.unwrap();
    assert_eq!(next.number, head + 1);
    assert!(world.try_get_user(by_name("late")).await.is_err());
}

/// The client leaves it to the server: a proxy, or a browser behind one, may keep the connection open.
async fn a_stream_ends_at_its_deadline(world: World) {
    let start = Some(Start::Latest(true));
    let mut request = Request::new(WatchChangesRequest { organization_id: world.organization.clone(), start, ..Default::default() });
    request.metadata_mut().insert("grpc-timeout", "400m".parse().unwrap());
    let mut stream = world.grpc().changes.watch_changes(request).await.unwrap().into_inner();
    let ended = loop {
        match stream.message().await {
            Ok(Some(_)) => {}
            other => break other.unwrap_err(),
        }
    };
    Refused::read(&ended).is(Code::DeadlineExceeded, ErrorReason::DeadlineExceeded);
    assert_eq!((ended.code(), ended.message()), (Code::DeadlineExceeded, "The call took longer than the deadline it named."));
}

both! {
    a_stream_ends_at_its_deadline
    a_write_whose_deadline_is_over_before_its_turn_is_not_done
}

/// On one thread nothing of the lane runs until this story waits for something.
async fn whoever_went_away_has_nothing_done(engine: Engine) {
    let bare = Bare::open(engine).await;
    let edit = |name: &'static str| {
        move |work: &mut Work| {
            let user = User { id: name.to_owned(), organization_id: ACME.to_owned(), user_name: name.to_owned(), ..User::default() };
            work.put_user(user, name.to_owned());
            work.log(1, 1, name, Vec::new());
            Ok::<(), Stop<()>>(())
        }
    };
    let head = bare.store.read(ACME).await.unwrap().unwrap().revision();
    {
        let mut gone = pin!(bare.store.write(ACME, Terms::default(), edit("gone")));
        assert!(poll!(&mut gone).is_pending());
    }

    let stayed = bare.store.write(ACME, Terms::default(), edit("stayed")).await.unwrap().unwrap();

    assert_eq!(stayed.revision, head + 1);
    let mut reader = bare.store.read(ACME).await.unwrap().unwrap();
    let found = reader.users(vec!["gone".to_owned(), "stayed".to_owned()]).await.unwrap();
    assert_eq!(found.into_iter().map(|(id, _)| id).collect::<Vec<_>>(), ["stayed"]);
}

#[tokio::test]
async fn on_sqlite_whoever_went_away_has_nothing_done() {
    whoever_went_away_has_nothing_done(Engine::Sqlite).await;
}

#[tokio::test]
async fn on_postgres_whoever_went_away_has_nothing_done() {
    whoever_went_away_has_nothing_done(Engine::Postgres).await;
}
