//! Good answers about credentials, remembered for a moment.

use crate::limits::{RESOLVER_CACHE_ENTRIES, RESOLVER_CACHE_LIFE};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// At most [`RESOLVER_CACHE_ENTRIES`] answers, none older than [`RESOLVER_CACHE_LIFE`], each under a hash of the whole
/// credential. Bad answers are not for it: guesses must not push good callers out.
#[derive(Debug)]
pub struct Recent<V>(Mutex<HashMap<[u8; 32], Known<V>>>);

#[derive(Debug)]
struct Known<V> {
    value: V,
    until: Instant,
}

impl<V> Default for Recent<V> {
    fn default() -> Self {
        Recent(Mutex::default())
    }
}

impl<V: Clone> Recent<V> {
    /// What was answered a moment ago.
    pub fn get(&self, key: &[u8; 32]) -> Option<V> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(key).filter(|known| known.until > Instant::now()).map(|known| known.value.clone())
    }

    /// Remembers an answer, if there is room. Its life counts from the question, not from the answer: what was asked may
    /// have been read at its very start.
    pub fn put(&self, key: [u8; 32], asked: Instant, value: V) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= RESOLVER_CACHE_ENTRIES {
            known.retain(|_, known| known.until > Instant::now());
        }
        if known.len() < RESOLVER_CACHE_ENTRIES {
            known.insert(key, Known { value, until: asked + RESOLVER_CACHE_LIFE });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_given_until_its_question_is_too_old() {
        let (recent, now) = (Recent::default(), Instant::now());
        recent.put([1; 32], now, "young");
        recent.put([2; 32], now.checked_sub(RESOLVER_CACHE_LIFE).unwrap(), "old");
        assert_eq!((recent.get(&[1; 32]), recent.get(&[2; 32]), recent.get(&[3; 32])), (Some("young"), None, None));
    }

    #[test]
    fn what_is_remembered_does_not_grow_beyond_its_bound() {
        let (recent, now) = (Recent::default(), Instant::now());
        let key = |i: usize| {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&i.to_le_bytes());
            key
        };
        for i in 0..RESOLVER_CACHE_ENTRIES + 10 {
            recent.put(key(i), now, ());
        }
        assert_eq!(recent.0.lock().unwrap().len(), RESOLVER_CACHE_ENTRIES);
    }
}
