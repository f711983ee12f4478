//! What a stranger sees by reflection: what is served, whole, and nothing else.

use super::Served;
use prost_reflect::DescriptorPool;
use tokio_stream::once;
use tonic::transport::{Channel, Endpoint};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient, server_reflection_request::MessageRequest,
    server_reflection_response::MessageResponse,
};
use tonic_reflection::pb::v1alpha as old;

const SERVED: [&str; 13] = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
    "roster.v1.ChangeService",
    "roster.v1.DirectoryService",
    "roster.v1.GroupService",
    "roster.v1.OrganizationService",
    "roster.v1.ProvisioningService",
    "roster.v1.RoleService",
    "roster.v1.ServiceAccountService",
    "roster.v1.TakeoverService",
    "roster.v1.TransferService",
    "roster.v1.UserService",
];

async fn ask(channel: &Channel, question: MessageRequest) -> MessageResponse {
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(question) };
    let mut answers = ServerReflectionClient::new(channel.clone()).server_reflection_info(once(request)).await.unwrap().into_inner();
    answers.message().await.unwrap().unwrap().message_response.unwrap()
}

async fn channel(served: &Served) -> Channel {
    Endpoint::from_shared(served.text("grpc_endpoint").to_owned()).unwrap().connect().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn reflection_lists_what_is_served_and_no_more_in_both_versions() {
    let served = Served::start().await;
    let channel = channel(&served).await;
    let MessageResponse::ListServicesResponse(list) = ask(&channel, MessageRequest::ListServices(String::new())).await else { panic!() };
    let mut names: Vec<String> = list.service.into_iter().map(|service| service.name).collect();
    names.sort();
    let alpha = "grpc.reflection.v1alpha.ServerReflection";
    // Each version names itself.
    assert_eq!(names, SERVED.iter().copied().filter(|name| *name != alpha).collect::<Vec<_>>());

    let request = old::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(old::server_reflection_request::MessageRequest::ListServices(String::new())),
    };
    let mut client = old::server_reflection_client::ServerReflectionClient::new(channel);
    let answer = client.server_reflection_info(once(request)).await.unwrap().into_inner().message().await.unwrap().unwrap();
    let Some(old::server_reflection_response::MessageResponse::ListServicesResponse(list)) = answer.message_response else { panic!() };
    let mut names: Vec<String> = list.service.into_iter().map(|service| service.name).collect();
    names.sort();
    assert_eq!(names, SERVED.iter().copied().filter(|name| *name != "grpc.reflection.v1.ServerReflection").collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_built_from_reflection_alone_and_sees_the_scopes() {
    let served = Served::start().await;
    let channel = channel(&served).await;
    let mut pool = DescriptorPool::new();
    let mut files: Vec<Vec<u8>> = Vec::new();
    let mut wanted = vec!["roster/v1/user_service.proto".to_owned(), "roster/v1/provisioning_service.proto".to_owned()];
    let mut seen = std::collections::HashSet::new();
    while let Some(name) = wanted.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let MessageResponse::FileDescriptorResponse(file) = ask(&channel, MessageRequest::FileByFilename(name.clone())).await else {
            panic!("{name} is imported and not served")
        };
        for bytes in file.file_descriptor_proto {
            let file: prost_types::FileDescriptorProto = prost::Message::decode(bytes.as_slice()).unwrap();
            wanted.extend(file.dependency);
            files.push(bytes);
        }
    }
    // A set is its files, each behind the tag of field 1 and its length.
    let mut set = Vec::new();
    for file in files {
        prost::encoding::bytes::encode(1, &file, &mut set);
    }
    pool.decode_file_descriptor_set(set.as_slice()).unwrap();
    let scope = pool.get_extension_by_name("roster.v1.required_scope").unwrap();
    let method = pool.get_service_by_name("roster.v1.UserService").unwrap().methods().find(|method| method.name() == "GetUser").unwrap();
    assert_eq!(method.options().get_extension(&scope).as_str(), Some("users.read"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_served_is_not_there() {
    let served = Served::start().await;
    let channel = channel(&served).await;
    for symbol in ["roster.v1.NoService", "roster.v1.ChangeService.NoMethod"] {
        let request =
            ServerReflectionRequest { host: String::new(), message_request: Some(MessageRequest::FileContainingSymbol(symbol.to_owned())) };
        let answer = ServerReflectionClient::new(channel.clone()).server_reflection_info(once(request)).await.unwrap();
        let refused = answer.into_inner().message().await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::NotFound, "{symbol}");
    }
}
