//! A group's whole membership when it is more than one request holds: the one place where the façade serializes, because a
//! client stream only comes from a body.

use super::{Facade, session::Session};
use crate::{
    api::v1::{self, PrincipalRef, principal_ref::Principal, stream_replace_group_request::Part},
    limits,
};
use std::collections::BTreeSet;
use tonic::{
    Status, Streaming,
    codec::{Codec as _, EncodeBody},
};
use tonic_prost::ProstCodec;

type Message = v1::StreamReplaceGroupRequest;

/// Replaces a group's document and its members in one commit.
///
/// # Errors
/// What the directory answers; then nothing was changed.
pub async fn replace(
    facade: &Facade,
    session: &Session,
    request: v1::ReplaceGroupRequest,
) -> Result<v1::StreamReplaceGroupResponse, Status> {
    let distinct: BTreeSet<&str> = request.members.iter().map(id).collect();
    let header = v1::stream_replace_group_request::Header {
        organization_id: request.organization_id,
        group_id: request.group_id,
        group: request.group,
        precondition: request.precondition,
        write: request.write,
        // A stream that is cut short can never pass for a short one.
        expected_members: i64::try_from(distinct.len()).ok(),
    };
    let chunk = |members: &[PrincipalRef]| Part::Chunk(v1::stream_replace_group_request::Chunk { members: members.to_vec() });
    let parts: Vec<Part> =
        std::iter::once(Part::Header(header)).chain(request.members.chunks(limits::MEMBER_PAGE_DEFAULT).map(chunk)).collect();
    let messages = parts.into_iter().map(|part| Ok(Message { part: Some(part) }));
    let stream = streaming(tokio_stream::iter(messages));
    Ok(facade.groups.stream_replace_group(session.upload(stream)).await?.into_inner())
}

fn id(member: &PrincipalRef) -> &str {
    match &member.principal {
        Some(Principal::UserId(id) | Principal::GroupId(id) | Principal::ServiceAccountId(id) | Principal::AnyId(id)) => id,
        None => "",
    }
}

fn streaming(messages: impl tokio_stream::Stream<Item = Result<Message, Status>> + Send + 'static) -> Streaming<Message> {
    let mut codec = ProstCodec::<Message, Message>::default();
    let body = EncodeBody::new_client(codec.encoder(), messages, None, Some(limits::MESSAGE_BYTES));
    Streaming::new_request(codec.decoder(), body, None, Some(limits::MESSAGE_BYTES))
}
