//! Reads by many references: who is meant is looked up for all of them at once, and read part by part until the answer is full.
//! What does not fit is not read at all.

use super::{Error, Result, core::Call, sight::Sight};
use crate::{attributes::ResourceType, limits, store::Reader};
use prost::Message;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Encoded bytes of all that one answer shows.
const ANSWER_BYTES: usize = limits::MESSAGE_BYTES / 2;

/// What the refusals of a kind say.
pub(super) struct Words {
    pub(super) kind: ResourceType,
    /// Its name.
    pub(super) name: &'static str,
    /// More than one is meant.
    pub(super) ambiguous: fn() -> Error,
    /// There is no room for it.
    pub(super) too_large: fn() -> Error,
}

/// Who is meant by a reference, and the bytes it is stored in.
#[derive(Clone)]
struct Meant {
    id: String,
    bytes: usize,
}

/// A batch on its way: references that are answered, and those that are not yet.
pub(super) struct Batch<T> {
    words: &'static Words,
    /// How many are read at once at most.
    most: usize,
    rest: VecDeque<Result<Meant>>,
    /// Of the rest, those that are being read.
    reading: usize,
    answered: Vec<Result<T>>,
    bytes: usize,
}

impl<T: Message + Clone> Batch<T> {
    /// A batch of references that may mean these ids each. Who is not there for the caller makes none ambiguous.
    pub(super) async fn new(reader: &mut Reader, call: &Call, words: &'static Words, most: usize, meant: Vec<Vec<String>>) -> Result<Self> {
        let ids: BTreeSet<String> = meant.iter().flatten().cloned().collect();
        let sizes = reader.sizes(words.kind == ResourceType::Group, ids.into_iter().collect()).await?;
        let view = Sight::of(call).view(reader).await?;
        let seen = reader.seen(&view, sizes.iter().map(|(id, _)| id.clone()).collect()).await?;
        let sizes: BTreeMap<String, usize> = sizes.into_iter().filter(|(id, _)| seen.contains(id)).collect();
        let one = |ids: Vec<String>| {
            let mut there = ids.into_iter().filter_map(|id| sizes.get(&id).map(|bytes| Meant { id, bytes: *bytes }));
            match (there.next(), there.next()) {
                (Some(one), None) => Ok(one),
                (Some(_), Some(_)) => Err((words.ambiguous)()),
                (None, _) => Err(Error::not_found(words.name)),
            }
        };
        let rest = meant.into_iter().map(one).collect();
        Ok(Batch { words, most, rest, reading: 0, answered: Vec::new(), bytes: 0 })
    }

    /// Whom to read next; `None` when every reference is answered.
    pub(super) fn next(&mut self) -> Option<Vec<String>> {
        self.reading = 0;
        if self.bytes > ANSWER_BYTES {
            let too_large = self.words.too_large;
            self.answered.extend(self.rest.drain(..).map(|one| one.and_then(|_| Err(too_large()))));
        }
        let (mut bytes, mut ids) = (0, BTreeSet::new());
        for one in self.rest.iter().take(self.most) {
            if let Ok(Meant { id, bytes: more }) = one {
                bytes += more;
                if bytes > limits::SCAN_BYTES && !ids.is_empty() {
                    break;
                }
                ids.insert(id.clone());
            }
            self.reading += 1;
        }
        (self.reading > 0).then(|| ids.into_iter().collect())
    }

    /// Takes those that were read, as the caller sees them, by their ids.
    pub(super) fn take(&mut self, read: &BTreeMap<String, T>) {
        for one in self.rest.drain(..self.reading) {
            self.answered.push(one.and_then(|meant| {
                let found = read.get(&meant.id).ok_or_else(Error::internal)?;
                self.bytes += found.encoded_len();
                if self.bytes > ANSWER_BYTES { Err((self.words.too_large)()) } else { Ok(found.clone()) }
            }));
        }
    }

    /// One result for each reference, in order.
    pub(super) fn results(self) -> Vec<Result<T>> {
        self.answered
    }
}

/// The refusal of what does not fit.
pub(super) fn too_large(resources: &str) -> Error {
    let detail = format!("The answer would not fit into one message; ask for fewer {resources} at once.");
    Error::new(crate::api::v1::ErrorReason::ResponseTooLarge, detail).with("limit", ANSWER_BYTES.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::v1::{ErrorReason, User};

    static WORDS: Words = Words { kind: ResourceType::User, name: "user", ambiguous: Error::internal, too_large: || too_large("users") };

    fn batch(most: usize, sizes: &[(&str, usize)]) -> Batch<User> {
        let rest = sizes.iter().map(|(id, bytes)| Ok(Meant { id: (*id).to_owned(), bytes: *bytes })).collect();
        Batch { words: &WORDS, most, rest, reading: 0, answered: Vec::new(), bytes: 0 }
    }

    /// Reads whoever is asked for, as users of so many bytes; and says how many were read each time.
    fn fill(mut batch: Batch<User>, bytes: usize) -> (Vec<usize>, Vec<Result<User>>) {
        let mut read = Vec::new();
        while let Some(ids) = batch.next() {
            read.push(ids.len());
            let user = |id: String| (id.clone(), User { id, title: Some("x".repeat(bytes)), ..User::default() });
            batch.take(&ids.into_iter().map(user).collect());
        }
        (read, batch.results())
    }

    #[test]
    fn what_does_not_fit_is_not_read() {
        let ids: Vec<String> = (0..1_000).map(|i| format!("u{i:04}")).collect();
        let large: Vec<(&str, usize)> = ids.iter().map(|id| (id.as_str(), 240_000)).collect();
        let (read, results) = fill(batch(1_000, &large), 240_000);
        assert_eq!((read, results.len(), results.iter().flatten().count()), (vec![8, 8], 1_000, 8));
        assert!(results.iter().skip(8).all(|one| one.as_ref().is_err_and(|e| e.reason == ErrorReason::ResponseTooLarge)));
        // Little is shown of each: all fit, and few are held at once.
        let (read, results) = fill(batch(1_000, &large), 10);
        assert_eq!((read.len(), read.iter().max(), results.iter().flatten().count()), (125, Some(&8), 1_000));
    }

    #[test]
    fn references_are_answered_in_their_order_and_the_same_one_is_read_once() {
        let mut several = batch(2, &[("b", 1), ("a", 1), ("a", 1)]);
        several.rest.insert(1, Err(Error::not_found("user")));
        let (read, results) = fill(several, 1);
        let ids: Vec<_> = results.into_iter().map(|one| one.map(|user| user.id).map_err(|error| error.reason)).collect();
        assert_eq!((read, ids), (vec![1, 1], vec![Ok("b".into()), Err(ErrorReason::NotFound), Ok("a".into()), Ok("a".into())]));
    }
}
