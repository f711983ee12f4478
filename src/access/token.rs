//! The format of Roster's own credentials, and the only code that makes, reads or compares them.
//!
//! ```text
//! roster_scim_4fQ0ZkX2mB7c_<43 characters of secret><6 characters of CRC-32>
//! └prefix┘└kind┘└lookup id──┘
//! ```
//!
//! The checksum covers everything before it, so a token that was cut, mistyped or made up is refused without
//! asking the store. The store keeps the lookup id and `SHA-256(secret)`: right for 256 random bits, where a slow
//! hash would protect nothing. The secret itself is shown once and never written.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

/// What secret scanners look for: every Roster token, whole, and nothing else.
pub const PATTERN: &str = r"\broster_(scim|svc)_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}\b";

const PREFIX: &str = "roster";
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Characters of the public lookup id: 71 bits, enough never to meet another.
const ID_CHARS: usize = 12;
/// Characters of the secret: 256 bits.
const SECRET_CHARS: usize = 43;
/// Characters of the checksum: 32 bits.
const CHECKSUM_CHARS: usize = 6;

/// Whose credential it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An identity provider's connection.
    Scim,
    /// A service account.
    Service,
}

impl Kind {
    /// The word in the token.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Scim => "scim",
            Kind::Service => "svc",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Kind::Scim, Kind::Service].into_iter().find(|kind| kind.word() == word)
    }
}

/// A well-formed token: its checksum holds. Whether it is known is the store's to say.
#[derive(Clone)]
pub struct Token {
    kind: Kind,
    id: String,
    secret: SecretString,
}

/// What the store keeps of a secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecretHash([u8; 32]);

impl Token {
    /// A new token from the system's random source.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn mint(kind: Kind) -> Result<Self, getrandom::Error> {
        Ok(Token { kind, id: random_text(ID_CHARS)?, secret: random_text(SECRET_CHARS)?.into() })
    }

    /// Reads a token; `None` when it is not one, down to the last character.
    pub fn parse(text: &str) -> Option<Self> {
        let body = text.get(..text.len().checked_sub(CHECKSUM_CHARS)?)?;
        if checksum(body) != text.get(body.len()..)? {
            return None;
        }
        let mut parts = body.split('_');
        let (prefix, kind, id, secret) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let sound = prefix == PREFIX && parts.next().is_none() && is_base62(id, ID_CHARS) && is_base62(secret, SECRET_CHARS);
        sound.then_some(())?;
        Some(Token { kind: Kind::of(kind)?, id: id.to_owned(), secret: secret.to_owned().into() })
    }

    /// Whose credential it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The public part: names the token in lists, in the audit trail and in the store's index.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The whole token, to be shown once.
    pub fn reveal(&self) -> SecretString {
        let body = format!("{PREFIX}_{}_{}_{}", self.kind.word(), self.id, self.secret.expose_secret());
        let checksum = checksum(&body);
        SecretString::from(body + &checksum)
    }

    /// What the store keeps.
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.secret.expose_secret().as_bytes()).into())
    }

    /// Whether the secret is the stored one, in a time that says nothing about where they differ.
    /// For an unknown id (`None`) the same work is done, and the answer is no.
    pub fn matches(&self, stored: Option<&SecretHash>) -> bool {
        const DUMMY: SecretHash = SecretHash([0; 32]);
        let equal = self.hash().0.ct_eq(&stored.unwrap_or(&DUMMY).0);
        bool::from(equal) & stored.is_some()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}_{}_{}_[redacted]", self.kind.word(), self.id)
    }
}

impl SecretHash {
    /// From the store's bytes; `None` unless there are 32.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(SecretHash)
    }

    /// For the store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Uniform characters of the alphabet: bytes that would favour some are thrown away.
fn random_text(length: usize) -> Result<String, getrandom::Error> {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bytes = [0_u8; 64];
        getrandom::fill(&mut bytes)?;
        let drawn = bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 63)));
        text.extend(drawn.take(length - text.len()).map(|&c| char::from(c)));
    }
    Ok(text)
}

/// CRC-32 in base 62, most significant digit first, always six digits: one spelling per value.
fn checksum(body: &str) -> String {
    let mut value = crc32fast::hash(body.as_bytes());
    let mut digits = [b'0'; CHECKSUM_CHARS];
    for digit in digits.iter_mut().rev() {
        if let Some(&c) = usize::try_from(value % 62).ok().and_then(|i| ALPHABET.get(i)) {
            *digit = c;
        }
        value /= 62;
    }
    digits.iter().map(|&c| char::from(c)).collect()
}

fn is_base62(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|c| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fixed() -> Token {
        Token { kind: Kind::Scim, id: "4fQ0ZkX2mB7c".to_owned(), secret: "0123456789abcdefghijABCDEFGHIJ0123456789abc".to_owned().into() }
    }

    #[test]
    fn a_minted_token_reads_back_and_matches_its_own_hash_only() {
        let (one, other) = (Token::mint(Kind::Service).unwrap(), Token::mint(Kind::Service).unwrap());
        let read = Token::parse(one.reveal().expose_secret()).unwrap();
        assert_eq!((read.kind(), read.id()), (Kind::Service, one.id()));
        assert!(read.matches(Some(&one.hash())));
        assert!(!read.matches(Some(&other.hash())));
        assert!(!read.matches(None));
        assert_ne!(one.id(), other.id());
    }

    #[test]
    fn the_spelling_is_the_published_one() {
        let text = fixed().reveal();
        let text = text.expose_secret();
        assert!(text.starts_with("roster_scim_4fQ0ZkX2mB7c_0123456789abcdefghijABCDEFGHIJ0123456789abc"), "{text}");
        assert_eq!(text.len(), "roster_scim_".len() + 12 + 1 + 49);
        assert!(text.split('_').skip(2).all(|part| part.bytes().all(|c| c.is_ascii_alphanumeric())));
    }

    #[test]
    fn neither_secret_nor_hash_is_ever_printed() {
        let shown = format!("{:?} {:?}", fixed(), fixed().hash());
        assert_eq!(shown, "roster_scim_4fQ0ZkX2mB7c_[redacted] [redacted]");
    }

    #[test]
    fn what_is_not_a_token_is_refused() {
        for text in ["", " ", "null", "undefined", "Bearer", "roster_", "roster_scim__", "ünïcödé", "eyJhbGciOiJub25lIn0.e30."] {
            assert!(Token::parse(text).is_none(), "{text:?}");
        }
        // A good checksum over a bad shape does not help.
        for body in ["roster_scim_short_x", "roster_root_4fQ0ZkX2mB7c_0123456789abcdefghijABCDEFGHIJ0123456789abc", "roster_scim_a_b_c"] {
            assert!(Token::parse(&(body.to_owned() + &checksum(body))).is_none(), "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn any_damaged_character_is_refused(at in 0..74_usize, other in "[ -~]") {
            let text = fixed().reveal().expose_secret().to_owned();
            let mut damaged = text.clone();
            damaged.replace_range(at..=at, &other);
            prop_assert_eq!(Token::parse(&damaged).is_some(), damaged == text);
        }

        #[test]
        fn any_cut_is_refused(at in 0..74_usize) {
            let text = fixed().reveal().expose_secret().to_owned();
            prop_assert!(Token::parse(&text[..at]).is_none());
            prop_assert!(Token::parse(&text[at + 1..]).is_none());
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".*") {
            prop_assert!(Token::parse(&text).is_none());
        }
    }
}
