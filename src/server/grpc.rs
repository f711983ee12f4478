//! The gRPC face: the services that are served, health, and reflection that shows these and no others.

use super::{deadline::DeadlineLayer, gate::Gate, requests::RequestLayer, stream::Version, web};
use crate::{
    access::AccessLayer,
    api::{self, v1::ErrorReason},
    clock::Clock,
    config::Origins,
    directory::{Error, uploads},
    limits,
};
use prost::Message;
use std::{any::Any, collections::BTreeMap, io};
use tokio::{net::TcpListener, sync::mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{
    Code, Status,
    body::Body,
    service::{Routes, RoutesBuilder},
    transport::Server,
};
use tonic_reflection::server::Builder as Reflection;
use tonic_web::GrpcWebLayer;
use tower::util::{MapResponseLayer, option_layer};
use tower_http::catch_panic::CatchPanicLayer;

/// A set of descriptors whose files stay as they were encoded: decoding them would lose the contract's own options.
#[derive(Clone, PartialEq, Message)]
struct EncodedFiles {
    #[prost(bytes = "vec", repeated, tag = "1")]
    file: Vec<Vec<u8>>,
}

/// Adds reflection, v1 and v1alpha, for these services.
pub(super) fn reflect(routes: &mut RoutesBuilder, served: &[&'static str]) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let contract = files_of(served)?;
    let builder = || {
        let builder = Reflection::configure()
            .register_encoded_file_descriptor_set(&contract)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
        served.iter().chain(&["grpc.health.v1.Health"]).fold(builder, |builder, name| builder.with_service_name(*name))
    };
    routes.add_service(builder().with_service_name("grpc.reflection.v1.ServerReflection").build_v1()?);
    routes.add_service(builder().with_service_name("grpc.reflection.v1alpha.ServerReflection").build_v1alpha()?);
    Ok(())
}

/// The contract's files that declare these services, and what they import.
fn files_of(served: &[&str]) -> Result<Vec<u8>, prost::DecodeError> {
    let mut files = BTreeMap::new();
    for encoded in EncodedFiles::decode(api::DESCRIPTORS)?.file {
        let file = prost_types::FileDescriptorProto::decode(encoded.as_slice())?;
        files.insert(file.name().to_owned(), (file, encoded));
    }
    let declares = |file: &prost_types::FileDescriptorProto| {
        file.service.iter().any(|service| served.contains(&format!("{}.{}", file.package(), service.name()).as_str()))
    };
    let mut wanted: Vec<String> = files.values().filter(|(file, _)| declares(file)).map(|(file, _)| file.name().to_owned()).collect();
    let mut kept = EncodedFiles::default();
    while let Some(name) = wanted.pop() {
        // Removed = kept before.
        if let Some((file, encoded)) = files.remove(&name) {
            wanted.extend(file.dependency);
            kept.file.push(encoded);
        }
    }
    Ok(kept.encode_to_vec())
}

/// Accepts, serves and drains; returns when the last connection has ended. Pages of the origins, if there are any, may speak
/// gRPC-Web.
pub(super) async fn serve(
    gate: Gate,
    listener: TcpListener,
    routes: Routes,
    access: AccessLayer,
    origins: Option<Origins>,
    clock: Clock,
    stop: CancellationToken,
) {
    let any_version = origins.is_some();
    let (arrived, incoming) = mpsc::channel(1);
    let server = Server::builder()
        .accept_http1(any_version)
        .max_concurrent_streams(limits::CONCURRENT_STREAMS)
        .http2_max_header_list_size(limits::HEADER_LIST_BYTES)
        .http2_keepalive_interval(Some(limits::KEEPALIVE_EVERY))
        .http2_keepalive_timeout(Some(limits::KEEPALIVE_WAIT))
        .layer(RequestLayer { face: "grpc", clock })
        .layer(option_layer(origins.as_ref().map(web::cors)))
        .layer(option_layer(origins.as_ref().map(|_| GrpcWebLayer::new())))
        .layer(MapResponseLayer::new(|answer: http::Response<_>| answer.map(Body::new)))
        .layer(CatchPanicLayer::custom(apologize))
        .layer(DeadlineLayer)
        .layer(access)
        .layer(MapResponseLayer::new(worded))
        .add_routes(routes)
        .serve_with_incoming_shutdown(ReceiverStream::new(incoming), stop.clone().cancelled_owned());
    let accepting = gate.accept(listener, stop, move |stream, version| {
        let arrived = arrived.clone();
        async move {
            // gRPC is HTTP/2 only; unless gRPC-Web is spoken, whoever speaks anything else came to the wrong address.
            if any_version || version == Version::Two {
                // Refused only when the server is ending, which closes the connection as it should.
                let _ = arrived.send(Ok::<_, io::Error>(stream)).await;
            }
        }
    });
    let ((), ended) = tokio::join!(accepting, server);
    if let Err(error) = ended {
        tracing::error!(%error, "the gRPC face ended");
    }
}

/// How the words begin in which the transport refuses a body that is no framed message.
const UNFRAMED: [&str; 5] = [
    "protocol error: received message with",
    "Unexpected EOF decoding stream",
    "Missing request message",
    "Error decompressing",
    "tonic-web: ",
];

/// The transport refuses a message that it cannot decode, and a method that nobody serves, before any service sees it: in words
/// that echo the message and without the details every refusal of ours has. It is said again as the contract says it.
fn worded(answer: http::Response<Body>) -> http::Response<Body> {
    let Some(refused) = Status::from_header_map(answer.headers()).filter(|status| status.details().is_empty()) else { return answer };
    let error = match refused.code() {
        Code::Internal if refused.message().starts_with("failed to decode Protobuf message") => {
            let why = "The message cannot be decoded: it is damaged, of another type, or nests too deep.";
            Error::new(ErrorReason::InvalidSyntax, why)
        }
        Code::Internal if UNFRAMED.iter().any(|words| refused.message().starts_with(words)) => {
            let why = "The body is no gRPC message: it is missing, cut off, or framed or compressed in another way than it says.";
            Error::new(ErrorReason::InvalidSyntax, why)
        }
        Code::Unimplemented => {
            let why = "There is no such method, or the message is compressed in a way that is not read here.";
            Error::new(ErrorReason::UnknownMethod, why)
        }
        _ => match uploads::too_long(&refused) {
            Some(error) => error,
            None => return answer,
        },
    };
    let mut said = Status::from(error);
    // What the transport says beside it, such as which compressions it reads, is for the client too.
    *said.metadata_mut() = refused.metadata().clone();
    said.into_http()
}

/// What a client sees of a panic: `INTERNAL`, and nothing of the cause.
fn apologize(_cause: Box<dyn Any + Send>) -> http::Response<Body> {
    tracing::error!("a call panicked");
    Status::from(Error::internal()).into_http()
}
