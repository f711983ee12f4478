//! Letting go of what the feed has kept long enough: in small batches, on any node, without a leader.
//!
//! The head says first up to where nothing is kept, in a transaction of its own; only then the rows go. A reader sees both or
//! neither, since each of its pages is one snapshot, and whatever a node that died left behind goes the next time.

use super::{Counters, Fault, Store, Text};
use crate::{clock::Micros, limits};

const HEADS: Text = Text::same("SELECT organization_id FROM heads WHERE organization_id > $1 ORDER BY organization_id LIMIT $2");
const HEAD: Text = Text::same("SELECT revision, compacted_revision FROM heads WHERE organization_id = $1");
const OLDEST: Text =
    Text::same("SELECT revision, committed_at FROM commits WHERE organization_id = $1 AND revision > $2 ORDER BY revision LIMIT $3");
const LEFT: Text = Text::same("SELECT revision FROM changes WHERE organization_id = $1 AND revision <= $2 LIMIT 1");
const MARK: Text = Text::same("UPDATE heads SET compacted_revision = $2 WHERE organization_id = $1 AND compacted_revision < $2");
const DROP_CHANGES: Text = Text::twin(
    "DELETE FROM changes WHERE organization_id = $1 AND (revision, idx) IN (SELECT revision, idx FROM changes \
     WHERE organization_id = $1 AND revision <= $2 ORDER BY revision, idx LIMIT $3)",
    "DELETE FROM changes WHERE ctid = ANY(ARRAY(SELECT ctid FROM changes WHERE organization_id = $1 AND revision <= $2 \
     ORDER BY revision, idx LIMIT $3))",
);
const DROP_COMMITS: Text = Text::same("DELETE FROM commits WHERE organization_id = $1 AND revision <= $2");

/// The statements by which the feed is compacted, for the test that reads their plans.
pub(super) const COMPACTIONS: &[(&str, Text)] =
    &[("oldest commits", OLDEST), ("mark compacted", MARK), ("drop changes", DROP_CHANGES), ("drop commits", DROP_COMMITS)];

impl Store {
    /// Some organizations after this id, in their order.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn organizations_after(&self, after: &str, limit: usize) -> Result<Vec<String>, Fault> {
        let uncounted = Counters::default();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut pooled = self.inner.reader().await?;
        let rows: Vec<(String,)> = pooled.on(&uncounted).statement(HEADS).bind(after.to_owned()).bind(limit).all().await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// Compacts an organization's feed: commits asked for before this time go, and so do the oldest of more than `most`. Answers
    /// how many commits went.
    ///
    /// # Errors
    /// When the store cannot answer; what went stays gone, and the rest goes the next time.
    pub async fn compact(&self, organization: &str, before: Micros, most: Option<i64>) -> Result<i64, Fault> {
        let uncounted = Counters::default();
        let mut gone = 0;
        loop {
            let mut pooled = self.inner.reader().await?;
            let mut on = pooled.on(&uncounted);
            let head: Option<(i64, i64)> = on.statement(HEAD).bind(organization.to_owned()).optional().await?;
            let Some((revision, compacted)) = head else { return Ok(gone) };
            let limit = i64::try_from(limits::COMPACTED_COMMITS).unwrap_or(i64::MAX);
            let oldest = on.statement(OLDEST).bind(organization.to_owned()).bind(compacted).bind(limit);
            let oldest: Vec<(i64, Micros)> = oldest.all().await?;
            // What a node that died did not come to.
            let left: Option<(i64,)> = on.statement(LEFT).bind(organization.to_owned()).bind(compacted).optional().await?;
            drop(pooled);
            let floor = most.map_or(0, |most| revision.saturating_sub(most));
            let full = oldest.len() == limits::COMPACTED_COMMITS;
            let over = oldest.iter().take_while(|(revision, at)| *at < before || *revision <= floor).last().map(|(revision, _)| *revision);
            let upto = over.unwrap_or(compacted);
            if upto > compacted {
                self.mark_compacted(organization, upto).await?;
            }
            if upto > compacted || left.is_some() {
                gone += self.drop_compacted(organization, upto).await?;
            }
            if !full || over != oldest.last().map(|(revision, _)| *revision) {
                return Ok(gone);
            }
        }
    }

    async fn mark_compacted(&self, organization: &str, upto: i64) -> Result<(), Fault> {
        let uncounted = Counters::default();
        let mut tx = self.inner.begin_write().await?;
        tx.on(&uncounted).statement(MARK).bind(organization.to_owned()).bind(upto).execute().await?;
        tx.commit().await
    }

    /// Each batch in a transaction of its own, so that writes get their turn.
    async fn drop_compacted(&self, organization: &str, upto: i64) -> Result<i64, Fault> {
        let uncounted = Counters::default();
        let batch = i64::try_from(limits::COMPACTED_CHANGES).unwrap_or(i64::MAX);
        loop {
            let mut tx = self.inner.begin_write().await?;
            let mut on = tx.on(&uncounted);
            let dropped = on.statement(DROP_CHANGES).bind(organization.to_owned()).bind(upto).bind(batch).execute().await?;
            let done = dropped < limits::COMPACTED_CHANGES as u64;
            let commits = if done { on.statement(DROP_COMMITS).bind(organization.to_owned()).bind(upto).execute().await? } else { 0 };
            tx.commit().await?;
            if done {
                return Ok(i64::try_from(commits).unwrap_or(i64::MAX));
            }
            tokio::task::yield_now().await;
        }
    }
}
