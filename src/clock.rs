//! The clock and the id source; nothing else asks the system for either.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use uuid::Uuid;

/// Microseconds since 1970-01-01T00:00:00Z: the only form of time that is stored.
pub type Micros = i64;

/// Where time comes from: the system, and how far ahead of it this clock was set. Clones keep the same time.
#[derive(Debug, Clone, Default)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Clock::default()
    }

    /// Now, in microseconds since 1970.
    pub fn now(&self) -> Micros {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX).saturating_add(self.0.load(Ordering::Relaxed))
    }

    /// Sets the clock ahead, for stories in which days pass. What was said before is not taken back.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// Now as RFC 3339 writes it, in UTC and to the second.
    pub fn text(&self) -> String {
        let now = time::OffsetDateTime::from_unix_timestamp(self.now().div_euclid(1_000_000)).unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
        now.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
    }

    /// A number from 0 up to but not 1 that nobody knows before: to spread what would happen at once.
    pub fn chance(&self) -> f64 {
        let [high, low, ..] = *Uuid::new_v4().as_bytes();
        f64::from(u16::from_be_bytes([high, low])) / 65_536.0
    }

    /// A new resource id: UUID version 7, so that ids sort by creation.
    pub fn new_id(&self) -> String {
        Uuid::now_v7().to_string()
    }
}

/// Whether a text has the form of the ids that [`Clock::new_id`] makes: a UUID of 36 characters, in lower case. No resource has an
/// id of another form.
pub fn is_id(text: &str) -> bool {
    let fits = |(at, c): (usize, char)| {
        if matches!(at, 8 | 13 | 18 | 23) { c == '-' } else { c.is_ascii_digit() || ('a'..='f').contains(&c) }
    };
    text.len() == 36 && text.char_indices().all(fits)
}

/// Microseconds as the contract's timestamp.
pub fn timestamp(micros: Micros) -> prost_types::Timestamp {
    let nanos = micros.rem_euclid(1_000_000) * 1_000;
    prost_types::Timestamp { seconds: micros.div_euclid(1_000_000), nanos: i32::try_from(nanos).unwrap_or(0) }
}

/// The contract's timestamp in microseconds; saturates outside ±292,000 years.
pub fn micros(timestamp: &prost_types::Timestamp) -> Micros {
    timestamp.seconds.saturating_mul(1_000_000).saturating_add(i64::from(timestamp.nanos) / 1_000)
}
