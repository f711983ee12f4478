//! How the feed of changes is kept and told.

use super::{BadSetting, within};
use crate::limits;
use clap::Args;
use std::time::Duration;

/// How long changes are kept, and how long a stream of them lives.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Changes")]
pub struct FeedSettings {
    /// Days that changes are kept (1 to 3650); who comes back later takes a snapshot.
    #[arg(long, value_name = "DAYS", env = "ROSTER_CHANGES_DAYS", default_value_t = limits::FEED_DAYS)]
    pub changes_days: i64,

    /// Commits of each organization that are kept at most, however young (1000 or more; 0 = no bound).
    #[arg(long, value_name = "COUNT", env = "ROSTER_CHANGES_MOST", default_value_t = limits::FEED_COMMITS)]
    pub changes_most: i64,

    /// Minutes that a stream of changes lives, give or take a tenth (1 to 1440); its reader then comes back, perhaps to another
    /// node.
    #[arg(long, value_name = "MINUTES", env = "ROSTER_STREAM_MINUTES", default_value_t = limits::STREAM_AGE.as_secs() / 60)]
    pub stream_minutes: u64,
}

/// The same, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// Days.
    pub days: i64,
    /// Commits; absent = no bound.
    pub most: Option<i64>,
    /// How long a stream lives.
    pub stream_age: Duration,
}

impl Default for Feed {
    fn default() -> Self {
        Feed { days: limits::FEED_DAYS, most: Some(limits::FEED_COMMITS), stream_age: limits::STREAM_AGE }
    }
}

impl FeedSettings {
    pub(super) fn check(&self) -> Result<Feed, BadSetting> {
        let size = |number: i64| usize::try_from(number).unwrap_or(0);
        within("--changes-days", size(self.changes_days), 1, size(limits::FEED_DAYS_MOST))?;
        if self.changes_most != 0 {
            within("--changes-most", size(self.changes_most), size(limits::FEED_COMMITS_LEAST), usize::MAX)?;
        }
        within("--stream-minutes", usize::try_from(self.stream_minutes).unwrap_or(usize::MAX), 1, 1_440)?;
        Ok(Feed {
            days: self.changes_days,
            most: (self.changes_most != 0).then_some(self.changes_most),
            stream_age: Duration::from_mins(self.stream_minutes),
        })
    }
}
