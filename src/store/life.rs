//! The life of a store: it begins with the store, and anew when a backup is brought back (`roster restored`). What clients keep
//! of an earlier life may speak of commits that never were, so nothing of it is good in a later one.

use super::Work;
use crate::api::v1::ResourceMeta;
use std::fmt::Write as _;

/// Which life of the store it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Life(i64);

impl Life {
    /// A new one, by chance: two are taken for one with a chance of 1 in 4 billion.
    pub(super) fn new(entropy: [u8; 8]) -> Life {
        Life(i64::from_be_bytes(entropy) & i64::MAX)
    }

    /// As it is stored.
    pub(super) fn stored(number: i64) -> Life {
        Life(number)
    }

    /// The number that tells it from others.
    pub fn epoch(self) -> i64 {
        self.0
    }

    /// The etag of a version: the revision of the last change and the mark of this life, without "-", which sets off what the
    /// façade appends.
    pub fn etag(self, version: i64) -> String {
        let mut etag = String::with_capacity(24);
        self.write(&mut etag, version);
        etag
    }

    /// Puts this life's etag in the place of the one that was stored, maybe in an earlier life.
    pub fn renew(self, meta: Option<&mut ResourceMeta>) {
        let Some(meta) = meta else { return };
        let Some(version) = meta.last_revision.as_ref().map(|at| i64::try_from(at.number).unwrap_or(0)) else { return };
        meta.etag.clear();
        self.write(&mut meta.etag, version);
    }

    fn write(self, etag: &mut String, version: i64) {
        // Writing into a text cannot fail.
        let _ = write!(etag, "W/\"{version}.{:08x}\"", self.0 & 0xffff_ffff);
    }
}

impl Work {
    /// The life of the store, which etags are of.
    pub fn life(&self) -> Life {
        self.life
    }

    /// The etag of what this edit changes.
    pub fn etag(&self) -> String {
        self.life.etag(self.revision())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::v1::Revision;

    #[test]
    fn an_etag_is_of_one_version_in_one_life() {
        let (one, other) = (Life(0x1_0000_002a), Life(7));
        assert_eq!(one.etag(12), "W/\"12.0000002a\"");
        assert_ne!(one.etag(12), other.etag(12));
        let last_revision = Some(Revision { number: 12, ..Revision::default() });
        let mut meta = ResourceMeta { etag: one.etag(12), last_revision, ..ResourceMeta::default() };
        other.renew(Some(&mut meta));
        assert_eq!(meta.etag, other.etag(12));
    }
}
