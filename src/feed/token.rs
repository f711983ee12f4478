//! Resume tokens: opaque and sealed. They hold the organization's seal, the store's epoch and how far their reader is; they are
//! bound to no caller, since programs rotate their tokens, and grant nothing.

use crate::{
    api::v1::ErrorReason,
    directory::Error,
    store::{Place, Store},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use prost::Message;
use sha2::Sha256;

/// Bytes of the seal in front of a token.
const SEAL: usize = 16;
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
    /// Where it is complete; 0 while parts of it are still to be told.
    #[prost(int64, tag = "5")]
    pub complete_at: i64,
}

impl Token {
    /// At a place.
    pub fn at(store: &Store, place: Place, snapshot: Option<Snapshot>) -> Token {
        Token { epoch: store.epoch(), revision: place.revision, index: place.index, snapshot }
    }

    /// The place it names.
    pub fn place(&self) -> Place {
        Place { revision: self.revision, index: self.index }
    }

    /// Seals it for an organization.
    pub fn seal(&self, store: &Store, organization: &str) -> String {
        let body = self.encode_to_vec();
        let mut bytes = mac(store, organization, &body);
        bytes.extend_from_slice(&body);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Opens a token of this organization.
    ///
    /// # Errors
    /// `INVALID_TOKEN` for what is none, alike for all causes; `EPOCH_CHANGED` for one of another life of the store.
    pub fn open(store: &Store, organization: &str, text: &str) -> Result<Token, Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid())?;
        let (seal, body) = bytes.split_at_checked(SEAL).ok_or_else(invalid)?;
        if !bool::from(subtle::ConstantTimeEq::ct_eq(mac(store, organization, body).as_slice(), seal)) {
            return Err(invalid());
        }
        let token = Token::decode(body).map_err(|_| invalid())?;
        if token.epoch != store.epoch() {
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

fn mac(store: &Store, organization: &str, body: &[u8]) -> Vec<u8> {
    // HMAC takes a key of any length, so this cannot fail; an empty seal would match no token.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(store.seal_key()) else { return Vec::new() };
    for part in [PURPOSE, organization.as_bytes(), body] {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    let mut seal = mac.finalize().into_bytes().to_vec();
    seal.truncate(SEAL);
    seal
}
