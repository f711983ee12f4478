//! A group's whole membership when it is more than one request holds: the one place where the façade serializes, because a
//! client stream only comes from a body.

use super::{Facade, session::Session};
use crate::{
    api::v1::{
        self,
        stream_replace_group_request::{Chunk, Header, Part},
    },
    attributes::roster::Roster,
    limits,
};
use tonic::{
    Status, Streaming,
    codec::{Codec as _, EncodeBody},
};
use tonic_prost::ProstCodec;

type Message = v1::StreamReplaceGroupRequest;

/// Replaces a group's document and its members in one commit. A message is made when the one before it was taken.
///
/// # Errors
/// What the directory answers; then nothing was changed.
pub async fn replace(
    facade: &Facade,
    session: &Session,
    request: v1::ReplaceGroupRequest,
    members: Roster,
) -> Result<v1::StreamReplaceGroupResponse, Status> {
    let header = Part::Header(Header {
        organization_id: request.organization_id,
        group_id: request.group_id,
        group: request.group,
        precondition: request.precondition,
        write: request.write,
        // A stream that is cut short can never pass for a short one.
        expected_members: i64::try_from(members.len()).ok(),
    });
    let starts = (0..members.len()).step_by(limits::MEMBER_PAGE_DEFAULT);
    let chunks = starts.map(move |from| Part::Chunk(Chunk { members: members.references(from, limits::MEMBER_PAGE_DEFAULT) }));
    let messages = std::iter::once(header).chain(chunks).map(|part| Ok(Message { part: Some(part) }));
    let stream = streaming(tokio_stream::iter(messages));
    Ok(facade.groups.stream_replace_group(session.upload(stream)).await?.into_inner())
}

fn streaming(messages: impl tokio_stream::Stream<Item = Result<Message, Status>> + Send + 'static) -> Streaming<Message> {
    let mut codec = ProstCodec::<Message, Message>::default();
    let body = EncodeBody::new_client(codec.encoder(), messages, None, Some(limits::MESSAGE_BYTES));
    Streaming::new_request(codec.decoder(), body, None, Some(limits::MESSAGE_BYTES))
}
