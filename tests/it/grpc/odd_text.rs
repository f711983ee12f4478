//! Text that one engine stores and the other refuses: no such text gets that far.

use super::every_call::call;
use crate::harness::{
    Refused, World, both,
    shapes::{by_email, by_external_id, by_id, by_name, external, filter, group, user, user_with_email},
    tenant::{name, served},
};
use roster::api::v1::{CreateGroupRequest, CreateUserRequest, ErrorReason, ListUsersRequest, User, WriteOptions};
use tonic::Code;

const ODD: [&str; 5] = ["\0", "a\0b", "\u{1b}[31m", "\u{85}", "\u{FFFF}"];

async fn an_odd_id_is_an_unknown_id(world: World) {
    for odd in ODD {
        for method in served() {
            if let Err(status) = call(&world.grpc(), name(method), &world.organization, odd).await {
                let refused = Refused::read(&status);
                assert!([Code::NotFound, Code::InvalidArgument].contains(&refused.code), "{} of {odd:?}: {refused:?}", method.path);
            }
        }
    }
}

async fn an_odd_name_finds_nobody(world: World) {
    for odd in ODD {
        for reference in [by_id(odd), by_name(odd), by_email(odd), by_external_id("", odd), by_external_id(odd, "x")] {
            let refused = Refused::read(&world.try_get_user(reference.clone()).await.unwrap_err());
            assert!([Code::NotFound, Code::InvalidArgument].contains(&refused.code), "{reference:?}: {refused:?}");
        }
        for attribute in ["id", "userName", "externalId", "emails", "displayName", "groups.value"] {
            let expression = format!("{attribute} eq {}", serde_json::json!(odd));
            let request = ListUsersRequest {
                organization_id: world.organization.clone(),
                filter: filter(&expression),
                ..ListUsersRequest::default()
            };
            match world.grpc().users.list_users(request).await {
                Ok(answer) => assert_eq!(answer.into_inner().users, []),
                Err(status) => assert_eq!(Refused::read(&status).code, Code::InvalidArgument, "{expression}: {status:?}"),
            }
        }
    }
}

async fn a_control_character_is_stored_nowhere(world: World) {
    let head = world.head().await;
    for odd in &ODD[..4] {
        let mut people = vec![user(odd), user_with_email("ada", odd), User { display_name: Some((*odd).to_owned()), ..user("ada") }];
        people.push(User { external_ids: vec![external("", odd)], ..user("ada") });
        for person in people {
            let refused = Refused::read(&world.try_create_user(person.clone()).await.unwrap_err());
            assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "INVALID_VALUE"), "{person:?}");
        }
        let request =
            CreateGroupRequest { organization_id: world.organization.clone(), group: Some(group(odd)), ..CreateGroupRequest::default() };
        assert_eq!(Refused::read(&world.grpc().groups.create_group(request).await.unwrap_err()).reason, "INVALID_VALUE");
    }

    assert_eq!(world.head().await, head);
    // Tab and line feed are text.
    world.create_user(User { display_name: Some("a\tb\nc".to_owned()), ..user("ada") }).await;
}

async fn an_odd_note_is_stored_nowhere(world: World) {
    let head = world.head().await;
    for odd in &ODD[..4] {
        for note in [("ticket", *odd), (*odd, "7"), ("", "7")] {
            let annotations = [(note.0.to_owned(), note.1.to_owned())].into();
            let request = CreateUserRequest {
                organization_id: world.organization.clone(),
                user: Some(user("ada")),
                write: Some(WriteOptions { annotations, ..WriteOptions::default() }),
                ..CreateUserRequest::default()
            };
            let refused = Refused::read(&world.grpc().users.create_user(request).await.unwrap_err());
            refused.is(Code::InvalidArgument, ErrorReason::InvalidValue).says("attribute", "write.annotations");
        }
    }
    assert_eq!(world.head().await, head);
}

both! {
    an_odd_note_is_stored_nowhere
    an_odd_id_is_an_unknown_id
    an_odd_name_finds_nobody
    a_control_character_is_stored_nowhere
}
