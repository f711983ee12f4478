//! Receiving the members of a large group. Nothing inside the lane waits for a client: all is here before it is entered.

use super::{
    super::{Error, Result, core::Call, uploads},
    refer,
};
use crate::{
    api::v1::{
        StreamReplaceGroupRequest,
        stream_replace_group_request::{Header, Part},
    },
    attributes::roster::{Roster, Unfit},
    limits,
};
use tonic::Streaming;

/// The header and every member. A stream that breaks, or that brings another number of members than it said, changes nothing.
pub(super) async fn receive(call: &Call, mut stream: Streaming<StreamReplaceGroupRequest>) -> Result<(Header, Roster)> {
    let broken = |status: tonic::Status| uploads::broken(&status, "nothing was changed.");
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
    let mut roster = Roster::new(limits::STREAMED_MEMBERS);
    while let Some(message) = stream.message().await.map_err(broken)? {
        let Some(Part::Chunk(chunk)) = message.part else { return Err(Error::missing("chunk")) };
        if chunk.members.len() > limits::MEMBERS_PER_REQUEST {
            return Err(Error::too_large("chunk.members", limits::MEMBERS_PER_REQUEST, "members"));
        }
        for member in chunk.members {
            let member = refer::principal(member, "chunk.members")?;
            roster.gather(&member.id, refer::said(member.kind)).map_err(unfit)?;
        }
    }
    let roster = roster.finish().map_err(unfit)?;
    if i64::try_from(roster.len()).ok() != Some(expected) {
        let detail = format!("{} distinct members came, {expected} were expected; nothing was changed.", roster.len());
        return Err(Error::value("header.expected_members", detail));
    }
    Ok((header, roster))
}

fn unfit(unfit: Unfit) -> Error {
    match unfit {
        Unfit::TooMany(most) => Error::too_large("chunk.members", most, "members"),
        Unfit::NoId => Error::value("chunk.members", format!("An id has 1 to {} bytes.", limits::ID_BYTES)),
        Unfit::Both => Error::value("chunk.members", "chunk.members names one id as a user and as a group."),
    }
}
