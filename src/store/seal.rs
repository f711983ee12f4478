//! The key that seals what clients bring back: page tokens, resume tokens, revisions. The same on every node and in every life.

use super::Store;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use std::fmt;

/// Bytes of a seal.
pub const SEAL: usize = 16;

/// The key, ready for use: what of the work depends on it alone is done.
#[derive(Clone, Default)]
pub(super) struct Key(Option<Hmac<Sha256>>);

impl Key {
    /// From the bytes that are stored.
    pub(super) fn new(bytes: &[u8]) -> Key {
        // HMAC takes a key of any length, so there always is one.
        Key(Hmac::new_from_slice(bytes).ok())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

impl Store {
    /// The seal of these parts, in this order; the first says what is sealed, so that no kind of token passes for another. Empty,
    /// which matches nothing, only if there were no key.
    pub fn seal(&self, parts: &[&[u8]]) -> Vec<u8> {
        let Some(mut mac) = self.inner.key.0.clone() else { return Vec::new() };
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        let mut seal = mac.finalize().into_bytes().to_vec();
        seal.truncate(SEAL);
        seal
    }

    /// Whether this is the seal of these parts; takes as long whatever it is.
    pub fn is_sealed(&self, parts: &[&[u8]], seal: &[u8]) -> bool {
        seal.len() == SEAL && bool::from(subtle::ConstantTimeEq::ct_eq(self.seal(parts).as_slice(), seal))
    }
}
