//! Page tokens: opaque, sealed, bound to organization, query and caller. A token grants nothing.

use super::{Error, Result, core::Call};
use crate::{
    api::v1::ErrorReason,
    clock::Micros,
    limits,
    store::{SEAL, Store},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use prost::Message;
use sha2::{Digest, Sha256};

/// What sets these seals apart from those of other tokens.
const PURPOSE: &[u8] = b"page";

/// Where a list goes on.
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct Position {
    /// The id of the last resource given; empty where the list begins.
    #[prost(string, tag = "1")]
    pub(super) after: String,
    /// Its sort key, if the list is sorted.
    #[prost(bytes = "vec", optional, tag = "2")]
    pub(super) key: Option<Vec<u8>>,
    /// Matches in all, if they were counted.
    #[prost(int64, optional, tag = "3")]
    pub(super) total: Option<i64>,
    /// When the token was sealed.
    #[prost(int64, tag = "4")]
    pub(super) issued_at: Micros,
    /// Whether the total is of what a connection manages alone.
    #[prost(bool, tag = "5")]
    pub(super) narrow: bool,
}

/// What a token is bound to: it opens nothing but the same list of the same organization for the same caller.
pub(super) fn binding(call: &Call, organization: &str, query: &[&[u8]]) -> Vec<u8> {
    let mut digest = Sha256::new();
    let mut add = |part: &[u8]| {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    };
    add(organization.as_bytes());
    add(call.connection().as_bytes());
    add(&call.caller.principal.as_ref().map(Message::encode_to_vec).unwrap_or_default());
    for part in query {
        add(part);
    }
    digest.finalize().to_vec()
}

/// The life of the store, so that pages of two histories are not mixed.
fn life(store: &Store) -> [u8; 8] {
    store.life().epoch().to_be_bytes()
}

/// Seals a position.
pub(super) fn seal(store: &Store, binding: &[u8], mut position: Position, now: Micros) -> String {
    position.issued_at = now;
    let body = position.encode_to_vec();
    let seal = store.seal(&[PURPOSE, &life(store), binding, &body]);
    URL_SAFE_NO_PAD.encode([seal, body].concat())
}

/// Opens a token; an empty one is the first page.
pub(super) fn open(store: &Store, binding: &[u8], token: &str, now: Micros) -> Result<Option<Position>> {
    if token.is_empty() {
        return Ok(None);
    }
    let refused = || Error::new(ErrorReason::InvalidPageToken, "The page token is not one of this list.").at_part("page_token");
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| refused())?;
    let (seal, body) = bytes.split_at_checked(SEAL).ok_or_else(refused)?;
    if !store.is_sealed(&[PURPOSE, &life(store), binding, body], seal) {
        return Err(refused());
    }
    in_time(Position::decode(body).map_err(|_| refused())?, now).map(Some)
}

/// A position whose token has not been kept too long.
fn in_time(position: Position, now: Micros) -> Result<Position> {
    if now.saturating_sub(position.issued_at) > limits::PAGE_TOKEN_SECONDS * 1_000_000 {
        return Err(Error::new(ErrorReason::PageTokenExpired, "The page token's time is over; begin again.").at("page_token"));
    }
    Ok(position)
}

/// The page size in force: 0 = the default, more than the maximum is cut.
pub(super) fn size(asked: i32, default: usize, maximum: usize) -> Result<usize> {
    match usize::try_from(asked) {
        Err(_) => Err(Error::value("page_size", "page_size is negative.").at_part("page_size")),
        Ok(0) => Ok(default),
        Ok(size) => Ok(size.min(maximum)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lives_a_day_and_no_longer() {
        let position = Position { after: "x".into(), issued_at: 1_000, ..Position::default() };
        let last = 1_000 + limits::PAGE_TOKEN_SECONDS * 1_000_000;
        assert_eq!(in_time(position.clone(), last), Ok(position.clone()));
        assert_eq!(in_time(position, last + 1).unwrap_err().reason, ErrorReason::PageTokenExpired);
    }
}
