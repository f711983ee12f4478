//! How far an export is told: opaque, sealed for its organization, and good for one revision of it.

use super::super::{Error, Result};
use crate::{
    api::v1::{ErrorReason, TransferFooter},
    store::{SEAL, Store},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use prost::Message;

/// What sets these seals apart from those of other tokens.
const PURPOSE: &[u8] = b"export token";

/// How far an export is told.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Place {
    #[prost(int64, tag = "1")]
    epoch: i64,
    /// The revision of all that is told.
    #[prost(int64, tag = "2")]
    pub(super) revision: i64,
    /// Which part is being told.
    #[prost(uint32, tag = "3")]
    pub(super) part: u32,
    /// The last key of that part that was told; of an edge the group.
    #[prost(string, tag = "4")]
    pub(super) after: String,
    /// Of an edge the member.
    #[prost(string, tag = "5")]
    pub(super) member: String,
    /// What was told so far.
    #[prost(message, optional, tag = "6")]
    pub(super) counts: Option<TransferFooter>,
}

impl Place {
    /// Before everything, at a revision.
    pub(super) fn begin(store: &Store, revision: i64) -> Place {
        Place { epoch: store.life().epoch(), revision, counts: Some(TransferFooter::default()), ..Place::default() }
    }

    /// Before the next part.
    pub(super) fn next(&mut self) {
        self.part = self.part.saturating_add(1);
        self.after.clear();
        self.member.clear();
    }

    pub(super) fn seal(&self, store: &Store, organization: &str) -> String {
        let body = self.encode_to_vec();
        let seal = store.seal(&[PURPOSE, organization.as_bytes(), &body]);
        URL_SAFE_NO_PAD.encode([seal, body].concat())
    }

    /// Opens a token of this organization.
    ///
    /// # Errors
    /// `INVALID_TOKEN` for what is none, alike for all causes; `EPOCH_CHANGED` for one of another life of the store.
    pub(super) fn open(store: &Store, organization: &str, text: &str) -> Result<Place> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid())?;
        let (seal, body) = bytes.split_at_checked(SEAL).ok_or_else(invalid)?;
        if !store.is_sealed(&[PURPOSE, organization.as_bytes(), body], seal) {
            return Err(invalid());
        }
        let place = Place::decode(body).map_err(|_| invalid())?;
        if place.epoch != store.life().epoch() {
            return Err(Error::new(ErrorReason::EpochChanged, "The resume token is of another life of this store; export anew."));
        }
        Ok(place)
    }
}

fn invalid() -> Error {
    Error::new(ErrorReason::InvalidToken, "The resume token is none of an export of this organization.").at("resume_token")
}
