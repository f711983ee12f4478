//! Imports that go on for long: whether the credential still stands, and whose name a request has.

use super::desk::{bring, chunk, header, id, person};
use crate::harness::{Refused, World, both, deeds::Desk, shapes::user};
use roster::api::v1::{
    CreateUserRequest, ErrorReason, ImportDirectoryRequest, RevokeTokenRequest, WriteOptions,
    import_directory_request::{Header, Part},
};
use tokio::sync::mpsc;
use tonic::Code;

async fn an_import_ends_with_its_credential(world: World) {
    let account = world.service_account(&world.organization).await;
    let issued = world.issue(&world.organization, "", &account.id, &["directory.import".to_owned()]).await.unwrap();
    let (parts, sent) = mpsc::unbounded_channel();
    let say = |part| parts.send(ImportDirectoryRequest { part: Some(part) }).unwrap();
    let stream = futures_util::stream::unfold(sent, async |mut sent| sent.recv().await.map(|part| (part, sent)));
    say(Part::Header(header(&world.organization)));
    let mut answers = world.grpc_as(&issued.secret).transfers.import_directory(Box::pin(stream)).await.unwrap().into_inner();
    for number in 1..=2 {
        say(chunk(number, [person(usize::try_from(number).unwrap(), &format!("u{number}"))]));
        assert_eq!(answers.message().await.unwrap().unwrap().created, 1);
    }

    let revoke =
        RevokeTokenRequest { organization_id: world.organization.clone(), token_id: issued.token_id, ..RevokeTokenRequest::default() };
    world.grpc().provisioning.revoke_token(revoke).await.unwrap();
    say(chunk(3, [person(3, "u3")]));

    Refused::read(&answers.message().await.unwrap_err()).is(Code::Unauthenticated, ErrorReason::InvalidCredential);
    let missing = world.try_get_user(crate::harness::shapes::by_id(&id(3))).await.unwrap_err();
    Refused::read(&missing).is(Code::NotFound, ErrorReason::NotFound);
}

async fn the_name_of_an_import_is_no_other_request_s(world: World) {
    let desk = Desk::new(&world.organization, world.grpc());
    let named = |request_id: &str| Some(WriteOptions { request_id: request_id.to_owned(), ..WriteOptions::default() });
    let import = |request_id: &str| Header { write: named(request_id), ..header(&world.organization) };
    let create = async |request_id: &str, name: &str| {
        let organization_id = world.organization.clone();
        let request =
            CreateUserRequest { organization_id, user: Some(user(name)), write: named(request_id), ..CreateUserRequest::default() };
        world.grpc().users.create_user(request).await
    };
    let is_taken = |status: tonic::Status| {
        Refused::read(&status).is(Code::AlreadyExists, ErrorReason::RequestIdReused);
    };
    let (first, second) = ("0b5a1c9e-0000-4000-8000-000000000001", "0b5a1c9e-0000-4000-8000-000000000002");

    assert_eq!(bring(&desk, import(first), vec![person(1, "ada")]).await.unwrap().created, 1);
    is_taken(create(first, "bob").await.unwrap_err());
    create(second, "eve").await.unwrap();
    is_taken(bring(&desk, import(second), vec![person(2, "fay")]).await.unwrap_err());
    // The same once more is what it was, and what follows under its name comes.
    assert_eq!(bring(&desk, import(first), vec![person(1, "ada")]).await.unwrap().created, 1);
    let parts = vec![Part::Header(import(first)), chunk(9, [person(9, "gus")])];
    assert_eq!(super::desk::send(&desk.grpc(), parts).await.0[0].created, 1);
}

both! {
    an_import_ends_with_its_credential
    the_name_of_an_import_is_no_other_request_s
}
