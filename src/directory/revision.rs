//! Revisions as callers see them: a number to compare, and a token to send back.
//!
//! The token holds the store's epoch, so that after a restore from a backup an old one is refused, never misread.

use super::{Error, Result};
use crate::api::v1::{Consistency, ErrorReason, Revision, consistency::Requirement};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// The revision's message.
pub(super) fn message(epoch: i64, number: i64) -> Revision {
    let mut bytes = [0; 16];
    let (head, tail) = bytes.split_at_mut(8);
    head.copy_from_slice(&epoch.to_be_bytes());
    tail.copy_from_slice(&number.to_be_bytes());
    Revision { number: u64::try_from(number).unwrap_or(0), token: URL_SAFE_NO_PAD.encode(bytes) }
}

fn parse(epoch: i64, token: &str) -> Result<i64> {
    let unreadable = || Error::new(ErrorReason::InvalidToken, "The consistency token cannot be read.").at("consistency.at_least_as_fresh");
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| unreadable())?;
    let (head, tail) = bytes.split_at_checked(8).ok_or_else(unreadable)?;
    let number = |part: &[u8]| part.try_into().map(i64::from_be_bytes).map_err(|_| unreadable());
    if number(head)? != epoch {
        return Err(Error::new(ErrorReason::EpochChanged, "The consistency token is of another life of this store."));
    }
    number(tail)
}

/// The revision a read must have reached; 0 = any.
pub(super) fn wanted(epoch: i64, consistency: Option<&Consistency>) -> Result<i64> {
    match consistency.and_then(|c| c.requirement.as_ref()) {
        Some(Requirement::AtLeastAsFresh(token)) => parse(epoch, token),
        Some(Requirement::MinimizeLatency(_)) | None => Ok(0),
    }
}

/// Every read comes from the primary, so a revision that was not reached was never made.
pub(super) fn reached(wanted: i64, at: i64) -> Result<()> {
    if wanted > at {
        return Err(Error::new(ErrorReason::RevisionUnknown, "The consistency token names a revision that was never made."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_as_its_number_and_only_in_its_own_epoch() {
        let revision = message(7, 42);
        assert_eq!(parse(7, &revision.token), Ok(42));
        assert_eq!(parse(8, &revision.token).unwrap_err().reason, ErrorReason::EpochChanged);
        assert_eq!(parse(7, "nonsense").unwrap_err().reason, ErrorReason::InvalidToken);
    }
}
