//! Revisions as callers see them: a number to compare, and a token to send back.
//!
//! The token is sealed and holds the organization and the life of the store, so that what is forged or of elsewhere is refused,
//! and so is one of before a backup was brought back; neither is ever misread.

use super::{Error, Result};
use crate::{
    api::v1::{Consistency, ErrorReason, Revision, consistency::Requirement},
    store::{SEAL, Store},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// What sets these seals apart from those of other tokens.
const PURPOSE: &[u8] = b"revision";
/// Bytes of a number in a token.
const NUMBER: usize = size_of::<i64>();

/// The revision's message: seal, epoch and number make its token.
pub(super) fn message(store: &Store, organization: &str, number: i64) -> Revision {
    let body = [store.life().epoch().to_be_bytes(), number.to_be_bytes()].concat();
    let token = [store.seal(&[PURPOSE, organization.as_bytes(), &body]), body].concat();
    Revision { token: URL_SAFE_NO_PAD.encode(token), ..plain(number) }
}

/// The number alone.
pub(super) fn plain(number: i64) -> Revision {
    Revision { number: u64::try_from(number).unwrap_or(0), token: String::new() }
}

fn parse(store: &Store, organization: &str, token: &str) -> Result<i64> {
    let unreadable =
        || Error::new(ErrorReason::InvalidToken, "The token is no revision of this organization.").at("consistency.at_least_as_fresh");
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| unreadable())?;
    let (seal, body) = bytes.split_at_checked(SEAL).ok_or_else(unreadable)?;
    if !store.is_sealed(&[PURPOSE, organization.as_bytes(), body], seal) {
        return Err(unreadable());
    }
    let (epoch, number) = body.split_at_checked(NUMBER).ok_or_else(unreadable)?;
    let read = |part: &[u8]| part.try_into().map(i64::from_be_bytes).map_err(|_| unreadable());
    if read(epoch)? != store.life().epoch() {
        return Err(
            Error::new(ErrorReason::EpochChanged, "The token is of another life of this store.").at("consistency.at_least_as_fresh")
        );
    }
    read(number)
}

/// The revision a read of this organization must have reached; 0 = any.
pub(super) fn wanted(store: &Store, organization: &str, consistency: Option<&Consistency>) -> Result<i64> {
    let Some(consistency) = consistency else { return Ok(0) };
    match consistency.requirement.as_ref() {
        Some(Requirement::AtLeastAsFresh(token)) => parse(store, organization, token),
        Some(Requirement::MinimizeLatency(true)) => Ok(0),
        Some(Requirement::MinimizeLatency(false)) => {
            Err(Error::value("consistency.minimize_latency", "minimize_latency takes true; leave consistency out for the latest commit."))
        }
        None => Err(Error::missing("consistency.requirement")),
    }
}

/// Every read comes from the primary, so a revision that was not reached was never made.
pub(super) fn reached(wanted: i64, at: i64) -> Result<()> {
    if wanted > at {
        return Err(Error::new(ErrorReason::RevisionUnknown, "The token names a revision that was never made."));
    }
    Ok(())
}
