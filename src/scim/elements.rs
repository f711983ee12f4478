//! A list that is sent, read no further than its bound.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, SeqAccess, Visitor};
use std::fmt;

/// The elements of a list, each read by a copy of the seed. One more than the bound is kept, so that the excess shows; the
/// rest is only counted past.
#[derive(Debug, Clone, Copy)]
pub struct AtMost<S> {
    /// The bound, in elements.
    pub most: usize,
    /// How one is read.
    pub each: S,
}

impl<'de, S: DeserializeSeed<'de> + Copy> DeserializeSeed<'de> for AtMost<S> {
    type Value = Vec<S::Value>;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de, S: DeserializeSeed<'de> + Copy> Visitor<'de> for AtMost<S> {
    type Value = Vec<S::Value>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of operations")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut given = Vec::new();
        while given.len() <= self.most {
            match list.next_element_seed(self.each)? {
                Some(element) => given.push(element),
                None => return Ok(given),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(given)
    }
}
