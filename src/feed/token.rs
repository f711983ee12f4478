//! Resume tokens: opaque and sealed. They hold the organization's seal, the store's epoch and how far their reader is; they are
//! bound to no caller, since programs rotate their tokens, and grant nothing.

use crate::{
    api::v1::ErrorReason,
    directory::Error,
    store::{Place, SEAL, Store},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use prost::Message;

/// What sets these seals apart from those of page tokens.
const PURPOSE: &[u8] = b"resume token";

/// How far a reader is.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Token {
    #[prost(int64, tag = "1")]
    epoch: i64,
    #[prost(int64, tag = "2")]
    revision: i64,
    #[prost(int64, tag = "3")]
    index: i64,
    /// Set until the starting state is complete.
    #[prost(message, optional, tag = "4")]
    pub snapshot: Option<Snapshot>,
    /// Whether a fragment of the commit at the place was told, so that its end is told too.
    #[prost(bool, tag = "5")]
    pub open: bool,
}

/// How far a starting state is told.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Snapshot {
    /// Which part of it is being told.
    #[prost(uint32, tag = "1")]
    pub part: u32,
    /// The last key of that part that was told; of an edge the group.
    #[prost(string, tag = "2")]
    pub after: String,
    /// Of an edge the member.
    #[prost(string, tag = "3")]
    pub member: String,
    /// The digest of what is told at all.
    #[prost(bytes = "vec", tag = "4")]
    pub selected: Vec<u8>,
    /// Where it is complete; none while parts of it are still to be told.
    #[prost(int64, optional, tag = "5")]
    pub complete_at: Option<i64>,
}

impl Token {
    /// At a place.
    pub fn at(store: &Store, place: Place, snapshot: Option<Snapshot>) -> Token {
        Token { epoch: store.life().epoch(), revision: place.revision, index: place.index, snapshot, open: false }
    }

    /// The same, maybe amid a commit that was told in part.
    #[must_use]
    pub fn amid(self, open: bool) -> Token {
        Token { open, ..self }
    }

    /// The place it names.
    pub fn place(&self) -> Place {
        Place { revision: self.revision, index: self.index }
    }

    /// Seals it for an organization.
    pub fn seal(&self, store: &Store, organization: &str) -> String {
        let body = self.encode_to_vec();
        let seal = store.seal(&[PURPOSE, organization.as_bytes(), &body]);
        URL_SAFE_NO_PAD.encode([seal, body].concat())
    }

    /// Opens a token of this organization.
    ///
    /// # Errors
    /// `INVALID_TOKEN` for what is none, alike for all causes; `EPOCH_CHANGED` for one of another life of the store.
    pub fn open(store: &Store, organization: &str, text: &str) -> Result<Token, Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid())?;
        let (seal, body) = bytes.split_at_checked(SEAL).ok_or_else(invalid)?;
        if !store.is_sealed(&[PURPOSE, organization.as_bytes(), body], seal) {
            return Err(invalid());
        }
        let token = Token::decode(body).map_err(|_| invalid())?;
        if token.epoch != store.life().epoch() {
            return Err(Error::new(ErrorReason::EpochChanged, "The resume token is of another life of this store; take a snapshot."));
        }
        Ok(token)
    }
}

/// What is no token of this organization, or not one for this.
pub fn invalid() -> Error {
    Error::new(ErrorReason::InvalidToken, "The resume token is none of this organization's, or not one for this request.")
        .at("resume_token")
}
