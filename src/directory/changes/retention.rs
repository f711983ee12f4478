//! Letting go of old changes: on any node, without a leader.

use super::{super::core::Directory, FeedOptions};
use crate::{limits, store::Fault, telemetry::metrics};
use std::sync::Arc;

/// A day, in microseconds.
const DAY: i64 = 86_400 * 1_000_000;

/// The compaction schedule of a directory.
#[derive(Debug, Clone)]
pub struct Retention {
    directory: Arc<Directory>,
    options: FeedOptions,
}

impl Retention {
    pub(super) fn new(directory: Arc<Directory>, options: FeedOptions) -> Self {
        Retention { directory, options }
    }

    /// Lets go of every commit whose time is over, and of those that are too many; answers how many.
    ///
    /// # Errors
    /// When the store cannot answer; the rest goes the next time.
    pub async fn due(&self) -> Result<i64, Fault> {
        let store = &self.directory.store;
        let before = self.directory.clock.now().saturating_sub(self.options.days.saturating_mul(DAY));
        let (mut after, mut gone) = (String::new(), 0);
        loop {
            let some = store.organizations_after(&after, limits::PAGE_DEFAULT).await?;
            let Some(last) = some.last() else { return Ok(gone) };
            after.clone_from(last);
            for organization in &some {
                let went = store.compact(organization, before, self.options.most).await?;
                metrics::compacted(went);
                gone += went;
            }
        }
    }

    /// Does so soon after the start, and then every few minutes, for as long as it is let.
    pub async fn run(self) {
        let mut wait = limits::COMPACT_FIRST;
        loop {
            tokio::time::sleep(wait).await;
            wait = limits::COMPACT_EVERY;
            match self.due().await {
                Ok(0) => {}
                Ok(gone) => tracing::info!(commits = gone, "let go of old changes"),
                Err(fault) => tracing::warn!(%fault, "old changes could not be let go of; it is tried again"),
            }
        }
    }
}
