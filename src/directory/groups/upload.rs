//! Receiving the members of a large group. Nothing inside the lane waits for a client: all is here before it is entered.

use super::{
    super::{Error, Result, core::Call},
    refer::{self, Named},
};
use crate::{
    api::v1::{
        ErrorReason, StreamReplaceGroupRequest,
        stream_replace_group_request::{Header, Part},
    },
    limits,
};
use std::collections::BTreeMap;
use tonic::Streaming;

/// The header and every member. A stream that breaks, or that brings another number of members than it said, changes nothing.
pub(super) async fn receive(call: &Call, mut stream: Streaming<StreamReplaceGroupRequest>) -> Result<(Header, Vec<Named>)> {
    let broken = |status: tonic::Status| {
        tracing::debug!(%status, "an upload broke");
        Error::new(ErrorReason::InvalidSyntax, "The stream broke before its end; nothing was changed.")
    };
    let Some(Part::Header(header)) = stream.message().await.map_err(broken)?.and_then(|m| m.part) else {
        return Err(Error::missing("header"));
    };
    if header.organization_id.is_empty() {
        return Err(Error::missing("header.organization_id"));
    }
    if !call.caller.may_enter(&header.organization_id) {
        return Err(Error::organization_denied());
    }
    let expected = header.expected_members.ok_or_else(|| Error::missing("header.expected_members"))?;
    let mut named: BTreeMap<String, Option<i64>> = BTreeMap::new();
    while let Some(message) = stream.message().await.map_err(broken)? {
        let Some(Part::Chunk(chunk)) = message.part else { return Err(Error::missing("chunk")) };
        if chunk.members.len() > limits::MEMBERS_PER_REQUEST {
            return Err(Error::too_large("chunk.members", limits::MEMBERS_PER_REQUEST, "members"));
        }
        for member in chunk.members {
            let member = refer::principal(member, "chunk.members")?;
            let kind = named.entry(member.id).or_insert(member.kind);
            *kind = kind.or(member.kind);
        }
        if named.len() > limits::STREAMED_MEMBERS {
            return Err(Error::too_large("chunk.members", limits::STREAMED_MEMBERS, "members"));
        }
    }
    if i64::try_from(named.len()).ok() != Some(expected) {
        let detail = format!("{} distinct members came, {expected} were expected; nothing was changed.", named.len());
        return Err(Error::value("header.expected_members", detail));
    }
    Ok((header, named.into_iter().map(|(id, kind)| Named { id, kind }).collect()))
}
