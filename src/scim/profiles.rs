//! How much of the [table of tolerances](crate::tolerances) a request may use, and what it did use.

use crate::tolerances::TABLE;
pub use crate::tolerances::{Tolerance, Tolerances};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// What a request used so far, until a call tells the directory. Bounded by the number of tolerances.
#[derive(Debug, Default)]
pub struct Noted([AtomicU32; TABLE.len()]);

impl Noted {
    fn add(&self, tolerance: Tolerance, times: u32) {
        if let Some(count) = self.0.get(tolerance as usize) {
            // It only ever adds up what one request's bounded body holds.
            count.fetch_add(times, Relaxed);
        }
    }

    /// Hands out what was noted, as call metadata says it, and forgets it; `None` if nothing was.
    pub fn take(&self) -> Option<String> {
        let used = self.0.iter().zip(&TABLE).map(|(count, row)| (row.name, count.swap(0, Relaxed))).filter(|(_, count)| *count > 0);
        let text: Vec<String> = used.map(|(name, count)| format!("{name}={count}")).collect();
        if text.is_empty() { None } else { Some(text.join(",")) }
    }
}

/// The tolerances of a request's connection, each use noted.
#[derive(Debug, Clone, Copy)]
pub struct Leeway<'a> {
    tolerances: Tolerances,
    noted: &'a Noted,
}

impl<'a> Leeway<'a> {
    /// Of a set, noted there.
    pub fn new(tolerances: Tolerances, noted: &'a Noted) -> Self {
        Leeway { tolerances, noted }
    }

    /// Whether a departure would be accepted. It notes nothing.
    pub fn has(self, tolerance: Tolerance) -> bool {
        self.tolerances.has(tolerance)
    }

    /// Whether a departure that is there is accepted; if so, it is noted.
    pub fn takes(self, tolerance: Tolerance) -> bool {
        let has = self.has(tolerance);
        if has {
            self.noted.add(tolerance, 1);
        }
        has
    }

    /// Notes departures that were accepted.
    pub fn note(self, tolerance: Tolerance, times: u32) {
        self.noted.add(tolerance, times);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_are_noted_until_they_are_told() {
        let noted = Noted::default();
        let leeway = Leeway::new(Tolerances::STRICT.switched(Tolerance::CapitalOp, true), &noted);
        assert!(leeway.has(Tolerance::CapitalOp));
        assert_eq!(noted.take(), None);
        assert!(leeway.takes(Tolerance::CapitalOp) && leeway.takes(Tolerance::CapitalOp) && !leeway.takes(Tolerance::TextBooleans));
        leeway.note(Tolerance::EmptyIsAbsent, 3);
        assert_eq!(noted.take().as_deref(), Some("capital_op=2,empty_is_absent=3"));
        assert_eq!(noted.take(), None);
    }
}
